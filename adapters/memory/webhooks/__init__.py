"""Webhooks, their secrets, and the due deliveries, in memory, and a sender that records.

`adapters.webhooks` sends real requests.
"""
