"""The listener that systemd hands over is the one that is served, and only if it was meant for this process."""

import os
import socket
from collections.abc import Iterator

import pytest

from entrypoints import serving
from entrypoints.failures import UserError
from entrypoints.serving import _handed_listener


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A listener whose descriptor stands for the first that is handed over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(serving, "_FIRST_HANDED", os.dup(listener.fileno()))
        yield listener


def hand_over(monkeypatch: pytest.MonkeyPatch, *, pid: int | None = None, count: str = "1") -> None:
    monkeypatch.setenv("LISTEN_PID", str(pid or os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_FDNAMES", "upwell.socket")


def test_a_listener_that_was_handed_over_is_served(opened: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(monkeypatch)
    with _handed_listener() or socket.socket() as listener:
        assert listener.getsockname() == opened.getsockname()
        with socket.create_connection(opened.getsockname()), listener.accept()[0]:
            pass


def test_children_are_not_handed_it_again(opened: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(monkeypatch)
    with _handed_listener() or opened:
        assert not {name for name in os.environ if name.startswith("LISTEN_")}
        assert _handed_listener() is None


@pytest.mark.usefixtures("opened")
def test_one_for_another_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(monkeypatch, pid=os.getppid())
    assert _handed_listener() is None
    os.close(serving._FIRST_HANDED)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("count", ["0", "2"])
def test_several_are_refused(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    hand_over(monkeypatch, count=count)
    with pytest.raises(UserError, match=f"LISTEN_FDS is {count}: hand over one listening socket"):
        _handed_listener()
    os.close(serving._FIRST_HANDED)
