"""The routes of the feed, server-sent events, and their shapes on the wire.

The use cases are in `application.events`.
"""
