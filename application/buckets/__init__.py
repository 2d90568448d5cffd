"""The use cases of buckets: creating, changing and deleting them.

The rules are in `domain.buckets`; the common parts of deletions are in `application.tasks.deletions`.
"""
