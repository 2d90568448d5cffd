"""Multipart uploads: several parts at once, in bounded memory, with retries, and resumed where they broke off."""

import asyncio
import hashlib
import io
import signal
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.client.conftest import PROMPT
from tests.client.multipart import Server, serving
from upwell_client import AsyncClient, Client, FileChangedError, MismatchError, Progress, StorageRefusedError, Upload

PART = 100_000
BODY = bytes(range(256)) * 3_000  # 7 parts and a bit
SHA256 = hashlib.sha256(BODY).hexdigest()
PARTS = 8


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server(part_size=PART)) as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def uploads(request: pytest.FixtureRequest, server: Server) -> "Uploads":
    return Uploads(server, asynchronous=request.param == "async")


class Uploads:
    """Either client, called in the same way."""

    def __init__(self, server: Server, *, asynchronous: bool, **known: Any) -> None:  # noqa: ANN401  # of a client
        self._known: dict[str, Any] = {
            "url": server.url,
            "api_key": "sk",
            "namespace": "ns",
            "bucket": "files",
            "retries": PROMPT,
            **known,
        }
        self._asynchronous = asynchronous

    def upload(self, given: Any, **options: Any) -> Upload:  # noqa: ANN401  # any input of a client
        return self._do("upload", given, **options)

    def resume(self, given: Any, **options: Any) -> Upload:  # noqa: ANN401  # the same
        return self._do("resume", "upl_1", given, **options)

    def _do(self, name: str, *given: Any, **options: Any) -> Upload:  # noqa: ANN401  # the same
        if not self._asynchronous:
            with Client(**self._known) as client:
                done: Upload = getattr(client, name)(*given, **options)
                return done

        async def do() -> Upload:
            async with AsyncClient(**self._known) as client:
                done: Upload = await getattr(client, name)(*given, **options)
                return done

        return asyncio.run(do())


def blocks(size_bytes: int = 33_333) -> Iterator[bytes]:
    for start in range(0, len(BODY), size_bytes):
        yield BODY[start : start + size_bytes]


def test_parts_go_out_several_at_once(server: Server, uploads: Uploads, path: Path) -> None:
    server.meet = threading.Barrier(4)  # no part is accepted before all four are there
    upload = uploads.upload(path, multipart="always")
    assert (upload.status, upload.file_hash, upload.file_size_bytes) == ("COMPLETED", SHA256, len(BODY))
    assert server.body == BODY
    assert server.most_sending == 4
    assert server.announced["multipart"] == "always"
    assert "file_hash" not in server.announced


def test_the_client_asks_for_parts_of_a_size(server: Server, uploads: Uploads, path: Path) -> None:
    uploads.upload(path, part_size=len(BODY) - 1)
    assert server.announced["part_size"] == len(BODY) - 1
    assert "multipart" not in server.announced
    assert "file_hash" not in server.announced  # it is larger than one part, so it is hashed while it is sent
    assert server.body == BODY


def test_never_more_at_once_than_allowed(server: Server, uploads: Uploads, path: Path) -> None:
    uploads.upload(path, multipart="always", parallel=1)
    assert server.most_sending == 1
    assert server.taken == list(range(1, PARTS + 1))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_client_bounds_what_all_its_calls_send_at_once(server: Server, path: Path, *, asynchronous: bool) -> None:
    server.meet = threading.Barrier(2)
    Uploads(server, asynchronous=asynchronous, max_transfers=2).upload(path, multipart="always", parallel=6)
    assert server.body == BODY
    assert server.most_sending == 2


def test_an_interruption_does_not_wait_for_what_is_under_way(server: Server, path: Path) -> None:
    arrived, answering = threading.Event(), threading.Event()
    answered: list[bool] = []

    def hold(_number: int, _signature: int) -> int:
        arrived.set()
        answered.append(answering.wait(20))
        return 0

    server.fail = hold

    def press() -> None:
        arrived.wait(20)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        Uploads(server, asynchronous=False).upload(path, multipart="always")
    assert answered == []
    answering.set()
    pressing.join()


def test_hashing_ends_when_the_upload_is_canceled(server: Server) -> None:
    class Endless(io.RawIOBase):
        """A file that is read as fast as possible, until its reader is gone."""

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0, /) -> int:
            return offset if whence == 0 else 1 << 62

        def tell(self) -> int:
            return 0

        def read(self, _: int = -1, /) -> bytes:
            return b"x"

    async def give_up() -> None:
        hashing = asyncio.Event()
        loop = asyncio.get_running_loop()

        def show(_: Progress) -> None:
            loop.call_soon_threadsafe(hashing.set)

        async with AsyncClient(server.url, "sk", "ns", bucket="files") as client:
            given = cast("Any", Endless())
            uploading = asyncio.create_task(client.upload(given, filename="a", hash="first", progress=show))
            await hashing.wait()
            uploading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await uploading

    asyncio.run(give_up())  # which waits for its threads


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda: io.BytesIO(BODY), id="a file object"),
        pytest.param(lambda: BODY, id="bytes"),
        pytest.param(blocks, id="an iterator"),
        pytest.param(lambda: blocks(350_000), id="blocks larger than parts"),
    ],
)
def test_bytes_come_from_anywhere(server: Server, uploads: Uploads, given: Any) -> None:  # noqa: ANN401  # of all kinds
    upload = uploads.upload(given(), filename="clip.mp4", multipart="always", hash=True)
    assert upload.file_hash == SHA256
    assert server.body == BODY
    assert len(server.parts) == PARTS


@pytest.mark.parametrize(
    "given",
    [pytest.param(lambda: BODY, id="bytes"), pytest.param(blocks, id="an iterator")],
)
def test_storage_checks_each_part_by_a_hash_of_its_own(server: Server, uploads: Uploads, given: Any) -> None:  # noqa: ANN401  # of all kinds
    expired = {2: 403}
    server.fail = lambda number, _: expired.pop(number, 0)
    upload = uploads.upload(given(), filename="clip.mp4", multipart="always", integrity="storage")
    assert (upload.status, server.body) == ("COMPLETED", BODY)
    assert server.announced["integrity"] == "storage"
    assert "file_hash" not in server.announced
    assert set(server.hashes) == set(range(1, PARTS + 1))


def test_a_part_that_changes_before_it_is_sent_is_refused_by_storage(server: Server, uploads: Uploads) -> None:
    file = io.BytesIO(BODY)
    sign = server.answer

    def change(method: str, path: str, body: bytes) -> tuple[int, Any]:
        answer = sign(method, path, body)
        if path.endswith("/parts/sign"):
            file.getbuffer()[:] = b"x" * len(BODY)
        return answer

    server.answer = change  # type: ignore[method-assign]  # in place of its own
    with pytest.raises(StorageRefusedError) as refused:
        uploads.upload(file, filename="clip.mp4", multipart="always", integrity="storage", hash=False, parallel=1)
    assert refused.value.status == 400
    assert server.parts == {}


@pytest.mark.parametrize("given", [lambda: BODY, blocks], ids=["bytes", "an iterator"])
def test_what_may_go_out_in_one_put_is_hashed_as_a_whole_for_storage_to_check(
    server: Server,
    uploads: Uploads,
    given: Any,  # noqa: ANN401  # of all kinds
) -> None:
    uploads.upload(given(), filename="clip.mp4", integrity="storage", hash=False)
    assert server.announced["file_hash"] == SHA256
    assert server.body == BODY


def test_what_is_missing_of_a_checked_upload_is_found_by_its_hashes(
    server: Server, uploads: Uploads, path: Path
) -> None:
    server.announced = {"filename": "clip.mp4", "file_size_bytes": len(BODY), "integrity": "storage"}
    server.parts = {1: BODY[:PART], 2: b"x" * PART}
    assert uploads.resume(path).status == "COMPLETED"
    assert sorted(server.taken) == list(range(2, PARTS + 1))
    assert server.body == BODY


def test_an_asynchronous_iterator_is_sent_as_it_comes(server: Server) -> None:
    async def arriving() -> AsyncIterator[bytes]:
        for block in blocks():
            yield block

    Uploads(server, asynchronous=True).upload(arriving(), filename="clip.mp4")
    assert server.body == BODY


def test_an_announced_size_bounds_the_parts(server: Server, uploads: Uploads) -> None:
    uploads.upload(blocks(), filename="clip.mp4", size_bytes=len(BODY))
    assert server.announced["file_size_bytes"] == len(BODY)
    assert server.signed == [list(range(1, PARTS + 1))]


def test_more_bytes_than_announced_are_not_sent(uploads: Uploads) -> None:
    with pytest.raises(MismatchError) as wrong:
        uploads.upload(blocks(), filename="clip.mp4", size_bytes=PART)
    assert (wrong.value.code, wrong.value.upload_id) == ("size_mismatch", "upl_1")


def test_nothing_at_all_is_one_empty_part(server: Server, uploads: Uploads) -> None:
    assert uploads.upload(iter(()), filename="empty.txt").file_size_bytes == 0
    assert server.parts == {1: b""}


def test_a_part_is_sent_again_when_that_helps(server: Server, uploads: Uploads, path: Path) -> None:
    failures = {2: [503, -1, 500], 5: [-1]}  # -1: the connection ends without an answer
    server.fail = lambda number, _: failures[number].pop(0) if failures.get(number) else 0
    seen: list[Progress] = []
    uploads.upload(path, multipart="always", progress=seen.append)
    assert server.body == BODY
    sent = [progress.done_bytes for progress in seen if progress.phase == "sending"]
    assert sent[-1] == len(BODY)
    assert max(sent) <= len(BODY)


def test_an_expired_url_is_signed_again(server: Server, uploads: Uploads, path: Path) -> None:
    server.fail = lambda number, signature: 403 if number > 6 and signature == 1 else 0
    uploads.upload(path, multipart="always")
    assert server.body == BODY
    assert sorted(server.signed[1:]) == [[7], [8]]


def test_a_refusal_ends_all_and_the_upload_goes_on_later(server: Server, uploads: Uploads, path: Path) -> None:
    server.fail = lambda number, _: 400 if number == 6 else 0
    with pytest.raises(StorageRefusedError) as refused:
        uploads.upload(path, multipart="always", parallel=2)
    assert refused.value.upload_id == "upl_1"
    assert 6 not in server.parts
    server.fail = lambda _number, _signature: 0
    before = set(server.parts)
    server.taken.clear()
    assert uploads.resume(path).status == "COMPLETED"
    assert server.body == BODY
    assert before.isdisjoint(server.taken)


def test_only_what_is_missing_or_different_is_sent(server: Server, uploads: Uploads, path: Path) -> None:
    server.announced = {"filename": "clip.mp4", "file_size_bytes": len(BODY)}
    for number in (1, 2, 3, 4):
        server.parts[number] = BODY[(number - 1) * PART : number * PART]
    server.parts[2] = b"x" * PART
    server.parts[3] = server.parts[3][:-1]
    seen: list[Progress] = []
    assert uploads.resume(path, progress=seen.append).file_hash == SHA256
    assert sorted(server.taken) == [2, 3, 5, 6, 7, 8]
    last = [progress for progress in seen if progress.phase == "sending"][-1]
    assert (last.done_bytes, last.found_bytes, last.stored_bytes) == (len(BODY), 2 * PART, len(BODY))


def test_an_interruption_loses_no_more_than_the_parts_under_way(uploads: Uploads, path: Path) -> None:
    seen: list[Progress] = []
    uploads.upload(path, multipart="always", parallel=2, progress=seen.append)
    sending = [progress for progress in seen if progress.phase == "sending"]
    assert max(progress.done_bytes - progress.stored_bytes for progress in sending) <= 2 * PART
    assert sending[-1].stored_bytes == len(BODY)


def test_what_is_whole_already_is_only_confirmed(server: Server, uploads: Uploads, path: Path) -> None:
    server.announced = {"filename": "clip.mp4"}
    server.parts = {number: BODY[(number - 1) * PART : number * PART] for number in range(1, PARTS + 1)}
    assert uploads.resume(path).status == "COMPLETED"
    assert server.taken == []
    assert server.signed == []


def test_the_stored_hash_is_compared_with_that_of_the_sent_bytes(server: Server, uploads: Uploads, path: Path) -> None:
    server.lie = "0" * 64
    with pytest.raises(MismatchError) as wrong:
        uploads.upload(path, multipart="always")
    assert wrong.value.code == "hash_mismatch"
    assert uploads.resume(path, hash=False).file_hash == server.lie


def test_a_file_that_changes_while_it_is_sent_is_not_confirmed(server: Server, uploads: Uploads, path: Path) -> None:
    def change(number: int, _: int) -> int:
        if number == 3:
            path.write_bytes(b"x" * len(BODY))
        return 0

    server.fail = change
    with pytest.raises(FileChangedError):
        uploads.upload(path, multipart="always")
    assert server.status == "PENDING"


def test_an_upload_is_in_progress_once_a_part_is_signed(uploads: Uploads, path: Path) -> None:
    seen: list[Progress] = []
    uploads.upload(path, multipart="always", progress=seen.append)
    statuses = {made.upload.status for made in seen if made.upload and made.phase == "sending" and made.done_bytes}
    assert statuses == {"IN_PROGRESS"}


def test_memory_does_not_grow_with_the_number_of_parts(uploads: Uploads, server: Server) -> None:
    server.part_size = 1_000_000
    kept = server.take
    server.take = lambda number, signature, body: kept(number, signature, body[:1])  # type: ignore[method-assign]  # in place of its own

    def most(parts: int) -> int:
        server.parts.clear()
        tracemalloc.start()
        with pytest.raises(Exception, match="No"):  # the confirmation, for the parts that were not kept
            uploads.upload((b"x" * 250_000 for _ in range(parts * 4)), filename="a", parallel=2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(40) < most(6) * 2
