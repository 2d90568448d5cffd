"""PostgreSQL and S3 storage as children of this process, for `upwell dev` and for tests.

Only starts and stops the servers; their clients are `adapters.postgres` and `adapters.s3`.
"""
