"""Adapters: each implements ports with one technology, and none knows another."""
