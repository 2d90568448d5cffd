"""The glossary: every word stands once, and every name is defined in the module that it links to."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.test_architecture import defined

PAGE = ROOT / "docs" / "explanation" / "glossary.md"
_ROW = re.compile(r"\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| \[`(?P<name>\w+)`\]\(\.\./\.\./(?P<path>[\w./]+)\) \|")
_LINES = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
ROWS = [row for line in _LINES if (row := _ROW.fullmatch(line))]


@pytest.mark.parametrize(("name", "path"), [pytest.param(row["name"], row["path"], id=row["word"]) for row in ROWS])
def test_the_name_of_a_word_is_defined_in_its_module(name: str, path: str) -> None:
    assert name in defined(Path(ROOT / path))


def test_every_word_stands_once_in_alphabetical_order_with_one_sentence() -> None:
    words = [row["word"] for row in ROWS]

    assert len(ROWS) == len(_LINES)
    assert words == sorted(words, key=str.lower)
    assert [word for word, times in Counter(words).items() if times > 1] == []
    assert [row["word"] for row in ROWS if not re.fullmatch(r"[^.]+\.", row["meaning"])] == []
