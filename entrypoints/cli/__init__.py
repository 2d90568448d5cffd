"""The command line. Operator commands use the database and the S3 bucket; the others use only the HTTP API.

A command loads its code when it runs. Long-running processes are in `entrypoints.processes`.
"""
