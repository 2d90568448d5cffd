"""One loop loads, decides, appends and tries again; its reads are counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from application.handling import (
    ATTEMPTS,
    BusyError,
    Loaded,
    Objection,
    Proposal,
    _turn_on,
    command_of,
    handle,
    load,
    never,
    settle,
    start,
)
from application.ports.events.event_log import (
    Command,
    Conditions,
    LogUnavailableError,
    StreamAppend,
    VersionConflictError,
)
from application.ports.objects.object_creation import ClaimTakenError
from domain.buckets.bucket import Policy, UniqueKey
from domain.claims import namespace_name_claim
from domain.events.event import Origin
from domain.events.registry import decode
from domain.namespaces.namespace import (
    NAMESPACE,
    ActiveNamespace,
    CreateNamespace,
    Namespace,
    NamespaceEvent,
    UpdateNamespace,
)
from domain.refusals import NotFoundError, UnauthenticatedError
from domain.uploads.upload import UPLOAD, Completed
from tests.unit.application.world import BYTES, SHA256, Client, World


class Handled:
    """A namespace with concurrent changes."""

    def __init__(self, world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.caller = client.caller
        self.namespace_id = client.namespace.namespace_id
        self.calls = Counter[str]()
        self.others = 0
        self._append, self._read = world.log.append, world.log.read_stream
        monkeypatch.setattr(world.log, "append", self._append_after_others)
        monkeypatch.setattr(world.log, "read_stream", self._read_stream)

    async def _append_after_others(self, command: Command) -> int:
        self.calls["append"] += 1
        if self.others:
            self.others -= 1
            found = await self._read(self.namespace_id)
            state = NAMESPACE.replay(cast("NamespaceEvent", decode(each.state)) for each in found)
            events = NAMESPACE.decide(self._renamed(self._origin(), f"other-{self.others}"), state)
            other = StreamAppend(stream_id=self.namespace_id, expected_version=len(found), events=events)
            await self._append(command_of(events[0].origin, (other,), Conditions()))
        return await self._append(command)

    async def _read_stream(self, stream_id: str) -> Any:  # noqa: ANN401  # what the log returns
        self.calls["read_stream"] += 1
        return await self._read(stream_id)

    def _origin(self) -> Origin:
        return self.caller.origin(self.world.clock.now(), self.world.ids.new("cmd_"), namespace_id=self.namespace_id)

    @staticmethod
    def _renamed(origin: Origin, name: str) -> UpdateNamespace:
        return UpdateNamespace(origin=origin, name=name, description=None, settings={})

    @property
    def taken(self) -> Conditions:
        """A condition that does not hold: that the name of the namespace is free."""
        return Conditions(free=(namespace_name_claim(self.caller.organization.organization_id, "production"),))

    def renames(self, name: str, **others: Any) -> Callable[..., Awaitable[Proposal[NamespaceEvent]]]:  # noqa: ANN401  # of a proposal
        async def rename(namespace: Loaded[NamespaceEvent, Namespace]) -> Proposal[NamespaceEvent]:
            origin = self._origin()
            events = NAMESPACE.decide(self._renamed(origin, name), namespace.state)
            return Proposal(origin=origin, events=events, **others)

        return rename


@pytest.fixture
def handled(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> Handled:
    return Handled(world, client, monkeypatch)


async def test_the_new_state_is_returned_without_reading_it_again(handled: Handled) -> None:
    renamed = await handle(handled.world.log, NAMESPACE, handled.namespace_id, handled.renames("films"))

    assert handled.calls == {"read_stream": 1, "append": 1}
    assert isinstance(renamed.state, ActiveNamespace)
    assert renamed.state.name == "films"
    assert (renamed.read, renamed.version, len(renamed.news)) == (1, 2, 1)
    assert await load(handled.world.log, NAMESPACE, handled.namespace_id) == Loaded(
        stream_id=renamed.stream_id, state=renamed.state, events=renamed.events, read=2
    )


async def test_what_is_done_now_keeps_the_place_of_the_aggregate_and_has_a_name_of_its_own(handled: Handled) -> None:
    namespace = await load(handled.world.log, NAMESPACE, handled.namespace_id)
    later = handled.world.clock.now() + timedelta(hours=1)

    origin = namespace.origin_of("key_2", "cmd_2", later)

    assert (origin.actor_id, origin.command_id, origin.at) == ("key_2", "cmd_2", later)
    assert origin.organization_id == namespace.origin.organization_id


async def test_what_the_same_command_appends_elsewhere_is_returned_in_its_order(handled: Handled) -> None:
    def made(name: str) -> StreamAppend:
        create = CreateNamespace(
            origin=handled._origin(), namespace_id=f"ns_{name}", name=name, description=None, settings={}
        )
        events = NAMESPACE.decide(create, NAMESPACE.initial)
        return StreamAppend(stream_id=create.namespace_id, expected_version=0, events=events)

    first, last = made("first"), made("last")
    rename = handled.renames("films", before=(first,), after=(last,))

    renamed = await handle(handled.world.log, NAMESPACE, handled.namespace_id, rename)

    assert renamed.besides == first.events + last.events


async def test_what_was_just_read_is_not_read_again(handled: Handled) -> None:
    log = handled.world.log
    first = await handle(log, NAMESPACE, handled.namespace_id, handled.renames("films"))

    second = await handle(log, NAMESPACE, handled.namespace_id, handled.renames("clips"), loaded=first)

    assert handled.calls == {"read_stream": 1, "append": 2}
    assert (second.read, second.version) == (1, 3)


async def test_after_a_conflict_the_decision_is_made_again_on_the_new_state(handled: Handled) -> None:
    handled.others = 2
    seen: list[str] = []
    rename = handled.renames("films")

    async def propose(namespace: Loaded[NamespaceEvent, Namespace]) -> Proposal[NamespaceEvent]:
        assert isinstance(namespace.state, ActiveNamespace)
        seen.append(namespace.state.name)
        return await rename(namespace)

    renamed = await handle(handled.world.log, NAMESPACE, handled.namespace_id, propose)

    assert seen == ["production", "other-1", "other-0"]
    assert renamed.version == 4
    assert handled.calls == {"read_stream": 3, "append": 3}


async def test_many_commands_of_a_process_on_one_stream_take_turns_and_none_is_refused(
    handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = handled.world.log
    append = log.append

    async def slowly(command: Command) -> int:
        await asyncio.sleep(0)  # all of them have read before the first one writes
        return await append(command)

    monkeypatch.setattr(log, "append", slowly)
    many = 5 * ATTEMPTS

    await asyncio.gather(
        *(handle(log, NAMESPACE, handled.namespace_id, handled.renames(f"name-{number}")) for number in range(many))
    )

    assert len(await log.read_stream(handled.namespace_id)) == 1 + many
    assert handled.calls["append"] <= 3 * many


def test_a_turn_is_of_one_event_loop() -> None:
    async def turn() -> asyncio.Lock | None:
        return await _turn_on("a stream of two loops")

    first = asyncio.run(turn())
    second = asyncio.run(turn())  # while the first one is still held

    assert first is not None
    assert second is not None
    assert first is not second


async def test_it_gives_up_with_one_refusal_and_undoes_what_was_done_beforehand(handled: Handled) -> None:
    handled.others = ATTEMPTS
    undone: list[int] = []

    async def undo() -> None:
        undone.append(handled.calls["append"])

    with pytest.raises(BusyError) as busy:
        await handle(handled.world.log, NAMESPACE, handled.namespace_id, handled.renames("films", undo=undo))

    assert (busy.value.code, busy.value.details) == ("busy", {"id": handled.namespace_id})
    assert undone == list(range(1, ATTEMPTS + 1))


async def test_a_job_that_is_stale_ends_at_the_first_conflict(handled: Handled) -> None:
    handled.others = 1

    with pytest.raises(VersionConflictError):
        await handle(handled.world.log, NAMESPACE, handled.namespace_id, handled.renames("films"), learn=never)

    assert handled.calls["append"] == 1


async def test_nothing_proposed_is_nothing_appended(handled: Handled) -> None:
    async def nothing(_: Loaded[NamespaceEvent, Namespace]) -> None:
        return None

    found = await handle(handled.world.log, NAMESPACE, handled.namespace_id, nothing)

    assert found.news == ()
    assert handled.calls == {"read_stream": 1}


async def test_an_id_without_events_is_refused_as_its_decider_does(handled: Handled) -> None:
    with pytest.raises(NotFoundError) as refused:
        await handle(handled.world.log, NAMESPACE, "ns_none", handled.renames("films"))

    assert (refused.value.code, refused.value.details) == ("namespace_not_found", {"namespace": "ns_none"})


async def test_an_objection_of_the_log_is_raised_unless_the_use_case_learns_from_it(handled: Handled) -> None:
    rename = handled.renames("films", conditions=handled.taken)
    heard: list[Objection] = []

    async def learn(objection: Objection) -> bool:
        heard.append(objection)
        return len(heard) < 3

    with pytest.raises(ClaimTakenError):
        await handle(handled.world.log, NAMESPACE, handled.namespace_id, rename)
    with pytest.raises(ClaimTakenError):
        await handle(handled.world.log, NAMESPACE, handled.namespace_id, rename, learn=learn)

    assert len(heard) == 3
    assert handled.calls == {"read_stream": 2, "append": 4}, "a refusal is no reason to read again"


async def test_a_log_that_repeats_itself_ends_the_command(handled: Handled) -> None:
    async def learn(_: Objection) -> bool:
        return True

    with pytest.raises(LogUnavailableError) as refused:
        await handle(
            handled.world.log,
            NAMESPACE,
            handled.namespace_id,
            handled.renames("films", conditions=handled.taken),
            learn=learn,
            attempts=2,
        )

    assert refused.value.reason == "read_side_differs"
    assert handled.calls["append"] == 2


async def test_a_new_aggregate_is_started_once(handled: Handled) -> None:
    origin = handled._origin()
    create = CreateNamespace(origin=origin, namespace_id="ns_new", name="new", description=None, settings={})
    events = NAMESPACE.decide(create, NAMESPACE.initial)

    position = await start(handled.world.log, "ns_new", events)

    assert position == await handled.world.log.head()
    assert handled.calls == {"append": 1}
    with pytest.raises(VersionConflictError):
        await start(handled.world.log, "ns_new", events)


async def test_settling_appends_nothing_where_there_is_nothing(handled: Handled) -> None:
    async def nothing() -> None:
        return None

    assert await settle(handled.world.log, nothing, never) is None
    assert handled.calls == {}


# The cost of a confirm


class Counted:
    """Counts the calls of a confirm to the log, the read side and storage, and the streams and records it reads."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = Counter[str]()
        self.asked = Counter[tuple[str, str]]()
        for port, names in (
            (world.log, ("read_stream", "append")),
            (world.read_side, ("upload", "uploads_by_id", "claim_owner", "bucket_object")),
            (world.storage, ("head", "fetch", "read")),
        ):
            for name in names:
                monkeypatch.setattr(port, name, self._counting(name, getattr(port, name)))

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # those of the port
            self.calls[name] += 1
            if name in {"read_stream", "upload"}:
                self.asked[name, str(arguments[-1])] += 1
            return call(*arguments, **named)

        return counted


async def test_a_small_confirm_reads_the_stream_once_and_no_record(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request()
    client.put(answer)
    counted = Counted(world, monkeypatch)

    confirmed = await client.confirm(answer)

    assert counted.calls == {"read_stream": 1, "fetch": 1, "append": 1}
    assert set(counted.asked.values()) == {1}
    monkeypatch.undo()
    assert confirmed.record == await client.record(answer), "folded forward, it equals the read side"
    assert isinstance((await load(world.log, UPLOAD, answer.record.upload_id)).state, Completed)


async def test_a_second_confirm_reads_each_once_and_appends_nothing(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request()
    client.put(answer)
    first = await client.confirm(answer)
    counted = Counted(world, monkeypatch)

    second = await client.confirm(answer)

    assert counted.calls == {"upload": 1, "read_stream": 1}, "a COMPLETED upload is not read again"
    assert second == first


async def test_a_confirm_that_makes_an_object_of_known_bytes_reads_the_original_once(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await client.upload(create_object=False)
    answer = await client.request(create_object=True)
    client.put(answer)
    counted = Counted(world, monkeypatch)

    confirmed = await client.confirm(answer)

    assert confirmed.record.duplicate_of == original.record.upload_id
    assert counted.calls == {"upload": 1, "read_stream": 1, "fetch": 1, "append": 2}
    assert set(counted.asked.values()) == {1}
    monkeypatch.undo()
    assert confirmed.record == await client.record(answer)
    assert confirmed.record.sha256 == SHA256
    assert confirmed.record.size_bytes == len(BYTES)


@pytest.mark.parametrize("what", ["confirm", "sign again"])
async def test_a_record_that_others_have_overtaken_is_read_again(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    answer = await client.request()
    client.put(answer)
    sign_again = partial(
        world.send_parts.sign_again, client.caller, client.namespace, answer.record.upload_id, bucket_id=None
    )
    read_upload = world.read_side.upload
    overtaken = False

    async def upload(namespace_id: str, upload_id: str) -> Any:  # noqa: ANN401  # what the read side returns
        nonlocal overtaken
        record = await read_upload(namespace_id, upload_id)
        if not overtaken:
            overtaken = True
            await sign_again()
        return record

    monkeypatch.setattr(world.read_side, "upload", upload)

    record = (await client.confirm(answer)).record if what == "confirm" else (await sign_again())[0]

    monkeypatch.undo()
    assert record == await client.record(answer)


@pytest.mark.parametrize("policy", [Policy.INSERT, Policy.UPSERT])
@pytest.mark.parametrize("own_end", [None, timedelta(hours=5)], ids=["lasts", "ends"])
@pytest.mark.parametrize("others_end", [None, timedelta(hours=1), timedelta(hours=9)], ids=["for good", "1 h", "9 h"])
async def test_what_a_confirm_answers_is_what_the_read_side_shows(
    client: Client, policy: Policy, own_end: timedelta | None, others_end: timedelta | None
) -> None:
    await client.make_bucket("titled", unique_key=UniqueKey(fields=("title",)))
    asked = {"create_object": True, "blob_property": "video", "object_metadata": {"title": "One"}, "policy": policy}
    answers = [await client.request(**asked, expires_after=end) for end in (others_end, own_end)]
    for answer, body in zip(answers, (b"other bytes!", BYTES), strict=True):
        client.put(answer, body)

        confirmed = await client.confirm(answer)

        assert confirmed.record == await client.record(answer)


@pytest.mark.parametrize("what", ["confirm", "cancel", "delete", "sign again"])
async def test_a_key_that_was_revoked_meanwhile_changes_no_upload(world: World, client: Client, what: str) -> None:
    answer = await client.request()
    client.put(answer)
    if what == "delete":
        await client.confirm(answer)
    key = client.caller.key
    await world.keys.revoke(
        key.organization_id, user_id=key.user_id, name=key.name, actor_id="system:operator", lets_open_finish=True
    )
    before = await world.log.head()

    upload_id = answer.record.upload_id
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "confirm": lambda: client.confirm(answer),
        "cancel": lambda: client.cancel(answer),
        "delete": lambda: client.cancel(answer),
        "sign again": lambda: world.send_parts.sign_again(client.caller, client.namespace, upload_id, bucket_id=None),
    }

    with pytest.raises(UnauthenticatedError) as refused:
        await deeds[what]()

    assert refused.value.code == "key_revoked"
    assert await world.log.head() == before
