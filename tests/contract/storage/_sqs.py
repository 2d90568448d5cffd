"""Queues of the SQS server that tests run against, as their senders see them."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiobotocore.session import get_session

from tests.contract.storage._s3_server import S3Server


@asynccontextmanager
async def open_client(server: S3Server) -> AsyncIterator[Any]:
    """Return a client of the server's SQS."""
    context: Any = get_session().create_client(
        "sqs",
        endpoint_url=server.endpoint_url,
        region_name=server.region,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )
    async with context as client:
        yield client


async def make_queue(client: Any, server: S3Server, *, visibility_seconds: int) -> str:  # noqa: ANN401  # botocore's
    """Make a queue of a test's own and return its URL."""
    made = await client.create_queue(
        QueueName=f"q-{secrets.token_hex(4)}", Attributes={"VisibilityTimeout": str(visibility_seconds)}
    )
    url: str = made["QueueUrl"]
    return f"{server.endpoint_url}/{url.split('/', 3)[3]}"
