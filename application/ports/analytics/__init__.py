"""The role that has the figures of uploads and buckets.

Which questions are allowed is checked in `application.analytics`.
"""
