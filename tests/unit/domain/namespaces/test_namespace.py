from typing import Any

import msgspec
import pytest

from domain.namespaces.namespace import (
    MASK,
    MAX_SETTINGS_BYTES,
    NAMESPACE,
    ActiveNamespace,
    BeginNamespaceDeletion,
    CreateNamespace,
    DeletedNamespace,
    DeletingNamespace,
    EndNamespaceDeletion,
    Namespace,
    NamespaceCommand,
    NamespaceCreated,
    NamespaceDeleted,
    NamespaceDeletionBegan,
    NamespaceEvent,
    NamespaceUpdated,
    NoNamespace,
    UpdateNamespace,
    check_name,
    without_secrets,
)
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from tests.unit.domain.examples import ORIGIN
from tests.unit.domain.spec import Behaviour

given: Behaviour[Namespace, NamespaceCommand, NamespaceEvent] = Behaviour(NAMESPACE)


def create(name: str = "production") -> CreateNamespace:
    return CreateNamespace(
        origin=ORIGIN, namespace_id="ns_1", name=name, description=None, settings={"payload_indexes": []}
    )


CREATED = NamespaceCreated(
    origin=ORIGIN, namespace_id="ns_1", name="production", description=None, settings={"payload_indexes": []}
)
ACTIVE = ActiveNamespace(namespace_id="ns_1", name="production", description=None, settings={"payload_indexes": []})
UPDATE = UpdateNamespace(origin=ORIGIN, name="live", description="What is live", settings={"payload_indexes": None})
UPDATED = NamespaceUpdated(
    origin=ORIGIN,
    namespace_id="ns_1",
    name="live",
    description="What is live",
    settings={"payload_indexes": None},
)
BEGIN = BeginNamespaceDeletion(origin=ORIGIN, task_id="task_1")
BEGAN = NamespaceDeletionBegan(origin=ORIGIN, namespace_id="ns_1", task_id="task_1")
END = EndNamespaceDeletion(origin=ORIGIN)
DELETED = NamespaceDeleted(origin=ORIGIN, namespace_id="ns_1")


def test_a_namespace_is_made() -> None:
    assert given().when(create()).then(CREATED) == ACTIVE


def test_a_namespace_gets_a_new_name_and_description() -> None:
    state = given(CREATED).when(UPDATE).then(UPDATED)

    assert state == ActiveNamespace(
        namespace_id="ns_1", name="live", description="What is live", settings={"payload_indexes": None}
    )


def test_an_unchanged_namespace_name_appends_no_event() -> None:
    same = UpdateNamespace(origin=ORIGIN, name="production", description=None, settings={"payload_indexes": []})

    given(CREATED).when(same).then_nothing()


def test_true_takes_the_place_of_one_although_python_thinks_them_equal() -> None:
    one = msgspec.structs.replace(UPDATED, settings={"a": 1})
    true = msgspec.structs.replace(UPDATE, settings={"a": True})

    given(CREATED, one).when(true).then(msgspec.structs.replace(UPDATED, settings={"a": True}))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "ns_mine"}, "invalid_name"),
        ({"description": "\0"}, "null_character"),
        ({"settings": {"infrastructure": {"gpu_type": "\0"}}}, "null_character"),
        ({"settings": {"a": "x" * MAX_SETTINGS_BYTES}}, "metadata_too_large"),
    ],
)
def test_words_that_break_a_rule_are_refused(changed: dict[str, Any], code: str) -> None:
    given(CREATED).when(msgspec.structs.replace(UPDATE, **changed)).then_refused(InvalidInputError, code)
    given().when(msgspec.structs.replace(create(), **changed)).then_refused(InvalidInputError, code)


def test_the_deletion_of_a_namespace_begins_and_ends() -> None:
    assert given(CREATED).when(BEGIN).then(BEGAN) == DeletingNamespace(
        namespace_id="ns_1", name="production", task_id="task_1"
    )
    assert given(CREATED, BEGAN).when(END).then(DELETED) == DeletedNamespace(namespace_id="ns_1", task_id="task_1")


def test_a_repeated_deletion_counts_once() -> None:
    other = msgspec.structs.replace(BEGIN, task_id="task_2")

    given(CREATED, BEGAN).when(other).then_nothing()
    given(CREATED, BEGAN, DELETED).when(other).then_nothing()
    given(CREATED, BEGAN, DELETED).when(END).then_nothing()


def test_a_deletion_ends_only_after_it_began() -> None:
    given(CREATED).when(END).then_refused(WrongStateError, "wrong_state")
    given().when(END).then_refused(NotFoundError, "namespace_not_found")


def test_a_namespace_that_is_being_deleted_or_gone_changes_no_more() -> None:
    given(CREATED, BEGAN).when(UPDATE).then_refused(WrongStateError, "namespace_deleting")
    given(CREATED, BEGAN, DELETED).when(UPDATE).then_refused(NotFoundError, "namespace_not_found")


@pytest.mark.parametrize("event", [UPDATED, BEGAN, DELETED])
def test_what_happens_without_a_namespace_changes_nothing(event: NamespaceEvent) -> None:
    assert given(event).state == NoNamespace()


def test_secrets_of_other_products_are_masked() -> None:
    infrastructure = {
        "qdrant_api_key": "k-123",
        "qdrant_url": "https://ann:pass:w@rd@vectors.example:6333/a?b=c@d",
        "ray_head_node_url": "ray://:token@ray.example:10001",
        "ray_dashboard_url": None,
        "gpu_type": "a:b@c",
    }

    assert without_secrets(infrastructure) == {
        "qdrant_api_key": MASK,
        "qdrant_url": f"https://ann:{MASK}@vectors.example:6333/a?b=c@d",
        "ray_head_node_url": f"ray://:{MASK}@ray.example:10001",
        "ray_dashboard_url": None,
        "gpu_type": "a:b@c",
    }
    assert without_secrets(without_secrets(infrastructure)) == without_secrets(infrastructure)


@pytest.mark.parametrize("url", ["https://vectors.example:6333/", "http://ann@vectors.example/x:y", "vectors:6333"])
def test_what_holds_no_secret_stays_as_it_is(url: str) -> None:
    infrastructure = {"qdrant_url": url, "qdrant_api_key": None, "compute_tier": "shared"}

    assert without_secrets(infrastructure) == infrastructure


def test_a_namespace_is_made_once() -> None:
    given(CREATED).when(create()).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("name", ["a", "0", "my-namespace", "My_Namespace.v2", "x" * 128, "nsa", "bkt_1"])
def test_a_name_that_can_stand_in_a_header_is_good(name: str) -> None:
    check_name(name, what="namespace", prefix="ns_")


@pytest.mark.parametrize(
    "name", ["", " ", "-a", ".", "..", "_a", "a b", "a/b", "a\n", "a\0", "é", "x" * 129, "ns_", "ns_abc", "list"]
)
def test_any_other_name_is_refused(name: str) -> None:
    given().when(create(name)).then_refused(InvalidInputError, "invalid_name")
