"""Each function of the database has one file, whose head names its callers and its twins in Python."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import adapters.postgres
from adapters.postgres.database.migrating import functions, migrations
from adapters.postgres.database.queries import QUERIES

HOME = Path(adapters.postgres.__file__).parent
FUNCTIONS = functions()


def code(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def callers(name: str) -> str:
    """Return the callers of a function by its head: other functions, queries, modules, migrations."""
    by_name = re.compile(rf"\b{name}\(")
    from_outside = re.compile(rf"\bupwell\.{name}(\(|'::regproc)")
    found = [", ".join(other for other, sql in FUNCTIONS.items() if other != name and by_name.search(code(sql)))]
    queries = [query for query, sql in sorted(QUERIES.items()) if from_outside.search(code(sql))]
    if queries:
        found.append(f"queries.sql ({', '.join(queries)})")
    found += sorted(path.name for path in HOME.rglob("*.py") if from_outside.search(path.read_text()))
    found += [file for _, file, sql in migrations() if from_outside.search(code(sql))]
    return "; ".join(filter(None, found))


def head(name: str) -> str:
    """Return the comment that a file begins with, as one line."""
    lines = FUNCTIONS[name].split("\n\n")[0].splitlines()
    return " ".join(line.removeprefix("-- ") for line in lines)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_file_makes_the_function_of_its_name_and_nothing_else(name: str) -> None:
    made = re.findall(r"^CREATE\b.*$", FUNCTIONS[name], re.MULTILINE)
    assert len(made) == 1
    assert made[0].startswith(f"CREATE OR REPLACE FUNCTION upwell.{name}(")
    rest = FUNCTIONS[name].rpartition("$$;" if "$$;" in FUNCTIONS[name] else "$guard$;")[2].strip()
    assert rest in {"", f"GRANT EXECUTE ON FUNCTION upwell.{name} TO upwell_service;"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_head_of_a_function_names_all_that_calls_it(name: str) -> None:
    named = re.search(r" Called by: (.*?)\.(?= Also in Python: |$)", head(name))
    assert named is not None
    assert named[1] == callers(name)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if " Also in Python: " in head(name)])
def test_the_twins_of_a_function_are_there(name: str) -> None:
    for twin in head(name).partition(" Also in Python: ")[2].removesuffix(".").split(", "):
        assert _exists(twin), twin


def test_only_what_processes_call_is_granted_to_them() -> None:
    granted = {name for name, sql in FUNCTIONS.items() if "\nGRANT EXECUTE" in sql}
    called = {name for name in FUNCTIONS if re.search(r"queries\.sql|(?<!rebuilding)\.py", callers(name))}
    harmless = {"upload_text", "object_text", "values_text"}  # they reveal nothing but their arguments
    assert granted == called | harmless


def _exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found is not None
    return False
