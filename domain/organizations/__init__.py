"""Organizations: their states, tiers, quotas and rate limits.

The keys of an organization are in `domain.keys`; the arithmetic of rate limits is in `domain.limits`.
"""
