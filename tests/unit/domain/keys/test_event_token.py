from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.keys.event_token import LEEWAY, PREFIX, EventToken, event_token_secret, key_id_in, token_in
from domain.keys.token_secrets import TokenSecrets

HASH, OTHER_HASH = "a" * 64, "b" * 64
SECRETS, OTHERS = TokenSecrets(["the server's own secret, in a test"]), TokenSecrets(["of another server, in a test"])
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = EventToken(token_id="etk_1", key_id="key_1", namespace_id="ns_1", expires_at=NOW)
SECRET = event_token_secret(TOKEN, HASH, SECRETS)


def test_a_token_is_readable_by_the_server_that_signed_it() -> None:
    assert SECRET.startswith(PREFIX)
    assert key_id_in(SECRET) == "key_1"
    assert token_in(SECRET, [HASH], SECRETS) == TOKEN


@pytest.mark.parametrize("length", range(3))
def test_a_token_of_any_length_is_readable(length: int) -> None:
    token = msgspec.structs.replace(TOKEN, token_id="etk_" + length * "1")

    assert token_in(event_token_secret(token, HASH, SECRETS), [HASH], SECRETS) == token


def test_the_hash_of_a_key_signs_nothing() -> None:
    """Every reader of the log or the tables knows it, and everything else that goes into a token."""
    for known in (HASH, "key_1"):
        assert token_in(event_token_secret(TOKEN, HASH, TokenSecrets([known])), [HASH], SECRETS) is None


def test_a_token_of_another_key_or_server_is_invalid() -> None:
    assert token_in(SECRET, [OTHER_HASH], SECRETS) is None
    assert token_in(SECRET, [HASH], OTHERS) is None


def test_while_a_key_is_rotated_with_an_overlap_a_token_of_before_counts() -> None:
    assert token_in(SECRET, [OTHER_HASH, HASH], SECRETS) == TOKEN


def test_while_the_servers_secret_is_rotated_with_an_overlap_a_token_of_before_counts() -> None:
    rotated = TokenSecrets(["a newer secret of the server's", "the server's own secret, in a test"])

    assert token_in(SECRET, [HASH], rotated) == TOKEN
    assert token_in(event_token_secret(TOKEN, HASH, rotated), [HASH], SECRETS) is None


@pytest.mark.parametrize(("seconds", "may"), [(-1, True), (3600, True), (3660, True), (3661, False)])
def test_a_token_lasts_no_longer_than_one_that_may_be_issued(seconds: int, *, may: bool) -> None:
    token = EventToken(token_id="etk_1", key_id="key_1", expires_at=NOW + timedelta(seconds=seconds))

    assert token.may_have_been_issued(NOW) is may
    assert timedelta(seconds=60) == LEEWAY


@given(position=st.integers(len(PREFIX), len(SECRET) - 1), letter=st.sampled_from("abcXYZ019-_."))
def test_a_changed_token_is_invalid(position: int, letter: str) -> None:
    changed = SECRET[:position] + letter + SECRET[position + 1 :]
    found = token_in(changed, [HASH], SECRETS)

    assert found in ({TOKEN} if changed == SECRET else {None, TOKEN})
    if changed != SECRET and found is not None:
        assert position in {SECRET.index(".") - 1, len(SECRET) - 1}  # bits that no byte is made of


@pytest.mark.parametrize("rest", ["", ".", "a.b", "e30.e30", "ü.ü", "a.b.c"])
def test_other_text_is_no_token(rest: str) -> None:
    secret = PREFIX + rest

    assert key_id_in(secret) is None
    assert token_in(secret, [HASH], SECRETS) is None
