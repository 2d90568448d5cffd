"""API keys and tokens as they stand, when keys were used last, and the directory, in memory.

Permissions are checked in `application.keys.callers`.
"""
