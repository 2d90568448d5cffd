"""The routes of buckets, and their shapes on the wire."""
