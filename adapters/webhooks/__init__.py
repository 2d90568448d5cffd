"""Adapters that tell webhooks."""
