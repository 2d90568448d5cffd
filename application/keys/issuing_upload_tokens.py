"""Issuing upload tokens, and counting their uses."""

from datetime import timedelta

import msgspec

from application.handling import start
from application.keys.callers import Caller, hash_of, may, new_command_id, upload_token_secret
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, StreamAppend
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.buckets.bucket import Policy
from domain.events.event import Origin
from domain.keys.api_key import Permission
from domain.keys.upload_token import (
    ID_PREFIX,
    UPLOAD_LIFETIME_SECONDS,
    UPLOAD_TOKEN,
    IssuedToken,
    IssueToken,
    UploadToken,
    UseToken,
)
from domain.refusals import ForbiddenError
from domain.shared_fields import made_from
from domain.uploads.admission import Announcement

_KNOWN_TOKENS = 10_000


class TokenWish(msgspec.Struct, frozen=True, kw_only=True):
    """The requested limits of a token. Empty content types: any; `max_size_bytes` None: the tier's limit.

    `upload_lifetime`: for how long its uploads get URLs. `policy`: for its uploads; None: the bucket's, without
    replacing.
    """

    content_types: tuple[str, ...] = ()
    max_size_bytes: int | None = None
    max_count: int = 1
    expires_in: timedelta
    upload_lifetime: timedelta = timedelta(seconds=UPLOAD_LIFETIME_SECONDS)
    policy: Policy | None = None


class IssuingUploadTokens(msgspec.Struct, frozen=True, kw_only=True):
    """One command: the calling key delegates a part of its permissions to the holder of the token."""

    log: EventLog
    clock: Clock
    ids: Ids

    async def __call__(
        self,
        caller: Caller,
        namespace: NamespaceRecord,
        bucket: BucketRecord,
        wish: TokenWish,
        *,
        ids: Ids | None = None,
    ) -> tuple[UploadToken, str]:
        """Issue a token for a bucket and return it with its secret. It ends with the key at the latest.

        `ids`: those of a request under an idempotency key.
        """
        ids = ids or self.ids
        if wish.policy not in {None, Policy.INSERT} and not may(caller.key, Permission.DELETE, namespace, bucket):
            raise ForbiddenError(
                "grants_too_much",
                f"The policy '{wish.policy}' replaces the content of objects, and this API key cannot grant that"
                " without the"
                " permission 'delete': leave policy out, or use a key that has it.",
                {"exceeds": ["policy"]},
            )
        now = self.clock.now()
        token_id = ids.new(ID_PREFIX)
        secret = upload_token_secret(token_id, ids.secret().removeprefix("sk_"))
        key = caller.key
        expires_at = now + wish.expires_in
        command = made_from(
            IssueToken,
            wish,
            origin=caller.origin(
                now, new_command_id(ids), namespace_id=bucket.namespace_id, bucket_id=bucket.bucket_id
            ),
            token_id=token_id,
            token_hash=hash_of(secret),
            key_id=key.key_id,
            expires_at=expires_at if key.expires_at is None else min(expires_at, key.expires_at),
            upload_lifetime_seconds=int(wish.upload_lifetime.total_seconds()),
        )
        issued = UPLOAD_TOKEN.decide(command, UPLOAD_TOKEN.initial)
        conditions = Conditions(key_id=key.key_id, namespace_id=bucket.namespace_id, bucket_id=bucket.bucket_id)
        await start(self.log, token_id, issued, conditions)
        made = UPLOAD_TOKEN.replay(issued)
        assert isinstance(made, IssuedToken)  # noqa: S101  # the only result of this command
        return made.token, secret


class TokenUses:
    """Counts, or guesses, the uses of tokens: the log decides, with a version conflict."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def stream(self, token: UploadToken, announced: Announcement, origin: Origin, upload_id: str) -> StreamAppend:
        """Return the append that belongs to the upload; refuse a file that the token does not allow."""
        version = self._versions.get(token.token_id, 1)
        use = UseToken(
            origin=origin,
            upload_id=upload_id,
            content_type=announced.content_type,
            size_bytes=announced.declared_size_bytes,
        )
        events = UPLOAD_TOKEN.decide(use, IssuedToken(token=token, used=version - 1))
        return StreamAppend(stream_id=token.token_id, expected_version=version, events=events)

    def learn(self, token: UploadToken, version: int) -> None:
        """Record the number of events in the token's stream."""
        if len(self._versions) >= _KNOWN_TOKENS:
            self._versions.clear()
        self._versions[token.token_id] = max(version, self._versions.get(token.token_id, 1))
