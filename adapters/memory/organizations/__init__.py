"""Organizations, quotas, the origins of administrative requests, and counts for operators, in memory.

`adapters.memory.projecting` writes the ledger.
"""
