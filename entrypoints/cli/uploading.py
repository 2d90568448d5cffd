"""`upwell upload`: hashes, announces, sends and confirms files, and waits until they are verified."""

import contextlib
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from entrypoints.cli.choosing import NoPropertyFitsError, choose_property
from entrypoints.cli.errors import ClientError
from entrypoints.cli.finding import Found, find_files
from entrypoints.cli.keeping import Holding, Kept, find_kept, find_state, hold, keep
from entrypoints.cli.output import encodable, human, json_of, printable
from entrypoints.cli.progress import Reporter, Shown, Steps
from entrypoints.cli.reporting import reporting
from entrypoints.cli.service import Bucket, Service, client_of
from entrypoints.cli.target import Target, find_target, known_variables
from entrypoints.cli.translating import sentence
from entrypoints.cli.wish import Wish, options_not_kept
from upwell_client import (
    AnsweredError,
    BadRequestError,
    Client,
    FileChangedError,
    FileError,
    ForbiddenError,
    NotFoundError,
    Progress,
    StillVerifyingError,
    Upload,
    UploadEndedError,
    UpwellError,
)
from upwell_client.sources import PathSource, guess_content_type
from upwell_client.threads import start_thread
from upwell_client.uploading import MULTIPART_FROM_BYTES

INTERRUPTED = 130
_FAILED = 1
_PATIENCE_SECONDS = 1800.0
_GRACE_SECONDS = 1.0
_PIPED = "-"
_GIVEN_UP = frozenset({"FAILED", "CANCELED"})
_ENDED = frozenset({"COMPLETED", "SKIPPED"}) | _GIVEN_UP
_OPEN = frozenset({"PENDING", "IN_PROGRESS"})


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How files are sent. `parallel`: the number of files and parts sent at once in total.

    `hashing` "auto": small files before they are announced, so that known bytes need not be sent, and large ones while
    they are sent; "first": all before; "none": only by the service. `resume`: continue interrupted uploads, and hash
    all other files first, since the interrupted run may have sent them. `name`: the filename for standard input, which
    cannot be resumed. `part_size_mib`: None: the bucket's or the service's. `method` "post": by forms, not in parts.
    """

    parallel: int = 4
    part_size_mib: int | None = None
    method: Literal["put", "post"] = "put"
    hashing: Literal["auto", "first", "none"] = "auto"
    resume: bool = False
    name: str | None = None
    wait_seconds: float = _PATIENCE_SECONDS

    @property
    def part_size_bytes(self) -> int | None:
        """Return the size of parts in bytes."""
        return None if self.part_size_mib is None else self.part_size_mib * 1024**2


class Outcome(msgspec.Struct, kw_only=True):
    """The result for one file, as `--json` prints it. `sent_bytes`: 0 if the bytes were already stored.

    `stored_bytes`: the bytes of complete parts in storage, which --resume does not send again. `deletes_at`: when the
    upload is deleted, with its object; None: not automatically. `content_type` and `blob_property`: the stored values;
    None if the key may not read them. `not_kept`: the options that were not applied. `note`: an unexpected result that
    is not a failure.
    """

    file: str
    ok: bool = False
    status: str | None = None
    upload_id: str | None = None
    object_id: str | None = None
    is_duplicate: bool = False
    duplicate_of_upload_id: str | None = None
    skipped_unique_key: bool = False
    existing_object_id: str | None = None
    deletes_at: datetime | None = None
    content_type: str | None = None
    blob_property: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    resumed: bool = False
    sent_bytes: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    not_kept: list[str] = []
    note: str | None = None
    error: dict[str, str] | None = None


class StoppedError(Exception):
    """The user pressed Ctrl-C."""


class Uploading:
    """Uploads files to one target. Thread-safe; `stopping` ends all uploads."""

    def __init__(
        self,
        client: Client,
        reporter: Reporter,
        target: Target,
        manner: Manner,
        *,
        stopping: threading.Event | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._reporter = reporter
        self._target = target
        self._manner = manner
        self._stopping = stopping or threading.Event()
        self._now = now

    def upload(self, path: Path, bucket: Bucket | None, wish: Wish, outcome: Outcome) -> None:
        """Upload one file and note the result; an error is in `error`, and the upload keeps its state.

        `bucket`: the bucket with the properties; None leaves the choice to the service. An open upload is kept, to be
        resumed.
        """
        began = self._now()
        reads = _reads(self._target, bucket)
        sending = _Sending(outcome, path, self._reporter.file(self._manner.name or path.name, _size_bytes(path)))
        try:
            self._upload(sending, bucket, wish)
            outcome.ok = True
        except UpwellError as error:
            message = self._explained(error, outcome, reads=reads)
            if error.code == "unknown_blob_property" and bucket is None:
                message += "; this key may not read the properties of the bucket: choose one with --property"
            outcome.error = {"code": error.code, "message": message}
        except ClientError as error:
            outcome.error = {"code": error.code, "message": error.message}
        except StoppedError:
            outcome.error = interrupted(outcome, reads=reads)
        finally:
            outcome.seconds = round(self._now() - began, 3)
            sending.end()

    def _upload(self, sending: "_Sending", bucket: Bucket | None, wish: Wish) -> None:
        path, outcome = sending.path, sending.outcome
        try:
            outcome.size_bytes = PathSource(path).size_bytes
        except FileError as error:
            state = find_state(path) if self._manner.resume and error.code == "no_such_file" else None
            if state is None:
                raise
            raise ClientError(
                f"{error.message}, so its interrupted upload cannot be resumed: restore the file, or delete {state}",
                error.code,
            ) from error
        sending.found = path.stat()
        sending.holding = hold(path)
        if sending.holding is not None:
            kept = sending.holding.kept
            if not self._manner.resume:
                self._give_up_kept(sending, kept)
            elif self._can_go_on(sending, kept):
                self._resume(sending, kept)
                return
            else:
                wish = kept.wish
            sending.holding.forget()
            sending.holding = None
        self._upload_anew(sending, bucket, wish)

    def _upload_anew(self, sending: "_Sending", bucket: Bucket | None, wish: Wish) -> None:
        path, outcome, name = sending.path, sending.outcome, self._manner.name or sending.path.name
        outcome.content_type = wish.content_type or guess_content_type(name)
        outcome.blob_property = wish.property_name
        create_object = wish.create_object
        if wish.property_name is None and create_object and bucket is not None:
            try:
                outcome.blob_property = choose_property(bucket, name, outcome.content_type)
            except NoPropertyFitsError as error:
                if wish.object_metadata is not None:  # it was for the object
                    raise
                create_object = False
                outcome.note = f"stored without an object: {error.reason}"

        def begun(upload: Upload) -> None:
            if not sending.kept and upload.status in _OPEN and self._manner.name is None:
                sending.kept = True
                self._keep(sending, upload, wish)

        done = self._client.upload(
            path,
            filename=name,
            content_type=outcome.content_type,
            blob_property=outcome.blob_property,
            create_object=create_object,
            skip_duplicates=wish.skip_duplicates,
            metadata=wish.metadata,
            object_metadata=wish.object_metadata,
            expires_in_seconds=wish.expires_in_seconds,
            multipart="always" if self._in_parts(outcome) else "auto",
            method=self._manner.method,
            part_size=self._manner.part_size_bytes,
            parallel=self._manner.parallel,
            hash="first" if self._hashes_first() else self._manner.hashing != "none",
            wait_seconds=self._manner.wait_seconds,
            progress=self._progress(sending, begun),
        )
        sending.note(done)
        if outcome.object_id is not None:  # the bytes are in one already
            outcome.note = None
        self._compare(sending, done, wish, readable=bucket is not None)

    def _in_parts(self, outcome: Outcome) -> bool:
        return self._manner.method == "put" and (outcome.size_bytes or 0) >= MULTIPART_FROM_BYTES

    def _compare(self, sending: "_Sending", done: Upload, wish: Wish, *, readable: bool) -> None:
        """Note the stored values and the options that were not applied: the bytes may be stored already."""
        outcome = sending.outcome
        outcome.content_type = done.content_type or outcome.content_type
        outcome.blob_property = done.blob_property or (None if done.is_duplicate else outcome.blob_property)
        original = done if readable else None
        if done.is_duplicate and done.upload_id != done.duplicate_of_upload_id:
            original = self._found(done.duplicate_of_upload_id or "") if readable else None
        elif done.is_duplicate and not readable:  # such a response repeats the request
            outcome.content_type = outcome.blob_property = None
        outcome.not_kept = options_not_kept(wish, done, original)
        if not outcome.not_kept:
            return
        said = f"not kept: {', '.join(outcome.not_kept)}"
        if done.is_duplicate:
            said += "; --no-skip-duplicates stores the file with them"
        outcome.note = f"{outcome.note}; {said}" if outcome.note else said

    def _can_go_on(self, sending: "_Sending", kept: Kept) -> bool:
        """Return whether an upload can be resumed with this file; note it if the upload has ended."""
        if (kept.url, kept.namespace, kept.bucket) != (self._target.url, self._target.namespace, self._target.bucket):
            raise ClientError(f"its upload to {_place(kept)} was interrupted: resume it there", "another_target")
        if (kept.size_bytes, kept.mtime_ns) != (sending.found.st_size, sending.found.st_mtime_ns):
            raise ClientError(
                "it changed since its upload was interrupted: upload it again, without --resume", "changed"
            )
        try:
            upload = self._found(kept.upload_id)
        except ForbiddenError as error:
            raise ClientError(
                f"resuming needs a key that may read the upload {kept.upload_id}: use one, or upload the file again,"
                f" without --resume ({sentence(error)})",
                error.code,
            ) from error
        if upload is not None and upload.status not in _GIVEN_UP:
            sending.note(upload)
            sending.outcome.content_type, sending.outcome.blob_property = upload.content_type, upload.blob_property
            return True
        why = f"is {upload.status}" if upload else "no longer exists"
        self._tell(sending, f"the interrupted upload {kept.upload_id} {why}: the file is sent again")
        return False

    def _resume(self, sending: "_Sending", kept: Kept) -> None:
        outcome = sending.outcome
        outcome.resumed = True
        done = self._client.resume(
            kept.upload_id,
            sending.path,
            parallel=self._manner.parallel,
            hash=self._manner.hashing != "none",
            wait_seconds=self._manner.wait_seconds,
            progress=self._progress(sending, lambda _: None),
        )
        sending.note(done)
        self._compare(sending, done, kept.wish, readable=True)

    def _give_up_kept(self, sending: "_Sending", kept: Kept) -> None:
        """Cancel the upload that was interrupted, if it can still be."""
        if kept.url != self._target.url or kept.namespace != self._target.namespace:
            self._tell(sending, f"its upload to {_place(kept)}, which was interrupted, can no longer be resumed")
            return
        hint = ""
        with contextlib.suppress(ForbiddenError):  # a key without read may still cancel
            upload = self._found(kept.upload_id)
            if upload is None or upload.status not in _OPEN:
                return
            hint = "; use --resume to continue an upload"
        try:
            self._client.cancel(kept.upload_id)
        except (BadRequestError, NotFoundError):  # it has ended
            return
        except AnsweredError as error:
            said = f"stays until it expires: {sentence(error)}"
        else:
            said = f"is canceled{hint}"
        self._tell(sending, f"the interrupted upload {kept.upload_id} {said}")

    def _found(self, upload_id: str) -> Upload | None:
        try:
            return self._client.get(upload_id)
        except NotFoundError:
            return None

    def _keep(self, sending: "_Sending", upload: Upload, wish: Wish) -> None:
        path = os.path.realpath(sending.path)
        kept = Kept(
            upload_id=upload.upload_id,
            url=self._target.url,
            namespace=self._target.namespace,
            bucket=self._target.bucket,
            path=encodable(path),
            size_bytes=sending.found.st_size,
            mtime_ns=sending.found.st_mtime_ns,
            wish=wish,
        )
        try:
            sending.holding = keep(kept, Path(path))
        except OSError as error:
            self._tell(sending, f"its upload cannot be resumed: its state cannot be saved ({error.strerror or error})")

    def _hashes_first(self) -> bool:
        return self._manner.hashing == "first" or (self._manner.hashing == "auto" and self._manner.resume)

    def _progress(self, sending: "_Sending", begun: Callable[[Upload], None]) -> Callable[[Progress], None]:
        shown = Shown(sending.steps)

        def progress(made: Progress) -> None:
            if made.upload is not None:
                sending.note(made.upload)
                begun(made.upload)
            if self._stopping.is_set() and sending.outcome.status not in _ENDED:
                raise StoppedError
            if made.phase == "sending":
                sending.outcome.sent_bytes = made.done_bytes - made.found_bytes
                sending.outcome.stored_bytes = made.stored_bytes
            shown(made)

        return progress

    def _explained(self, error: UpwellError, outcome: Outcome, *, reads: bool) -> str:
        """Return the message for an error, with the state of the upload."""
        if isinstance(error, AnsweredError) and "status" in error.details:
            outcome.status = str(error.details["status"])
        match error:
            case FileChangedError():
                self._give_up(outcome)
                return error.message
            case StillVerifyingError() if reads:
                return f"{error.message}: see 'upwell uploads show {outcome.upload_id}'"
            case StillVerifyingError() | UploadEndedError():
                return error.message
            case _ if outcome.upload_id is None:
                return sentence(error)
            case _:
                return f"{sentence(error)}; {_left(outcome, reads=reads)}"

    def _give_up(self, outcome: Outcome) -> None:
        if outcome.upload_id is None:
            return
        with contextlib.suppress(UpwellError):
            self._client.cancel(outcome.upload_id)
            outcome.status = "CANCELED"

    def _tell(self, sending: "_Sending", text: str) -> None:
        self._reporter.note(f"{printable(sending.outcome.file)}: {text}")


class _Sending:
    """A file that is being sent."""

    found: os.stat_result

    def __init__(self, outcome: Outcome, path: Path, steps: Steps) -> None:
        self.outcome = outcome
        self.path = path
        self.steps = steps
        self.holding: Holding | None = None
        self.kept = False

    def note(self, upload: Upload) -> None:
        """Note the state of the upload."""
        outcome = self.outcome
        outcome.upload_id = upload.upload_id
        outcome.status = upload.status
        outcome.sha256 = upload.file_hash or outcome.sha256
        outcome.object_id = upload.object_id
        outcome.is_duplicate = upload.is_duplicate
        outcome.duplicate_of_upload_id = upload.duplicate_of_upload_id
        outcome.skipped_unique_key = upload.skipped_unique_key
        outcome.existing_object_id = upload.existing_object_id
        outcome.deletes_at = upload.deletes_at

    def end(self) -> None:
        """Keep an open upload."""
        self.steps.end()
        if self.holding is None:
            return
        if self.outcome.status in _ENDED:
            self.holding.forget()
        else:
            self.holding.release()


class _Crew:
    """Uploads files in daemon threads, a limited number at once."""

    def __init__(
        self,
        files: Sequence[Found],
        upload: Callable[[Path, Outcome], None],
        at_once: int,
        *,
        name: str | None = None,
        reads: bool = True,
    ) -> None:
        self._reads = reads
        self._name = name
        self._waiting = deque(files)
        self._files = len(files)
        self._upload = upload
        self._ended: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._under_way: list[Outcome] = []
        self._at_once = min(at_once, self._files)
        self._threads: list[threading.Thread] = []

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the result of each file, in the order in which they end."""
        for _ in range(self._at_once):
            self._threads.append(start_thread(self._work, "upwell-file"))
        for _ in range(self._files):
            yield self._next(wait=True)

    def abandoned(self) -> Iterator[Outcome]:
        """Yield the results of the files being sent; begin no others, and wait only a moment."""
        self._waiting.clear()
        until = time.monotonic() + _GRACE_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._next(wait=False)
        for outcome in list(self._under_way):
            outcome.error = interrupted(outcome, reads=self._reads)
            yield outcome

    @property
    def alive(self) -> bool:
        """Whether any of them still sends."""
        return any(thread.is_alive() for thread in self._threads)

    def _next(self, *, wait: bool) -> Outcome:
        ended = self._ended.get(block=wait)
        if isinstance(ended, BaseException):
            raise ended
        self._under_way.remove(ended)
        return ended

    def _work(self) -> None:
        while (found := self._begun()) is not None:
            outcome = _outcome(found, self._name)
            self._under_way.append(outcome)
            try:
                if found.problem is None:
                    self._upload(found.path, outcome)
                else:
                    outcome.error = {"code": found.problem.code, "message": found.problem.message}
            except BaseException as error:  # noqa: BLE001  # passed to the waiting thread
                self._ended.put(error)
            else:
                self._ended.put(outcome)

    def _begun(self) -> Found | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None


class _Tally(msgspec.Struct):
    """The summary after several files."""

    uploaded: int = 0
    known: int = 0
    failed: int = 0
    sent_bytes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count a file."""
        self.sent_bytes += outcome.sent_bytes
        if outcome.error is not None:
            self.failed += outcome.error["code"] != "interrupted"
        elif outcome.is_duplicate or outcome.skipped_unique_key:
            self.known += 1
        else:
            self.uploaded += 1

    def sentence(self, files: int, seconds: float) -> str:
        """Return the summary."""
        counts = f"{self.uploaded} uploaded, {self.known} already stored, {self.failed} failed"
        if left := files - self.uploaded - self.known - self.failed:
            counts += f", {left} not finished"
        rate = human(int(self.sent_bytes / max(seconds, 0.001)))
        return f"{counts}; sent {human(self.sent_bytes)} in {seconds:.1f} s, {rate}/s"


def upload(
    named: Sequence[Path], wish: Wish, manner: Manner, *, namespace: str | None, bucket: str | None, as_json: bool
) -> int:
    """Upload files to the target of the environment, and return the exit code.

    `named`: files, folders and patterns; empty: all interrupted uploads in this folder and below.
    """
    target = find_target(known_variables(), namespace=namespace, bucket=bucket)
    stopping = threading.Event()
    with reporting() as reporter:
        files = find_files(named or find_kept(Path()), reporter.note)
        if not files:
            reporter.note("no upload was interrupted here")
            return 0

        def note(text: str) -> None:
            if not stopping.is_set():
                reporter.note(text)

        client = client_of(target, note, max_transfers=manner.parallel)
        name = _PIPED if manner.name else None
        with _failing(reporter, [_outcome(found, name) for found in files], as_json=as_json):
            known = _known_bucket(Service(client, target))
        uploading = Uploading(client, reporter, target, manner, stopping=stopping)
        crew = _Crew(
            files,
            lambda path, outcome: uploading.upload(path, known, wish, outcome),
            manner.parallel,
            name=name,
            reads=_reads(target, known),
        )
        sizes = [_size_bytes(found.path) for found in files if found.problem is None]
        if len(files) > 1:
            reporter.total(len(sizes), sum(sizes))
        tally, began = _Tally(), time.monotonic()
        code = 0
        try:
            for outcome in crew.outcomes():
                _tell(reporter, outcome, as_json=as_json)
                tally.add(outcome)
        except KeyboardInterrupt:
            stopping.set()
            for outcome in crew.abandoned():
                _tell(reporter, outcome, as_json=as_json)
                tally.add(outcome)
            code = INTERRUPTED
        if len(files) > 1 and not as_json:
            reporter.note(tally.sentence(len(files), time.monotonic() - began))
        if not crew.alive:  # a running thread must not find its file descriptor reused
            client.close()
    return code or (_FAILED if tally.failed else 0)


def upload_piped(wish: Wish, manner: Manner, *, namespace: str | None, bucket: str | None, as_json: bool) -> int:
    """Upload standard input, from a temporary file: it may have to be read again."""
    find_target(known_variables(), namespace=namespace, bucket=bucket)  # before anything is read
    with tempfile.NamedTemporaryFile(prefix="upwell-") as file:  # in TMPDIR, with mode 600
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        return upload([Path(file.name)], wish, manner, namespace=namespace, bucket=bucket, as_json=as_json)


def interrupted(outcome: Outcome, *, reads: bool = True) -> dict[str, str]:
    """Return the error of a file whose upload was interrupted. `reads`: whether the key may read the upload."""
    begun = outcome.upload_id is not None and outcome.status not in _ENDED
    return {"code": "interrupted", "message": f"interrupted; {_left(outcome, reads=reads)}" if begun else "interrupted"}


def _known_bucket(service: Service) -> Bucket | None:
    """Return the bucket, or None if this key may write but not read; a wrong name or key ends the command here."""
    try:
        return service.bucket()
    except ClientError as error:
        if isinstance(error.__cause__, ForbiddenError):
            return None
        raise


@contextlib.contextmanager
def _failing(reporter: Reporter, outcomes: Sequence[Outcome], *, as_json: bool) -> Iterator[None]:
    """Print an error that ends the command as the result of each file, for `--json`."""
    try:
        yield
    except ClientError as error:
        if as_json:
            for outcome in outcomes:
                outcome.error = {"code": error.code, "message": error.message}
                reporter.result(json_of(outcome))
        raise


def _outcome(found: Found, name: str | None) -> Outcome:
    return Outcome(file=name or encodable(str(found.path)))


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _place(kept: Kept) -> str:
    return f"the bucket {kept.bucket} of {kept.namespace} on {kept.url}"


def _reads(target: Target, bucket: Bucket | None) -> bool:
    """Return whether a key may read the uploads that it requests, and so resume them; upload tokens may."""
    return bucket is not None or target.api_key.startswith("ut_")


def _left(outcome: Outcome, *, reads: bool) -> str:
    """Return the state of the upload that was begun."""
    match outcome.status:
        case "PENDING" | "IN_PROGRESS" if outcome.file == _PIPED:
            return f"the upload {outcome.upload_id} is left to expire: send the file again"
        case "PENDING" | "IN_PROGRESS" as status:
            state = "pending" if status == "PENDING" else "in progress"
            if not reads:
                advice = "continuing needs a key with read; send the file again"
                return f"the upload {outcome.upload_id} is left {state}: {advice}"
            stored = f", with {human(outcome.stored_bytes)} in storage" if outcome.stored_bytes else ""
            return f"the upload {outcome.upload_id} is left {state}{stored}: continue with 'upwell upload --resume'"
        case "PROCESSING":
            return f"{outcome.upload_id} is verified by a worker"
        case status:
            return f"the upload {outcome.upload_id} is {status}"


def _tell(reporter: Reporter, outcome: Outcome, *, as_json: bool) -> None:
    if outcome.error is not None:
        reporter.note(f"{printable(outcome.file)}: {outcome.error['message']}")
    if as_json:
        reporter.result(json_of(outcome))
    elif outcome.ok:
        note = f"; {outcome.note}" if outcome.note else ""
        reporter.result(f"{printable(outcome.file)}: {_sentence(outcome)}{note}")


def _sentence(outcome: Outcome) -> str:
    end = outcome.deletes_at
    return f"{_deed(outcome)}, kept until {end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if end else _deed(outcome)


def _deed(outcome: Outcome) -> str:
    upload, thing = outcome.upload_id, f", object {outcome.object_id}" if outcome.object_id else ""
    sent = f"sent {human(outcome.sent_bytes)}, " if outcome.sent_bytes else "nothing sent, "
    if outcome.skipped_unique_key:
        other = f"the object {outcome.existing_object_id}" if outcome.existing_object_id else "an object"
        return f"{sent}{other} has the same unique key; upload {upload}"
    if outcome.is_duplicate:
        kept = f" as {outcome.content_type}" if "--content-type" in outcome.not_kept and outcome.content_type else ""
        where = f"in {outcome.duplicate_of_upload_id}" if outcome.duplicate_of_upload_id else "there"
        return f"{sent}the same bytes are already {where}{kept}; upload {upload}{thing}"
    size = outcome.size_bytes or 0
    if outcome.resumed and size and not outcome.sent_bytes:
        return f"nothing sent, all {human(size)} were already stored; upload {upload}{thing}"
    rest = f" of {human(size)}, the rest was already stored" if outcome.resumed and outcome.sent_bytes < size else ""
    return f"sent {human(outcome.sent_bytes)}{rest}; upload {upload}{thing}"
