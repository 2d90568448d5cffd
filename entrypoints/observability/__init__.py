"""Logs, metrics and traces. What is switched off is not loaded.

The metrics port is in `entrypoints.http.health`; alerts and the dashboard are in `docs/operations`.
"""
