"""The reference pages say what the code says."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.s3.bucket_setup import lifecycle_rule
from adapters.s3.doctor import cors_rules
from application.ports.storage.object_storage import KEEP_NONCURRENT_DAYS
from domain.events.registry import BY_TAG
from domain.uploads.upload_events import FailureReason
from entrypoints.http.answers import errors
from tests.contract_check.comparing import operations
from tests.contract_check.contract import ABSENT, contract, own
from tests.docs.examples import EXAMPLES, calls
from tests.docs.pages import ROOT, blocks, name_of
from tests.docs.reference import PARTS, rewritten

HTTP_PAGE = ROOT / "docs" / "reference" / "http-api.md"
_STATUS_OF = {kind.__name__: status for kind, status, _ in errors._KINDS}
_ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)
_ON_THE_COMMAND_LINE = {
    (404, "organization_not_found"),  # organizations are managed on the database alone
    (422, "invalid_quota"),  # the same
}
_BUILT = {
    *((400, f"upload_{status}") for status in ("failed", "canceled", "skipped")),
    *((400, reason.value) for reason in FailureReason),
    *((503, f"{part}_unavailable") for part in ("database", "storage")),
    (400, "busy"),
    (409, "idempotency_key_in_flight"),
    (403, "end_denied"),
    (403, "replace_denied"),
    (400, "invalid_host"),
    (400, "invalid_http"),
    (400, "too_many_requests_at_once"),
    (400, "unsupported_transfer_coding"),
    (408, "request_timeout"),
    (431, "head_too_large"),
    (499, "client_disconnected"),
    (503, "clock_differs"),
    (503, "outcome_unknown"),
    (503, "stopping"),
    (503, "too_many_connections"),
    (404, "no_such_route"),
    (405, "method_not_allowed"),
    (422, "body_too_large"),
    (422, "invalid_request"),
    (422, "position_beyond_end"),
    (500, "internal_error"),
}
_NEVER_SENT = {
    (422, "bucket_required"),  # for a route that names no bucket and asks for it all the same
    (400, "deletion_not_begun"),  # it stands in the outputs of a task
    (400, "released_by_object"),  # the completion that it refuses is decided again
}


@pytest.mark.parametrize("page", PARTS, ids=name_of)
def test_a_reference_page_says_what_the_code_says(page: Path) -> None:
    if page.name == "contract.md" and contract() is None:
        pytest.skip(ABSENT)
    assert page.read_text(encoding="utf-8") == rewritten(page), "run: python -m tests.docs.reference"


def test_every_route_has_an_example_that_calls_it() -> None:
    known = {operation.name for operation in operations(own())}

    assert {name for name in known if not calls(name)} == set(), "add an example to tests/docs/examples.py"
    assert set(EXAMPLES) - known == set(), "an example for a route that is gone"


def test_every_tag_has_a_section() -> None:
    page = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^### (\w+\.\w+\.v\d+)$", page, re.MULTILINE)) == set(BY_TAG)


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    listed = {(int(status), code) for status, code in _ROW.findall(HTTP_PAGE.read_text(encoding="utf-8"))}
    raised = {(_STATUS_OF[kind], code) for path in _sources() for kind, code in _refusals(path)}

    assert listed == (raised | _BUILT) - _ON_THE_COMMAND_LINE - _NEVER_SENT


def test_every_call_to_storage_is_in_the_table_of_permissions() -> None:
    page = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text(encoding="utf-8")
    sources = [ROOT / "adapters" / "s3" / name for name in ("object_storage.py", "bucket_setup.py")]
    adapter = "".join(source.read_text(encoding="utf-8") for source in sources)
    called = re.findall(r'self\._client\.(?:get_paginator\("(\w+)"|(\w+)\()', adapter)
    made = {(paged or plain).title().replace("_", "") for paged, plain in called}
    rows = re.findall(r"^\| ([\w, ]+) \| `s3:", page, re.MULTILINE)

    assert {call for row in rows for call in row.split(", ")} == made


def test_the_policies_for_production_are_what_the_service_needs_and_sets() -> None:
    page = ROOT / "docs" / "how-to" / "run-in-production.md"
    policy, lifecycle, cors, _ = [json.loads(block.source) for block in blocks(page) if block.kind == "json"]
    rows = re.findall(r"^\|[^|]*\| (`s3:[^|]*) \| (.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    needed = {
        right
        for rights, what_for in rows
        if what_for != "set-up" and "only if the bucket does not exist" not in what_for
        for right in re.findall(r"`(s3:\w+)`", rights)
    }

    assert {action for statement in policy["Statement"] for action in statement["Action"]} == needed
    assert lifecycle == {"Rules": [lifecycle_rule(KEEP_NONCURRENT_DAYS)]}
    assert cors == cors_rules("https://app.example.com")


def _sources() -> Iterator[Path]:
    for layer in ("domain", "application", "adapters/postgres", "entrypoints/http"):
        yield from (ROOT / layer).rglob("*.py")


def _refusals(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind and the code of every refusal that a file makes with a code that is written out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=kind), args=[ast.Constant(value=str(code)), *_]) if kind in _STATUS_OF:
                yield kind, code
