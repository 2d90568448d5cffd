"""Keeps tests on this machine: no process of a test opens a connection to anything but loopback."""

import socket
import ssl
import sys
from ipaddress import ip_address
from typing import Any

import certifi

_PUBLIC = frozenset({certifi.where(), "/etc/ssl/certs/ca-certificates.crt"})
_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class LeftMachineError(RuntimeError):
    """A test tried to reach another machine."""


def keep_on_loopback() -> None:
    """Refuse connections to other machines in this process, for good."""
    sys.addaudithook(_audit)
    ssl.create_default_context = _vouched_for_by_none  # type: ignore[assignment]  # its files are named by texts


def _vouched_for_by_none(
    purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH,
    *,
    cafile: str | None = None,
    capath: str | None = None,
    cadata: str | bytes | None = None,
) -> ssl.SSLContext:
    """Do the same as `ssl.create_default_context`, but trust no public authority: none certifies loopback.

    To read the list of them takes every HTTP client 25 ms of CPU time.
    """
    if cafile in _PUBLIC:
        cafile = None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if purpose == ssl.Purpose.SERVER_AUTH else ssl.PROTOCOL_TLS_SERVER)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _SENDING:
        return
    sending, address = arguments[0], arguments[1]
    if sending.family in {socket.AF_INET, socket.AF_INET6} and address and not _is_loopback(str(address[0])):
        raise LeftMachineError(f"a test tried to reach {address}")


def _is_loopback(host: str) -> bool:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
