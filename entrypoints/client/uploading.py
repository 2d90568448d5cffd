"""`upwell upload`: each file is hashed, announced, sent, confirmed, and waited for until it is proved."""

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from entrypoints.client.choosing import choose_property
from entrypoints.client.downloading import Shown
from entrypoints.client.errors import ClientError, sentence
from entrypoints.client.output import human, printable
from entrypoints.client.progress import Reporter, reporting
from entrypoints.client.service import Bucket, Service, client_of
from entrypoints.client.target import find_target, known_variables
from upwell_client import (
    AnsweredError,
    Client,
    FileChangedError,
    ForbiddenError,
    Progress,
    StillVerifyingError,
    Upload,
    UploadEndedError,
    UpwellError,
)
from upwell_client.sources import PathSource, guess_content_type

INTERRUPTED = 130
_FAILED = 1
_PATIENCE_SECONDS = 1800.0
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "SKIPPED"})


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
        client: Client,
        reporter: Reporter,
        *,
        now: Callable[[], float] = time.monotonic,
        wait_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._client = client
        self._reporter = reporter
        self._now = now
        self._wait_seconds = wait_seconds

    def upload(self, path: Path, bucket: Bucket | None, wish: Wish) -> Outcome:
        """Upload one file and tell how it went; what goes wrong is in `error`, with the upload left as it is then.

        `bucket`: where to look for a fitting property; None leaves the choice to the service. An interruption cancels
        the upload, unless it is being verified already, and is raised again as `InterruptedUploadError`.
        """
        outcome = Outcome(file=str(path))
        began = self._now()
        try:
            self._upload(path, bucket, wish, outcome)
        except UpwellError as error:
            outcome.error = {"code": error.code, "message": self._explained(error, outcome)}
        except ClientError as error:
            outcome.error = {"code": error.code, "message": error.message}
        except KeyboardInterrupt:
            outcome.error = {"code": "interrupted", "message": self._interrupted(outcome)}
            raise InterruptedUploadError(outcome) from None
        finally:
            outcome.seconds = round(self._now() - began, 3)
        return outcome

    def _upload(self, path: Path, bucket: Bucket | None, wish: Wish, outcome: Outcome) -> None:
        outcome.size_bytes = PathSource(path).size_bytes
        outcome.content_type = wish.content_type or guess_content_type(path.name)
        outcome.blob_property = wish.property_name
        if wish.property_name is None and wish.create_object and bucket is not None:
            outcome.blob_property = choose_property(bucket, path.name, outcome.content_type)
        shown = Shown(self._reporter, path.name)

        def progress(made: Progress) -> None:
            if made.upload is not None:
                _note_state(outcome, made.upload)
            if made.phase == "verifying":
                outcome.sent_bytes = outcome.size_bytes or 0
            shown(made)

        done = self._client.upload(
            path,
            content_type=outcome.content_type,
            blob_property=outcome.blob_property,
            create_object=wish.create_object,
            skip_duplicates=wish.skip_duplicates,
            metadata=wish.metadata,
            object_metadata=wish.object_metadata,
            expires_in_seconds=wish.expires_in_seconds,
            hash="first",
            wait_seconds=self._wait_seconds,
            progress=progress,
        )
        _note_state(outcome, done)
        outcome.ok = True

    def _explained(self, error: UpwellError, outcome: Outcome) -> str:
        """Return what to say of an error, and of what becomes of the upload that was begun."""
        if isinstance(error, AnsweredError) and "status" in error.details:
            outcome.status = str(error.details["status"])
        match error:
            case FileChangedError():
                self._give_up(outcome)
                return error.message
            case StillVerifyingError():
                return f"{error.message}: see 'upwell uploads show {outcome.upload_id}'"
            case UploadEndedError():
                return error.message
            case _ if outcome.upload_id is None:
                return sentence(error)
            case _:
                return f"{sentence(error)}; {_left(outcome)}"

    def _give_up(self, outcome: Outcome) -> None:
        if outcome.upload_id is None:
            return
        with contextlib.suppress(UpwellError):
            self._client.cancel(outcome.upload_id)
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
    with reporting() as reporter, client_of(target, reporter.note) as client:
        known = _known_bucket(Service(client, target))
        uploading = Uploading(client, reporter)
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
    except ClientError as error:
        if isinstance(error.__cause__, ForbiddenError):
            return None
        raise


def _note_state(outcome: Outcome, upload: Upload) -> None:
    outcome.upload_id = upload.upload_id
    outcome.status = upload.status
    outcome.sha256 = upload.file_hash or outcome.sha256
    outcome.object_id = upload.object_id
    outcome.is_duplicate = upload.is_duplicate
    outcome.duplicate_of_upload_id = upload.duplicate_of_upload_id
    outcome.skipped_unique_key = upload.skipped_unique_key
    outcome.existing_object_id = upload.existing_object_id


def _left(outcome: Outcome) -> str:
    """Return what becomes of the upload that was begun."""
    match outcome.status:
        case "PENDING" | "IN_PROGRESS":
            return f"the upload {outcome.upload_id} is left pending"
        case "PROCESSING":
            return f"{outcome.upload_id} is verified without you"
        case status:
            return f"the upload {outcome.upload_id} is {status}"


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
