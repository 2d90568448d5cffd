"""Posting to addresses that strangers named, with aiohttp.

Every address is looked at when its name was resolved, and again when a socket is made for it: no name, number or
redirect leads anywhere else.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.webhooks.addresses import AllowedNetworks
from application.ports.webhooks import Answer, TargetRefusedError

MAX_RESPONSE_BYTES: Final = 1024  # of each attempt: lists show many
_CHECK_SECONDS: Final = 5.0
_RESOLVERS: Final = 64  # as many as there may be posts under way: a name that is slow to resolve stops no other
_REFUSED: Final = "The address belongs to a private network, which webhooks may not reach."
_MAX_ERROR: Final = 300


class _RefusedAddressError(OSError):
    """The address may not be reached."""


class _Resolver(AbstractResolver):
    """Resolves names in threads of its own, and keeps to itself what may not be reached."""

    def __init__(self, networks: AllowedNetworks) -> None:
        self._networks = networks
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="webhook-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; refuse all of them if one may not be reached."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        addresses = [str(each[4][0]) for each in found]
        if not all(map(self._networks.allow, addresses)):
            raise _RefusedAddressError(_REFUSED)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=each[0],
                proto=each[2],
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for each, address in zip(found, addresses, strict=True)
        ]

    async def close(self) -> None:
        """End the threads, when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class AiohttpWebhookSender:
    """Implements `WebhookSender`. Use `running()`: nothing is sent outside of it."""

    def __init__(self, networks: AllowedNetworks) -> None:
        self._networks = networks
        self._resolver = _Resolver(networks)
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep connections while inside."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            limit=0,
            socket_factory=self._socket,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": f"upwell/{version('upwell')}", "Content-Type": "application/json"},
            skip_auto_headers=("Accept-Encoding",),
        ) as self._session:
            yield
        await self._resolver.close()

    async def check(self, url: str) -> None:
        """Refuse a host that has an address of a private network now; one that has none yet may get one."""
        host = urlsplit(url).hostname or ""
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._resolver.resolve(host)
        except _RefusedAddressError:
            raise TargetRefusedError(host) from None
        except (OSError, UnicodeError, TimeoutError):
            return

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> Answer:
        """Post, follow nothing, and read no more than the beginning of the answer."""
        if self._session is None:
            raise RuntimeError("not running")
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                return Answer(status_code=answer.status, response=await _beginning_of(answer))
        except TimeoutError:
            return Answer(error=f"There was no answer within {seconds:g} s.")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a wrong host is a ValueError
            said = f"{type(error).__name__}: {error}"[:_MAX_ERROR]
            return Answer(error=_REFUSED if _was_refused(error) else _plain(said.encode("utf-8", "replace")))

    def _socket(self, found: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        if not self._networks.allow(str(address[0])):
            raise _RefusedAddressError(_REFUSED)
        return socket.socket(family, kind, protocol)


async def _beginning_of(answer: aiohttp.ClientResponse) -> str:
    found = b""
    with suppress(TimeoutError, aiohttp.ClientError):  # the status is known, and it is what counts
        while len(found) < MAX_RESPONSE_BYTES and (chunk := await answer.content.read(MAX_RESPONSE_BYTES - len(found))):
            found += chunk
        if not answer.content.at_eof():
            answer.close()  # not to be read on
    return _plain(found)


def _plain(said: bytes) -> str:
    """Return what a stranger said as text that can be kept: UTF-8 without U+0000."""
    return said.decode("utf-8", "replace").replace("\0", "\ufffd")


def _was_refused(error: BaseException) -> bool:
    """Say whether we refused the address, however deep that stands in what was raised."""
    within: BaseException | None = error
    while within is not None:
        if isinstance(within, _RefusedAddressError) or isinstance(
            getattr(within, "os_error", None), _RefusedAddressError
        ):
            return True
        within = within.__cause__ or within.__context__
    return False
