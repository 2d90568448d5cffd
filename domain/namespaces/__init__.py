"""Namespaces: names inside an organization that scope buckets."""
