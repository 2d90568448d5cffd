"""The use cases of buckets."""
