"""The pages and their fenced blocks.

A line `<!-- not run: reason -->` right above a fence says that the tests leave the block alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "clients" / "javascript" / "README.md",
    ROOT / "clients" / "python" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
PRODUCTION = ROOT / "docs" / "how-to" / "run-in-production.md"
RUN = frozenset({"sh", "python", "sql"})
SHOWN = frozenset({"diff", "json", "text", "javascript", "mermaid", "yaml", "ini", "nginx"})

_BLOCK = re.compile(
    r"^(?:<!-- (?P<skip>not run: [^\n]+) -->\n)?```(?P<kind>[^\n]*)\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block. `line`: where its text begins. `skipped`: the page says that it is not run."""

    line: int
    kind: str
    source: str
    skipped: bool


def name_of(page: Path) -> str:
    """Return a page's path for the ids of tests."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return a page's fenced blocks in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            line=text.count("\n", 0, found.start("source")) + 1,
            kind=found["kind"],
            source=found["source"],
            skipped=found["skip"] is not None,
        )
        for found in _BLOCK.finditer(text)
    ]


def runs(page: Path) -> bool:
    """Return whether a page has anything to run."""
    return any(block.kind in RUN and not block.skipped for block in blocks(page))
