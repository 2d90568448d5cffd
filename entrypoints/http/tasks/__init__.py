"""The routes of tasks, and their shapes on the wire.

The use cases are in `application.tasks`.
"""
