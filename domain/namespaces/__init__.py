"""Namespaces: names inside an organization that scope buckets, uploads and objects.

Buckets are in `domain.buckets`. The scopes of keys are in `domain.keys.api_key`.
"""
