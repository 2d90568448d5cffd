"""What of a regular expression is allowed, and how it is written for every engine."""

import re

import pytest

from domain.lists.patterns import MAX_LENGTH, MAX_REPEATS, canonical
from domain.refusals import InvalidInputError


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("abc", "abc"),
        ("^a.b$", r"\Aa.b\Z"),
        (r"\d+\.\w\s", r"[0-9]+\.\w[ \t\n\r\f\v]"),
        ("(a|b)?c", "(?:a|b)?c"),
        ("(?:ab)*", "(?:ab)*"),
        ("a{2}b{1,}c{0,3}", "a{2}b{1,}c{0,3}"),
        ("a+?b*?", "a+b*"),
        ("[a-z_]", "[a-z_]"),
        (r"[^\d\]-]", r"[^0-9\]\-]"),
        ("[.*+]", "[.*+]"),
        (r"\/", "/"),
        ("", ""),
        ("(a+)?", "(?:a+)?"),
    ],
)
def test_a_pattern_is_written_in_one_way_for_every_engine(pattern: str, written: str) -> None:
    assert canonical(pattern) == written
    re.compile(written)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a*)*",
        "((a|b)*c){2}",
        "(a{2}){3}",
        r"(a)\1",
        r"\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?i)a",
        "(?P<n>a)",
        "***:a",
        "*a",
        "a**",
        "a{3}{3}",
        "a++",
        "^*",
        "a{2,1}",
        f"a{{{MAX_REPEATS + 1}}}",
        f"a{{{MAX_REPEATS}}}b{{1}}",
        "a{1000000}",
        "a{,3}",
        "(",
        ")",
        "[",
        "[]",
        "[]a]",
        "[z-a]",
        "[[:alpha:]]",
        r"[a-\d]",
        r"[\W]",
        "]",
        "{",
        "\\",
        r"\b",
        r"\ymatch",
        "(" * 11 + "a" + ")" * 11,
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_a_pattern_that_could_hurt_or_that_engines_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        canonical(pattern)
    assert refused.value.code == "invalid_pattern"
