"""Organizations: their states, tiers, rate limits and quotas, with the ledger of reserved and accepted bytes.

The keys of an organization are in `domain.keys`; the arithmetic of rate limits is in `domain.limits`.
"""
