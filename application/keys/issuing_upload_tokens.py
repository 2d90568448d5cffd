"""Issuing upload tokens, and counting their uses."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import NamedTuple

import msgspec

from application.handling import start
from application.keys.callers import Caller, hash_of, may, new_command_id, upload_token_secret
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, StreamAppend
from application.ports.keys.token_reads import TokenReads
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.buckets.bucket import Policy
from domain.keys.api_key import Permission
from domain.keys.upload_token import (
    ID_PREFIX,
    UPLOAD_LIFETIME_SECONDS,
    UPLOAD_TOKEN,
    IssuedToken,
    IssueToken,
    TokenEvent,
    TokenState,
    UploadToken,
    UploadTokenUsed,
    UseToken,
)
from domain.refusals import ForbiddenError
from domain.shared_fields import made_from

_KNOWN_TOKENS = 10_000


class TokenWish(msgspec.Struct, frozen=True, kw_only=True):
    """The requested limits of a token (see `TokenLimits`).

    Empty content types: any; `max_size_bytes` None: the tier's limit.
    """

    content_types: tuple[str, ...] = ()
    max_size_bytes: int | None = None
    max_count: int = 1
    expires_in: timedelta
    upload_lifetime: timedelta = timedelta(seconds=UPLOAD_LIFETIME_SECONDS)
    policy: Policy | None = None
    subject: str | None = None
    max_total_bytes: int | None = None
    part_size: int | None = None
    blob_property: str | None = None


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


class _Count(NamedTuple):
    """What is known about a token's stream: its version, and the uploads and bytes up to there."""

    version: int
    used: int
    used_bytes: int


class TokenUses:
    """Counts, or guesses, the uses of tokens: the log decides, with a version conflict."""

    def __init__(self, reads: TokenReads) -> None:
        self._reads = reads
        self._counts: dict[str, _Count] = {}

    def stream(
        self,
        token: UploadToken,
        files: Sequence[UseToken],
        refusing: Callable[[int], AbstractContextManager[object]] = nullcontext,
    ) -> StreamAppend:
        """Return the append that belongs to these uploads; refuse a file that the token does not allow.

        `refusing`: a context for the refusal of a file, by its index.
        """
        version, used, used_bytes = self._counts.get(token.token_id, _FIRST)
        state: TokenState = IssuedToken(token=token, used=used, used_bytes=used_bytes)
        uses: tuple[TokenEvent, ...] = ()
        for index, file in enumerate(files):
            with refusing(index):
                use = UPLOAD_TOKEN.decide(file, state)
            uses, state = uses + use, UPLOAD_TOKEN.fold(state, use)
        return StreamAppend(stream_id=token.token_id, expected_version=version, events=uses)

    def appended(self, stream: StreamAppend) -> None:
        """Count an append that was made, unless the count is already beyond it."""
        count = self._counts.get(stream.stream_id, _FIRST)
        if count.version == stream.expected_version:
            size_bytes = sum(event.size_bytes or 0 for event in stream.events if isinstance(event, UploadTokenUsed))
            self._learn(
                stream.stream_id,
                _Count(
                    version=count.version + len(stream.events),
                    used=count.used + len(stream.events),
                    used_bytes=count.used_bytes + size_bytes,
                ),
            )

    async def look(self, token: UploadToken) -> None:
        """Read the count again, after a conflict."""
        record = await self._reads.upload_token(token.token_id)
        if record is not None:
            self._learn(
                token.token_id,
                _Count(version=record.version, used=record.used_count, used_bytes=record.used_bytes),
            )

    def _learn(self, token_id: str, count: _Count) -> None:
        """Keep a count, unless a later one is known."""
        if len(self._counts) >= _KNOWN_TOKENS:
            self._counts.clear()
        self._counts[token_id] = max(count, self._counts.get(token_id, _FIRST))


_FIRST = _Count(version=1, used=0, used_bytes=0)
