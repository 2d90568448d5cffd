"""Setting a bucket up, on servers that can do some of it."""

import pytest

from adapters.s3.bucket_setup import _has_rule
from application.ports.storage.object_storage import (
    BucketSetup,
    StorageDeniedError,
)
from tests.unit.adapters.s3._server import Answer, http, refused, storage_on


def bucket_server(**broken: bytes) -> Answer:
    """Answer as a bucket that keeps its settings, except for the named ones."""
    kept: dict[str, bytes] = {}
    missing = {
        "versioning": http(200, b"<VersioningConfiguration/>"),
        "lifecycle": refused(404, "NoSuchLifecycleConfiguration"),
        "cors": refused(404, "NoSuchCORSConfiguration"),
    }
    stored = {
        "versioning": b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        "lifecycle": b"<LifecycleConfiguration><Rule><ID>upwell</ID><Filter><Prefix></Prefix></Filter>"
        b"<Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>14</NoncurrentDays>"
        b"</NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>8</DaysAfterInitiation>"
        b"</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>",
        "cors": b"<CORSConfiguration><CORSRule><ID>upwell</ID><AllowedOrigin>*</AllowedOrigin>"
        b"<AllowedMethod>HEAD</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedMethod>POST</AllowedMethod>"
        b"<AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
        b"<MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>",
    }

    def answer(method: str, _path: str, query: dict[str, str]) -> bytes:
        part = next((name for name in missing if name in query), "bucket")
        if part in broken:
            return broken[part]
        if method == "PUT" and part != "bucket":
            kept[part] = http(200, stored[part])
            return http(200)
        return kept.get(part) or missing.get(part) or http(200)

    return answer


async def test_a_bucket_that_can_do_all_is_set_up() -> None:
    async with storage_on(bucket_server()) as (storage, server):
        assert await storage.prepare(cors_origins=["*"]) == BucketSetup(
            created=False, versioned=True, noncurrent_expiry=True, cors=True
        )
        del server.asked[:]
        await storage.prepare(cors_origins=["*"])

    assert "PUT" not in [method for method, *_ in server.asked]  # correct settings are not written again


@pytest.mark.parametrize(
    "answer",
    [
        refused(501, "NotImplemented"),
        refused(405, "MethodNotAllowed"),
        refused(403, "AccessDenied"),
        refused(400, "MalformedXML"),
        http(200, b"<Something/>"),
    ],
    ids=["501", "405", "403", "400", "pretends"],
)
@pytest.mark.parametrize("part", ["versioning", "lifecycle", "cors"])
async def test_unsupported_features_of_a_bucket_are_reported(part: str, answer: bytes) -> None:
    async with storage_on(bucket_server(**{part: answer})) as (storage, _):
        setup = await storage.prepare(cors_origins=["*"])

    assert setup == BucketSetup(
        created=False, versioned=part != "versioning", noncurrent_expiry=part != "lifecycle", cors=part != "cors"
    )


async def test_without_origins_no_cors_is_asked_for() -> None:
    async with storage_on(bucket_server()) as (storage, server):
        assert not (await storage.prepare(cors_origins=[])).cors

    assert not [query for *_, query in server.asked if "cors" in query]


async def test_rights_to_the_objects_alone_are_enough_to_go_on() -> None:
    async with storage_on(lambda *_: refused(403, "AccessDenied")) as (storage, _):
        assert await storage.prepare(cors_origins=["*"]) == BucketSetup(
            created=False, versioned=False, noncurrent_expiry=False, cors=False
        )


async def test_a_bucket_that_another_process_made_first_was_not_created() -> None:
    whole = bucket_server()

    def answer(method: str, path: str, query: dict[str, str]) -> bytes | None:
        if query:
            return whole(method, path, query)
        return http(404) if method == "HEAD" else refused(409, "BucketAlreadyOwnedByYou")

    async with storage_on(answer) as (storage, _):
        assert not (await storage.prepare(cors_origins=[])).created


async def test_a_bucket_name_that_is_taken_by_others_is_the_operators_business() -> None:
    def answer(method: str, _path: str, _query: dict[str, str]) -> bytes:
        return http(404) if method == "HEAD" else refused(409, "BucketAlreadyExists")

    async with storage_on(answer) as (storage, _):
        with pytest.raises(StorageDeniedError):
            await storage.prepare(cors_origins=[])


def test_a_weaker_or_disabled_rule_does_not_count() -> None:
    wanted = {"ID": "upwell", "Status": "Enabled", "Methods": ["PUT", "GET"]}

    assert _has_rule([{"ID": "upwell", "Status": "Enabled", "Methods": ["GET", "PUT"], "More": 1}], wanted)
    assert not _has_rule([{"ID": "upwell", "Status": "Disabled", "Methods": ["GET", "PUT"]}], wanted)
    assert not _has_rule([{"ID": "upwell", "Status": "Enabled", "Methods": ["GET"]}], wanted)
    assert not _has_rule([], wanted)
