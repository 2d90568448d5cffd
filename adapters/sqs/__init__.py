"""Amazon SQS and servers with its protocol: the queue of storage's notifications.

Reading what a notification says is in `application.storage.notifications`.
"""
