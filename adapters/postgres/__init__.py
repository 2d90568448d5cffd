"""The log, the read side and the jobs on PostgreSQL (asyncpg). SQL stands in `.sql` files."""
