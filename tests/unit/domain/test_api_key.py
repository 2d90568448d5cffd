from datetime import datetime, timedelta

import msgspec
import pytest

from domain import api_key as keys
from domain.api_key import (
    DEFAULT_PERMISSIONS,
    ActiveKey,
    ApiKey,
    ApiKeyCommand,
    ApiKeyCreated,
    ApiKeyEvent,
    ApiKeyRevoked,
    CreateKey,
    NoKey,
    Permission,
    RevokedKey,
    RevokeKey,
)
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from tests.unit.domain.examples import LATER, NOW, ORIGIN, SHA256
from tests.unit.domain.spec import Behaviour

given: Behaviour[ApiKey, ApiKeyCommand, ApiKeyEvent] = Behaviour(
    decide=keys.decide, evolve=keys.evolve, nothing=NoKey()
)
CREATE = CreateKey(
    origin=ORIGIN,
    key_id="key_1",
    user_id="usr_1",
    name="ci",
    description="For the pipeline",
    key_hash=SHA256,
    prefix="sk_abcdefg",
    permissions=(Permission.READ, Permission.WRITE),
    scopes=({"resource_type": "bucket", "resource_id": "bkt_1"},),
    rate_limit_override=None,
    expires_at=LATER,
)
CREATED = ApiKeyCreated(
    origin=ORIGIN,
    key_id="key_1",
    user_id="usr_1",
    name="ci",
    description="For the pipeline",
    key_hash=SHA256,
    prefix="sk_abcdefg",
    permissions=(Permission.READ, Permission.WRITE),
    scopes=({"resource_type": "bucket", "resource_id": "bkt_1"},),
    rate_limit_override=None,
    expires_at=LATER,
)
REVOKE = RevokeKey(origin=ORIGIN)
REVOKED = ApiKeyRevoked(origin=ORIGIN, key_id="key_1")


def test_a_key_is_given_out() -> None:
    assert given().when(CREATE).then(CREATED) == ActiveKey(key_id="key_1")


def test_a_key_is_given_out_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")
    given(CREATED, REVOKED).when(CREATE).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("expires_at", [NOW, NOW - timedelta(days=1)])
def test_a_key_that_has_expired_already_is_not_given_out(expires_at: datetime) -> None:
    command = msgspec.structs.replace(CREATE, expires_at=expires_at)

    given().when(command).then_refused(InvalidInputError, "invalid_expiry")


def test_a_key_may_be_good_for_ever() -> None:
    command = msgspec.structs.replace(CREATE, expires_at=None)

    given().when(command).then(msgspec.structs.replace(CREATED, expires_at=None))


def test_a_key_is_taken_back() -> None:
    assert given(CREATED).when(REVOKE).then(REVOKED) == RevokedKey(key_id="key_1")


def test_a_key_taken_back_twice_is_not_news() -> None:
    given(CREATED, REVOKED).when(REVOKE).then_nothing()


def test_a_key_that_was_never_given_out_cannot_be_taken_back() -> None:
    given().when(REVOKE).then_refused(NotFoundError, "key_not_found")


def test_a_key_may_read_write_and_delete_unless_told_otherwise() -> None:
    assert DEFAULT_PERMISSIONS == ("read", "write", "delete")
