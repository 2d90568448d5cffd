"""PostgreSQL (asyncpg): the ports of each subject, in a package of the same name.

Modules of no single subject are at the top. The database itself is in `database`; SQL is in `queries.sql`, `functions/`
and `migrations/`. Rules are in `domain`; PostgreSQL as a child process is in `adapters.embedded`.
"""
