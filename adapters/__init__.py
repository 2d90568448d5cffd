"""Adapters: each one implements ports with one technology, and does not import another.

Rules and use cases are elsewhere. `entrypoints.wiring` chooses the adapters.
"""
