"""Organizations as they stand, quotas, where administering requests came from, and counts for operators, on PostgreSQL.

The ledger is written by `upwell.append`, in `functions/`.
"""
