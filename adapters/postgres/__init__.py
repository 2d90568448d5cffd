"""PostgreSQL (asyncpg): one package for each street, with the ports of that street under their names.

At the top stands what no street has for itself. What belongs to the database itself is in `database`; SQL stands in
`queries.sql`, `functions/` and `migrations/`. Rules are in `domain`; PostgreSQL as a child process is in
`adapters.embedded`.
"""
