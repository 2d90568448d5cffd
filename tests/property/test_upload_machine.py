"""The use cases over adapters in memory follow the model through any actions.

The examples below the first test are what the machine once found, in its own words.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.memory.storage.object_storage import MemoryObjectStorage
from application.ports.storage.object_storage import StoredPart
from tests.harness.machine import UploadMachine, run
from tests.harness.memory_system import MemorySystem
from tests.harness.system import Ask, Outcome, PutSeen
from tests.harness.watching import Tally
from tests.harness.wishes import Wish


@pytest.mark.parametrize("versioned", [True, False], ids=["versions", "no-versions"])
def test_uploads_in_memory_behave_as_the_model_says(versioned: bool) -> None:
    tally = run(lambda: MemorySystem(versioned=versioned), examples=80, steps=40)
    print(tally)


class Replay(UploadMachine):
    """A machine whose steps a test calls by name; after them it checks everything."""

    def __init__(self, system: MemorySystem | None = None) -> None:
        super().__init__(system or MemorySystem(), Tally())

    def look_after_work(self) -> None:
        """Run a worker, and compare the stored objects."""
        self.work()
        self.bytes_are_where_they_should_be()

    def look(self) -> None:
        """Compare everything with the model, and end."""
        try:
            self.lists_and_counters_are_right()
            self.the_quota_is_right()
            self.objects_are_right()
            self.will_be_continued()
        finally:
            self.teardown()


def wish(body: bytes = b"a" * 10, **changes: Any) -> Wish:  # noqa: ANN401  # fields of an announcement
    usual: dict[str, Any] = {
        "bucket": "plain",
        "size_bytes": None,
        "sha256": None,
        "skip_duplicates": True,
        "create_object": False,
        "title": "one",
        "blob_property": "text",
        "expires_in_seconds": 60,
    }
    return Wish(body, Ask(**{**usual, **changes}))


def test_an_upload_whose_bytes_cannot_be_read_is_not_tried_again_at_once_after_its_url_expired() -> None:
    machine = Replay()
    machine.announce_and_put(wish())
    machine.storage_breaks([], operation=None, reads_fail=True, lasts=4)
    machine.time_passes("a short URL")
    machine.look()


def test_what_comes_after_a_cancellation_that_had_nothing_to_keep_is_deleted() -> None:
    machine = Replay()
    (upload_id,) = machine.announce(wish()).values
    machine.cancel(upload_id, keep_bytes=True, claim=None)
    machine.put(upload_id)
    machine.time_passes("a short URL")
    machine.look()


def test_a_duplicate_that_finds_no_object_to_update_is_a_duplicate_first() -> None:
    machine = Replay()
    machine.announce_put_and_confirm(wish(bucket="unique", create_object=True), "nothing", None)
    machine.announce_put_and_confirm(wish(bucket="unique", create_object=True, title="two"), "nothing", "update")
    machine.look()


@pytest.mark.parametrize("wants", [[True, True], [True, False]])
def test_duplicates_that_are_confirmed_at_once_share_one_object(wants: list[bool]) -> None:
    machine = Replay()
    machine.duplicates_race(wish(), wants, forgets=False)
    machine.look()


@pytest.mark.parametrize("heirs", [0, 1, 2])
def test_a_key_that_goes_while_an_upload_is_skipped_for_it_is_looked_at_again(heirs: int) -> None:
    machine = Replay()
    first = wish(bucket="unique", create_object=True)
    machine.delete_while_its_key_is_wanted(first, wish(b"b" * 10), heirs=heirs, policy=None)
    machine.look()


def test_an_upload_lives_as_long_as_the_urls_of_its_parts() -> None:
    machine = Replay()
    machine.come_back_later(wish(in_parts=True, expires_in_seconds=3600), sends=True, by="a while", deed="sign parts")
    machine.look()


@pytest.mark.parametrize("declared", [10, None])
def test_a_form_takes_no_more_than_was_declared_or_is_allowed(declared: int | None) -> None:
    machine = Replay()
    (upload_id,) = machine.announce(wish(by_post=True, size_bytes=declared)).values
    machine.put_other_bytes(upload_id, b"b" * 41)
    assert machine.model.uploads[upload_id].stored is None
    machine.put(upload_id)
    assert machine.model.uploads[upload_id].stored == b"a" * 10
    machine.confirm(upload_id, "right", None, as_task=False)
    assert machine.model.uploads[upload_id].status == "COMPLETED"
    machine.look()


def test_a_form_that_has_expired_is_signed_again() -> None:
    machine = Replay()
    made = machine.come_back_later(wish(by_post=True), sends=False, by="a moment", deed="sign again")
    (upload_id,) = made.values
    machine.put(upload_id)
    assert machine.model.uploads[upload_id].stored is not None
    machine.look()


def test_a_storage_that_takes_a_form_of_any_size_is_found_out() -> None:
    class Generous(MemorySystem):
        def post(self, url: str, fields: Mapping[str, str], body: bytes) -> PutSeen:
            return super().post(url, fields, body[:10])

    machine = Replay(Generous())
    (upload_id,) = machine.announce(wish(by_post=True)).values
    with pytest.raises(AssertionError, match="a form was answered with 201"):
        machine.put_other_bytes(upload_id, b"b" * 41)
    machine.system.close()


def lose_the_answer_to_the_first_part(machine: Replay, asked: Wish) -> str:
    """Let storage begin a multipart upload whose answer is lost."""
    (upload_id,) = machine.announce(asked).values
    machine.storage_breaks([Outcome.LOST], operation="begin_multipart", reads_fail=False, lasts=1)
    machine.put(upload_id)
    assert len(machine.model.orphans) == 1
    return str(upload_id)


def test_unrecorded_parts_are_removed_with_a_duplicate_soon_after_trouble() -> None:
    machine = Replay()
    machine.announce_put_and_confirm(wish(), "nothing", None)
    upload_id = lose_the_answer_to_the_first_part(machine, wish(in_parts=True))
    machine.put(upload_id)
    machine.confirm_batch([upload_id], puts=False)
    assert not machine.model.orphans
    machine.look_after_work()
    machine.look()


@pytest.mark.parametrize("confirms", [True, False], ids=["completed", "never begun"])
def test_unrecorded_parts_are_removed_when_no_url_can_send_more(confirms: bool) -> None:
    machine = Replay()
    upload_id = lose_the_answer_to_the_first_part(machine, wish(in_parts=True))
    if confirms:
        machine.put(upload_id)
        machine.confirm(upload_id, "nothing", None, as_task=False)
        assert len(machine.model.orphans) == 1
    machine.time_passes("a long URL")
    assert not machine.model.orphans
    machine.look_after_work()
    machine.look()


class Hoarding(MemoryObjectStorage):
    async def delete(self, key: str) -> None:
        pass

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        pass

    async def abort_multiparts(self, key: str) -> None:
        pass


@pytest.mark.parametrize(("in_parts", "message"), [(False, "CANCELED"), (True, "storage has parts of")])
def test_a_storage_that_does_not_delete_is_found_out(in_parts: bool, message: str) -> None:
    machine = Replay(MemorySystem(storage=Hoarding(min_part_bytes=15)))
    (upload_id,) = machine.announce_and_put(wish(in_parts=in_parts)).values
    machine.cancel(upload_id, keep_bytes=False, claim=None)
    with pytest.raises(AssertionError, match=message):
        machine.look_after_work()
    machine.system.close()


def test_a_storage_that_puts_together_what_it_likes_is_found_out() -> None:
    class Careless(MemoryObjectStorage):
        async def complete_multipart(
            self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
        ) -> bool:
            return await super().complete_multipart(key, multipart_id, parts[:1], only_new=only_new)

    machine = Replay(MemorySystem(storage=Careless(min_part_bytes=15)))
    with pytest.raises(AssertionError, match="size_mismatch"):
        machine.announce_put_and_confirm(wish(b"a" * 29, in_parts=True, size_bytes=29), "nothing", None)
    machine.system.close()


def test_a_storage_that_keeps_unknown_parts_is_detected() -> None:
    machine = Replay(MemorySystem(storage=Hoarding(min_part_bytes=15)))
    lose_the_answer_to_the_first_part(machine, wish(in_parts=True))
    with pytest.raises(AssertionError, match="was left behind"):
        machine.time_passes("a long URL")
    machine.system.close()


def test_a_storage_that_drops_parts_of_an_open_upload_is_found_out() -> None:
    storage = MemoryObjectStorage(min_part_bytes=15)
    machine = Replay(MemorySystem(storage=storage))
    lose_the_answer_to_the_first_part(machine, wish(in_parts=True))
    ((key, _),) = machine.model.orphans
    asyncio.run(storage.abort_multiparts(key))
    with pytest.raises(AssertionError, match="under an open upload"):
        machine.work()
    machine.system.close()
