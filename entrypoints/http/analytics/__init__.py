"""The routes of figures, and their shapes on the wire."""
