"""Organizations, quotas, the origins of administrative requests, and counts for operators, on PostgreSQL.

`upwell.append`, in `functions/`, writes the ledger.
"""
