"""The bytes of database that an upload costs, by table and by index, after its request and after its completion.

Run: `uv run python -m tests.benchmarks.bytes [--files 5000] [--bytes 1024]`. The requests are those of `life`: two
metadata fields, and an object. A worker runs, so that jobs, figures and the texts for search are written. Sizes are
those of the files of each relation, its TOAST table included, before any vacuum by hand.
"""

import argparse
import asyncio
from collections.abc import Sequence

from adapters.postgres.database.connecting import connect
from tests.benchmarks.life import File, Line, Way, lines
from tests.stack import Stack, stack

CLIENTS = 16
_SIZES = """
    SELECT coalesce(i.indrelid, c.oid)::regclass::text AS table, c.relname AS relation, c.relkind <> 'i' AS is_table,
        pg_relation_size(c.oid) + coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relnamespace = 'upwell'::regnamespace AND c.relkind IN ('r', 'i')
"""
_BEHIND = """
    SELECT max(h.position - r.position) FROM upwell.log_head h, (
        SELECT position FROM upwell.subscriptions UNION ALL SELECT position FROM upwell.search_head) r
"""
Sizes = dict[tuple[str, str, bool], int]


async def sizes(running: Stack) -> Sizes:
    """Return the sizes once the readers of the log have caught up: (table, relation, whether it is the table)."""
    connection = await connect(running.database.owner_url, role=None)
    try:
        async with asyncio.timeout(120):
            while await connection.fetchval(_BEHIND):
                await asyncio.sleep(0.2)
        rows = await connection.fetch(_SIZES)
    finally:
        await connection.close()
    return {(row["table"], row["relation"], row["is_table"]): row["bytes"] for row in rows}


async def take(way: Way, steps: Sequence[str], files: Sequence[File], running: Stack) -> None:
    """Take files through some steps."""
    waiting = list(files)
    storage_port = int(running.storage.endpoint_url.rpartition(":")[2])

    async def client(ours: Line, storage: Line) -> None:
        while waiting:
            file = waiting.pop()
            for step in steps:
                await way.take(step, file, storage if step == "put" else ours)

    async with lines(way.port, CLIENTS) as ours, lines(storage_port, CLIENTS) as storage:
        await asyncio.gather(*map(client, ours, storage))


def report(title: str, before: Sizes, after: Sizes, count: int) -> None:
    """Print what grew, per upload."""
    grown = {key: (size - before.get(key, 0)) / count for key, size in after.items() if size > before.get(key, 0)}
    print(f"\n{title}: {sum(grown.values()):.0f} B")
    tables = sorted({key[0] for key in grown}, key=lambda table: -sum(v for k, v in grown.items() if k[0] == table))
    for table in tables:
        of_table = {key: size for key, size in grown.items() if key[0] == table}
        print(f"  {sum(of_table.values()):6.0f}  {table}")
        for (_, relation, is_table), size in sorted(of_table.items(), key=lambda item: -item[1]):
            print(f"    {size:6.0f}  {'rows' if is_table else relation}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--bytes", type=int, default=1024)
    options = parser.parse_args()
    with stack({"UPWELL_LOG_LEVEL": "warning"}) as running:
        running.begin("serve")
        running.begin("worker")
        way = Way(running.tenant().headers, running.port)
        files = [File(f"{number:08}".encode().ljust(options.bytes, b".")) for number in range(options.files)]
        before = asyncio.run(sizes(running))
        asyncio.run(take(way, ("create",), files, running))
        requested = asyncio.run(sizes(running))
        report("A requested upload", before, requested, options.files)
        asyncio.run(take(way, ("put", "confirm"), files, running))
        report("A completed upload with its object", before, asyncio.run(sizes(running)), options.files)


if __name__ == "__main__":
    main()
