"""The use cases of namespaces: creating, changing and deleting them.

The rules are in `domain.namespaces`; the buckets in a namespace are deleted by `application.buckets`.
"""
