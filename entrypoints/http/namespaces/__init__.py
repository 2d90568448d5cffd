"""The routes of namespaces, and their shapes on the wire.

The use cases are in `application.namespaces`.
"""
