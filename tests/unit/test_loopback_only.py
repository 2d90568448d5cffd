import socket

import pytest

from tests.loopback_only import LeftMachineError


@pytest.mark.parametrize("address", ["192.0.2.1", "203.0.113.7"])
def test_a_test_that_leaves_the_machine_fails(address: str) -> None:
    with socket.socket() as sending, pytest.raises(LeftMachineError):
        sending.connect((address, 9))
    with socket.socket(type=socket.SOCK_DGRAM) as sending, pytest.raises(LeftMachineError):
        sending.sendto(b"", (address, 9))


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sending:
        sending.connect(server.getsockname())
