"""Liveness, readiness, and the metrics port."""
