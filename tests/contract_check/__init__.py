"""Upwell's OpenAPI document against the wire contract, where that is at hand."""
