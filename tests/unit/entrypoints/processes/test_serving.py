"""The listener that systemd passes is served if it is for this process; plain HTTP causes a warning."""

import os
import socket
from collections.abc import Iterator

import pytest
import structlog

from entrypoints.failures import UserError
from entrypoints.processes import serving
from entrypoints.processes.serving import _handed_listener, _heard, _report, _warn_of_plain_http
from entrypoints.processes.supervising import SERVES
from entrypoints.settings import Settings


@pytest.mark.parametrize("reported", [True, False])
def test_a_parent_that_was_killed_is_noticed_whether_or_not_it_had_read_the_report(*, reported: bool) -> None:
    parent, channel = socket.socketpair()
    if reported:
        _report(channel)
    parent.close()
    with channel:
        assert _heard(channel) == b""
        _report(channel)  # does nothing


def test_an_instruction_of_the_parent_is_heard() -> None:
    parent, channel = socket.socketpair()
    with parent, channel:
        parent.send(b"x")
        assert _heard(channel) == b"x"
        _report(channel)
        assert parent.recv(16) == SERVES


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A listener in place of the first passed descriptor."""
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
    with pytest.raises(UserError, match=f"LISTEN_FDS is {count}: pass exactly one listening socket"):
        _handed_listener()
    os.close(serving._FIRST_HANDED)


@pytest.mark.parametrize(
    ("host", "proxies", "warns"),
    [
        ("0.0.0.0", None, True),  # noqa: S104  # no listener
        ("192.0.2.1", None, True),
        ("::", None, True),
        ("0.0.0.0", "10.0.0.0/8", False),  # noqa: S104  # the same
        ("127.0.0.1", None, False),  # as `dev` listens
        ("::1", None, False),
    ],
)
def test_plain_http_is_warned_of_where_others_can_send(host: str, proxies: str | None, warns: bool) -> None:
    settings = Settings({} if proxies is None else {"UPWELL_TRUSTED_PROXIES": proxies})
    with structlog.testing.capture_logs() as lines:
        _warn_of_plain_http(settings, host, f"http://{host}")
    assert [line["event"] for line in lines] == (["plain_http"] if warns else [])


def test_no_page_may_read_answers_unless_its_origin_is_named() -> None:
    assert Settings({}).cors_origins == ()
    assert Settings({"UPWELL_CORS_ORIGINS": "https://a.example"}).cors_origins == ("https://a.example",)
