"""The records of API keys and tokens, their last uses, and the directory for requests.

Permissions are checked in `application.keys.callers`.
"""
