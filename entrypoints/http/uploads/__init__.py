"""The routes of uploads, and their shapes on the wire.

The use cases are in `application.uploads`.
"""
