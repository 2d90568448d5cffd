"""Quotas, the origins of requests that administer, and the counts for operators, on PostgreSQL.

The ledger is written by `upwell.append`, in `functions/`.
"""
