"""Liveness, readiness, and the metrics port.

The metrics themselves are in `entrypoints.observability`.
"""
