"""Webhooks as they stand, their secrets, and the deliveries that are due, on PostgreSQL.

Posting is in `adapters.webhooks`.
"""
