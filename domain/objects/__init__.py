"""Objects: the records in a bucket that uploads become, and the checks before one is made or changed.

Schemas are in `domain.buckets.schema`; the bytes behind a blob are an upload's, in `domain.uploads`.
"""
