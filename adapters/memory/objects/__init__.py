"""Claims, originals and holds in memory.

What events do to them is in `adapters.memory.projecting`.
"""
