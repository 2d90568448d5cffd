"""The routes of namespaces, and their shapes on the wire."""
