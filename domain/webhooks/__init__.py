"""Webhooks: their life, the events that they are sent, the signature, and the delays between attempts."""
