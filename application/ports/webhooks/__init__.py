"""The records of webhooks, their secrets, their deliveries, and the sender.

The events of a webhook are decided in `domain.webhooks`.
"""
