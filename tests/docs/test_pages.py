"""The pages keep their word: links lead somewhere, and examples run, in order, against real processes."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.database.connecting import SERVICE_ROLE
from entrypoints.envfile import write_env
from entrypoints.processes.developing import _SCHEMA
from tests.conftest import Servers, Service, Tenant, drop_database, make_database, make_tenant
from tests.docs.pages import PAGES, PRODUCTION, ROOT, RUN, SHOWN, blocks, name_of, runs

PATIENCE_SECONDS = 120
# What the prose of a page says of the output of its examples.
EXPECTED = {
    "README.md": ("README.md: sent ", '"filename": "hello.txt"', "The database is up to date.", "key: sk_"),
    "docs/tutorial/first-upload.md": (
        "tide.txt: sent 20 bytes",
        "tide.txt: nothing sent, the same bytes are already in",
        "upload.completed.v1",
        "upload.duplicate_avoided.v1",
        '"code": "hash_mismatch"',
    ),
    "docs/how-to/change-and-delete-buckets.md": (
        "{'floor': 2}",
        "{'floor': 3}",
        "SUSPENDED",
        '"task_type":"api_namespaces_delete"',
    ),
    "docs/how-to/repeat-requests-safely.md": ("one upload", '"idempotency_key_reused"'),
    "docs/how-to/complete-without-the-client.md": (
        '{"received":1,"matched":1,"ignored":0}',
        '"status":"COMPLETED"',
        '"auto_confirm":true',
    ),
    "docs/how-to/receive-webhooks.md": ('"secret":"whsec_', '"results":[]'),
    "docs/how-to/analyse-uploads.md": (
        '"lag_events":',
        "analytics.v2",
        " events, up to position ",
        "The analytics start over",
    ),
    "docs/explanation/rate-limits.md": ("x-ratelimit-limit: ",),
    "docs/how-to/check-the-storage.md": (", 0 failed", '"verdict":"ok"', "Checked ", '"remaining":'),
    "docs/how-to/erase-an-upload.md": (" is forgotten.", '"filename":null'),
    "docs/how-to/several-files-in-one-object.md": (
        "text b'High water at noon.\\n'",
        "image b'GIF89a'",
        "pdf https://example.org/tables.pdf",
        '"title": "Harbour, east"',
        '"failed_count": 1',
    ),
    "docs/how-to/filter-lists.md": ("['tour-2025.mp4', 'tour-2024.mp4']",),
    "docs/how-to/rebuild-read-tables.md": ("The live tables equal the replay.", "The new tables are in place."),
}
WHOLE_DATABASE = ("docs/how-to/rebuild-read-tables.md",)
_END = "--- the block has ended ---"
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
_UPWELL = f"exec {sys.executable} -c 'from entrypoints.cli.main import main; main()' \"$@\"\n"


class Shell:
    """One `sh` that blocks are typed into, as a reader pastes them into a terminal. It ends at the first failure."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["sh", "-eu"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._watch = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        self._watch.start()

    def run(self, source: str) -> str:
        """Run a block and return what it printed."""
        assert self._process.stdin
        assert self._process.stdout
        printed: list[str] = []
        self._process.stdin.write(f"{source}\nprintf '\\n%s\\n' '{_END}'\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.rstrip("\n") == _END:
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"the block failed with {self._process.wait()}:\n{source}\n{''.join(printed)}")

    def close(self) -> None:
        """End the shell."""
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()


@contextmanager
def shell(folder: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """Open a shell in a folder."""
    opened = Shell(folder, environment)
    try:
        yield opened
    finally:
        opened.close()


def as_upwell_dev_writes(service: Service, tenant: Tenant) -> dict[str, str]:
    """Return the variables of a dev.env for a tenant."""
    return {
        "UPWELL_URL": tenant.url,
        "UPWELL_API_KEY": tenant.secret,
        "UPWELL_NAMESPACE": tenant.namespace.name,
        "UPWELL_BUCKET": tenant.bucket.name,
        **{
            k: v
            for k, v in service.environment.items()
            if k.startswith(("UPWELL_DATABASE_", "UPWELL_S3_", "UPWELL_STORAGE_"))
        },
    }


def make_folder(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Make a folder like a clone in which `upwell dev` runs, and return the environment of a shell in it."""
    for command in (".venv/bin/upwell", "bin/upwell"):
        path = folder / command
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh -e\n{_UPWELL}")
        path.chmod(0o755)
    (folder / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    (folder / ".upwell").mkdir()
    write_env(folder / ".upwell" / "dev.env", variables)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("UPWELL_")},
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")]),
        **variables,
    }


# That on production has a test and servers of its own.
@pytest.mark.parametrize("page", [page for page in PAGES if runs(page) and page != PRODUCTION], ids=name_of)
def test_the_examples_of_a_page_run(page: Path, service: Service, servers: Servers, tmp_path: Path) -> None:
    tenant = asyncio.run(service.tenant(schema=_SCHEMA))
    variables = as_upwell_dev_writes(service, tenant)
    with database_for(page, servers) as own:
        _run(page, tmp_path, variables | own)


@contextmanager
def database_for(page: Path, servers: Servers) -> Iterator[dict[str, str]]:
    """Give a page a database of its own if it compares all that is in one: other tests change the service's."""
    if name_of(page) not in WHOLE_DATABASE:
        yield {}
        return
    made = asyncio.run(make_database(servers))
    asyncio.run(make_tenant(made, ""))
    yield {"UPWELL_DATABASE_URL": made.url, "UPWELL_DATABASE_OWNER_URL": made.owner_url}
    asyncio.run(drop_database(servers, made))


def _run(page: Path, tmp_path: Path, variables: Mapping[str, str]) -> None:
    environment = make_folder(tmp_path, variables)
    printed = ""
    with shell(tmp_path, environment) as sh:
        for block in blocks(page):
            if block.skipped or block.kind not in RUN:
                continue
            print(f"{name_of(page)}:{block.line}")
            match block.kind:
                case "sh":
                    printed += sh.run(block.source)
                case "python":
                    subprocess.run(
                        [sys.executable, "-W", "error", "-c", block.source],
                        env=environment,
                        cwd=tmp_path,
                        check=True,
                        timeout=PATIENCE_SECONDS,
                    )
                case "sql":
                    with psycopg.connect(variables["UPWELL_DATABASE_URL"], autocommit=True) as connection:
                        connection.execute(f"SET ROLE {SERVICE_ROLE}")
                        connection.execute("SET upwell.organization_id = '*'")
                        connection.execute(block.source.encode())
    for expected in EXPECTED.get(name_of(page), ()):
        assert expected in printed


def test_the_walk_through_of_the_readme_needs_nothing_but_the_file_that_dev_writes(
    service: Service, tmp_path: Path
) -> None:
    tenant = asyncio.run(service.tenant(schema=_SCHEMA))
    variables = as_upwell_dev_writes(service, tenant)
    environment = make_folder(tmp_path, variables)
    bare = {name: value for name, value in environment.items() if name not in variables and name != "PYTHONPATH"}
    walk = [block.source for block in blocks(ROOT / "README.md") if block.kind == "sh" and not block.skipped]
    printed = ""
    with shell(tmp_path, bare) as sh:
        for source in walk:
            if "curl" in source or "dev.env" in source:
                printed = sh.run(source)
    found = json.loads(printed)
    assert found["object_id"].startswith("obj_")
    assert found["blobs"][0]["property"] == "text"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = [line for line in page.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("```")]
    found = blocks(page)

    assert len(fences) == 2 * len(found), "a fence is indented or not closed"
    for block in found:
        assert block.kind in RUN | SHOWN, f"line {block.line}: {block.kind!r}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_json_is_json(page: Path) -> None:
    for block in blocks(page):
        if block.kind == "json":
            json.loads(block.source)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target, _ in _LINK.findall(index.read_text(encoding="utf-8"))}

    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - linked == {index}


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
