"""The command line. Commands of operators work on the database and the bucket; the others use the HTTP API alone.

What a command needs is loaded when it runs. The processes that go on are in `entrypoints.processes`.
"""
