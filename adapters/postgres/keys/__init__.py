"""API keys and tokens, the last use of keys, and the directory with its cache, on PostgreSQL.

Permissions are checked in `application.keys.callers`.
"""
