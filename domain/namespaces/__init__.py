"""Namespaces: names inside an organization that scope buckets, uploads and objects.

Buckets are in `domain.buckets`. Which namespaces a key may reach is in `domain.keys.api_key`.
"""
