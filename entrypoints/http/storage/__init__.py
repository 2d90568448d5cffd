"""The route for notifications of the storage."""
