"""Logs, metrics and traces. Disabled parts are not loaded.

The metrics port is in `entrypoints.http.health`; alerts and the dashboard are in `docs/operations`.
"""
