"""The REST API: parse, call, render; nothing is decided here.

One package for each subject, and packages for what all requests share. Processes are in `entrypoints.processes`.
"""
