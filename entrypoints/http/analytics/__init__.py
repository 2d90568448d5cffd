"""The routes of analytics, and their shapes on the wire.

The use case is in `application.analytics`.
"""
