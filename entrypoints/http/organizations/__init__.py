"""The routes of organizations, and their shapes on the wire."""
