import json
from pathlib import Path

import pytest

from domain.events.audit_log import actor_type_of, changes_of, entry_of, resource_type_of, topics_of
from domain.events.registry import BY_TAG, decode
from entrypoints.http.organizations.wire import AuditAction

GOLDEN = Path(__file__).parents[3] / "golden"


@pytest.mark.parametrize(
    ("topic", "action"),
    [
        ("api_key.created.v1", "api_key_created"),
        ("api_key.rotated.v1", "api_key_rotated"),
        ("api_key.revoked.v1", "api_key_revoked"),
        ("api_key.scopes_changed.v1", "api_key_scope_updated"),
        ("api_key.permissions_changed.v1", "permission_updated"),
        ("bucket.created.v1", "bucket_created"),
        ("bucket.status_changed.v1", "bucket_updated"),
        ("bucket.schema_changed.v1", "bucket_updated"),
        ("bucket.deleted.v1", "bucket_deleted"),
        ("namespace.created.v1", "namespace_created"),
    ],
)
def test_an_event_has_the_contracts_name_in_the_audit_log(topic: str, action: str) -> None:
    entry = entry_of(topic)

    assert entry is not None
    assert entry.action == AuditAction(action)


def test_uploads_and_objects_are_not_in_the_audit_log_but_issued_tokens_are() -> None:
    tokens = {f"upload.token_{done}.v1" for done in ("issued", "renewed", "revoked")}
    assert {topic for topic in BY_TAG if entry_of(topic) is None} == {
        topic for topic in BY_TAG if topic.startswith(("upload.", "object.")) and topic not in tokens
    }
    assert topics_of(resource_type="api_key", action="event_token_issued") == ("event_token.issued.v1",)
    assert topics_of(resource_type="api_key", action="api_keys_listed") == ("audit.api_keys_listed.v1",)


def test_the_log_is_narrowed_by_kind_and_name() -> None:
    assert topics_of(resource_type=None, action="api_key_rotated") == ("api_key.rotated.v1",)
    assert topics_of(resource_type="bucket", action="api_key_rotated") == ()
    assert "namespace.created.v1" in topics_of(resource_type="namespace", action=None)
    assert topics_of(resource_type="retriever", action=None) == ()


def test_no_secret_and_no_address_is_shown() -> None:
    for name in (
        "upload.token_issued.v1.hash.json",
        "api_key.created.v1.json",
        "api_key.rotated.v1.json",
        "organization.profile_changed.v1.json",
    ):
        whole = json.loads((GOLDEN / name).read_text())
        shown = changes_of(decode((GOLDEN / name).read_bytes()))
        assert set(whole) - set(shown) >= {"origin", "type"}
        assert not {"key_hash", "token_hash", "billing_email"} & set(shown)
    assert shown == {"name": "Acme", "logo_url": "https://acme.example/logo.png", "metadata": {"plan": "yearly"}}


@pytest.mark.parametrize(
    ("actor_id", "kind"),
    [("key_1", "api_key"), ("utk_1", "upload_token"), ("system:operator", "system"), ("usr_1", "user")],
)
def test_an_actor_has_a_kind(actor_id: str, kind: str) -> None:
    assert actor_type_of(actor_id) == kind


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        ("/v1/organizations/users/{user_email:str}/api-keys/{key_name:str}", "api_key"),
        ("/v1/upload-tokens", "api_key"),
        ("/v1/buckets/{bucket_identifier:str}", "bucket"),
        ("/v1/namespaces/list", "namespace"),
        ("/v1/organizations/webhooks/{webhook_id:str}", "webhook"),
        ("/v1/organizations/audit/logs", "organization"),
    ],
)
def test_a_route_names_the_subject_of_a_refused_request(route: str, kind: str) -> None:
    assert resource_type_of(route) == kind
