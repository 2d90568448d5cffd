"""Uploads as they stand, in memory.

The tables are written by `adapters.memory.projecting`.
"""
