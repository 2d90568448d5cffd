"""Webhooks, their secrets, and the due deliveries, on PostgreSQL.

`adapters.webhooks` sends the requests.
"""
