"""Webhooks as they stand, their secrets, and the deliveries that are due, in memory, and a sender that records.

Real requests are sent by `adapters.webhooks`.
"""
