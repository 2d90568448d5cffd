"""Compares live tables, row by row, with tables rebuilt from the log."""

from collections.abc import Sequence

import msgspec

from adapters.postgres.database.connecting import Connection

_NAMED = 5
_PRIMARY_KEY = """
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(i.indkey::int2[], a.attnum))
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary
"""


class Difference(msgspec.Struct, frozen=True):
    """The number of rows in only one of the tables (a changed row counts twice), and the first keys."""

    rows: int
    keys: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if len(self.keys) > _NAMED else ""
        return f"{self.rows} rows differ ({', '.join(self.keys[:_NAMED])}{more})"


async def compare(connection: Connection, tables: Sequence[str], fresh: str) -> dict[str, Difference]:
    """Return the live tables that differ from those in the schema `fresh`. Each has a primary key."""
    found = {table: await _compare(connection, f"upwell.{table}", f"{fresh}.{table}") for table in tables}
    return {table: difference for table, difference in found.items() if difference is not None}


async def _compare(connection: Connection, live: str, fresh: str) -> Difference | None:
    key = await connection.fetchval(_PRIMARY_KEY, live)
    row = await connection.fetchrow(
        f"WITH d AS ((TABLE {live} EXCEPT TABLE {fresh}) UNION ALL (TABLE {fresh} EXCEPT TABLE {live}))"  # noqa: S608  # names of ours
        f" SELECT (SELECT count(*) FROM d) AS rows, ARRAY(SELECT DISTINCT concat_ws('/', {key}) FROM d"
        f" ORDER BY 1 LIMIT {_NAMED + 1}) AS keys"
    )
    return Difference(row["rows"], tuple(row["keys"])) if row is not None and row["rows"] else None
