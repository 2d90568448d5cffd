"""The entry points: HTTP, the command line, the worker; and `wiring`, where adapters are chosen.

Nothing is decided here: parse, call a use case, render its result.
"""
