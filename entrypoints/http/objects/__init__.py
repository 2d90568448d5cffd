"""The routes of objects, and their shapes on the wire.

The use cases are in `application.objects`.
"""
