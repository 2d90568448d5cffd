"""Upwell's OpenAPI document against the wire contract, if that is available."""
