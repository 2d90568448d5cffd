"""Shared parts of systems whose use cases run in this process: an organization, and the operator's view."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from application.keys.callers import Caller
from application.keys.managing import KeyWish
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import VersionConflictError
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.storage.object_storage import ContentChangedError, ObjectStorage, StoredContent
from application.storage.taking_notifications import Taken
from application.uploads.forgetting import ForgettingUploads
from domain.buckets.bucket import UniqueKey
from domain.keys.api_key import Permission
from domain.organizations.organization import Tier, TierLimits
from domain.refusals import WrongStateError
from entrypoints.wiring.use_cases import Services
from tests.harness.system import (
    AUTO_CONFIRM_BUCKET,
    BUCKETS,
    SCHEMA,
    UNIQUE_BUCKET,
    EventSeen,
    Limits,
    NeverRestsError,
    Notified,
    QuotaSeen,
    Refused,
)

# So many rounds of four jobs in a row, without any time passing, are a loop.
ROUNDS = 300
PAGE = 1000
TRIES = 10


def tier_limits(limits: Limits) -> dict[Tier, TierLimits]:
    """Return the limits of the tiers: small ones."""
    return dict.fromkeys(Tier, TierLimits(file_size_bytes=limits.file_size_bytes, quota_bytes=limits.quota_bytes))


@dataclass(frozen=True)
class Account:
    """A separate organization, with a key and the harness's buckets."""

    caller: Caller
    secret: str
    namespace: NamespaceRecord
    buckets: dict[str, BucketRecord]

    @property
    def organization_id(self) -> str:
        """The organization that owns everything."""
        return self.caller.organization.organization_id


async def open_account(services: Services, limits: Limits) -> Account:
    """Make an organization, a key, a namespace and the buckets."""
    organization = await services.organizations.create(
        name=f"org-{secrets.token_hex(4)}", tier=Tier.FREE, quota_bytes=limits.quota_bytes
    )
    key, secret = await services.keys.create(
        organization.organization_id,
        KeyWish(name="harness", user_id="usr_harness", permissions=tuple(Permission)),
        actor_id="system:harness",
    )
    caller = Caller(key=key, organization=organization)
    namespace = await services.create_namespace(caller, name="harness", description=None, settings={})
    buckets = {
        name: await services.create_bucket(
            caller,
            namespace,
            name=name,
            description=None,
            bucket_schema=SCHEMA,
            unique_key=UniqueKey(fields=("title",)) if name == UNIQUE_BUCKET else None,
            metadata={},
            auto_confirm=name == AUTO_CONFIRM_BUCKET,
        )
        for name in BUCKETS
    }
    return Account(caller, secret, namespace, buckets)


async def quota(services: Services, account: Account) -> QuotaSeen:
    """Return the organization's use of storage."""
    use = await services.ports.quota_ledger.use(account.organization_id)
    return QuotaSeen(use.limit_bytes, use.reserved_bytes, use.accepted_bytes)


async def feed(services: Services, after: int) -> Sequence[EventSeen]:
    """Return the events behind a position."""
    seen: list[EventSeen] = []
    while page := await services.ports.log.read_feed(after=seen[-1].position if seen else after, limit=PAGE):
        seen += [
            EventSeen(
                position=each.id,
                stream_id=each.originator_id,
                version=each.originator_version,
                tag=each.topic,
                raw=each.state,
                fact=msgspec.json.decode(each.state),
            )
            for each in page
        ]
    return seen


async def stored(storage: ObjectStorage, storage_key: str) -> bytes | None:
    """Return the stored object of a key."""
    content = await storage.head(storage_key)
    return None if content is None else b"".join([chunk async for chunk in storage.read(storage_key, content)])


async def multiparts(storage: ObjectStorage, account: Account) -> Collection[tuple[str, str]]:
    """Return the organization's multipart uploads that were neither completed nor aborted."""
    ours = f"{account.caller.organization.internal_id}/"
    return {
        (each.key, each.multipart_id)
        async for page in storage.list_multiparts()
        for each in page
        if each.key.startswith(ours)
    }


async def verified_bytes(services: Services, account: Account, storage: ObjectStorage, upload_id: str) -> bytes | None:
    """Return the bytes of a completed upload: the pinned version, or the bytes that still have the ETag."""
    record = await services.ports.read_side.upload(account.namespace.namespace_id, upload_id)
    if record is None or record.size_bytes is None or record.etag is None:
        return None
    content = StoredContent(size_bytes=record.size_bytes, etag=record.etag, version_id=record.version_id)
    try:
        return b"".join([chunk async for chunk in storage.read(record.storage_key, content)])
    except ContentChangedError:
        return None


async def forget(services: Services, upload_id: str) -> Refused | None:
    """Erase an upload, as an operator."""
    ports = services.ports
    forget_upload = ForgettingUploads(log=ports.log, clock=ports.clock, ids=ports.ids)
    for _ in range(TRIES):
        try:
            await forget_upload(upload_id, actor_id="system:operator")
        except VersionConflictError:
            continue
        except WrongStateError as refused:
            return Refused(400, refused.code)
        return None
    raise AssertionError("concurrent changes of this upload do not end")


def notified(taken: Taken) -> Notified:
    """Return the answer to a notification."""
    assert taken.received == taken.matched + taken.ignored
    return Notified(taken.matched, taken.ignored)


async def work(services: Services) -> None:
    """Work until nothing is due."""
    for _ in range(ROUNDS):
        if not await services.worker.work_due():
            return
    raise NeverRestsError(f"after {ROUNDS} rounds there is still work that is due now")


def wire(answer: object) -> Any:  # noqa: ANN401  # JSON
    """Return an answer as its JSON, read again."""
    return msgspec.json.decode(msgspec.json.encode(answer))
