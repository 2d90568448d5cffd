"""Quotas, the origins of requests that administer, and the counts for operators, in memory.

The ledger is written by `adapters.memory.projecting`.
"""
