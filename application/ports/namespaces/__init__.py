"""The records of namespaces, for the use cases.

The states for decisions are in `domain.namespaces`.
"""
