"""Adapters: each implements ports with one technology, and none knows another.

Rules and use cases are not here. `entrypoints.wiring` chooses the adapters.
"""
