"""Which addresses strangers may have us connect to: those of the public internet, and what the operator allows."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

# What is given out as global unicast. What stands for an IPv4 address in disguise is no part of it, or left out below.
_PUBLIC_V6: Final = IPv6Network("2000::/3")


class AllowedNetworks:
    """Says which addresses may be reached. `allowed`: networks that may be, though they are private."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = [ip_network(each) for each in allowed]

    def allow(self, address: str) -> bool:
        """Say whether this address, as the operating system writes it, may be reached."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return _is_public(found) or any(found in network for network in self._allowed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, IPv4Address) or (address in _PUBLIC_V6 and address.sixtofour is None)
