"""Ids as arguments: a malformed one is refused before any request."""

import re

import click

_SHOWN = "9p3x0c1m4k7w2q5z"


class Id(click.ParamType[str]):
    """An id with one of these prefixes. `where`: the command that lists them."""

    name = "id"

    def __init__(self, *prefixes: str, where: str) -> None:
        self._prefixes = prefixes
        self._where = where
        self._pattern = re.compile(rf"(?:{'|'.join(prefixes)})[A-Za-z0-9_-]{{1,64}}")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id unchanged."""
        given = str(value)
        if not self._pattern.fullmatch(given):
            like = " or ".join(prefix + _SHOWN for prefix in self._prefixes)
            self.fail(f"{given!r} is not an id. An id looks like {like}; {self._where} shows them.", param, ctx)
        return given
