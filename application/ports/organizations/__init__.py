"""Organizations as they stand, their quotas, the origins of requests that administer, and the counts for operators.

The rules of quotas are in `domain.organizations.ledger`.
"""
