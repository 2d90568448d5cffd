"""The routes of figures, and their shapes on the wire.

The use case is in `application.analytics`.
"""
