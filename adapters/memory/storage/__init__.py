"""A storage in memory: its objects, its signed URLs, and its notifications.

The real ones are in `adapters.s3` and `adapters.sqs`.
"""
