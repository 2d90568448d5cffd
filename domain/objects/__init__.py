"""Objects: the records of a bucket that uploads become, and the checks before one is created or changed.

Schemas are in `domain.buckets.schema`; the bytes of a blob belong to an upload, in `domain.uploads`.
"""
