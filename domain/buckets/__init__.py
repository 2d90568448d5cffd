"""Buckets: their states, and the schemas that objects are checked against.

What a bucket accepts of a file is in `domain.uploads.content_rules`; the objects themselves are in `domain.objects`.
"""
