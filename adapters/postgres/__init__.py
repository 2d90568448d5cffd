"""The log, the read side and the jobs on PostgreSQL (asyncpg). SQL stands in `.sql` files.

Rules are in `domain`; PostgreSQL as a child process is in `adapters.embedded`.
"""
