"""Connections, and what stands around every request before it is routed."""
