"""Which names and unique keys aggregates hold, and when they release them."""

from collections.abc import Callable
from functools import partial

import pytest

from domain.buckets.bucket import (
    BucketCreated,
    BucketDeleted,
    BucketDeletionBegan,
    BucketStatus,
    BucketStatusChanged,
    BucketUpdated,
)
from domain.claims import (
    Claim,
    Held,
    bucket_name_claim,
    content_claim,
    deletion_claim,
    held_after,
    is_on_content,
    key_name_claim,
    namespace_name_claim,
    unique_key_claim,
    webhook_name_claim,
)
from domain.events.event import Event
from domain.keys.api_key import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, ApiKeySettingsChanged
from domain.namespaces.namespace import NamespaceCreated, NamespaceDeleted, NamespaceDeletionBegan, NamespaceUpdated
from domain.objects.object import ObjectCreated, ObjectDeleted, ObjectUpdated
from domain.webhooks.webhook import (
    DisabledReason,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookSettings,
    WebhookUpdated,
)
from tests.unit.domain.examples import COMPLETED, LATER, ORIGIN, REQUESTED


class Given:
    """An aggregate with a past."""

    def __init__(self, stream_id: str, *events: Event) -> None:
        self._stream_id = stream_id
        self.held: Held = {}
        for event in events:
            self.held = held_after(stream_id, event, self.held)

    def when(self, event: Event) -> "Given":
        self.held = held_after(self._stream_id, event, self.held)
        return self

    def then_holds(self, *claims: Claim) -> None:
        """Require that the aggregate holds exactly these, under its own id."""
        assert self.held == dict.fromkeys(claims, self._stream_id)


given = Given


def namespace(name: str) -> NamespaceCreated:
    return NamespaceCreated(origin=ORIGIN, namespace_id="ns_1", name=name, description=None, settings={})


def renamed_namespace(name: str) -> NamespaceUpdated:
    return NamespaceUpdated(origin=ORIGIN, namespace_id="ns_1", name=name, description=None, settings={})


def bucket(name: str) -> BucketCreated:
    return BucketCreated(
        origin=ORIGIN, bucket_id="bkt_1", name=name, description=None, bucket_schema={}, unique_key=None, metadata={}
    )


def renamed_bucket(name: str) -> BucketUpdated:
    return BucketUpdated(origin=ORIGIN, bucket_id="bkt_1", name=name, description=None, metadata={})


def key(name: str) -> ApiKeyCreated:
    return ApiKeyCreated(
        origin=ORIGIN,
        key_id="key_9",
        user_id="usr_1",
        name=name,
        description="",
        key_hash="a" * 64,
        prefix="sk_abc",
        permissions=(),
        scopes=(),
        rate_limit_override=None,
        expires_at=None,
    )


def renamed_key(name: str) -> ApiKeySettingsChanged:
    return ApiKeySettingsChanged(
        origin=ORIGIN, key_id="key_9", name=name, description="", rate_limit_override=None, expires_at=None
    )


def settings(name: str) -> WebhookSettings:
    return WebhookSettings(name=name, url="https://hooks.example.invalid/", event_types=("upload.completed",))


def webhook(name: str) -> WebhookCreated:
    return WebhookCreated(origin=ORIGIN, webhook_id="wh_1", settings=settings(name))


def renamed_webhook(name: str) -> WebhookUpdated:
    return WebhookUpdated(origin=ORIGIN, webhook_id="wh_1", settings=settings(name))


def an_object(unique_key: str | None = None, content_key: str | None = None) -> ObjectCreated:
    return ObjectCreated(
        origin=ORIGIN, object_id="obj_1", blobs=(), metadata={}, unique_key=unique_key, content_key=content_key
    )


def updated_object(unique_key: str | None = None, content_key: str | None = None) -> ObjectUpdated:
    return ObjectUpdated(
        origin=ORIGIN,
        object_id="obj_1",
        blobs=(),
        metadata={},
        released_upload_ids=(),
        forget_at=LATER,
        unique_key=unique_key,
        content_key=content_key,
    )


NAMESPACE = partial(namespace_name_claim, "org_1")
BUCKET = partial(bucket_name_claim, "ns_1")
KEY = partial(key_name_claim, "org_1", "usr_1")
WEBHOOK = partial(webhook_name_claim, "org_1")


@pytest.mark.parametrize(
    ("created", "renamed", "claim"),
    [
        (namespace, renamed_namespace, NAMESPACE),
        (bucket, renamed_bucket, BUCKET),
        (key, renamed_key, KEY),
        (webhook, renamed_webhook, WEBHOOK),
    ],
)
def test_a_thing_holds_the_name_that_it_has_and_no_other(
    created: Callable[[str], Event], renamed: Callable[[str], Event], claim: Callable[[str], Claim]
) -> None:
    given("id_1", created("old")).then_holds(claim("old"))
    given("id_1", created("old")).when(renamed("new")).then_holds(claim("new"))
    given("id_1", created("old"), renamed("new")).when(renamed("old")).then_holds(claim("old"))
    given("id_1", created("old")).when(renamed("old")).then_holds(claim("old"))


def test_names_are_of_an_organization_a_namespace_or_a_user() -> None:
    assert len({claim("name") for claim in (NAMESPACE, BUCKET, KEY, WEBHOOK)}) == 4
    assert bucket_name_claim("ns_1", "name") != bucket_name_claim("ns_2", "name")
    assert namespace_name_claim("org_1", "name") != namespace_name_claim("org_2", "name")
    assert webhook_name_claim("org_1", "name") != webhook_name_claim("org_2", "name")
    assert key_name_claim("org_1", "usr_1", "name") != key_name_claim("org_1", "usr_2", "name")


@pytest.mark.parametrize(
    ("past", "end"),
    [
        ((namespace("n"),), NamespaceDeleted(origin=ORIGIN, namespace_id="ns_1")),
        (
            (namespace("n"), NamespaceDeletionBegan(origin=ORIGIN, namespace_id="ns_1", task_id="task_1")),
            NamespaceDeleted(origin=ORIGIN, namespace_id="ns_1"),
        ),
        ((bucket("n"),), BucketDeleted(origin=ORIGIN, bucket_id="bkt_1")),
        ((key("n"),), ApiKeyRevoked(origin=ORIGIN, key_id="key_9")),
        ((webhook("n"),), WebhookDeleted(origin=ORIGIN, webhook_id="wh_1")),
        (
            (an_object("u", "c"),),
            ObjectDeleted(origin=ORIGIN, object_id="obj_1", forgotten_upload_ids=(), released_upload_ids=()),
        ),
    ],
)
def test_what_is_gone_holds_nothing(past: tuple[Event, ...], end: Event) -> None:
    given("id_1", *past).when(end).then_holds()


def test_a_revoked_key_takes_no_name_again() -> None:
    revoked = ApiKeyRevoked(origin=ORIGIN, key_id="key_9")
    given("key_9", key("old"), revoked).when(renamed_key("new")).then_holds()


def test_a_namespace_that_is_being_deleted_keeps_its_name_and_the_task_holds_it_closed() -> None:
    began = NamespaceDeletionBegan(origin=ORIGIN, namespace_id="ns_1", task_id="task_1")
    deleting = given("ns_1", namespace("n")).when(began)
    assert deleting.held == {NAMESPACE("n"): "ns_1", deletion_claim("ns_1"): "task_1"}
    deleting.when(renamed_namespace("m"))
    assert deleting.held == {NAMESPACE("m"): "ns_1", deletion_claim("ns_1"): "task_1"}


def test_an_object_holds_its_unique_key_and_the_content_that_others_are_to_find() -> None:
    unique, content = unique_key_claim("bkt_1", "u"), content_claim("bkt_1", "c")
    assert unique != content_claim("bkt_1", "u")
    assert (is_on_content(unique), is_on_content(content)) == (False, True)
    given("obj_1").when(an_object("u", "c")).then_holds(unique, content)
    given("obj_1").when(an_object("u")).then_holds(unique)
    given("obj_1").when(an_object(content_key="c")).then_holds(content)
    given("obj_1").when(an_object()).then_holds()


def test_an_update_without_a_unique_key_keeps_it_and_one_without_a_content_releases_that() -> None:
    unique, content = unique_key_claim("bkt_1", "u"), content_claim("bkt_1", "c")
    given("obj_1", an_object("u", "c")).when(updated_object()).then_holds(unique)
    given("obj_1", an_object("u", "c")).when(updated_object(content_key="c")).then_holds(unique, content)
    given("obj_1", an_object("u", "c")).when(updated_object("v")).then_holds(unique_key_claim("bkt_1", "v"))
    given("obj_1", an_object("u")).when(updated_object("v", "d")).then_holds(
        unique_key_claim("bkt_1", "v"), content_claim("bkt_1", "d")
    )
    given("obj_1", an_object()).when(updated_object()).then_holds()


@pytest.mark.parametrize(
    ("past", "event", "claim"),
    [
        (bucket("n"), BucketStatusChanged(origin=ORIGIN, bucket_id="b", status=BucketStatus.ARCHIVED), BUCKET("n")),
        (bucket("n"), BucketDeletionBegan(origin=ORIGIN, bucket_id="b", task_id="task_1"), BUCKET("n")),
        (
            key("n"),
            ApiKeyRotated(origin=ORIGIN, key_id="k", key_hash="b" * 64, prefix="sk_b", previous_until=LATER),
            KEY("n"),
        ),
        (webhook("n"), WebhookDisabled(origin=ORIGIN, webhook_id="w", reason=DisabledReason.GONE), WEBHOOK("n")),
    ],
)
def test_other_events_change_no_claim(past: Event, event: Event, claim: Claim) -> None:
    given("id_1", past).when(event).then_holds(claim)
    given("upl_1", REQUESTED).when(COMPLETED).then_holds()
