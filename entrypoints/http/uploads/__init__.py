"""The routes of uploads, and their shapes on the wire."""
