"""Connections, and the layers around every request before it is routed.

API keys and permissions are checked in `admission`.
"""
