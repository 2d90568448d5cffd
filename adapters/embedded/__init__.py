"""PostgreSQL and S3 storage as children of this process, for `upwell dev` and for tests.

Only starting and ending servers: speaking to them is in `adapters.postgres` and `adapters.s3`.
"""
