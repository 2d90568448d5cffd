"""PostgreSQL and S3 storage as children of this process, for development and tests."""
