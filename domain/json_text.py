"""Decodes JSON from clients, with one kind of error for every defect."""

import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_MAY_HOLD_NULL = re.compile(rb"\\u0000")


def number(text: str) -> float:
    """Return the double of a JSON number with a fraction or an exponent; raise `ValidationError` if none is near.

    For the decoders of clients' JSON, as `float_hook`: alone, they read a number too close to 0 as 0.
    """
    value = float(text)
    if math.isinf(value) or (not value and text.lower().partition("e")[0].strip("-0.")):
        raise msgspec.ValidationError("Number out of range")
    return value


_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=number)


class NotJSONError(Exception):
    """The text is not valid JSON: malformed, not UTF-8, or with a number out of range."""


class TooDeepError(NotJSONError):
    """The text is nested too deep."""


def decode_json(text: bytes, decoder: msgspec.json.Decoder[Any] = _ANY) -> Any:  # noqa: ANN401  # of the decoder's type
    """Return the decoded JSON; raise `NotJSONError`, or `msgspec.ValidationError` if it is not of the decoder's type.

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
        if _SURROGATE.search(text):  # the decoder takes a lone one for the end of the text
            raise NotJSONError("A \\ud800 to \\udfff is not one of a pair.") from error
        raise NotJSONError(str(error)) from error
    except ValueError as error:  # more digits than Python converts
        raise NotJSONError("A number has too many digits.") from error


def null_character_at(text: bytes, value: object) -> str | None:
    """Return the path of a U+0000 in a decoded value, which PostgreSQL cannot store, or None."""
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
