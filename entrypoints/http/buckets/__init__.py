"""The routes of buckets, and their shapes on the wire.

The use cases are in `application.buckets`.
"""
