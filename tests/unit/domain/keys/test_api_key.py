from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.keys.api_key import (
    API_KEY,
    DEFAULT_PERMISSIONS,
    ActiveKey,
    ApiKey,
    ApiKeyCommand,
    ApiKeyCreated,
    ApiKeyEvent,
    ApiKeyPermissionsChanged,
    ApiKeyRevoked,
    ApiKeyRotated,
    ApiKeyScopesChanged,
    ApiKeySettingsChanged,
    CreateKey,
    NoKey,
    Permission,
    Powers,
    Reach,
    ResourceType,
    RevokedKey,
    RevokeKey,
    RotateKey,
    UpdateKey,
    check_grant,
    check_origins,
    idle_scopes,
    reach,
)
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from tests.unit.domain.examples import LATER, NOW, ORIGIN, SHA256
from tests.unit.domain.spec import Behaviour

given: Behaviour[ApiKey, ApiKeyCommand, ApiKeyEvent] = Behaviour(API_KEY)
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
ACTIVE = ActiveKey(
    key_id="key_1",
    name="ci",
    description="For the pipeline",
    permissions=(Permission.READ, Permission.WRITE),
    scopes=({"resource_type": "bucket", "resource_id": "bkt_1"},),
    rate_limit_override=None,
    expires_at=LATER,
)
REVOKE = RevokeKey(origin=ORIGIN)
REVOKED = ApiKeyRevoked(origin=ORIGIN, key_id="key_1")


def test_a_key_is_issued() -> None:
    assert given().when(CREATE).then(CREATED) == ACTIVE


def test_a_key_is_issued_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")
    given(CREATED, REVOKED).when(CREATE).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("expires_at", [NOW, NOW - timedelta(days=1)])
def test_an_expired_key_is_not_issued(expires_at: datetime) -> None:
    command = msgspec.structs.replace(CREATE, expires_at=expires_at)

    given().when(command).then_refused(InvalidInputError, "invalid_expiry")


def test_a_key_may_be_valid_forever() -> None:
    command = msgspec.structs.replace(CREATE, expires_at=None)

    given().when(command).then(msgspec.structs.replace(CREATED, expires_at=None))


def test_a_key_is_taken_back() -> None:
    assert given(CREATED).when(REVOKE).then(REVOKED) == RevokedKey(key_id="key_1")


def test_open_uploads_of_a_revoked_key_may_finish_if_the_command_says_so() -> None:
    given(CREATED).when(RevokeKey(origin=ORIGIN, lets_open_finish=True)).then(
        ApiKeyRevoked(origin=ORIGIN, key_id="key_1", lets_open_finish=True)
    )


@pytest.mark.parametrize(
    "change",
    [
        ApiKeyPermissionsChanged(origin=ORIGIN, key_id="key_1", permissions=(Permission.READ,)),
        ApiKeyScopesChanged(origin=ORIGIN, key_id="key_1", scopes=(), allowed_origins=()),
        ApiKeySettingsChanged(
            origin=ORIGIN, key_id="key_1", name="ci", description="", rate_limit_override=1, expires_at=None
        ),
    ],
)
def test_changes_of_a_key_that_is_not_active_change_nothing(change: ApiKeyEvent) -> None:
    assert given(CREATED, REVOKED, change).state == RevokedKey(key_id="key_1")
    assert given(change).state == NoKey()


def test_a_missing_key_is_named_by_its_id() -> None:
    missing = API_KEY.not_found("key_1")

    assert (type(missing), missing.code, missing.details) == (NotFoundError, "key_not_found", {"key_id": "key_1"})


def test_revoking_a_key_twice_appends_no_event() -> None:
    given(CREATED, REVOKED).when(REVOKE).then_nothing()


def test_a_key_that_was_never_issued_cannot_be_revoked() -> None:
    given().when(REVOKE).then_refused(NotFoundError, "key_not_found")


def test_a_key_may_read_write_and_delete_by_default() -> None:
    assert DEFAULT_PERMISSIONS == ("read", "write", "delete")


ROTATE = RotateKey(origin=ORIGIN, key_hash="b" * 64, prefix="sk_other12", previous_until=LATER)
ROTATED = ApiKeyRotated(origin=ORIGIN, key_id="key_1", key_hash="b" * 64, prefix="sk_other12", previous_until=LATER)
SCOPES = ({"resource_type": "namespace", "resource_id": "production", "operations": ["read_data"]},)


def test_a_key_for_pages_of_one_origin_is_created_with_it() -> None:
    command = msgspec.structs.replace(CREATE, allowed_origins=("https://app.example.com",))

    given().when(command).then(
        CREATED,
        ApiKeyScopesChanged(
            origin=ORIGIN, key_id="key_1", scopes=CREATE.scopes, allowed_origins=("https://app.example.com",)
        ),
    )


def test_a_key_gets_another_secret_in_one_event() -> None:
    assert given(CREATED).when(ROTATE).then(ROTATED) == ACTIVE


def test_a_key_without_an_end_gets_another_secret() -> None:
    given(msgspec.structs.replace(CREATED, expires_at=None)).when(ROTATE).then(ROTATED)


@pytest.mark.parametrize("expired_at", [NOW, NOW - timedelta(days=1)])
def test_an_expired_key_gets_no_other_secret(expired_at: datetime) -> None:
    expired = msgspec.structs.replace(CREATED, expires_at=expired_at)

    given(expired).when(ROTATE).then_refused(WrongStateError, "key_is_expired")


def test_each_change_of_a_key_has_its_event() -> None:
    update = UpdateKey(
        origin=ORIGIN,
        name="ci-2",
        permissions=(Permission.READ,),
        scopes=SCOPES,
        rate_limit_override=60,
    )

    state = (
        given(CREATED)
        .when(update)
        .then(
            ApiKeyPermissionsChanged(origin=ORIGIN, key_id="key_1", permissions=(Permission.READ,)),
            ApiKeyScopesChanged(origin=ORIGIN, key_id="key_1", scopes=SCOPES, allowed_origins=()),
            ApiKeySettingsChanged(
                origin=ORIGIN,
                key_id="key_1",
                name="ci-2",
                description="For the pipeline",
                rate_limit_override=60,
                expires_at=LATER,
            ),
        )
    )

    assert isinstance(state, ActiveKey)
    assert (state.name, state.permissions, state.scopes) == ("ci-2", (Permission.READ,), SCOPES)


def test_a_change_that_changes_nothing_appends_no_event() -> None:
    given(CREATED).when(UpdateKey(origin=ORIGIN)).then_nothing()
    same = UpdateKey(
        origin=ORIGIN, name="ci", permissions=CREATE.permissions, scopes=CREATE.scopes, expires_at=LATER + timedelta(0)
    )
    given(CREATED).when(same).then_nothing()


@pytest.mark.parametrize("permissions", [("read",), ("read", "write", "delete"), ("write",), ()])
def test_permissions_are_changed_to_fewer_or_more(permissions: tuple[Permission, ...]) -> None:
    given(CREATED).when(UpdateKey(origin=ORIGIN, permissions=permissions)).then(
        ApiKeyPermissionsChanged(origin=ORIGIN, key_id="key_1", permissions=permissions)
    )


@pytest.mark.parametrize("command", [UpdateKey(origin=ORIGIN, name="again"), ROTATE])
def test_a_revoked_key_stays_revoked(command: ApiKeyCommand) -> None:
    given(CREATED, REVOKED).when(command).then_refused(WrongStateError, "key_is_revoked")


@pytest.mark.parametrize("command", [UpdateKey(origin=ORIGIN, name="again"), ROTATE])
def test_a_key_that_was_never_issued_cannot_be_changed(command: ApiKeyCommand) -> None:
    given().when(command).then_refused(NotFoundError, "key_not_found")


def test_a_key_cannot_be_made_to_have_expired() -> None:
    given(CREATED).when(UpdateKey(origin=ORIGIN, expires_at=NOW)).then_refused(InvalidInputError, "invalid_expiry")


@pytest.mark.parametrize(
    ("operations", "needed", "expected"),
    [
        (None, Permission.ADMIN, Reach.THERE),
        (["read_data"], Permission.READ, Reach.THERE),
        (["read_data"], Permission.WRITE, Reach.NOT_FOR_THIS),
        ([], Permission.READ, Reach.NOT_FOR_THIS),
    ],
)
def test_a_scope_names_a_thing_and_what_may_be_done_with_it(
    operations: list[str] | None, needed: Permission, expected: Reach
) -> None:
    scopes = [{"resource_type": "bucket", "resource_id": "clips", "operations": operations}]

    assert reach(scopes, needed, {ResourceType.BUCKET: {"bkt_1", "clips"}}) is expected
    assert reach(scopes, needed, {ResourceType.BUCKET: {"bkt_2", "other"}}) is Reach.NOT_THERE
    assert reach(scopes, needed, {ResourceType.NAMESPACE: {"clips"}}) is Reach.NOT_THERE


def test_the_widest_of_several_scopes_counts() -> None:
    bucket = {"resource_type": "bucket", "resource_id": "clips"}
    reads, all_of_it, elsewhere = {**bucket, "operations": ["read_data"]}, bucket, {**bucket, "resource_id": "other"}
    named: dict[str, set[str]] = {ResourceType.BUCKET: {"clips"}}

    assert reach([reads, all_of_it, elsewhere], Permission.WRITE, named) is Reach.THERE
    assert reach([reads, elsewhere], Permission.WRITE, named) is Reach.NOT_FOR_THIS


def powers(**changed: Any) -> Powers:  # noqa: ANN401  # any field values
    nothing_less = Powers(
        permissions=(Permission.ADMIN,), scopes=(), allowed_origins=(), rate_limit_override=None, expires_at=None
    )
    return msgspec.structs.replace(nothing_less, **changed)


SITE = "https://app.example"
READ_ONLY = {"resource_type": "namespace", "resource_id": "a", "operations": ["read_data"]}
READ_AND_WRITE = {**READ_ONLY, "operations": ["read_data", "write_data"]}
ELSEWHERE = {**READ_ONLY, "resource_id": "c"}


@pytest.mark.parametrize(
    ("granted", "granter", "exceeds"),
    [
        ({}, {}, []),
        ({"permissions": ("write",)}, {"permissions": ("read",)}, ["permissions"]),
        ({"permissions": ("write",)}, {"permissions": ("admin",)}, []),
        ({"permissions": ("read",)}, {"permissions": ("read", "write")}, []),
        ({"permissions": ("read",)}, {"permissions": ("read",)}, []),
        ({"permissions": ("read", "admin")}, {"permissions": ("read", "write")}, ["permissions"]),
        ({"scopes": ()}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": (READ_ONLY, ELSEWHERE)}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": (READ_ONLY, ELSEWHERE)}, {"scopes": (ELSEWHERE, READ_ONLY)}, []),
        ({"scopes": (READ_ONLY,)}, {"scopes": (READ_AND_WRITE,)}, []),
        ({"scopes": (READ_AND_WRITE,)}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": ({**READ_ONLY, "resource_type": "bucket"},)}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": (READ_ONLY,)}, {"scopes": (READ_ONLY,)}, []),
        ({"scopes": ({**READ_ONLY, "operations": None},)}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": ({**READ_ONLY, "resource_id": "b"},)}, {"scopes": (READ_ONLY,)}, ["scopes"]),
        ({"scopes": (READ_ONLY,)}, {"scopes": ({"resource_type": "organization", "resource_id": "org_1"},)}, []),
        ({"rate_limit_override": None}, {"rate_limit_override": 10}, ["rate_limit_override"]),
        ({"rate_limit_override": 11}, {"rate_limit_override": 10}, ["rate_limit_override"]),
        ({"rate_limit_override": 10}, {"rate_limit_override": 10}, []),
        ({"rate_limit_override": 9}, {"rate_limit_override": 10}, []),
        ({"expires_at": None}, {"expires_at": LATER}, ["expires_at"]),
        ({"expires_at": NOW}, {"expires_at": LATER}, []),
        ({"expires_at": LATER}, {"expires_at": LATER}, []),
        ({"expires_at": LATER + timedelta(seconds=1)}, {"expires_at": LATER}, ["expires_at"]),
        ({"expires_at": None}, {"expires_at": None}, []),
        (
            {"scopes": (READ_ONLY,)},
            {"scopes": ({"resource_type": "organization", "resource_id": "org_2"},)},
            ["scopes"],
        ),
        ({"allowed_origins": ()}, {"allowed_origins": (SITE,)}, ["allowed_origins"]),
        ({"allowed_origins": ("*",)}, {"allowed_origins": (SITE,)}, ["allowed_origins"]),
        ({"allowed_origins": (SITE, "https://other.example")}, {"allowed_origins": (SITE,)}, ["allowed_origins"]),
        ({"allowed_origins": (SITE,)}, {"allowed_origins": (SITE,)}, []),
        ({"allowed_origins": (SITE,)}, {"allowed_origins": (SITE, "https://other.example")}, []),
        ({"allowed_origins": ()}, {"allowed_origins": ("*",)}, []),
    ],
)
def test_a_key_gives_no_more_than_it_has(granted: dict[str, Any], granter: dict[str, Any], exceeds: list[str]) -> None:
    if not exceeds:
        check_grant(powers(**granted), powers(**granter), "org_1")
        return
    with pytest.raises(ForbiddenError) as caught:
        check_grant(powers(**granted), powers(**granter), "org_1")
    assert (caught.value.code, caught.value.details) == ("grants_too_much", {"exceeds": exceeds})


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        (
            {"resource_type": "collection", "resource_id": "c"},
            "use one for an organization, a namespace or a bucket.",
        ),
        ({"resource_type": "organization", "resource_id": "org_2"}, "the organization of this key is 'org_1'."),
        ({"resource_type": "organization", "resource_id": "org_0"}, "the organization of this key is 'org_1'."),
        (
            {"resource_type": "bucket", "resource_id": "b", "operations": ["execute_job"]},
            "the key's permissions need one of read_data, write_data.",
        ),
        (
            {"resource_type": "bucket", "resource_id": "b", "operations": []},
            "the key's permissions need one of read_data, write_data.",
        ),
        ({"resource_type": "bucket", "resource_id": "b", "operations": ["read_data", "execute_job"]}, None),
        ({"resource_type": "namespace", "resource_id": "n", "operations": None}, None),
        ({"resource_type": "organization", "resource_id": "org_1"}, None),
    ],
)
def test_a_scope_that_opens_nothing_gets_a_warning(scope: dict[str, Any], why: str | None) -> None:
    notes = idle_scopes((Permission.READ, Permission.WRITE), [scope], "org_1")

    named = f"The scope for the {scope['resource_type']} {scope['resource_id']!r} has no effect"
    assert notes == (() if why is None else (f"{named}: {why}",))
    opens = any(
        reach([scope], permission, {scope["resource_type"]: {scope["resource_id"]}}) is Reach.THERE
        for permission in (Permission.READ, Permission.WRITE)
    )
    assert opens or notes


@pytest.mark.parametrize("scopes", [(), (READ_ONLY,)])
def test_a_key_without_permissions_gets_one_warning(scopes: tuple[dict[str, Any], ...]) -> None:
    assert idle_scopes((), scopes, "org_1") == ("The key has no permissions: it allows nothing.",)


def test_a_scope_of_a_key_that_may_do_everything_has_an_effect_with_any_operation() -> None:
    assert idle_scopes((Permission.ADMIN,), (READ_ONLY,), "org_1") == ()


def test_the_limits_of_a_key_limit_the_keys_that_it_issues() -> None:
    assert set(Powers.__struct_fields__) == set(ActiveKey.__struct_fields__) - {"key_id", "name", "description"}


@pytest.mark.parametrize(
    "origin", ["https://app.example.com", "http://localhost:5173", "http://[::1]:8000", "capacitor://localhost", "*"]
)
def test_an_origin_is_kept_as_browsers_send_it(origin: str) -> None:
    assert check_origins((origin, origin.upper())) == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://a@b.example",
        "https://a b",
        "https://[",
        "null",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_origins((origin,))
    assert caught.value.code == "invalid_origin"


def test_a_key_has_at_most_100_origins_of_300_characters() -> None:
    origins = [f"https://a{number}.example" for number in range(101)]
    long = "https://".ljust(300, "a")

    assert check_origins(origins[:100]) == tuple(origins[:100])
    assert check_origins((long,)) == (long,)
    for too_much in (origins, [long + "a"], ["https://".ljust(400, "a")]):
        with pytest.raises(InvalidInputError) as refused:
            check_origins(too_much)
        assert refused.value.code == "invalid_origin"
    with pytest.raises(InvalidInputError):
        check_origins([*origins, *origins])
