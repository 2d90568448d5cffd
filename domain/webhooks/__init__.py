"""Webhooks: their states, the events that they receive, the signature, and the delays between attempts.

Deliveries are in `application.webhooks`; HTTP is in `adapters.webhooks`.
"""
