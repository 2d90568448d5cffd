"""API keys and tokens, the last use of keys, and the directory, in memory.

Permissions are checked in `application.keys.callers`.
"""
