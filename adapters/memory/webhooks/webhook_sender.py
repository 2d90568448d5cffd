"""A sender that calls a function in place of a request."""

from collections.abc import Callable, Mapping

from application.ports.webhooks.webhook_sender import PostResult, TargetRefusedError


class MemoryWebhookSender:
    """Implements `WebhookSender`: whoever is told is a function. `refused`: addresses that may not be reached."""

    def __init__(self, receive: Callable[[str, bytes, Mapping[str, str]], PostResult] | None = None) -> None:
        """`receive` None: all is taken."""
        self._receive = receive or (lambda _url, _body, _headers: PostResult(status_code=200))
        self.refused: set[str] = set()

    async def check(self, url: str) -> None:
        """Refuse what may not be reached."""
        if url in self.refused:
            raise TargetRefusedError("The address is in a network that webhooks may not reach.")

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> PostResult:  # noqa: ARG002  # nothing takes time here
        """Hand it over."""
        if url in self.refused:
            return PostResult(error="The address is in a network that webhooks may not reach.")
        return self._receive(url, body, headers)
