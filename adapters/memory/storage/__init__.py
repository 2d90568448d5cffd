"""Storage in memory: its objects, signed URLs and notifications.

The real adapters are `adapters.s3` and `adapters.sqs`.
"""
