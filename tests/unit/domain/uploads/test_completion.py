"""The result of a verified upload: `given(what is known).when(content).then(a completion or a contradiction)`."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.buckets.bucket import Policy
from domain.buckets.schema import BucketSchema, parse_schema
from domain.objects.object import CreateObject, LiveObject, PutBlob
from domain.uploads.completion import (
    Completion,
    KeptBytes,
    Known,
    Original,
    Target,
    complete,
    policy_named_by,
    policy_of,
    wants_object,
)
from domain.uploads.content import Claimed
from domain.uploads.upload import UPLOAD, Completed, Pending, Processing
from domain.uploads.upload_events import FailureReason
from domain.uploads.verification import Contradiction
from tests.unit.domain.examples import CONTENT, LATER, NOW, ORIGIN, SHA256, SIZE, asked

OWN = KeptBytes(
    upload_id="upl_1",
    storage_key="int_1/ns_1/api_buckets_uploads_create/upl_1/clip.mp4",
    version_id=None,
    etag="abc-1",
    size_bytes=SIZE,
    sha256=SHA256,
)
THEIRS = msgspec.structs.replace(OWN, upload_id="upl_0", storage_key="first.mp4", etag="first", version_id="v1")
ORIGINAL = Original(kept=THEIRS, object_id="obj_0", deletes_at=None)
LOOSE = msgspec.structs.replace(ORIGINAL, object_id=None)
HOLDER = LiveObject(object_id="obj_9", blobs=(), metadata={"title": "Old"}, unique_key="k")
NEW_OBJECT = Target(object_id="obj_1", blob_id="blob_1", schema=None, forget_at=LATER)


NOTHING = Claimed()


def verifying(*, claimed: Claimed = NOTHING, claimed_by: str | None = None, **changed: Any) -> Processing:  # noqa: ANN401  # any field values of a request
    """Return an upload whose bytes are being verified."""
    before = Pending(upload_id="upl_1", request=asked(**changed), claimed=claimed, claimed_by=claimed_by)
    return Processing(before=before, task_id="task_1", began_at=NOW, claimed=claimed)


def taken(*, may_replace: bool, **changed: Any) -> Target:  # noqa: ANN401  # any field values
    """Return the object that has the unique key, and whether it may be changed."""
    return msgspec.structs.replace(NEW_OBJECT, holder=HOLDER, may_replace=may_replace, **changed)


def completed(known: Known, upload: Processing | None = None) -> Completion:
    outcome = complete(upload or verifying(), CONTENT, known, ORIGIN)
    assert isinstance(outcome, Completion)
    return outcome


def contradicted(known: Known, upload: Processing | None = None) -> Contradiction:
    outcome = complete(upload or verifying(), CONTENT, known, ORIGIN)
    assert isinstance(outcome, Contradiction)
    return outcome


def after(completion: Completion, upload: Processing) -> Completed:
    """Return the upload that the completion leads to."""
    state = UPLOAD.fold(upload, UPLOAD.decide(completion.accept, upload))
    assert isinstance(state, Completed)
    return state


# with its own bytes


def test_new_bytes_become_an_object_of_their_own() -> None:
    upload = verifying(unique_key="k")

    end = completed(Known(target=NEW_OBJECT), upload)

    assert end.into is not None
    assert isinstance(end.into.command, CreateObject)
    (blob,) = end.into.command.blobs
    assert (blob.upload_id, blob.storage_key, blob.etag, blob.property) == ("upl_1", OWN.storage_key, "abc-1", "video")
    assert (blob.type, end.into.command.unique_key, end.into.command.metadata) == ("video", "k", {"title": "A clip"})
    assert (end.new_bytes, end.stands_on, end.unheld) == (True, None, False)
    state = after(end, upload)
    assert (state.object_id, state.keeps_bytes, state.accepted_bytes) == ("obj_1", True, SIZE)


def test_an_upload_that_wants_no_object_becomes_none() -> None:
    upload = verifying(create_object=False)

    end = completed(Known(), upload)

    assert (end.into, end.accept.object_id) == (None, None)
    assert after(end, upload).keeps_bytes


def test_an_upload_that_does_not_care_for_duplicates_demands_nothing_of_others() -> None:
    end = completed(Known(target=NEW_OBJECT), verifying(skip_duplicates=False))

    assert not end.new_bytes


def test_a_new_object_gets_the_defaults_of_its_schema() -> None:
    schema: BucketSchema = parse_schema({"properties": {"kind": {"type": "string", "default": "clip"}}})

    end = completed(Known(target=msgspec.structs.replace(NEW_OBJECT, schema=schema)))

    assert end.into is not None
    assert end.into.command.metadata == {"title": "A clip", "kind": "clip"}


# as a duplicate


def test_a_duplicate_of_an_object_is_part_of_that_object_and_keeps_no_bytes() -> None:
    upload = verifying()

    end = completed(Known(original=ORIGINAL), upload)

    assert end.into is None
    assert (end.new_bytes, end.stands_on, end.held_by, end.unheld) == (False, "upl_0", "obj_0", False)
    state = after(end, upload)
    assert (state.object_id, state.duplicate_of) == ("obj_0", "upl_0")
    assert (state.keeps_bytes, state.accepted_bytes) == (False, 0)


def test_an_object_that_the_original_has_not_is_made_of_the_originals_bytes() -> None:
    upload = verifying()

    end = completed(Known(original=LOOSE, target=NEW_OBJECT), upload)

    assert end.into is not None
    assert isinstance(end.into.command, CreateObject)
    (blob,) = end.into.command.blobs
    assert (blob.upload_id, blob.storage_key, blob.etag, blob.version_id) == ("upl_0", "first.mp4", "first", "v1")
    assert (end.stands_on, end.unheld) == ("upl_0", True)
    state = after(end, upload)
    assert (state.object_id, state.duplicate_of, state.keeps_bytes) == ("obj_1", "upl_0", False)


def test_a_duplicate_without_an_object_requires_that_no_object_takes_the_original_meanwhile() -> None:
    end = completed(Known(original=LOOSE), verifying(create_object=False))

    assert (end.into, end.stands_on, end.unheld) == (None, "upl_0", True)


@pytest.mark.parametrize(
    ("original_ends", "object_ends_after", "keeps_its_own"),
    [
        (None, None, False),
        (None, 60, True),  # the object would end, and the original with it
        (NOW + timedelta(seconds=60), 60, False),
        (NOW + timedelta(seconds=61), 60, True),
        (NOW + timedelta(seconds=60), None, False),
    ],
)
def test_an_object_that_would_end_before_the_original_is_made_of_the_uploads_own_bytes(
    original_ends: datetime | None, object_ends_after: int | None, *, keeps_its_own: bool
) -> None:
    upload = verifying(expires_after_seconds=object_ends_after)
    original = msgspec.structs.replace(LOOSE, deletes_at=original_ends)

    end = completed(Known(original=original, target=NEW_OBJECT), upload)

    assert end.into is not None
    assert isinstance(end.into.command, CreateObject)
    assert end.into.command.blobs[0].upload_id == ("upl_1" if keeps_its_own else "upl_0")
    assert (end.stands_on, end.unheld) == ((None, False) if keeps_its_own else ("upl_0", True))
    assert not end.new_bytes, "the original is known, and both stay"
    assert after(end, upload).keeps_bytes is keeps_its_own


# when its unique key is taken


def test_a_key_that_was_taken_meanwhile_skips_the_object_and_the_bytes() -> None:
    upload = verifying(unique_key="k")

    end = completed(Known(existing_object_id="obj_9"), upload)

    assert end.into is None
    state = after(end, upload)
    assert (state.object_id, state.existing_object_id) == (None, "obj_9")
    assert (state.keeps_bytes, state.accepted_bytes) == (False, 0)


@pytest.mark.parametrize("policy", [Policy.UPSERT, Policy.UPDATE])
def test_a_caller_that_may_replace_puts_the_bytes_into_the_object_with_the_key(policy: Policy) -> None:
    upload = verifying(unique_key="k", policy=policy)

    end = completed(Known(target=taken(may_replace=True)), upload)

    assert end.into is not None
    assert isinstance(end.into.command, PutBlob)
    assert (end.into.object_id, end.into.command.blob.upload_id) == ("obj_9", "upl_1")
    assert after(end, upload).object_id == "obj_9"


@pytest.mark.parametrize("known", [Known(), Known(original=LOOSE)], ids=["new", "duplicate"])
@pytest.mark.parametrize("policy", [Policy.UPSERT, Policy.UPDATE])
def test_a_caller_that_may_not_replace_does_not_replace(policy: Policy, known: Known) -> None:
    upload = verifying(unique_key="k", policy=policy)

    wrong = contradicted(msgspec.structs.replace(known, target=taken(may_replace=False)), upload)

    assert wrong.reason is FailureReason.REPLACE_DENIED
    assert "delete" in wrong.message
    assert (wrong.of_new_bytes, wrong.of_holder) == (False, "obj_9")


def test_upsert_creates_a_missing_object_for_any_caller() -> None:
    end = completed(Known(target=NEW_OBJECT), verifying(unique_key="k", policy=Policy.UPSERT))

    assert end.into is not None
    assert isinstance(end.into.command, CreateObject)


@pytest.mark.parametrize("policy", Policy)
def test_without_a_unique_key_every_policy_makes_an_object(policy: Policy) -> None:
    end = completed(Known(target=NEW_OBJECT), verifying(claimed=Claimed(policy=policy), claimed_by="key_1"))

    assert end.into is not None
    assert isinstance(end.into.command, CreateObject)


def test_update_without_an_object_fails_unless_the_log_knows_the_bytes_or_the_requester_was_revoked() -> None:
    upload = verifying(unique_key="k", policy=Policy.UPDATE)

    wrong = contradicted(Known(target=NEW_OBJECT), upload)

    assert wrong.reason is FailureReason.OBJECT_NOT_FOUND
    assert wrong.of_new_bytes
    assert wrong.of_live_requester
    assert wrong.of_free_key


@pytest.mark.parametrize(
    ("known", "changed"),
    [(Known(original=LOOSE, target=NEW_OBJECT), {}), (Known(target=NEW_OBJECT), {"skip_duplicates": False})],
    ids=["the original is known", "duplicates do not matter"],
)
def test_update_without_an_object_fails_for_good_where_no_original_can_turn_up(
    known: Known, changed: dict[str, Any]
) -> None:
    wrong = contradicted(known, verifying(unique_key="k", policy=Policy.UPDATE, **changed))

    assert (wrong.reason, wrong.of_new_bytes) == (FailureReason.OBJECT_NOT_FOUND, False)


def test_a_duplicate_that_is_in_an_object_already_needs_none_to_update() -> None:
    end = completed(Known(original=ORIGINAL), verifying(unique_key="k", policy=Policy.UPDATE))

    assert (end.into, end.accept.object_id) == (None, "obj_0")


def test_an_object_that_is_changed_ends_no_sooner_than_before() -> None:
    holder = msgspec.structs.replace(HOLDER, deletes_at=NOW + timedelta(seconds=90))
    upload = verifying(unique_key="k", policy=Policy.UPSERT, expires_after_seconds=60)
    target = msgspec.structs.replace(taken(may_replace=True), holder=holder)

    end = completed(Known(target=target), upload)

    assert end.into is not None
    assert end.into.ends_at == holder.deletes_at


# what the log never accepts


def test_what_the_log_takes_in_no_case_comes_before_all_else() -> None:
    revoked = Contradiction(reason=FailureReason.REQUESTER_REVOKED, message="Its key was revoked.")

    assert contradicted(Known(refused=revoked, original=ORIGINAL)) == revoked


# whose powers count


@pytest.mark.parametrize(
    ("known", "wants"),
    [
        (Known(), True),
        (Known(original=LOOSE), True),
        (Known(original=ORIGINAL), False),
        (Known(existing_object_id="obj_9"), False),
    ],
)
def test_an_object_is_wanted_until_one_is_known(known: Known, *, wants: bool) -> None:
    assert wants_object(verifying().before.request, known) is wants
    assert not wants_object(verifying(create_object=False).before.request, known)


def test_a_policy_that_the_confirm_named_counts_before_the_requested_one() -> None:
    assert policy_of(verifying(policy=Policy.UPSERT)) is Policy.UPSERT
    assert policy_of(verifying(policy=Policy.UPSERT, claimed=Claimed(policy=Policy.INSERT))) is Policy.INSERT


def test_replacing_needs_the_permission_of_the_key_that_named_the_policy() -> None:
    upsert = Claimed(policy=Policy.UPSERT)

    assert policy_named_by(verifying(unique_key="k", policy=Policy.UPSERT), "key_1") == "key_1"
    assert policy_named_by(verifying(unique_key="k", claimed=upsert, claimed_by="key_2"), "key_1") == "key_2"
    assert policy_named_by(verifying(unique_key="k", claimed=upsert), "key_1") is None, "no confirmation"
    assert policy_named_by(verifying(unique_key="k"), "key_1") is None, "insert never replaces"
    assert policy_named_by(verifying(policy=Policy.UPSERT), "key_1") is None, "no key, nothing to replace"
