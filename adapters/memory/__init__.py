"""Every port in memory, with the same promises as the real adapters: for tests and harnesses.

Nothing here reads a clock, draws chance or depends on the order of a set. No process is served from it.
"""
