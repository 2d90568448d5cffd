from typing import Any

import msgspec
import pytest

from domain.buckets.bucket import Policy
from domain.keys.upload_token import (
    UPLOAD_TOKEN,
    IssuedToken,
    IssueToken,
    NoToken,
    TokenCommand,
    TokenEvent,
    TokenState,
    UploadToken,
    UploadTokenUsed,
    UseToken,
)
from domain.refusals import ForbiddenError, InvalidInputError, RefusedError, UnauthenticatedError, WrongStateError
from tests.unit.domain.examples import LATER, ORIGIN
from tests.unit.domain.spec import Behaviour

ISSUE = IssueToken(
    origin=ORIGIN,
    token_id="utk_1",
    token_hash="a" * 64,
    key_id="key_1",
    content_types=("image/*", "application/pdf"),
    max_size_bytes=1000,
    max_count=2,
    expires_at=LATER,
)


given: Behaviour[TokenState, TokenCommand, TokenEvent] = Behaviour(UPLOAD_TOKEN)


def issued(**changed: Any) -> TokenEvent:  # noqa: ANN401  # any field values
    (event,) = given().when(msgspec.structs.replace(ISSUE, **changed)).events
    return event


def token(**changed: Any) -> UploadToken:  # noqa: ANN401  # any field values
    state = given(issued(**changed)).state
    assert isinstance(state, IssuedToken)
    return state.token


def use(**changed: Any) -> UseToken:  # noqa: ANN401  # any field values
    good = UseToken(origin=ORIGIN, upload_id="upl_1", content_type="image/png", size_bytes=1000)
    return msgspec.structs.replace(good, **changed)


USED = UploadTokenUsed(origin=ORIGIN, token_id="utk_1", upload_id="upl_1")


def test_a_token_is_bound_to_the_bucket_that_it_was_issued_for() -> None:
    made = token()

    assert (made.organization_id, made.namespace_id, made.bucket_id) == ("org_1", "ns_1", "bkt_1")


def test_a_token_without_types_takes_any() -> None:
    given(issued(content_types=())).when(use(content_type="font/woff2", size_bytes=1)).then(USED)


@pytest.mark.parametrize("size", [None, 0, 10**12])
def test_a_token_without_a_size_limit_takes_any_size(size: int | None) -> None:
    given(issued(max_size_bytes=None)).when(use(size_bytes=size)).then(USED)


@pytest.mark.parametrize("kind", ["image", "image/", "*", "*/png", "image/png;q=1", "a/b/c", ""])
def test_an_invalid_type_is_not_issued(kind: str) -> None:
    wish = msgspec.structs.replace(ISSUE, content_types=(kind,))
    given().when(wish).then_refused(InvalidInputError, "invalid_content_type")


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/GIF", "application/pdf", "application/pdf; version=2"])
def test_a_token_takes_the_types_that_it_is_for_as_often_as_it_may(kind: str) -> None:
    given(issued(), USED).when(use(content_type=kind)).then(USED)


@pytest.mark.parametrize(
    ("uses", "changed", "error", "code"),
    [
        (0, {"content_type": "video/mp4"}, ForbiddenError, "token_content_type"),
        (0, {"content_type": "application/pdfx"}, ForbiddenError, "token_content_type"),
        (0, {"size_bytes": 1001}, ForbiddenError, "token_file_too_large"),
        (2, {}, ForbiddenError, "token_used_up"),
        (3, {}, ForbiddenError, "token_used_up"),
    ],
)
def test_a_token_takes_nothing_else(uses: int, changed: dict[str, Any], error: type[RefusedError], code: str) -> None:
    given(issued(), *[USED] * uses).when(use(**changed)).then_refused(error, code)


def test_a_token_is_issued_once_and_used_only_then() -> None:
    given(issued()).when(ISSUE).then_refused(WrongStateError, "wrong_state")
    given().when(use()).then_refused(UnauthenticatedError, "token_unknown")
    assert given(USED).state == NoToken()
    assert UPLOAD_TOKEN.not_found("utk_1").code == "token_unknown"


def test_a_token_that_limits_the_size_takes_a_file_without_one() -> None:
    given(issued()).when(use(size_bytes=None)).then(USED)


def test_only_a_policy_of_its_own_lets_a_token_replace() -> None:
    assert [token(policy=policy).replaces for policy in (None, *Policy)] == [False, False, True, True]
