"""The records of buckets, for the use cases.

The states for decisions are in `domain.buckets`.
"""
