"""Webhooks as they stand, their secrets, their deliveries, and the sender.

Which events a webhook receives is decided in `domain.webhooks`.
"""
