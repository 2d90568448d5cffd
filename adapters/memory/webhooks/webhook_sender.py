"""A sender that calls a function instead of sending a request."""

from collections.abc import Callable, Mapping

from application.ports.webhooks.webhook_sender import PostResult, TargetRefusedError


class MemoryWebhookSender:
    """Implements `WebhookSender` with a function as the receiver. `refused`: addresses that are not allowed."""

    def __init__(self, receive: Callable[[str, bytes, Mapping[str, str]], PostResult] | None = None) -> None:
        """`receive` None: accept everything."""
        self._receive = receive or (lambda _url, _body, _headers: PostResult(status_code=200))
        self.refused: set[str] = set()

    async def check(self, url: str) -> None:
        """Refuse an address that is not allowed."""
        if url in self.refused:
            raise TargetRefusedError("The address is in a network that webhooks may not reach.")

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> PostResult:  # noqa: ARG002  # nothing takes time here
        """Pass the request to the function."""
        if url in self.refused:
            return PostResult(error="The address is in a network that webhooks may not reach.")
        return self._receive(url, body, headers)
