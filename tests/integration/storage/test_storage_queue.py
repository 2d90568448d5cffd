"""`upwell worker` reads a queue of storage events."""

import asyncio
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx

from application.keys.callers import acting_for
from domain.uploads.admission import Announcement
from domain.uploads.upload import Status
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from tests.conftest import Database, Servers, environment_for, make_tenant, start
from tests.contract.storage._s3_server import S3Server, moto_server
from tests.contract.storage._sqs import make_queue, open_client

__all__ = ["moto_server"]  # a fixture

STOPS_WITHIN = timedelta(seconds=10)  # less than a request to the queue may wait


def notification(bucket: str, key: str) -> str:
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}
    return json.dumps({"Type": "Notification", "Message": json.dumps({"Records": [record]})})


async def left_in(client: Any, url: str) -> int:  # noqa: ANN401  # botocore's
    """Return how many messages are in a queue, received or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


async def test_a_worker_completes_uploads_from_its_queue_and_stops_immediately(
    servers: Servers, settings: Settings, database: Database, moto_server: S3Server
) -> None:
    sqs = moto_server._replace(region=servers.s3_region)
    tenant = await make_tenant(database, "http://nowhere")
    body = secrets.token_bytes(100)
    async with running(settings) as services, open_client(sqs) as client:
        acting_for.set(tenant.caller.organization.organization_id)
        announced = Announcement(
            filename="a.mp4",
            content_type="video/mp4",
            declared_size_bytes=100,
            blob_property="video",
            auto_confirm=True,
        )
        answer = await services.request_upload(tenant.caller, tenant.namespace, tenant.bucket, announced)
        assert answer.signed is not None
        async with httpx.AsyncClient() as plain:
            await plain.put(answer.signed.url, content=body, headers={"Content-Type": "video/mp4"})
        url = await make_queue(client, sqs, visibility_seconds=30)
        for message in ("not JSON", notification(settings.s3.bucket, answer.record.storage_key)):
            await client.send_message(QueueUrl=url, MessageBody=message)
        worker = start(
            {
                **environment_for(servers, database),
                "UPWELL_STORAGE_EVENTS_QUEUE_URL": url,
            },
            "worker",
        )
        try:
            async with asyncio.timeout(30):
                while True:
                    record = await services.ports.read_side.upload(
                        tenant.namespace.namespace_id, answer.record.upload_id
                    )
                    if record is not None and record.status is Status.COMPLETED and not await left_in(client, url):
                        break
                    await asyncio.sleep(0.05)
        finally:
            worker.terminate()
            status = await asyncio.to_thread(worker.wait, STOPS_WITHIN.total_seconds())
    assert status == 0
