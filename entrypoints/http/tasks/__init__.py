"""The routes of tasks, and their shapes on the wire."""
