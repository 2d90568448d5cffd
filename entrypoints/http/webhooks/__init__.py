"""The routes of webhooks, and their shapes on the wire.

The use cases are in `application.webhooks`.
"""
