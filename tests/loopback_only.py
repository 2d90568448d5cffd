"""Keeps tests on this machine: no process of a test opens a connection to anything but loopback."""

import socket
import sys
from ipaddress import ip_address
from typing import Any

_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


class LeftMachineError(RuntimeError):
    """A test tried to reach another machine."""


def keep_on_loopback() -> None:
    """Refuse connections to other machines in this process, for good."""
    sys.addaudithook(_audit)


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
