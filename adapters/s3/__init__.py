"""Amazon S3 and compatible servers: signed URLs, and the calls that the service makes itself.

The use cases choose the key and headers of a URL. Notifications through a queue are in `adapters.sqs`.
"""
