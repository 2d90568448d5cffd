"""The addresses that webhooks may use: those of the public internet, and those that the operator allows.

The networks are listed here, because Python's definition of a global address differs between versions, and does not
cover the internal services of clouds.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import unquote

WEB_PORTS: Final = (443, 80)

# The metadata and control services of clouds. Never allowed, even in an allowed network.
METADATA: Final = frozenset(
    ip_address(each)
    for each in (
        "169.254.169.254",  # AWS, Google, Azure, Oracle, OpenStack, DigitalOcean, Hetzner, IBM and others
        "169.254.170.2",  # AWS: tasks of ECS
        "169.254.170.23",  # AWS: pods of EKS
        "169.254.42.42",  # Scaleway
        "169.254.0.23",  # Tencent
        "168.63.129.16",  # Azure's host
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS: pods of EKS
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
        "fd00:c1::a9fe:a9fe",  # Oracle
        "fd00:a9fe:a9fe::1",  # Linode
        "fe80::a9fe:a9fe",  # OpenStack
    )
)

_THIS_MACHINE: Final = "localhost"  # and every name under it (RFC 6761)

# IANA's special-purpose addresses, and multicast: https://www.iana.org/assignments/iana-ipv4-special-registry
_NOT_PUBLIC_V4: Final = [
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "161.26.0.0/16",  # services inside IBM's cloud
        "166.8.0.0/14",  # the same
    )
]
# The networks allocated as global unicast, and those among them that are special or embed an IPv4 address.
_PUBLIC_V6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = [ip_network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]


class AllowedTargets:
    """Decides which addresses and ports webhooks may reach.

    `networks`: private networks that are allowed. `ports`: ranges that are allowed in addition to 443 and 80.
    """

    def __init__(self, networks: Iterable[str] = (), ports: Iterable[tuple[int, int]] = ()) -> None:
        self._networks = [ip_network(each) for each in networks]
        self._ports = tuple(ports)

    def allow(self, address: str) -> bool:
        """Return whether this address, in the notation of the operating system, is allowed."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if found in METADATA:
            return False
        return _is_public(found) or any(found in network for network in self._networks)

    def allow_host(self, host: str) -> bool:
        """Return whether the host of a URL is allowed, if it is an address or names this machine.

        Any other name is allowed until it is resolved.
        """
        literal = unquote(host).strip("[]").rstrip(".").lower()
        if literal == _THIS_MACHINE or literal.endswith(f".{_THIS_MACHINE}"):
            return self.allow("127.0.0.1") or self.allow("::1")
        if ":" in literal:  # in a URL, this is an IPv6 address, possibly with a zone
            return self.allow(literal)
        try:
            return self.allow(
                str(ip_address(socket.inet_aton(literal)))
            )  # in any notation that a resolver accepts: 127.1
        except OSError:
            return True

    def allow_port(self, port: int) -> bool:
        """Return whether this port is allowed."""
        return port in WEB_PORTS or any(low <= port <= high for low, high in self._ports)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
