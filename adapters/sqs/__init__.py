"""Amazon SQS and compatible servers: the queue of storage's notifications.

`application.storage.notifications` parses the notifications.
"""
