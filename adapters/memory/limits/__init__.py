"""Counts of requests in memory.

Storage quotas are in `adapters.memory.organizations`.
"""
