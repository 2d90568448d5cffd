"""The role that provides analytics of uploads and buckets.

Requests are validated in `application.analytics`.
"""
