"""Organizations as they stand, quotas, where administering requests came from, and counts for operators, in memory.

The ledger is written by `adapters.memory.projecting`.
"""
