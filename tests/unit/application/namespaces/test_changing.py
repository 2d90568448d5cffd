"""Changes of namespaces under concurrent changes."""

from typing import Any

import pytest

from application.namespaces.changing import NamespaceChange
from application.ports.events.event_log import Command
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from tests.unit.application.world import Client, World


async def change(world: World, client: Client, **changed: Any) -> NamespaceRecord:  # noqa: ANN401  # the fields of a change
    return await world.change_namespace(client.caller, client.namespace.namespace_id, NamespaceChange(**changed))


async def test_fields_that_a_change_does_not_contain_stay(world: World, client: Client) -> None:
    await change(world, client, description="What is live", settings={"a": 1, "b": 2})
    renamed = await change(world, client, name="live", settings={"b": None})
    assert (renamed.name, renamed.description) == ("live", "What is live")
    assert renamed.settings == {"a": 1, "b": None}
    assert renamed.namespace_id == client.namespace.namespace_id
    assert (await change(world, client, description=None)).description is None


async def test_a_namespace_is_found_by_its_new_name_and_the_old_one_is_free(world: World, client: Client) -> None:
    await change(world, client, name="live")
    found = await world.admitting.namespace(client.caller, "live")
    assert found.namespace_id == client.namespace.namespace_id
    with pytest.raises(NotFoundError):
        await world.admitting.namespace(client.caller, "production")
    other = await world.create_namespace(client.caller, name="production", description=None, settings={})
    with pytest.raises(WrongStateError) as refused:
        await change(world, client, name="production")
    assert (refused.value.code, refused.value.details) == ("name_taken", {"namespace_id": other.namespace_id})


async def test_the_same_change_twice_is_one(world: World, client: Client) -> None:
    await change(world, client, name="live", settings={"a": 1})
    before = await world.log.head()
    await change(world, client, name="live", settings={"a": 1})
    assert await world.log.head() == before


async def test_an_invalid_name_is_refused(world: World, client: Client) -> None:
    with pytest.raises(InvalidInputError):
        await change(world, client, name="ns_mine")


async def test_a_change_after_a_concurrent_change_is_decided_again(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = world.log.append
    others = [{"a": 1}, {"b": 2}]

    async def later(command: Command) -> int:
        if others:
            metadata = others.pop()
            monkeypatch.setattr(world.log, "append", append)
            await change(world, client, settings=metadata)
            monkeypatch.setattr(world.log, "append", later)
        return await append(command)

    monkeypatch.setattr(world.log, "append", later)
    assert (await change(world, client, settings={"c": 3})).settings == {"a": 1, "b": 2, "c": 3}
