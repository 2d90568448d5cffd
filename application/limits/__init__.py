"""Limits on requests, and fair turns between organizations wherever work queues."""
