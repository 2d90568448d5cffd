"""The secrets of webhooks and the deliveries that are due, on PostgreSQL.

Posting is in `adapters.webhooks`.
"""
