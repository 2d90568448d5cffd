"""What the pages on security say is so: tests that they name exist, and no licence is one that binds users."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.licences import shipped
from tests.docs.pages import ROOT

MODEL = ROOT / "docs" / "explanation" / "threat-model.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in MODEL.read_text(encoding="utf-8").splitlines()
    if re.search(r"\| [0-9]+\.[0-9]+\.[0-9]+ \|", line)
]
# Licences that allow distributing Upwell under another licence. MPL-2.0 binds changes of its own files.
FREE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Zlib"),
    *("CC0-1.0", "Unicode-3.0", "BSL-1.0", "LLVM-exception"),
}


def test_the_model_has_rows_for_every_boundary() -> None:
    assert len({row[0] for row in ROWS}) >= 8
    assert len(ROWS) >= 20
    assert all(len(row) == 5 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[1][:60] for row in ROWS])
def test_a_test_that_the_model_names_exists(row: list[str]) -> None:
    path, _, name = row[4].strip("`").partition("::")
    assert (ROOT / path).is_file()
    assert not name or re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


# The driver of the extra `eventsourcing`, which the service does not load. The LGPL binds changes of the driver itself.
OF_PROGRAMS_BESIDE = dict.fromkeys(("psycopg", "psycopg-binary", "psycopg-pool"), "LGPL-3.0-only")


def test_no_licence_of_a_shipped_package_binds_its_users() -> None:
    bound = {
        name: licence
        for name, licence in shipped().items()
        if not set(re.split(r" (?:AND|OR|WITH) ", licence.replace("(", "").replace(")", ""))) <= FREE
    }
    assert bound == OF_PROGRAMS_BESIDE
    page = (ROOT / "docs" / "reference" / "licences.md").read_text(encoding="utf-8")
    assert "The extra `eventsourcing` includes psycopg, which is under LGPL-3.0-only" in page


def test_of_a_package_under_two_licences_the_free_one_is_taken() -> None:
    assert shipped()["pure-magic-rs"] == "BSD-2-Clause"


def _script() -> Any:  # noqa: ANN401  # a module
    spec = importlib.util.spec_from_file_location("audit_dependencies", ROOT / "scripts" / "audit_dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_audit_reports_known_vulnerabilities_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    script = _script()
    answers = {"results": [{}, {"vulns": [{"id": "GHSA-x"}]}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answers))
    with httpx.Client(transport=transport) as client:
        assert script.audit(client, [("good", "1.0"), ("bad", "2.0")]) == 1
    assert "bad 2.0: https://osv.dev/vulnerability/GHSA-x" in capsys.readouterr().out


@pytest.mark.parametrize("status", [None, 503])
def test_an_audit_whose_service_cannot_be_reached_names_it_and_does_not_fail(
    capsys: pytest.CaptureFixture[str], status: int | None
) -> None:
    script = _script()

    def answer(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("no way", request=request)
        return httpx.Response(status)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        assert script.audit(client, [("good", "1.0")]) == 0
    assert "was skipped: https://api.osv.dev/v1/querybatch could not be reached" in capsys.readouterr().out


def test_everything_that_is_pinned_is_audited() -> None:
    found = _script().pins((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert len(found) > 50
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) and version[0].isdigit() for name, version in found)
    assert "cryptography" in dict(found)
    assert Path(ROOT / "SECURITY.md").is_file()
