"""The prose of the repository is plain technical English: some words are never right in it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The words, each with the words to use instead.
WORDS: dict[str, str] = {
    r"shall": "must, or the future tense",
    r"whoever": "the caller, the client, or another noun",
    r"lack(?:s|ed)?|lacking": "is missing, or: does not have",
    r"is told|are told|be told|was told|were told": "gets, receives, or the passive of: report",
    r"tells? of": "reports",
    r"what is none|is none of (?:ours|theirs|these)": "is not",
    r"needs? (?:it|them) not": "does not need",
    r"for ever": "forever",
    r"anew": "again, or a verb with: re-",
    r"(?:pass|passes|passed) over": "skip, or ignore",
    r"of theirs": "their",
    r"the like": "a list, or: for example",
}
LOOKED_AT = (".md", ".py", ".sql", ".toml", ".yml", ".yaml")
# Released files never change; decisions are records of their time; identifiers in tests are sentences of their own.
EXCLUDED = ("adapters/postgres/migrations/", "docs/decisions/", "tests/", "scripts/", "CHANGELOG.md", "LICENSE")


def wrong(text: str) -> list[str]:
    """Return the wrong words of a text, with their line numbers."""
    return [
        f"{number}: {found[0]!r} (use: {instead})"
        for number, line in enumerate(text.splitlines(), 1)
        for word, instead in WORDS.items()
        for found in re.finditer(rf"(?<![\w.])(?:{word})(?![\w(=])", line, re.IGNORECASE)
    ]


def texts() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name.endswith(LOOKED_AT) and not name.startswith(EXCLUDED)]


def test_no_text_has_a_word_that_is_never_right() -> None:
    found = {path.relative_to(ROOT).as_posix(): wrong(path.read_text(encoding="utf-8")) for path in texts()}

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The upload shall be canceled.", 1),
        ("# a line\n# Whoever asks is told of it", 2),
        ("The bucket lacks a schema, and needs it not.", 2),
        ("The cache is missing an entry.", 0),
        ("def told(self) -> None: ...", 0),
        ("await account.tell(log)", 0),
    ],
)
def test_a_wrong_word_is_found(text: str, count: int) -> None:
    assert len(wrong(text)) == count
