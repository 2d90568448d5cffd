"""How a listener is emptied before it closes: no new handshake begins, and those under way complete.

What waits in a listener that closes is reset, so nothing may wait there. Linux has no option for that. It has one for
the least TTL of a packet, and needs no privileges for it (unlike for a filter on a TCP socket). Systems send with a TTL
of 64 or 128, so a listener that takes only 255 drops the first packet of each handshake. The client's kernel sends it
again after a second, and finds the successor, or nobody.
"""

import socket
import sys
from asyncio.trsock import TransportSocket

import structlog

_IP_MINTTL = 21  # as Linux has them; Python has no names for them
_IPV6_MINHOPCOUNT = 73
_MOST = 255
_log = structlog.get_logger("upwell.server")

Socket = socket.socket | TransportSocket


def refuse_handshakes(listener: Socket) -> None:
    """Let no handshake begin on a listener (Linux; elsewhere nothing happens).

    Handshakes under way complete, but their connections inherit the least TTL, and receive nothing until
    `receive_again` was called for each.
    """
    if sys.platform != "linux":
        return
    try:
        _set_least_ttl(listener, _MOST)
    except OSError as error:
        _log.warning("handshakes_not_refused", reason=error.strerror, advice="Requests may be reset while it stops.")


def receive_again(connection: Socket | None) -> None:
    """Receive on a connection that may come from a listener which refuses handshakes; None: it has no socket."""
    if connection is not None and sys.platform == "linux":
        try:
            _set_least_ttl(connection, 0)
        except OSError:  # the connection is gone
            return


def _set_least_ttl(sock: Socket, ttl: int) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_IP, _IP_MINTTL, ttl)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MINHOPCOUNT, ttl)
