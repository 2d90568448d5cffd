"""The progress reports of a call."""

import threading
from collections.abc import Callable
from dataclasses import replace

from upwell_client.results import Phase, Progress, Upload

Tell = Callable[[Progress], None]


class Meter:
    """Counts bytes of several threads, and reports one progress after the other."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._turn = threading.Lock()
        self._progress = Progress(phase="asking", done_bytes=0, total_bytes=None, upload=None)

    def begin(self, phase: Phase, total_bytes: int | None) -> None:
        """Begin a step."""
        self._show(lambda before: Progress(phase=phase, done_bytes=0, total_bytes=total_bytes, upload=before.upload))

    def know(self, upload: Upload) -> Upload:
        """Record the service's state of the upload, and return it."""
        self._show(lambda before: replace(before, upload=upload))
        return upload

    def start(self) -> None:
        """Record that a part was signed, which starts the upload on the service."""
        self._show(
            lambda before: (
                replace(before, upload=replace(before.upload, status="IN_PROGRESS"))
                if before.upload is not None and before.upload.status == "PENDING"
                else before
            )
        )

    def advance(self, size_bytes: int) -> None:
        """Count bytes; a negative number is subtracted."""
        self._show(lambda before: replace(before, done_bytes=before.done_bytes + size_bytes))

    def find(self, size_bytes: int) -> None:
        """Count bytes that storage already had."""
        self._show(
            lambda before: replace(
                before,
                done_bytes=before.done_bytes + size_bytes,
                found_bytes=before.found_bytes + size_bytes,
                stored_bytes=before.stored_bytes + size_bytes,
            )
        )

    def store(self, size_bytes: int) -> None:
        """Record that a whole part has arrived."""
        self._show(lambda before: replace(before, stored_bytes=before.stored_bytes + size_bytes))

    @property
    def upload_id(self) -> str | None:
        """The upload in progress."""
        return self._progress.upload.upload_id if self._progress.upload else None

    def _show(self, change: Callable[[Progress], Progress]) -> None:
        with self._turn:
            self._progress = change(self._progress)
            if self._tell:
                self._tell(self._progress)
