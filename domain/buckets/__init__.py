"""Buckets: their life, and the schemas that their objects are held to."""
