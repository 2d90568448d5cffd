"""Namespaces in memory.

The tables are written by `adapters.memory.projecting`.
"""
