"""Every port in memory, with the same promises as the real adapters: for tests and harnesses.

The ports of each subject are in a package of the same name; modules of no single subject are at the top. Nothing here
reads a clock, uses randomness or depends on the order of a set. No process uses these adapters in production.
"""
