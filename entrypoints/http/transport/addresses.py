"""Paths and queries as text: percent-decoded UTF-8 without U+0000, or refused before routing."""

from urllib.parse import unquote_to_bytes

from litestar.types import Scope

from domain.refusals import InvalidInputError


def check_address(scope: Scope) -> None:
    """Refuse an address that is not text. Frameworks replace invalid UTF-8, and databases accept no U+0000."""
    path, query = scope["raw_path"], scope["query_string"]
    if b"%" in path or not path.isascii():
        _check(path, "path")
    if b"%" in query or not query.isascii():
        _check(query, "query")


def _check(encoded: bytes, what: str) -> None:
    try:
        text = unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidInputError(
            "not_utf8", f"The {what} is not UTF-8: encode it as UTF-8, then percent-encode it.", {"in": what}
        ) from None
    if "\0" in text:
        raise InvalidInputError(
            "null_character", f"The {what} contains the character U+0000 (%00): leave it out.", {"in": what}
        )
