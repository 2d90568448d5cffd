from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event_token import PREFIX, EventToken, key_id_in, secret_of, token_in

HASH, OTHER_HASH = "a" * 64, "b" * 64
TOKEN = EventToken(key_id="key_1", namespace_id="ns_1", expires_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
SECRET = secret_of(TOKEN, HASH)


def test_a_token_says_what_it_is_for_to_who_knows_the_key() -> None:
    assert SECRET.startswith(PREFIX)
    assert key_id_in(SECRET) == "key_1"
    assert token_in(SECRET, HASH) == TOKEN


def test_a_token_of_another_key_or_secret_is_none() -> None:
    assert token_in(SECRET, OTHER_HASH) is None


@given(position=st.integers(len(PREFIX), len(SECRET) - 1), letter=st.sampled_from("abcXYZ019-_."))
def test_a_token_that_was_changed_is_none(position: int, letter: str) -> None:
    changed = SECRET[:position] + letter + SECRET[position + 1 :]

    assert token_in(changed, HASH) in ({TOKEN} if changed == SECRET else {None, TOKEN})
    if changed != SECRET and token_in(changed, HASH) is not None:
        assert position in {SECRET.index(".") - 1, len(SECRET) - 1}  # bits that no byte is made of


@pytest.mark.parametrize("rest", ["", ".", "a.b", "e30.e30", "ü.ü", "a.b.c"])
def test_what_is_no_token_is_none(rest: str) -> None:
    secret = PREFIX + rest

    assert key_id_in(secret) is None
    assert token_in(secret, HASH) is None
