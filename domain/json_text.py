"""JSON from outside: decoded, or refused with one kind of error for every defect."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAY_HOLD_NULL = re.compile(rb"\\u0000")
_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class NotJSONError(Exception):
    """The text is no JSON that can be read: malformed, not UTF-8, or with a number beyond all bounds."""


class TooDeepError(NotJSONError):
    """The text is nested deeper than can be read."""


def decode_json(text: bytes, decoder: msgspec.json.Decoder[Any] = _ANY) -> Any:  # noqa: ANN401  # of the decoder's type
    """Return what JSON says; raise `NotJSONError`, or `msgspec.ValidationError` where it is not of the decoder's type.

    A byte order mark is skipped, as RFC 8259 allows.
    """
    try:
        return decoder.decode(text.removeprefix(_BYTE_ORDER_MARK))
    except RecursionError as error:
        raise TooDeepError("The JSON is nested too deep.") from error
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError as error:
        raise NotJSONError("The text is not UTF-8.") from error
    except msgspec.DecodeError as error:
        raise NotJSONError(str(error)) from error
    except ValueError as error:  # more digits than Python turns into a number
        raise NotJSONError("A number has too many digits.") from error


def null_character_at(text: bytes, value: object) -> str | None:
    """Return where a decoded value holds U+0000, which no database text can; null where it does not."""
    if _MAY_HOLD_NULL.search(text) is None:
        return None
    return next(_null_characters(value, ""), None)


def _null_characters(value: object, path: str) -> Iterator[str]:
    waiting: list[tuple[object, str]] = [(value, path)]
    while waiting:
        found, place = waiting.pop()
        match found:
            case str() if "\0" in found:
                yield place
            case dict():
                for name, inner in found.items():
                    if "\0" in name:
                        yield place
                    waiting.append((inner, f"{place}.{name}" if place else str(name)))
            case list():
                waiting.extend((inner, f"{place}[{index}]") for index, inner in enumerate(found))
            case _:
                pass
