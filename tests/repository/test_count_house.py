"""The counts of scripts/count_house.py, on a small house whose numbers are known."""

from pathlib import Path

import pytest

from scripts import count_house

HOUSE = {
    "domain/__init__.py": "",
    "domain/refusals.py": "class RefusedError(Exception): ...\n",
    "domain/uploads/__init__.py": "",
    "domain/uploads/upload.py": "def check(): ...\ndef _hidden(): ...\n",
    "application/loading.py": "def check(): ...\nasync def _hidden(): ...\n",
    "application/uploads/confirming.py": """\
async def confirm(log):
    for _ in range(3):
        try:
            await log.append()
        except (ValueError, VersionConflictError):
            continue
    while True:
        async def again():
            try:
                await log.append()
            except VersionConflictError:
                return
        try:
            await again()
        except OSError:
            return
""",
    "adapters/postgres/events/event_log.py": "\n\n",
    "adapters/postgres/append.sql": "SELECT 1;\n",
    "adapters/postgres/migrations/0100_tables.sql": """\
CREATE FUNCTION upwell.f(a int) RETURNS int LANGUAGE sql AS $$
    SELECT a
$$;
""",
    "adapters/postgres/migrations/0101_again.sql": """\
CREATE OR REPLACE FUNCTION upwell.f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
""",
    "adapters/postgres/functions/f.sql": """\
CREATE OR REPLACE FUNCTION upwell.f(a int) RETURNS int LANGUAGE sql AS $body$
    SELECT '$$;'
    LIMIT 1
$body$;
""",
    "entrypoints/settings.py": "",
    "docs/explanation/architecture.md": """\
`refusals`, `upload`, [confirming](../../application/uploads/confirming.py), `adapters/postgres/events/event_log.py`
""",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, text in HOUSE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_modules_outside_of_a_package_of_their_subject_are_flat(house: Path) -> None:
    assert count_house.flat(house) == 2


def test_a_module_is_on_the_map_by_its_path_or_by_a_bare_name_if_it_is_flat(house: Path) -> None:
    assert count_house.not_on_the_map(house, "domain", "application") == 2  # domain/uploads/upload, loading
    assert count_house.not_on_the_map(house, "adapters", "entrypoints") == 1


def test_a_public_name_in_two_modules_means_two_things(house: Path) -> None:
    assert count_house.names_of_two_things(house) == ["check"]


def test_a_loop_that_tries_again_after_a_conflict_is_counted_once(house: Path) -> None:
    assert count_house.retry_loops(house) == 1


def test_lines_are_counted_by_kind(house: Path) -> None:
    assert count_house.lines(house, ".sql", "adapters") == 10
    assert count_house.lines(house, ".py", "adapters", "domain") == 5


def test_of_several_definitions_of_a_sql_function_the_last_one_runs(house: Path) -> None:
    assert count_house.superseded_sql(house) == 4
    assert count_house.live_sql(house) == 5


def test_the_table_has_a_column_for_each_tree(house: Path) -> None:
    head, *rows = count_house.table([house, house]).splitlines()

    assert head.split() == [house.name] * 2
    assert [row.split()[-2:] for row in rows][:2] == [["2", "2"], ["2", "2"]]
    assert len(rows) == len(count_house.COUNTS)
