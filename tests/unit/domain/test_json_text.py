"""Any bytes are JSON, or raise one kind of error."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.json_text import NotJSONError, TooDeepError, decode_json, null_character_at


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'"\xff"',
        b'{"a": "\xc3("}',
        b'"\xed\xa0\x80"',
        b'"\\ud800 "',
        b"NaN",
        b"Infinity",
        b'"\x00"',
        "{}".encode("utf-16"),
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_is_refused_as_such(text: bytes) -> None:
    with pytest.raises(NotJSONError):
        decode_json(text)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"a": "x\\uDBFF"}', b'["\\udc00"]'])
def test_half_of_a_pair_is_named(text: bytes) -> None:
    with pytest.raises(NotJSONError, match="not one of a pair"):
        decode_json(text)
    assert decode_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("text", [b"1e400000", b"[-1e400000]", b"9" * 4301, b"-" + b"9" * 4301, b"9" * 4301 + b".5"])
def test_a_number_beyond_all_bounds_is_refused(text: bytes) -> None:
    with pytest.raises((NotJSONError, msgspec.ValidationError)):
        decode_json(text)


@pytest.mark.parametrize("text", [b"1e-400", b"[-1E-400]", b"0." + b"0" * 400 + b"1", b"1e400"])
def test_a_number_that_no_double_is_near_to_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_json(text)


@pytest.mark.parametrize(
    "text", ["0.1", "-0.0", "0e-999", "0.000e5", "5e-324", "1.7976931348623157e308", "1E5", "1.10"]
)
def test_a_number_is_the_double_of_its_text(text: str) -> None:
    assert decode_json(f"[{text}]".encode()) == [float(text)]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_that_is_written_and_read_is_the_same(value: float) -> None:
    assert decode_json(msgspec.json.encode(value)) == value
    assert decode_json(repr(value).encode()) == value


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(TooDeepError):
        decode_json(b"[" * 100_000 + b"]" * 100_000)


@given(st.binary(max_size=60))
def test_no_bytes_are_answered_with_any_other_error(text: bytes) -> None:
    with contextlib.suppress(NotJSONError, msgspec.ValidationError):
        decode_json(text)


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"a": [{"b": "x\\u0000"}]}', "a[0].b"),
        (b'{"a": {"x\\u0000": 1}}', "a"),
        (b'"\\u0000"', ""),
        (b'{"a": "\\\\u0000"}', None),
        (b'{"a": "x"}', None),
    ],
)
def test_the_place_of_a_null_character_is_named(text: bytes, place: str | None) -> None:
    assert null_character_at(text, decode_json(text)) == place
