"""Limits on requests, and fair turns between organizations wherever work queues.

The arithmetic is in `domain.limits`; the storage quota is checked when events are appended, not here.
"""
