"""The routes of objects, and their shapes on the wire."""
