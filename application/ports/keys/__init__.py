"""API keys and tokens as they stand, when they were used last, and the directory of each request.

Permissions are checked in `application.keys.callers`.
"""
