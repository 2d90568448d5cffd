"""Counts of requests on PostgreSQL.

Storage quotas are in `adapters.postgres.organizations`.
"""
