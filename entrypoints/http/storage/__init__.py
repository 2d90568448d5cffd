"""The route for the storage's notifications.

The use case is in `application.storage`.
"""
