"""Logs, metrics and traces. What is switched off is not loaded."""
