from typing import Any

import msgspec
import pytest

from domain import bucket as buckets
from domain.bucket import (
    MAX_METADATA_BYTES,
    MAX_SCHEMA_BYTES,
    Bucket,
    BucketCommand,
    BucketCreated,
    BucketEvent,
    BucketStatus,
    BucketStatusChanged,
    ChangeBucketStatus,
    CreateBucket,
    LiveBucket,
    NoBucket,
    Policy,
    UniqueKey,
    canonical_digest,
    unique_values,
)
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from tests.unit.domain.examples import ORIGIN
from tests.unit.domain.spec import Behaviour

given: Behaviour[Bucket, BucketCommand, BucketEvent] = Behaviour(
    decide=buckets.decide, evolve=buckets.evolve, nothing=NoBucket()
)
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


def create(**changed: Any) -> CreateBucket:  # noqa: ANN401  # the fields of the command
    return msgspec.structs.replace(CREATE, **changed)


def changed_to(status: BucketStatus) -> BucketStatusChanged:
    return BucketStatusChanged(origin=ORIGIN, bucket_id="bkt_1", status=status)


def test_a_bucket_is_made_and_active() -> None:
    state = given().when(CREATE).then(CREATED)

    assert state == LiveBucket(bucket_id="bkt_1", status=BucketStatus.ACTIVE)


def test_a_bucket_is_made_once() -> None:
    given(CREATED).when(CREATE).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("status", [BucketStatus.SUSPENDED, BucketStatus.ARCHIVED])
def test_a_buckets_status_changes_and_changes_back(status: BucketStatus) -> None:
    state = given(CREATED).when(ChangeBucketStatus(origin=ORIGIN, status=status)).then(changed_to(status))
    assert state == LiveBucket(bucket_id="bkt_1", status=status)

    active = ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.ACTIVE)
    given(CREATED, changed_to(status)).when(active).then(changed_to(BucketStatus.ACTIVE))


def test_the_status_that_it_has_is_not_news() -> None:
    given(CREATED).when(ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.ACTIVE)).then_nothing()


def test_a_bucket_that_is_not_there_has_no_status() -> None:
    command = ChangeBucketStatus(origin=ORIGIN, status=BucketStatus.SUSPENDED)

    given().when(command).then_refused(NotFoundError, "bucket_not_found")


def test_a_status_without_a_bucket_changes_nothing() -> None:
    assert given(changed_to(BucketStatus.SUSPENDED)).state == NoBucket()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "bkt_mine"}, "invalid_name"),
        ({"bucket_schema": {}}, "invalid_schema"),
        ({"bucket_schema": {**SCHEMA, "more": "x" * MAX_SCHEMA_BYTES}}, "metadata_too_large"),
        ({"bucket_schema": {**SCHEMA, "more": "\0"}}, "null_character"),
        ({"metadata": {"a": "x" * MAX_METADATA_BYTES}}, "metadata_too_large"),
        ({"metadata": {"a": "\0"}}, "null_character"),
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
