"""The log in memory, and the positions of its readers.

The fold that makes its tables is `adapters.memory.projecting`.
"""
