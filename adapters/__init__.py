"""Adapters: each one implements ports with one technology, and does not import another.

`postgres` and `memory` have the streets of `application.ports`, because they implement ports of all of them; the others
serve a single street. Rules and use cases are elsewhere. `entrypoints.wiring` chooses the adapters.
"""
