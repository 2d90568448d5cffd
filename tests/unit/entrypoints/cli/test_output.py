"""Standard output that stops accepting."""

import errno
import os
import sys
from collections.abc import Iterator

import pytest

from entrypoints.cli.output import OutputError, emit


class Broken:
    """A standard output whose flush fails."""

    encoding = "utf-8"

    def __init__(self, error: OSError) -> None:
        self._error = error

    def write(self, text: str) -> None:
        pass

    def flush(self) -> None:
        raise self._error


@pytest.fixture
def kept_output() -> Iterator[None]:
    saved = os.dup(1)
    yield
    os.dup2(saved, 1)
    os.close(saved)


@pytest.mark.usefixtures("kept_output")
def test_a_closed_pipe_ends_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))))
    assert emit("a line") is False


@pytest.mark.usefixtures("kept_output")
def test_a_full_disk_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    with pytest.raises(OutputError, match="The output cannot be written: No space left on device"):
        emit("a line")
