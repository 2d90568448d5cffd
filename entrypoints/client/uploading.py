"""`upwell upload`: each file is hashed, announced, sent, confirmed, and waited for until it is proved."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec

from entrypoints.client.choosing import choose_property
from entrypoints.client.errors import AnsweredError, ClientError, FileChangedError
from entrypoints.client.files import LocalFile, guess_content_type
from entrypoints.client.output import human, printable
from entrypoints.client.progress import Reporter, reporting
from entrypoints.client.retrying import Retrying
from entrypoints.client.sending import Sender
from entrypoints.client.service import Asked, Bucket, Service, Upload
from entrypoints.client.target import find_target, known_variables

INTERRUPTED = 130
_FAILED = 1
_FORBIDDEN = 403
_FIRST_LOOK_SECONDS = 0.1
_LAST_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 1800.0
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "SKIPPED"})
_MISMATCHES = frozenset({"hash_mismatch", "size_mismatch", "etag_mismatch"})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants of every file. `property_name` and `content_type` None: found out for each file."""

    property_name: str | None = None
    content_type: str | None = None
    metadata: dict[str, Any] = {}
    object_metadata: dict[str, Any] | None = None
    create_object: bool = True
    skip_duplicates: bool = True
    expires_in_seconds: int | None = None


class Outcome(msgspec.Struct, kw_only=True):
    """How it went with one file, as `--json` prints it. `sent_bytes`: 0 where the bytes were known already."""

    file: str
    ok: bool = False
    status: str | None = None
    upload_id: str | None = None
    object_id: str | None = None
    is_duplicate: bool = False
    duplicate_of_upload_id: str | None = None
    skipped_unique_key: bool = False
    existing_object_id: str | None = None
    content_type: str | None = None
    blob_property: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    sent_bytes: int = 0
    seconds: float = 0.0
    error: dict[str, str] | None = None


class Uploading:
    """Uploads files one after the other."""

    def __init__(
        self,
        service: Service,
        sender: Sender,
        reporter: Reporter,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._sender = sender
        self._reporter = reporter
        self._sleep = sleep
        self._now = now

    def upload(self, path: Path, bucket: Bucket | None, wish: Wish) -> Outcome:
        """Upload one file and tell how it went; what goes wrong is in `error`, with the upload left as it is then.

        `bucket`: where to look for a fitting property; None leaves the choice to the service. An interruption cancels
        the upload, unless it is being verified already, and is raised again as `InterruptedUploadError`.
        """
        outcome = Outcome(file=str(path))
        began = self._now()
        try:
            with LocalFile(path) as file:
                self._upload(file, bucket, wish, outcome)
        except ClientError as error:
            outcome.error = {"code": error.code, "message": error.message}
        except KeyboardInterrupt:
            outcome.error = {"code": "interrupted", "message": self._interrupted(outcome)}
            raise InterruptedUploadError(outcome) from None
        finally:
            outcome.seconds = round(self._now() - began, 3)
        return outcome

    def _upload(self, file: LocalFile, bucket: Bucket | None, wish: Wish, outcome: Outcome) -> None:
        outcome.content_type = wish.content_type or guess_content_type(file.name)
        outcome.blob_property = wish.property_name
        if wish.property_name is None and wish.create_object and bucket is not None:
            outcome.blob_property = choose_property(bucket, file.name, outcome.content_type)
        outcome.size_bytes = file.size_bytes
        outcome.sha256 = file.sha256(self._reporter.phase(file.name, "hashing", file.size_bytes))
        self._reporter.phase(file.name, "asking", None)
        asked = self._service.ask(_announcement(file, wish, outcome))
        _note_state(outcome, asked)
        if asked.presigned_url is None:
            outcome.ok = True
            return
        try:
            self._send(file, asked, asked.presigned_url, outcome)
        except FileChangedError:
            self._give_up(outcome)
            raise
        self._prove(file, outcome)

    def _send(self, file: LocalFile, asked: Asked, url: str, outcome: Outcome) -> None:
        headers = asked.required_headers or {"Content-Type": outcome.content_type or ""}
        advance = self._reporter.phase(file.name, "sending", file.size_bytes)
        try:
            etag = self._sender.put(file, url, headers, advance)
        except FileChangedError:
            raise
        except ClientError as error:
            raise _left(error, outcome) from error
        outcome.sent_bytes = file.size_bytes
        file.check_unchanged()
        self._reporter.phase(file.name, "verifying", None)(0)
        try:
            confirmed = self._service.confirm(asked.upload_id, etag=etag, size_bytes=file.size_bytes)
        except ClientError as error:
            if isinstance(error, AnsweredError) and error.upload_status is not None:
                outcome.status = error.upload_status
            if error.code in _MISMATCHES:
                file.check_unchanged()
            raise _left(error, outcome) from error
        _note_state(outcome, confirmed)

    def _prove(self, file: LocalFile, outcome: Outcome) -> None:
        """Wait for the worker that proves a large file."""
        look = self._reporter.phase(file.name, "verifying", None)
        until = self._now() + _PATIENCE_SECONDS
        pause = _FIRST_LOOK_SECONDS
        while outcome.status not in _ENDED:
            if self._now() > until:
                raise ClientError(
                    f"the upload {outcome.upload_id} is still being verified; it goes on by itself: see"
                    f" 'upwell uploads show {outcome.upload_id}'",
                    "still_verifying",
                )
            self._sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK_SECONDS)
            look(0)
            try:
                found = self._service.upload(outcome.upload_id or "")
            except ClientError as error:
                raise _left(error, outcome) from error
            _note_state(outcome, found)
            if found.status in {"FAILED", "CANCELED"}:
                raise ClientError(
                    f"the upload {found.upload_id} is {found.status}: {found.message or 'somebody gave it up'}",
                    f"upload_{found.status.lower()}",
                )
        outcome.ok = True

    def _give_up(self, outcome: Outcome) -> None:
        if outcome.upload_id is not None and self._service.cancel(outcome.upload_id):
            outcome.status = "CANCELED"

    def _interrupted(self, outcome: Outcome) -> str:
        """Cancel what is under way, and return what to say of it."""
        if outcome.upload_id is None or outcome.status in _ENDED:
            return "interrupted"
        if outcome.status == "PROCESSING":
            return f"interrupted; all bytes were sent, and {outcome.upload_id} is verified without you"
        self._reporter.phase(Path(outcome.file).name, "canceling", None)
        self._give_up(outcome)
        if outcome.status == "CANCELED":
            return f"interrupted; the upload {outcome.upload_id} was canceled"
        return f"interrupted; the upload {outcome.upload_id} could not be canceled"


class InterruptedUploadError(Exception):
    """The user pressed Ctrl-C; `outcome` says what became of the file."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("interrupted")
        self.outcome = outcome


def upload(files: Sequence[Path], wish: Wish, *, namespace: str | None, bucket: str | None, as_json: bool) -> int:
    """Upload files as the environment says, and return the exit code."""
    target = find_target(known_variables(), namespace=namespace, bucket=bucket)
    verify = httpx.create_ssl_context()
    with ExitStack() as stack:
        reporter = stack.enter_context(reporting())
        retrying = Retrying(tell=reporter.note)
        service = stack.enter_context(Service(target, retrying, verify=verify))
        sender = stack.enter_context(Sender(retrying, now=time.time, verify=verify))
        known = _known_bucket(service)
        uploading = Uploading(service, sender, reporter)
        code = 0
        for path in files:
            try:
                outcome = uploading.upload(path, known, wish)
            except InterruptedUploadError as interrupted:
                _tell(reporter, interrupted.outcome, as_json=as_json)
                return INTERRUPTED
            _tell(reporter, outcome, as_json=as_json)
            code = code if outcome.ok else _FAILED
    return code


def _known_bucket(service: Service) -> Bucket | None:
    """Return the bucket, or None where this key may write but not read; a wrong name or key ends it all here."""
    try:
        return service.bucket()
    except AnsweredError as error:
        if error.status == _FORBIDDEN:
            return None
        raise


def _announcement(file: LocalFile, wish: Wish, outcome: Outcome) -> dict[str, Any]:
    wanted: Mapping[str, Any] = {
        "filename": file.name,
        "content_type": outcome.content_type,
        "file_size_bytes": file.size_bytes or None,  # an empty file has no size that could be declared
        "file_hash": outcome.sha256,
        "blob_property": outcome.blob_property,
        "create_object_on_confirm": wish.create_object,
        "skip_duplicates": wish.skip_duplicates,
        "metadata": wish.metadata,
        "object_metadata": wish.object_metadata,
        "presigned_url_expiration": wish.expires_in_seconds,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _note_state(outcome: Outcome, upload: Upload) -> None:
    outcome.upload_id = upload.upload_id
    outcome.status = upload.status
    outcome.object_id = upload.object_id
    outcome.is_duplicate = upload.is_duplicate
    outcome.duplicate_of_upload_id = upload.duplicate_of_upload_id
    outcome.skipped_unique_key = upload.skipped_unique_key
    outcome.existing_object_id = upload.existing_object_id


def _left(error: ClientError, outcome: Outcome) -> ClientError:
    """Return the error with what becomes of the upload that was begun."""
    match outcome.status:
        case "PENDING" | "IN_PROGRESS":
            return ClientError(f"{error.message}; the upload {outcome.upload_id} is left pending", error.code)
        case "PROCESSING":
            return ClientError(f"{error.message}; {outcome.upload_id} is verified without you", error.code)
        case status:
            return ClientError(f"{error.message}; the upload {outcome.upload_id} is {status}", error.code)


def _tell(reporter: Reporter, outcome: Outcome, *, as_json: bool) -> None:
    if outcome.error is not None:
        reporter.note(f"{printable(outcome.file)}: {outcome.error['message']}")
    if as_json:
        reporter.result(msgspec.json.encode(outcome).decode())
    elif outcome.ok:
        reporter.result(f"{printable(outcome.file)}: {_sentence(outcome)}")


def _sentence(outcome: Outcome) -> str:
    upload, thing = outcome.upload_id, f", object {outcome.object_id}" if outcome.object_id else ""
    sent = f"sent {human(outcome.sent_bytes)}, " if outcome.sent_bytes else "nothing sent, "
    if outcome.skipped_unique_key:
        return f"{sent}the object {outcome.existing_object_id} has the same unique key; upload {upload}"
    if outcome.is_duplicate:
        return f"{sent}the same bytes are in {outcome.duplicate_of_upload_id} already; upload {upload}{thing}"
    return f"sent {human(outcome.sent_bytes)}; upload {upload}{thing}"
