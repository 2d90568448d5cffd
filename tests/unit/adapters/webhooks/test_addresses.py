import pytest

from adapters.webhooks.addresses import METADATA, AllowedTargets

PRIVATE = [
    "0.0.0.0",  # noqa: S104  # an address to be refused
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "3fff::1",
    "2001:20::1",
    "192.88.99.1",
    "161.26.0.10",
    "166.9.0.1",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "",
    "example.com",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_public_internet_may_not_be_reached(address: str) -> None:
    assert not AllowedTargets().allow(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_public_internet_may_be_reached(address: str) -> None:
    assert AllowedTargets().allow(address)


def test_an_operator_allows_networks_of_their_own() -> None:
    networks = AllowedTargets(["10.1.0.0/16", "::1", "127.0.0.1"])

    assert all(map(networks.allow, ["10.1.2.3", "::1", "127.0.0.1", "::ffff:10.1.2.3"]))
    assert not any(map(networks.allow, ["10.2.0.1", "127.0.0.2", "169.254.169.254", "fd00::1"]))


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_an_address_that_serves_credentials_of_a_machine_is_never_reached_whatever_is_allowed(address: str) -> None:
    assert not AllowedTargets().allow(address)
    assert not AllowedTargets(["0.0.0.0/0", "::/0"]).allow(address)
    assert address.count(":") or not AllowedTargets(["0.0.0.0/0", "::/0"]).allow(f"::ffff:{address}")


def test_ports_beside_those_of_the_web_are_the_operators_to_allow() -> None:
    web, more = AllowedTargets(), AllowedTargets(ports=[(8443, 8443), (9000, 9010)])

    assert [port for port in range(1, 65536) if web.allow_port(port)] == [80, 443]
    assert [port for port in range(1, 65536) if more.allow_port(port)] == [80, 443, 8443, *range(9000, 9011)]
    assert not more.allow_port(0)


@pytest.mark.parametrize(
    "host",
    [
        "localhost.",
        "LOCALHOST",
        "a.localhost",
        "a.localhost.",
        "%6cocalhost",
        "127.0.0.1.",
        "127.1",
        "2130706433.",
        "0x7f000001",
        "::1",
        "fe80::1%25eth0",
        "fe80::1%eth0",
        "169.254.169.254.",
    ],
)
def test_a_host_with_a_private_name_is_refused_unresolved(host: str) -> None:
    assert not AllowedTargets().allow_host(host)


def test_a_host_that_is_public_or_allowed_or_a_name_is_not_refused_unresolved() -> None:
    assert all(map(AllowedTargets().allow_host, ["example.invalid", "example.invalid.", "8.8.8.8", "2606:4700::1111"]))
    assert all(map(AllowedTargets(["127.0.0.0/8"]).allow_host, ["localhost", "localhost.", "127.0.0.1"]))
    assert not AllowedTargets(["0.0.0.0/0", "::/0"]).allow_host("169.254.169.254.")
