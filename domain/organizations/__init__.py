"""Organizations: their states, tiers, rate limits and quotas, with the ledger of what is reserved and accepted.

The keys of an organization are in `domain.keys`; the arithmetic of rate limits is in `domain.limits`.
"""
