"""Buckets: their states, and the schemas that objects are checked against.

The rules for files are in `domain.uploads.content_rules`; objects are in `domain.objects`.
"""
