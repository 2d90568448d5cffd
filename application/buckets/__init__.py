"""The use cases of buckets: creating, changing and deleting them.

The rules are in `domain.buckets`; deletion's pages and tasks are shared in `application.tasks.deletions`.
"""
