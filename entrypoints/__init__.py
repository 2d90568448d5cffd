"""The entry points: HTTP, the command line, the worker; and `wiring`, the one place where adapters are chosen.

Nothing is decided here: parse, call a use case, render its result.
"""
