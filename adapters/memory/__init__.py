"""Every port in memory, with the same promises as the real adapters: for tests and harnesses.

One package for each street, with the ports of that street under their names; at the top stands what no street has for
itself. Nothing here reads a clock, draws chance or depends on the order of a set. No process is served from it.
"""
