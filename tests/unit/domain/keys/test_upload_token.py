from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.buckets.bucket import Policy
from domain.keys.upload_token import (
    UPLOAD_TOKEN,
    IssuedToken,
    IssueToken,
    NoToken,
    RenewToken,
    RevokedToken,
    RevokeToken,
    TokenCommand,
    TokenEvent,
    TokenState,
    UploadToken,
    UploadTokenRenewed,
    UploadTokenRevoked,
    UploadTokenUsed,
    UseToken,
)
from domain.refusals import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnauthenticatedError,
    WrongStateError,
)
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


def used(size_bytes: int | None = 1000) -> UploadTokenUsed:
    return UploadTokenUsed(origin=ORIGIN, token_id="utk_1", upload_id="upl_1", size_bytes=size_bytes)


RENEW = RenewToken(origin=ORIGIN, token_hash="b" * 64, expires_at=LATER + timedelta(hours=1))
RENEWED = UploadTokenRenewed(
    origin=ORIGIN,
    token_id="utk_1",
    token_hash="b" * 64,
    expires_at=LATER + timedelta(hours=1),
    previous_until=LATER,
)
REVOKED = UploadTokenRevoked(origin=ORIGIN, token_id="utk_1")


def test_a_token_is_bound_to_the_bucket_that_it_was_issued_for() -> None:
    made = token()

    assert (made.organization_id, made.namespace_id, made.bucket_id) == ("org_1", "ns_1", "bkt_1")


def test_a_token_without_types_takes_any() -> None:
    given(issued(content_types=())).when(use(content_type="font/woff2", size_bytes=1)).then(used(1))


@pytest.mark.parametrize("size", [None, 0, 10**12])
def test_a_token_without_a_size_limit_takes_any_size(size: int | None) -> None:
    given(issued(max_size_bytes=None)).when(use(size_bytes=size)).then(used(size))


@pytest.mark.parametrize("kind", ["image", "image/", "*", "*/png", "image/png;q=1", "a/b/c", ""])
def test_an_invalid_type_is_not_issued(kind: str) -> None:
    wish = msgspec.structs.replace(ISSUE, content_types=(kind,))
    given().when(wish).then_refused(InvalidInputError, "invalid_content_type")


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/GIF", "application/pdf", "application/pdf; version=2"])
def test_a_token_takes_the_types_that_it_is_for_as_often_as_it_may(kind: str) -> None:
    given(issued(), used()).when(use(content_type=kind)).then(used())


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
    given(issued(), *[used()] * uses).when(use(**changed)).then_refused(error, code)


def test_a_token_is_issued_once_and_used_only_then() -> None:
    given(issued()).when(ISSUE).then_refused(WrongStateError, "wrong_state")
    given().when(use()).then_refused(UnauthenticatedError, "token_unknown")
    assert given(used()).state == NoToken()
    assert UPLOAD_TOKEN.not_found("utk_1").code == "token_not_found"


def test_a_token_that_limits_the_size_takes_a_file_without_one_and_counts_the_most_that_it_may_have() -> None:
    given(issued()).when(use(size_bytes=None)).then(used(1000))
    given(issued(max_total_bytes=1500), used(501)).when(use(size_bytes=None)).then_refused(
        ForbiddenError, "token_bytes_used_up"
    )


def test_only_a_policy_of_its_own_lets_a_token_replace() -> None:
    assert [token(policy=policy).replaces for policy in (None, *Policy)] == [False, False, True, True]


@pytest.mark.parametrize("subject", ["user-42", "Zoë 7", "x" * 200, None])
def test_a_subject_is_any_printable_text(subject: str | None) -> None:
    assert token(subject=subject).subject == subject


@pytest.mark.parametrize("subject", ["", "x" * 201, "a\nb", "a\x00", "\u202euser"])
def test_a_subject_that_cannot_be_printed_is_not_issued(subject: str) -> None:
    wish = msgspec.structs.replace(ISSUE, subject=subject)
    given().when(wish).then_refused(InvalidInputError, "invalid_subject")


@pytest.mark.parametrize("size", [5 * 1024**2 - 1, 5 * 1024**3 + 1])
def test_an_impossible_part_size_is_not_issued(size: int) -> None:
    given().when(msgspec.structs.replace(ISSUE, part_size=size)).then_refused(InvalidInputError, "invalid_part_size")


def test_the_sizes_of_all_uploads_of_a_token_are_limited_together() -> None:
    limited = issued(max_size_bytes=None, max_total_bytes=1500)

    given(limited).when(use(size_bytes=1500)).then(used(1500))
    given(limited, used(1000)).when(use(size_bytes=500)).then(used(500))
    given(limited, used(1000)).when(use(size_bytes=501)).then_refused(ForbiddenError, "token_bytes_used_up")
    given(limited).when(use(size_bytes=None)).then_refused(InvalidInputError, "size_required")


def test_a_use_without_a_size_counts_no_bytes() -> None:
    given(issued(max_total_bytes=1500), used(None)).when(use(size_bytes=1000)).then(used(1000))


def test_several_files_use_a_token_together_or_not_at_all() -> None:
    def state(**limits: int) -> TokenState:
        return given(issued(**limits)).state

    files = [use(size_bytes=800), use(size_bytes=700)]
    assert UPLOAD_TOKEN.decide_all(files, state(max_total_bytes=1500)) == (used(800), used(700))
    for limits, code in (({"max_total_bytes": 1499}, "token_bytes_used_up"), ({"max_count": 1}, "token_used_up")):
        with pytest.raises(ForbiddenError) as refused:
            UPLOAD_TOKEN.decide_all(files, state(**limits))
        assert refused.value.code == code


def test_a_renewal_gives_a_new_secret_and_lets_the_previous_one_end_in_its_time() -> None:
    given(issued()).when(RENEW).then(RENEWED)
    state = given(issued(), used(), RENEWED).state
    assert isinstance(state, IssuedToken)
    ends = [state.token.end_of(each * 64) for each in "abc"]
    assert ends == [LATER, LATER + timedelta(hours=1), None]
    assert (state.used, state.used_bytes) == (1, 1000)


def test_only_one_previous_secret_works() -> None:
    again = msgspec.structs.replace(RENEWED, token_hash="c" * 64, previous_until=LATER + timedelta(hours=1))
    state = given(issued(), RENEWED, again).state
    assert isinstance(state, IssuedToken)
    assert state.token.end_of("a" * 64) is None
    assert state.token.end_of("b" * 64) == LATER + timedelta(hours=1)


def test_a_renewed_token_has_the_uses_left_that_it_had_before() -> None:
    given(issued(), used(), RENEWED, used()).when(use()).then_refused(ForbiddenError, "token_used_up")


def test_a_revoked_token_can_neither_be_used_nor_renewed_and_can_be_revoked_again() -> None:
    revoke = RevokeToken(origin=ORIGIN)
    given(issued()).when(revoke).then(REVOKED)
    given(issued(), REVOKED).when(revoke).then()
    given(issued(), REVOKED).when(use()).then_refused(UnauthenticatedError, "token_revoked")
    given(issued(), REVOKED).when(RENEW).then_refused(WrongStateError, "token_is_revoked")
    given(issued(), REVOKED).when(ISSUE).then_refused(WrongStateError, "wrong_state")
    assert given(issued(), REVOKED, used(), RENEWED).state == RevokedToken(token_id="utk_1")


def test_what_does_not_exist_is_neither_renewed_nor_revoked() -> None:
    for command in (RENEW, RevokeToken(origin=ORIGIN)):
        given().when(command).then_refused(NotFoundError, "token_not_found")
    assert given(RENEWED).state == NoToken()


def test_a_token_reaches_the_uploads_of_its_subject_in_its_bucket_under_its_key() -> None:
    mine = token(subject="user-42")

    assert mine.reaches(token(subject="user-42", token_id="utk_2"))
    assert not mine.reaches(token(subject="user-43", token_id="utk_2"))
    assert not mine.reaches(token(subject="user-42", token_id="utk_2", key_id="key_2"))
    elsewhere = msgspec.structs.replace(ORIGIN, bucket_id="bkt_2")
    assert not mine.reaches(token(subject="user-42", token_id="utk_2", origin=elsewhere))


def test_a_token_without_a_subject_reaches_its_own_uploads_alone() -> None:
    assert token().reaches(token(expires_at=LATER + timedelta(hours=1)))
    assert not token().reaches(token(token_id="utk_2"))
