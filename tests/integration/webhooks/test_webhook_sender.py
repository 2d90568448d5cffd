"""What becomes of a post to an address that answers badly, or leads into a private network."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from adapters.webhooks.addresses import AllowedTargets
from adapters.webhooks.webhook_sender import AiohttpWebhookSender
from application.ports.webhooks.webhook_sender import PostResult, TargetRefusedError
from tests.listening import listening
from tests.receiver import Receiver, receiving

PATIENCE = 1.0
LOOPBACK = ("127.0.0.1",)


@asynccontextmanager
async def sending(*allowed: str) -> AsyncIterator[AiohttpWebhookSender]:
    sender = AiohttpWebhookSender(AllowedTargets(allowed, [(1024, 65535)]))
    async with sender.running():
        yield sender


async def post_to(receiver: Receiver, *allowed: str, seconds: float = 10) -> PostResult:
    async with receiving(receiver), sending(*(allowed or LOOPBACK)) as sender:
        return await sender.post(receiver.url, b"{}", headers={}, seconds=seconds)


async def test_a_hanging_receiver_is_given_up_in_time() -> None:
    begun = asyncio.get_running_loop().time()

    answer = await post_to(Receiver(hangs=True), seconds=PATIENCE)

    assert answer == PostResult(error="There was no response within 1 s.")
    assert asyncio.get_running_loop().time() - begun < 3 * PATIENCE


async def test_of_ten_gigabytes_the_status_counts() -> None:
    receiver = Receiver(endless=True)

    assert await post_to(receiver) == PostResult(status_code=200)
    assert receiver.sent_bytes < 32 * 1024**2  # what the system's buffers hold


async def test_an_answer_that_never_ends_counts_by_its_status() -> None:
    assert await post_to(Receiver(drips=True), seconds=PATIENCE) == PostResult(status_code=200)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async with receiving(Receiver()) as inside:
        answer = await post_to(Receiver(status=status, body=b"", headers=(f"Location: {inside.url}",)))

        assert answer.status_code == status
        assert inside.taken == []


async def test_compressed_answers_stay_as_they_are() -> None:
    answer = await post_to(Receiver(body=b"\x1f\x8b no gzip", headers=("Content-Encoding: gzip",)))

    assert (answer.status_code, answer.error) == (200, None)


async def test_nonsense_is_an_error_and_not_a_crash() -> None:
    answer = await post_to(Receiver(headers=("No colon here",)))

    assert answer.status_code is None
    assert answer.error


@pytest.mark.parametrize(
    "receiver",
    [
        Receiver(body=b"a\0b\xff\xed\xa0\x80"),
        Receiver(headers=("X-A: \0\xff",)),
        Receiver(headers=("\xff\xfe\0: 1",)),
        Receiver(headers=tuple(f"X-{number}: {'y' * 60}" for number in range(10_000))),
        Receiver(headers=("X-Long: " + "y" * 100_000,)),
    ],
    ids=["body", "header value", "header name", "many headers", "a long header"],
)
async def test_the_response_of_a_receiver_is_not_kept(receiver: Receiver) -> None:
    answer = await post_to(receiver)

    assert answer in {PostResult(status_code=200), PostResult(error="The response was not HTTP.")}


async def test_answers_of_another_service_are_not_reported() -> None:
    """An address may be that of a database or a mail server, whose greeting must not be reported."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1 secret-host\r\n")
        await writer.drain()

    async with listening(greet) as port, sending(*LOOPBACK) as sender:
        answer = await sender.post(f"http://127.0.0.1:{port}/", b"{}", headers={}, seconds=5)

    assert answer == PostResult(error="The response was not HTTP.")


async def test_an_address_without_a_server_is_an_error() -> None:
    async with sending(*LOOPBACK) as sender, receiving(Receiver()) as gone:
        url = gone.url
    async with sending(*LOOPBACK) as sender:
        answer = await sender.post(url, b"{}", headers={}, seconds=5)
    assert answer.status_code is None
    assert answer.error == "There was no connection: Connection refused."


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",  # noqa: S104  # an address to be refused
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::]",
    ],
)
async def test_loopback_is_not_reached_however_it_is_written(host: str) -> None:
    async with receiving(Receiver()) as inside, sending() as sender:
        answer = await sender.post(f"http://{host}:{inside.port}/", b"{}", headers={}, seconds=5)

        assert answer.status_code is None
        assert inside.taken == []


def resolving_to(*answers: str) -> Callable[..., list[Any]]:
    """Return a getaddrinfo that gives the answers in turn, and repeats the last one."""
    left = list(answers)

    def getaddrinfo(_host: str, port: int, *_others: object) -> list[Any]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]

    return getaddrinfo


async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving(Receiver()) as inside, sending() as sender:
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("169.254.169.254"))
        with pytest.raises(TargetRefusedError):
            await sender.check("http://hooks.example.invalid/")
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8", "127.0.0.1"))
        await sender.check("http://hooks.example.invalid/")  # a name may lead elsewhere the next time

        answer = await sender.post(f"http://hooks.example.invalid:{inside.port}/", b"{}", headers={}, seconds=5)

        assert "network that webhooks may not reach" in (answer.error or "")
        assert inside.taken == []


async def test_an_address_is_looked_at_again_when_a_socket_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of the socket counts, even if the resolver was deceived."""
    async with AsyncExitStack() as stack:
        inside = await stack.enter_async_context(receiving(Receiver()))
        sender = await stack.enter_async_context(sending())
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
        monkeypatch.setattr(sender._resolver, "_targets", AllowedTargets(LOOPBACK, [(1024, 65535)]))

        answer = await sender.post(f"http://hooks.example.invalid:{inside.port}/", b"{}", headers={}, seconds=5)

        assert "network that webhooks may not reach" in (answer.error or "")
        assert inside.taken == []


@pytest.mark.parametrize("host", ["localhost.", "[fe80::1%25eth0]", "127.0.0.1.", "[::1]"])
async def test_a_host_that_is_private_by_itself_is_refused_without_a_look(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> list[Any]:
        raise AssertionError("nothing is to be resolved")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    async with sending() as sender:
        with pytest.raises(TargetRefusedError):
            await sender.check(f"http://{host}/")
        answer = await sender.post(f"http://{host}/", b"{}", headers={}, seconds=5)
    assert "network that webhooks may not reach" in (answer.error or "")


async def test_a_name_with_one_inner_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = resolving_to("8.8.8.8")("", 80) + resolving_to("10.0.0.1")("", 80)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: both)
    async with sending() as sender:
        with pytest.raises(TargetRefusedError):
            await sender.check("http://hooks.example.invalid/")


async def test_a_name_that_does_not_exist_may_exist_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with sending() as sender:
        await sender.check("http://hooks.example.invalid/")
        answer = await sender.post("http://hooks.example.invalid/", b"{}", headers={}, seconds=5)
    assert answer.error == "The name of the host could not be resolved."


@pytest.mark.parametrize("port", [22, 25, 1023])
async def test_a_port_that_is_not_the_webs_is_reached_only_where_it_is_allowed(port: int) -> None:
    async with sending(*LOOPBACK) as sender:
        for url in (f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/"):
            with pytest.raises(TargetRefusedError, match=rf"port {port}\."):
                await sender.check(url)
            assert (await sender.post(url, b"{}", headers={}, seconds=5)).error == (
                f"Webhooks may not reach the port {port}."
            )
        for url in ("http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:443/", "http://127.0.0.1:8443/"):
            await sender.check(url)
