"""What `WebhookSender` promises, on every adapter."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest

from adapters.memory.webhooks.webhook_sender import MemoryWebhookSender
from adapters.webhooks.addresses import AllowedTargets
from adapters.webhooks.webhook_sender import AiohttpWebhookSender
from application.ports.webhooks.webhook_sender import PostResult, TargetRefusedError, WebhookSender
from tests.receiver import Receiver, Taken, receiving

MADE = 201


@dataclass
class Post:
    """A sender, an address that takes what it is sent, and one that may not be reached."""

    sender: WebhookSender
    url: str
    refused: str
    taken: list[Taken] = field(default_factory=list)


@pytest.fixture(params=["memory", "aiohttp"])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        taken: list[Taken] = []

        def receive(url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
            taken.append(Taken(url, body, {name.lower(): value for name, value in headers.items()}))
            return PostResult(status_code=MADE)

        memory = MemoryWebhookSender(receive)
        memory.refused.add("http://10.0.0.1/")
        yield Post(memory, "http://hooks.example.invalid/", "http://10.0.0.1/", taken)
        return
    sender = AiohttpWebhookSender(AllowedTargets(["127.0.0.1"], [(1, 65535)]))
    async with receiving(Receiver(status=MADE, body=b"thanks")) as receiver, sender.running():
        yield Post(sender, receiver.url, "http://10.0.0.1/", receiver.taken)


async def test_what_is_posted_arrives_and_the_answer_comes_back(post: Post) -> None:
    await post.sender.check(post.url)

    answer = await post.sender.post(post.url, b'{"a": 1}', headers={"X-Team": "tides"}, seconds=5)

    assert answer == PostResult(status_code=MADE)
    (taken,) = post.taken
    assert (taken.body, taken.headers["x-team"]) == (b'{"a": 1}', "tides")


async def test_what_may_not_be_reached_is_refused_and_is_no_answer(post: Post) -> None:
    with pytest.raises(TargetRefusedError):
        await post.sender.check(post.refused)

    answer = await post.sender.post(post.refused, b"{}", headers={}, seconds=5)

    assert answer.status_code is None
    assert answer.error is not None
    assert "network that webhooks may not reach" in answer.error
    assert post.taken == []
