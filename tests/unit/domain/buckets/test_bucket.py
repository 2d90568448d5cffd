from typing import Any

import msgspec
import pytest

from domain.buckets.bucket import (
    BUCKET,
    MAX_METADATA_BYTES,
    MAX_SCHEMA_BYTES,
    BeginBucketDeletion,
    Bucket,
    BucketCommand,
    BucketCreated,
    BucketDeleted,
    BucketDeletionBegan,
    BucketEvent,
    BucketSchemaChanged,
    BucketStatus,
    BucketStatusChanged,
    BucketUpdated,
    ChangeBucketSchema,
    ChangeBucketStatus,
    CreateBucket,
    DeletedBucket,
    DeletingBucket,
    EndBucketDeletion,
    LiveBucket,
    NoBucket,
    Policy,
    UniqueKey,
    UpdateBucket,
    canonical_digest,
    merge_patch,
    unique_values,
)
from domain.events.event import encode
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.uploads.content_rules import ContentCheck, ContentRules
from domain.uploads.parts import MIB
from tests.unit.domain.examples import ORIGIN
from tests.unit.domain.spec import Behaviour

given: Behaviour[Bucket, BucketCommand, BucketEvent] = Behaviour(BUCKET)
SCHEMA = {
    "properties": {
        "video": {"type": "video"},
        "notes": {"type": "text"},
        "sku": {"type": "string"},
        "size": {"type": "integer"},
    }
}
CREATE = CreateBucket(
    origin=ORIGIN,
    bucket_id="bkt_1",
    name="clips",
    description="Clips",
    bucket_schema=SCHEMA,
    unique_key=UniqueKey(fields=("sku", "size"), default_policy=Policy.UPSERT),
    metadata={"team": "film"},
)
CREATED = BucketCreated(
    origin=ORIGIN,
    bucket_id="bkt_1",
    name="clips",
    description="Clips",
    bucket_schema=SCHEMA,
    unique_key=UniqueKey(fields=("sku", "size"), default_policy=Policy.UPSERT),
    metadata={"team": "film"},
)


LIVE = LiveBucket(
    bucket_id="bkt_1",
    status=BucketStatus.ACTIVE,
    name="clips",
    description="Clips",
    bucket_schema=SCHEMA,
    metadata={"team": "film"},
)
UPDATE = UpdateBucket(origin=ORIGIN, name="films", description=None, metadata={"team": "art"})
UPDATED = BucketUpdated(origin=ORIGIN, bucket_id="bkt_1", name="films", description=None, metadata={"team": "art"})
BEGIN = BeginBucketDeletion(origin=ORIGIN, task_id="task_1")
BEGAN = BucketDeletionBegan(origin=ORIGIN, bucket_id="bkt_1", task_id="task_1")
END = EndBucketDeletion(origin=ORIGIN)
DELETED = BucketDeleted(origin=ORIGIN, bucket_id="bkt_1")


def create(**changed: Any) -> CreateBucket:  # noqa: ANN401  # the fields of the command
    return msgspec.structs.replace(CREATE, **changed)


WIDER = {"properties": {**SCHEMA["properties"], "size": {"type": "number"}, "more": {"type": "string"}}}


def test_a_schema_grows_once() -> None:
    grow = ChangeBucketSchema(origin=ORIGIN, bucket_schema=WIDER)
    grew = BucketSchemaChanged(origin=ORIGIN, bucket_id="bkt_1", bucket_schema=WIDER)
    assert given(CREATED).when(grow).then(grew) == msgspec.structs.replace(LIVE, bucket_schema=WIDER)
    given(CREATED, grew).when(grow).then()


def test_a_schema_that_takes_less_is_refused() -> None:
    given(CREATED).when(ChangeBucketSchema(origin=ORIGIN, bucket_schema={"properties": {}})).then_refused(
        InvalidInputError, "schema_cannot_shrink"
    )


def changed_to(status: BucketStatus) -> BucketStatusChanged:
    return BucketStatusChanged(origin=ORIGIN, bucket_id="bkt_1", status=status)


def test_a_bucket_is_made_and_active() -> None:
    state = given().when(CREATE).then(CREATED)

    assert state == LIVE


def test_a_bucket_is_made_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("status", [BucketStatus.SUSPENDED, BucketStatus.ARCHIVED])
def test_a_buckets_status_changes_and_changes_back(status: BucketStatus) -> None:
    state = given(CREATED).when(ChangeBucketStatus(origin=ORIGIN, status=status)).then(changed_to(status))
    assert state == msgspec.structs.replace(LIVE, status=status)

    active = ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.ACTIVE)
    given(CREATED, changed_to(status)).when(active).then(changed_to(BucketStatus.ACTIVE))


def test_an_unchanged_status_appends_no_event() -> None:
    given(CREATED).when(ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.ACTIVE)).then_nothing()


def test_a_bucket_that_is_not_there_has_no_status() -> None:
    command = ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.SUSPENDED)

    given().when(command).then_refused(NotFoundError, "bucket_not_found")


def test_a_status_without_a_bucket_changes_nothing() -> None:
    assert given(changed_to(BucketStatus.SUSPENDED)).state == NoBucket()


def test_a_bucket_gets_a_new_name_description_and_metadata() -> None:
    state = given(CREATED).when(UPDATE).then(UPDATED)

    assert state == msgspec.structs.replace(LIVE, name="films", description=None, metadata={"team": "art"})


@pytest.mark.parametrize("status", list(BucketStatus)[:3])
def test_a_bucket_of_any_status_can_be_changed_and_keeps_its_status(status: BucketStatus) -> None:
    state = given(CREATED, changed_to(status)).when(UPDATE).then(UPDATED)

    assert isinstance(state, LiveBucket)
    assert state.status is status


def test_an_unchanged_bucket_name_appends_no_event() -> None:
    same = UpdateBucket(origin=ORIGIN, name="clips", description="Clips", metadata={"team": "film"})

    given(CREATED).when(same).then_nothing()


def test_true_takes_the_place_of_one_although_python_thinks_them_equal() -> None:
    one = msgspec.structs.replace(UPDATED, metadata={"a": 1})
    true = msgspec.structs.replace(UPDATE, metadata={"a": True})

    given(CREATED, one).when(true).then(msgspec.structs.replace(UPDATED, metadata={"a": True}))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "bkt_mine"}, "invalid_name"),
        ({"description": "\0"}, "null_character"),
        ({"metadata": {"a": "x" * MAX_METADATA_BYTES}}, "metadata_too_large"),
        ({"metadata": {"a": "\0"}}, "null_character"),
        ({"part_size": 1}, "invalid_part_size"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(changed: dict[str, Any], code: str) -> None:
    given(CREATED).when(msgspec.structs.replace(UPDATE, **changed)).then_refused(InvalidInputError, code)


def test_a_buckets_part_size_is_kept_and_cleared() -> None:
    made = msgspec.structs.replace(CREATED, part_size=8 * MIB)
    given().when(create(part_size=8 * MIB)).then(made)
    given(made).when(msgspec.structs.replace(UPDATE, part_size=None)).then(UPDATED)
    given(CREATED, msgspec.structs.replace(UPDATED, part_size=8 * MIB)).when(UPDATE).then(UPDATED)


STRICT = ContentRules(content_check=ContentCheck.STRICT, allowed_content_types=("IMAGE/png ", "image/png", "text/*"))
STRICT_AS_KEPT = ContentRules(content_check=ContentCheck.STRICT, allowed_content_types=("image/png", "text/*"))


def test_a_bucket_is_made_with_rules_for_its_files() -> None:
    made = msgspec.structs.replace(CREATED, content_rules=STRICT_AS_KEPT)

    state = given().when(create(content_rules=STRICT)).then(made)

    assert state == msgspec.structs.replace(LIVE, content_rules=STRICT_AS_KEPT)


def test_the_rules_of_a_bucket_change_and_the_same_again_appends_no_event() -> None:
    update = msgspec.structs.replace(UPDATE, content_rules=STRICT)
    updated = msgspec.structs.replace(UPDATED, content_rules=STRICT_AS_KEPT)

    state = given(CREATED).when(update).then(updated)

    assert isinstance(state, LiveBucket)
    assert state.content_rules == STRICT_AS_KEPT
    given(CREATED, updated).when(update).then_nothing()
    given(CREATED, updated).when(UPDATE).then(UPDATED)


def test_a_bucket_without_rules_has_none_in_its_events() -> None:
    (made,) = BUCKET.decide(create(content_rules=ContentRules()), NoBucket())

    assert b"content_rules" not in encode(made)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"min_file_size_bytes": 2, "max_file_size_bytes": 1}, "invalid_content_rules"),
        ({"min_file_size_bytes": -1}, "invalid_content_rules"),
        ({"max_file_size_bytes": 2**63}, "invalid_content_rules"),
        ({"allowed_content_types": tuple(f"image/x-{n}" for n in range(101))}, "invalid_content_rules"),
        ({"allowed_content_types": ("image",)}, "invalid_content_type"),
        ({"allowed_content_types": ("*/png",)}, "invalid_content_type"),
        ({"allowed_content_types": ("image/png; a=b",)}, "invalid_content_type"),
    ],
)
def test_rules_that_no_file_can_fit_are_refused(rules: dict[str, Any], code: str) -> None:
    content_rules = ContentRules(**rules)

    given().when(create(content_rules=content_rules)).then_refused(InvalidInputError, code)
    update = msgspec.structs.replace(UPDATE, content_rules=content_rules)
    given(CREATED).when(update).then_refused(InvalidInputError, code)


def test_as_many_content_types_as_may_be_and_one_size_alone_are_rules() -> None:
    types = tuple(f"image/x-{n}" for n in range(100))
    rules = ContentRules(allowed_content_types=types, min_file_size_bytes=7, max_file_size_bytes=7)

    given().when(create(content_rules=rules)).then(msgspec.structs.replace(CREATED, content_rules=rules))


def test_the_deletion_of_a_bucket_begins_and_ends() -> None:
    assert given(CREATED).when(BEGIN).then(BEGAN) == DeletingBucket(bucket_id="bkt_1", name="clips", task_id="task_1")
    assert given(CREATED, BEGAN).when(END).then(DELETED) == DeletedBucket(bucket_id="bkt_1", task_id="task_1")


def test_a_suspended_bucket_is_deleted_too() -> None:
    given(CREATED, changed_to(BucketStatus.SUSPENDED)).when(BEGIN).then(BEGAN)


def test_a_repeated_deletion_counts_once() -> None:
    other = msgspec.structs.replace(BEGIN, task_id="task_2")

    given(CREATED, BEGAN).when(other).then_nothing()
    given(CREATED, BEGAN, DELETED).when(other).then_nothing()
    given(CREATED, BEGAN, DELETED).when(END).then_nothing()


def test_a_deletion_ends_only_after_it_began() -> None:
    given(CREATED).when(END).then_refused(WrongStateError, "wrong_state")
    given().when(END).then_refused(NotFoundError, "bucket_not_found")


@pytest.mark.parametrize("command", [UPDATE, ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.ACTIVE)])
def test_a_bucket_that_is_being_deleted_or_gone_changes_no_more(command: BucketCommand) -> None:
    given(CREATED, BEGAN).when(command).then_refused(WrongStateError, "bucket_deleting")
    given(CREATED, BEGAN, DELETED).when(command).then_refused(NotFoundError, "bucket_not_found")


@pytest.mark.parametrize("event", [UPDATED, BEGAN, DELETED])
def test_what_happens_without_a_bucket_changes_nothing(event: BucketEvent) -> None:
    assert given(event).state == NoBucket()


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"a": None}, {"b": {"c": 2, "d": 3}}),
        ({"z": None}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"b": {"c": None, "e": 4}}, {"a": 1, "b": {"d": 3, "e": 4}}),
        ({"b": [1]}, {"a": 1, "b": [1]}),
        ({"a": {"f": None, "g": 5}}, {"a": {"g": 5}, "b": {"c": 2, "d": 3}}),
    ],
)
def test_metadata_is_merged_as_a_json_merge_patch(patch: dict[str, Any], result: dict[str, Any]) -> None:
    before = {"a": 1, "b": {"c": 2, "d": 3}}

    assert merge_patch(before, patch) == result
    assert before == {"a": 1, "b": {"c": 2, "d": 3}}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "bkt_mine"}, "invalid_name"),
        ({"bucket_schema": {}}, "invalid_schema"),
        ({"bucket_schema": {**SCHEMA, "more": "x" * MAX_SCHEMA_BYTES}}, "metadata_too_large"),
        ({"bucket_schema": {**SCHEMA, "more": "\0"}}, "null_character"),
        ({"description": "\0"}, "null_character"),
        ({"metadata": {"a": "x" * MAX_METADATA_BYTES}}, "metadata_too_large"),
        ({"metadata": {"a": "\0"}}, "null_character"),
        ({"part_size": 1}, "invalid_part_size"),
        ({"unique_key": UniqueKey(fields=())}, "invalid_unique_key"),
        ({"unique_key": UniqueKey(fields=("sku", "sku"))}, "invalid_unique_key"),
        ({"unique_key": UniqueKey(fields=("nothing",))}, "invalid_unique_key"),
        ({"unique_key": UniqueKey(fields=("video",))}, "invalid_unique_key"),
    ],
)
def test_a_bucket_that_breaks_a_rule_is_refused(changed: dict[str, Any], code: str) -> None:
    given().when(create(**changed)).then_refused(InvalidInputError, code)


def test_a_text_may_be_a_key_since_it_may_be_inline() -> None:
    command = create(unique_key=UniqueKey(fields=("notes",)))

    given().when(command).then(msgspec.structs.replace(CREATED, unique_key=UniqueKey(fields=("notes",))))


def test_the_values_of_a_unique_key_come_in_its_order() -> None:
    assert unique_values(UniqueKey(fields=("b", "a")), {"a": 1, "b": 0, "c": 3}) == (0, 1)


@pytest.mark.parametrize("metadata", [{}, {"a": None}])
def test_a_value_of_the_unique_key_must_be_there(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        unique_values(UniqueKey(fields=("a",)), metadata)

    assert (caught.value.code, caught.value.details) == ("unique_key_missing", {"field": "a"})


@pytest.mark.parametrize("value", ["x" * 512, "é" * 256, '"' * 512, ["x" * 508], 10**511])
def test_a_unique_value_may_have_512_bytes(value: object) -> None:
    assert unique_values(UniqueKey(fields=("a",)), {"a": value}) == (value,)


@pytest.mark.parametrize("value", ["x" * 513, "é" * 257, ["x" * 509], 10**512, {"a": "x" * 512}])
def test_a_longer_unique_value_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        unique_values(UniqueKey(fields=("a",)), {"a": value})

    assert caught.value.code == "unique_key_too_long"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0, -0.0),
        ([1, 2], [1.0, 2.0]),
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": 2.0}, "a": 1.0}),
        (10**22, 1e22),
    ],
)
def test_equal_values_have_one_digest(one: object, other: object) -> None:
    assert canonical_digest((one,)) == canonical_digest((other,))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (True,)),
        ((0,), (False,)),
        ((1,), ("1",)),
        ((1,), (1.5,)),
        (("a", "b"), ("ab",)),
        (("a", "b"), ("b", "a")),
        (("a",), ("A",)),
        (("é",), ("e\u0301",)),
        (([1, 2],), ([2, 1],)),
        (("a", "b"), (["a", "b"],)),
        (("",), ()),
    ],
)
def test_other_values_have_other_digests(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert canonical_digest(one) != canonical_digest(other)


def test_a_digest_stays_what_it_was_when_it_was_written() -> None:
    # printf '["A clip",7]' | sha256sum
    assert canonical_digest(("A clip", 7)) == "35bd407d5c8207e965529beb9b391df91f6e46aae0ee64d4bcab514739d5fff1"
