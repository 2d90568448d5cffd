"""Posts to webhooks, with aiohttp.

The address is checked when the host name is resolved, and again when the socket is created, so that no name, number or
redirect leads to another address. Response bodies are not stored: the owner of a webhook sees only the status.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.webhooks.addresses import AllowedTargets
from application.ports.webhooks.webhook_sender import PostResult, TargetRefusedError

READ_BYTES: Final = 1024  # read and discarded, so that the connection can be reused
_CHECK_SECONDS: Final = 5.0
_RESOLVERS: Final = 64  # the maximum number of concurrent posts: a name that resolves slowly does not block others
_PRIVATE: Final = "The address is in a network that webhooks may not reach."
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _RefusedAddressError(OSError):
    """The address is not allowed."""


class _Resolver(AbstractResolver):
    """Resolves names in its own threads, and does not return addresses that are not allowed."""

    def __init__(self, targets: AllowedTargets) -> None:
        self._targets = targets
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="webhook-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; refuse all of them if one is not allowed."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        addresses = [str(each[4][0]) for each in found]
        if not all(map(self._targets.allow, addresses)):
            raise _RefusedAddressError(_PRIVATE)
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
        """Stop the threads after their work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class AiohttpWebhookSender:
    """Implements `WebhookSender`. Use `running()`: nothing is sent outside of it."""

    def __init__(self, targets: AllowedTargets) -> None:
        self._targets = targets
        self._resolver = _Resolver(targets)
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep connections open inside the context."""
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
        """Refuse a port, or a host that has a refused address now; a host without an address is allowed."""
        refused = self._refused_port(url)
        if refused is not None:
            raise TargetRefusedError(refused)
        host = urlsplit(url).hostname or ""
        if not self._targets.allow_host(host):
            raise TargetRefusedError(_PRIVATE)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._resolver.resolve(host)
        except _RefusedAddressError:
            raise TargetRefusedError(_PRIVATE) from None
        except (OSError, UnicodeError, TimeoutError):
            return

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> PostResult:
        """Post without following redirects, and return only the status."""
        if self._session is None:
            raise RuntimeError("not running")
        refused = self._refused_port(url)
        if refused is None and not self._targets.allow_host(urlsplit(url).hostname or ""):
            refused = _PRIVATE
        if refused is not None:
            return PostResult(error=refused)
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                await _pass_over(answer)
                return PostResult(status_code=answer.status)
        except TimeoutError:
            return PostResult(error=f"There was no response within {seconds:g} s.")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # an invalid host is a ValueError
            return PostResult(error=_PRIVATE if _was_refused(error) else _what_went_wrong(error))

    def _refused_port(self, url: str) -> str | None:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        return None if self._targets.allow_port(port) else f"Webhooks may not reach the port {port}."

    def _socket(self, found: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        if not self._targets.allow(str(address[0])) or not self._targets.allow_port(int(address[1])):
            raise _RefusedAddressError(_PRIVATE)
        return socket.socket(family, kind, protocol)


async def _pass_over(answer: aiohttp.ClientResponse) -> None:
    read = 0
    with suppress(TimeoutError, aiohttp.ClientError):  # only the status matters, and it is known
        while read < READ_BYTES and (chunk := await answer.content.read(READ_BYTES - read)):
            read += len(chunk)
        if not answer.content.at_eof():
            answer.close()  # do not read the rest


def _what_went_wrong(error: Exception) -> str:  # noqa: PLR0911  # one line for each kind
    """Return our own text for the error: aiohttp's text quotes the response."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "The name of the host could not be resolved."
        case aiohttp.ClientConnectorCertificateError():
            return "The certificate of the host is invalid."
        case aiohttp.ClientSSLError():
            return "The TLS connection failed."
        case aiohttp.ServerDisconnectedError():
            return "The connection was closed before the response."
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return "The response was not HTTP."
        case OSError(errno=int(number)):
            return f"There was no connection: {os.strerror(number)}."
        case OSError():
            return "There was no connection."
        case _:
            return "The URL cannot be used."


def _was_refused(error: BaseException) -> bool:
    """Return whether the cause of an error, at any depth, is a refused address."""
    within: BaseException | None = error
    while within is not None:
        if isinstance(within, _RefusedAddressError) or isinstance(
            getattr(within, "os_error", None), _RefusedAddressError
        ):
            return True
        within = within.__cause__ or within.__context__
    return False
