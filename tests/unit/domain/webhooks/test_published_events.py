import json
from pathlib import Path

import pytest

from domain.events.cloud_events import envelope, origin_of
from domain.events.registry import BY_TAG
from domain.refusals import InvalidInputError
from domain.webhooks.published_events import (
    CONTRACT_TYPES,
    check_event_types,
    for_webhooks,
    idle_types,
    public_type,
    tags_wanted,
)

GOLDEN = Path(__file__).parents[3] / "golden"


def test_the_contracts_names_mean_our_events() -> None:
    ours = {name for name in CONTRACT_TYPES if tags_wanted((name,))}

    assert ours == {"object.created", "object.updated", "object.deleted"}
    assert tags_wanted(("object.created",)) == {"object.created.v1"}


def test_events_are_named_with_and_without_version_and_by_kind() -> None:
    assert tags_wanted(("upload.completed", "upload.failed.v1")) == {"upload.completed.v1", "upload.failed.v1"}
    assert tags_wanted(("webhook.*",)) == {tag for tag in BY_TAG if tag.startswith("webhook.")}


def test_what_the_contract_names_and_what_happens_here_is_accepted() -> None:
    check_event_types([*CONTRACT_TYPES, "upload.*", "upload.completed"])


def test_an_event_type_that_never_occurs_gets_a_warning() -> None:
    assert idle_types(["upload.completed", "object.created", "upload.*"]) == ()
    assert idle_types(["upload.completed", "alert.triggered"]) == (
        "No event has the type 'alert.triggered': the webhook gets no messages of it.",
    )


@pytest.mark.parametrize("name", ["upload", "upload.", "uploads.*", "upload.completed.v2", "*", ""])
def test_what_nothing_is_called_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_event_types(["upload.completed", name])
    assert refused.value.details == {"unknown": [name]}


def test_a_message_names_its_type_as_the_contract_does() -> None:
    state = (GOLDEN / "object.created.v1.json").read_bytes()
    origin = origin_of(state)
    assert origin is not None

    message = for_webhooks(envelope(7, "obj_1", "object.created.v1", state, origin))

    assert (message.type, message.id, message.subject) == ("object.created", "7", "obj_1")
    assert json.loads(bytes(message.data))["type"] == "object.created.v1"
    assert public_type("webhook.secret_rotated.v1") == "webhook.secret_rotated"
