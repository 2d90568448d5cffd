"""The records of organizations, their quotas, the origins of administrative requests, and counts for operators.

The rules of quotas are in `domain.organizations.ledger`.
"""
