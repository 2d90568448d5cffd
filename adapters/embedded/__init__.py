"""PostgreSQL and S3 storage as children of this process, for `upwell dev` and for tests.

Starts and stops the servers, and implements no port; their clients are `adapters.postgres` and `adapters.s3`.
"""
