"""The wire contract, if available; Upwell's own document; and the deviations that are listed."""

import functools
import json
import os
import re
import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.contract_check.comparing import Difference, Document

ROOT = Path(__file__).parents[2]
DEVIATIONS = ROOT / "docs" / "reference" / "deviations.toml"
ABSENT = "the contract is not at hand: name the file in UPWELL_CONTRACT_FILE"


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """Intended differences. `where`, `what`: as in the comparison, with `*` for anything."""

    where: str
    what: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Return whether a difference is one of these."""
        return _matches(self.where, difference.where) and _matches(self.what, difference.what)


@functools.cache
def contract() -> Document | None:
    """Return the contract, if it is at hand."""
    place = Path(os.environ.get("UPWELL_CONTRACT_FILE", ROOT.parent / "shared" / "contract" / "upload-contract.json"))
    return json.loads(place.read_text(encoding="utf-8")) if place.exists() else None


@functools.cache
def own() -> Document:
    """Return Upwell's own document."""
    # Loading the application takes 0.3 s of CPU time; a run of a few tests without it does not wait for that.
    from entrypoints.http.app import create_app  # noqa: PLC0415
    from entrypoints.http.reference.openapi import document_of  # noqa: PLC0415

    @asynccontextmanager
    async def nothing() -> Any:  # noqa: ANN401  # the application is looked at, not started
        yield None

    return document_of(create_app(nothing))


@functools.cache
def deviations() -> tuple[Deviation, ...]:
    """Return the deviations in the order in which they are listed."""
    listed = tomllib.loads(DEVIATIONS.read_text(encoding="utf-8"))["deviation"]
    return msgspec.convert(tuple(listed), tuple[Deviation, ...])


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text) is not None
