"""The licences of all installed packages, by their own metadata."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from typing import Final

from packaging.requirements import Requirement

from tests.docs.pages import ROOT

EXTRAS: Final = ("", "eventsourcing", "nats", "otel", "parquet")
# Where a package offers a choice, and the choice matters.
CHOSEN: Final = {"pure-magic-rs": "BSD-2-Clause"}
LEFT_OUT: Final = frozenset(
    tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["exclude-dependencies"]
)
_NAMES: Final = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache 2 license": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "dual license": "Apache-2.0 OR BSD-3-Clause",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}


def shipped() -> dict[str, str]:
    """Return the licence of each package that `upwell` needs, its extras included, by name."""
    found: dict[str, Distribution] = {}
    for extra in EXTRAS:
        _collect("upwell", extra, found)
    return {name: licence_of(each) for name, each in sorted(found.items()) if name != "upwell"}


def licence_of(package: Distribution) -> str:
    """Return a package's licence as an SPDX expression, or `unknown`."""
    name = _plain(package.metadata["Name"])
    if name in CHOSEN:
        return CHOSEN[name]
    for said in _sayings(package):
        first = said.strip().splitlines()[0] if said.strip() else ""
        if first:
            return _NAMES.get(first.lower(), "MIT" if first.startswith("MIT License") else first)
    return "unknown"


def _sayings(package: Distribution) -> Iterator[str]:
    metadata = package.metadata
    for field in ("License-Expression", "License"):
        yield from metadata.get_all(field) or ()
    for each in metadata.get_all("Classifier") or ():
        if each.startswith("License ::"):
            yield each.rpartition(":: ")[2]


def _collect(name: str, extra: str, found: dict[str, Distribution]) -> None:
    package = distribution(name)
    known = _plain(name) in found
    found[_plain(name)] = package
    for text in package.requires or ():
        needed = Requirement(text)
        wanted = needed.marker is None or needed.marker.evaluate({"extra": extra})
        if _plain(needed.name) in LEFT_OUT:
            continue
        if wanted and not (known and not extra):
            for each in ("", *needed.extras):
                if each or _plain(needed.name) not in found:
                    _collect(needed.name, each, found)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
