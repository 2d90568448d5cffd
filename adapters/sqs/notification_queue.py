"""Storage's notifications in one SQS queue, read with aiobotocore."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from application.ports.storage.notification_queue import MAX_DELIVERIES, Delivery, QueueUnavailableError

_SESSION: Final = get_session()
WAIT_SECONDS: Final = 20  # the longest wait that SQS allows


class SqsNotificationQueue:
    """Implements `NotificationQueue`; use it as an async context manager.

    A notification that is not deleted is received again after the queue's visibility timeout.
    """

    def __init__(
        self,
        *,
        queue_url: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        wait_seconds: int = WAIT_SECONDS,
    ) -> None:
        self._queue_url = queue_url
        self._wait_seconds = wait_seconds
        parts = urlsplit(queue_url)
        self._context: Any = _SESSION.create_client(
            "sqs",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            config=AioConfig(
                connect_timeout=3, read_timeout=wait_seconds + 10, retries={"mode": "standard", "total_max_attempts": 2}
            ),
        )
        self._client: Any = None

    async def __aenter__(self) -> Self:
        self._client = await self._context.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._context.__aexit__(kind, error, trace)

    async def receive(self) -> Sequence[Delivery]:
        """Return up to ten notifications, after 20 seconds at most."""
        with _queue_errors():
            answer = await self._client.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=MAX_DELIVERIES, WaitTimeSeconds=self._wait_seconds
            )
        return [
            Delivery(body=message["Body"].encode(), receipt=message["ReceiptHandle"])
            for message in answer.get("Messages", [])
        ]

    async def delete(self, delivery: Delivery) -> None:
        """Delete a notification."""
        with _queue_errors():
            await self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=delivery.receipt)


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, aiohttp.ClientError, OSError) as error:
        raise QueueUnavailableError(str(error)) from error
