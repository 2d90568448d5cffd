"""Limits on the rate of requests, and fair turns between organizations in queues.

The arithmetic is in `domain.limits`; the storage quota is checked when events are appended.
"""
