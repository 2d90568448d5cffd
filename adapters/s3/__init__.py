"""Amazon S3 and servers with its protocol: signing URLs, and the calls that the service itself makes.

Which key and headers a URL gets is decided above. Notifications by queue are in `adapters.sqs`.
"""
