"""Lets the clock of a test lead a database, whose own clock would limit it."""

from adapters.postgres.database.connecting import connect

_LEAD = """
    CREATE OR REPLACE FUNCTION upwell.agreed_time(p_told timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT p_told $$
"""


async def let_tests_lead(owner_url: str) -> None:
    """Make a migrated database use the time of its caller, so that jobs of next month can be due in a test."""
    owner = await connect(owner_url, role=None)
    try:
        await owner.execute(_LEAD)
    finally:
        await owner.close()
