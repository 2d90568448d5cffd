"""API keys and tokens as they stand, when keys were used last, and the directory with its cache, on PostgreSQL.

Permissions are checked in `application.keys.callers`.
"""
