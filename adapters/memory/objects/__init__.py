"""Objects as they stand, and claims, originals and holds, in memory.

What events do to them is in `adapters.memory.projecting`.
"""
