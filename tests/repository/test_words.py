"""The prose of the repository is plain technical English: some words are never right in it.

In tests, scripts and decisions more of them are forbidden, in the names of functions as well.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NOUN = "the caller, the client, or another noun"

# The words, each with the words to use instead.
WORDS: Mapping[str, str] = {
    r"shall": "must, or the future tense",
    r"whoever": _NOUN,
    r"somebody(?:'s)?|anybody(?:'s)?": _NOUN,
    r"lack(?:s|ed)?|lacking": "is missing, or: does not have",
    r"is told|are told|be told|was told|were told": "gets, receives, or the passive of: report",
    r"tells? of": "reports",
    r"what is none|is none of (?:ours|theirs|these)": "is not",
    r"needs? (?:it|them) not": "does not need",
    r"for ever": "forever",
    r"anew": "again, or a verb with: re-",
    r"(?:pass|passes|passed) over": "skip, or ignore",
    r"lets? go of": "releases",
    r"given out|gives out": "issued, or: issues",
    r"hears? of|heard of": "receives, or: notices",
    r"of theirs": "their",
    r"the like": "a list, or: for example",
    r"everybody(?:'s)?": _NOUN,
    r"proved": "verified",
    r"once more": "again",
    r"any more": "no longer, or: now",
}
# Further words, in tests, scripts and decisions.
FURTHER: Mapping[str, str] = {
    r"told|tells": "gets, receives, or: report, notify, answer, send",
    r"whoever's|whosever": _NOUN,
    r"(?<!user )nobody(?:'s|s)?": "no caller, no client, or another noun",
    r"proves": "verified",
    r"uploads? in parts": "multipart upload",
    r"(?:not|no) news": "appends no event",
    r"(?:that|which) is none": "invalid",
    r"it is so|shut out": "words that say what happens",
}
LOOKED_AT = (".md", ".py", ".sql", ".toml", ".yml", ".yaml")
# Released files never change; tests of messages and of this list quote the words.
EXCLUDED = (
    "adapters/postgres/migrations/",
    "tests/integration/database/older_database/",
    "tests/messages.py",
    "tests/unit/entrypoints/http/answers/test_messages.py",
    "tests/repository/test_words.py",
    "CHANGELOG.md",
    "LICENSE",
)
STRICT = ("tests/", "scripts/", "docs/decisions/")
_NAME = re.compile(r"\bdef (\w+)")


def wrong(text: str, words: Mapping[str, str] = WORDS) -> list[str]:
    """Return the wrong words of a text, with their line numbers. Quoted words and arguments of calls are names."""
    return [
        f"{number}: {found[0]!r} (use: {instead})"
        for number, line in enumerate(text.splitlines(), 1)
        for word, instead in words.items()
        for found in re.finditer(rf"(?<![\w.(\"'`])(?:{word})(?![\w(=\"'`])", line, re.IGNORECASE)
    ]


def wrong_names(text: str) -> list[str]:
    """Return the names of functions with wrong words."""
    named = (name.replace("_", " ") for name in _NAME.findall(text))
    return [f"{name}: {found}" for name in named for found in wrong(name, {**WORDS, **FURTHER})]


def texts() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name.endswith(LOOKED_AT) and not name.startswith(EXCLUDED)]


def test_no_text_has_a_word_that_is_never_right() -> None:
    found = {path.relative_to(ROOT).as_posix(): wrong(path.read_text(encoding="utf-8")) for path in texts()}

    assert {name: words for name, words in found.items() if words} == {}


def test_no_test_script_or_decision_has_a_further_one() -> None:
    strict = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in texts()}
    found = {
        name: wrong(text, FURTHER) + (wrong_names(text) if name.endswith(".py") else [])
        for name, text in strict.items()
        if name.startswith(STRICT)
    }

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The upload shall be canceled.", 1),
        ("# a line\n# Whoever asks is told of it", 2),
        ("The bucket lacks a schema, and needs it not.", 2),
        ("Everybody sees that it was proved once more, and not any more.", 4),
        ("The cache is missing an entry.", 0),
        ("def told(self) -> None: ...", 0),
        ("await account.tell(log)", 0),
    ],
)
def test_a_wrong_word_is_found(text: str, count: int) -> None:
    assert len(wrong(text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The worker told the client that nobody proves it.", 3),
        ("It runs as the user nobody.", 0),
        ('acting_for.get("nobody")', 0),
        ("upwell.agreed_time(told)", 0),
    ],
)
def test_a_further_word_is_found(text: str, count: int) -> None:
    assert len(wrong(text, FURTHER)) == count


def test_a_wrong_name_is_found() -> None:
    assert len(wrong_names("def test_a_key_is_told_so() -> None: ...\ndef test_a_key_is_refused() -> None: ...")) == 2
