r"""Regular expressions from clients: a small language that cannot exhaust an engine, with one meaning in all engines.

Allowed: literals, `.`, classes, `\d \w \s` and their opposites, `^ $`, groups, `|`, and `? * + {m,n}`. Refused: back
references, look-arounds, options, and nested repetitions.
"""

import re
from typing import NoReturn

from domain.refusals import InvalidInputError

MAX_LENGTH = 200
MAX_REPEATS = 200
_MAX_NESTING = 10
_SPECIAL = frozenset(".^$*+?()[]{}|\\")
_SPECIAL_IN_CLASS = frozenset("[]^-\\&~|")
_BOUNDS = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}")
_SPACE = r" \t\n\r\f\v"
_ESCAPES = {"d": "[0-9]", "D": "[^0-9]", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]", "w": r"\w", "W": r"\W"}
_ESCAPES_IN_CLASS = {"d": "0-9", "s": _SPACE, "w": r"\w"}
_ANCHORS = {"^": r"\A", "$": r"\Z"}
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r"}


def canonical(pattern: str) -> str:
    """Return the pattern in a form for every engine, without capturing groups; refuse unsupported syntax.

    `.` matches any character, including newlines; `^` and `$` match only at the ends of the text.
    """
    if len(pattern) > MAX_LENGTH:
        _refuse(f"has more than {MAX_LENGTH} characters: shorten it")
    reader = _Reader(pattern)
    written, _ = reader.alternatives(0)
    if reader.rest:
        reader.refuse("has a ')' that closes nothing: write \\)")
    return written


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._repeats = 0

    @property
    def rest(self) -> str:
        return self._pattern[self._at :]

    def refuse(self, why: str) -> NoReturn:
        _refuse(why, self._at + 1)

    def alternatives(self, nesting: int) -> tuple[str, bool]:
        """Read up to the end of a group; also return whether it contains a repetition."""
        written, repeats = "", False
        while self.rest and not self.rest.startswith(")"):
            if self._took("|"):
                written += "|"
                continue
            atom, holds_repeats, repeatable = self._atom(nesting)
            quantifier = self._quantifier()
            if quantifier and not repeatable:
                self.refuse("repeats something that cannot be repeated: remove the repetition")
            if quantifier not in {"", "?"}:
                if holds_repeats:
                    self.refuse("repeats a group that contains a repetition: remove one of them")
                holds_repeats = True
            repeats = repeats or holds_repeats
            written += atom + quantifier
        return written, repeats

    def _atom(self, nesting: int) -> tuple[str, bool, bool]:
        """Read an atom: its text, whether it contains repetitions, whether it may be repeated."""
        char = self._next()
        if char == "(":
            return self._group(nesting)
        if anchor := _ANCHORS.get(char):
            return anchor, False, False
        if char in {"*", "+", "?"}:
            self.refuse(f"has a '{char}' without anything to repeat: write \\{char}")
        if char in {"]", "{", "}"}:
            self.refuse(f"has a '{char}' by itself: write \\{char}")
        written = self._class() if char == "[" else self._escape(_ESCAPES) if char == "\\" else char
        return written, False, True

    def _group(self, nesting: int) -> tuple[str, bool, bool]:
        if self.rest.startswith("?") and not self._took("?:"):
            self.refuse("has an option, a name or a look-around: use ( ) or (?: ) only")
        if nesting == _MAX_NESTING:
            self.refuse(f"nests more than {_MAX_NESTING} groups: flatten it")
        inside, repeats = self.alternatives(nesting + 1)
        if not self._took(")"):
            self.refuse("has a '(' that is never closed: close it, or write \\(")
        return f"(?:{inside})", repeats, True

    def _quantifier(self) -> str:
        written = ""
        if bounds := _BOUNDS.match(self.rest):
            self._at += bounds.end()
            least = int(bounds[1])
            most = least if bounds[2] is None else int(bounds[3] or least)
            self._repeats += max(least, most)
            if most < least or self._repeats > MAX_REPEATS:
                self.refuse(f"repeats more than {MAX_REPEATS} times, or has an empty range: use other numbers")
            written = f"{{{bounds[1]}{bounds[2] or ''}}}"
        elif self.rest[:1] in {"*", "+", "?"} and self.rest:
            written = self._next()
        if written:
            self._took("?")  # laziness does not change whether there is a match
        return written

    def _class(self) -> str:
        written = "[^" if self._took("^") else "["
        empty = True
        while not self._took("]"):
            low, single = self._in_class()
            empty = False
            if single and self.rest.startswith("-") and not self.rest.startswith("-]"):
                self._at += 1
                high, high_is_single = self._in_class()
                if not high_is_single or high[-1] < low[-1]:
                    self.refuse("has a class with a reversed range: write the lower end first")
                low = f"{low}-{high}"
            written += low
        if empty:
            self.refuse("has an empty class: write \\[ and \\]")
        return written + "]"

    def _in_class(self) -> tuple[str, bool]:
        if not self.rest:
            self.refuse("has a '[' that is never closed: close it, or write \\[")
        char = self._next()
        if char == "\\":
            named = self.rest[:1] in _ESCAPES_IN_CLASS
            return self._escape(_ESCAPES_IN_CLASS), not named
        if char == "[":
            self.refuse("has a '[' in a class: write \\[")
        return (f"\\{char}" if char in _SPECIAL_IN_CLASS else char), True

    def _escape(self, known: dict[str, str]) -> str:
        if not self.rest:
            self.refuse("ends with a single backslash: write two")
        char = self._next()
        if found := known.get(char) or _CONTROLS.get(char):
            return found
        if char.isalnum():
            self.refuse(f"has \\{char}, which is not supported: remove it")
        return f"\\{char}" if char in _SPECIAL or char in _SPECIAL_IN_CLASS else char

    def _next(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _took(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self._at += len(text)
        return True


def _refuse(why: str, at: int | None = None) -> NoReturn:
    """Refuse a pattern. `why`: the problem, and what to do."""
    place = "" if at is None else f" (at character {at})"
    raise InvalidInputError("invalid_pattern", f"The regular expression{place} {why}.", {"at": at})
