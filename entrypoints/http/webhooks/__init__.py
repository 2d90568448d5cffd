"""The routes of webhooks, and their shapes on the wire."""
