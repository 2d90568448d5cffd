"""Objects, and claims, originals and holds, in memory.

`adapters.memory.projecting` applies events to them.
"""
