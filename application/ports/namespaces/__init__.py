"""Namespaces as they stand, for the use cases.

The states that decide are in `domain.namespaces`.
"""
