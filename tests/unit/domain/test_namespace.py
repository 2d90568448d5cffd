import pytest

from domain import namespace as namespaces
from domain.namespace import (
    ActiveNamespace,
    CreateNamespace,
    Namespace,
    NamespaceCommand,
    NamespaceCreated,
    NamespaceEvent,
    NoNamespace,
    check_name,
)
from domain.refusals import InvalidInputError, WrongStateError
from tests.unit.domain.examples import ORIGIN
from tests.unit.domain.spec import Behaviour

given: Behaviour[Namespace, NamespaceCommand, NamespaceEvent] = Behaviour(
    decide=namespaces.decide, evolve=namespaces.evolve, nothing=NoNamespace()
)


def create(name: str = "production") -> CreateNamespace:
    return CreateNamespace(
        origin=ORIGIN, namespace_id="ns_1", name=name, description=None, settings={"payload_indexes": []}
    )


CREATED = NamespaceCreated(
    origin=ORIGIN, namespace_id="ns_1", name="production", description=None, settings={"payload_indexes": []}
)


def test_a_namespace_is_made() -> None:
    assert given().when(create()).then(CREATED) == ActiveNamespace(namespace_id="ns_1", name="production")


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
