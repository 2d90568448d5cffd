"""Analytics of uploads and buckets over time.

The adapters of `application.ports.analytics` count; this package fills gaps and validates requests.
"""
