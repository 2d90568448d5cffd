"""Whose uploads the readers of this process follow: which upload belongs to which owner.

The events of an upload do not name the token that requested it, so its owner is known from the first event. The sets
are filled from the read side when a reader comes, and follow the log from then on. Without readers nothing is kept.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, cast

from application.ports.events.event_log import Notification
from application.ports.keys.token_reads import Owner, TokenReads
from domain.events.event import Origin, topic_of
from domain.events.registry import decode
from domain.keys.upload_token import UploadTokenIssued
from domain.uploads.upload_events import UploadRequested, UploadSkipped

_KEPT_SECONDS: Final = 60.0  # after the last reader has left: a page that waits comes back at once
_BEGINNINGS: Final = frozenset({topic_of(UploadRequested), topic_of(UploadSkipped)})
_ISSUED: Final = topic_of(UploadTokenIssued)
_NOTHING: Final = frozenset[Owner]()


class _Known:
    """What is known about an owner. `whole`: its tokens and uploads were read."""

    __slots__ = ("left_at", "readers", "reading", "tokens", "uploads", "whole")

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.uploads: set[str] = set()
        self.readers = 0
        self.left_at = 0.0
        self.whole = False
        self.reading = asyncio.Lock()


class Owning:
    """The owners that readers follow, with their tokens and uploads."""

    def __init__(self, tokens: TokenReads) -> None:
        self._tokens = tokens
        self._known: dict[Owner, _Known] = {}
        self._of_token: dict[str, set[Owner]] = {}
        self._of_upload: dict[str, set[Owner]] = {}
        self._losses = 0

    def enter(self, owner: Owner) -> None:
        """Count a reader of an owner."""
        now = asyncio.get_running_loop().time()
        for other, known in list(self._known.items()):
            if known.readers == 0 and now > known.left_at + _KEPT_SECONDS:
                self._forget(other)
        self._known.setdefault(owner, _Known()).readers += 1

    def leave(self, owner: Owner) -> None:
        """Count a reader no longer."""
        known = self._known[owner]
        known.readers -= 1
        known.left_at = asyncio.get_running_loop().time()

    async def learn(self, owner: Owner) -> None:
        """Read the tokens and uploads of an owner, unless they are known.

        Events that are followed meanwhile are not missed: an owner is known before its tokens are read, and its tokens
        before their uploads.
        """
        known = self._known[owner]
        if known.whole:
            return
        async with known.reading:
            while not known.whole:
                losses = self._losses
                for token_id in await self._tokens.tokens_of(owner):
                    self._add_token(owner, known, token_id)
                for upload_id in await self._tokens.uploads_of(list(known.tokens)):
                    self._add_upload(owner, known, upload_id)
                known.whole = losses == self._losses

    def follow(self, notification: Notification, origin: Origin) -> None:
        """Learn from a new event."""
        if not self._known:
            return
        if notification.topic in _BEGINNINGS:
            for owner in self._of_token.get(origin.actor_id, _NOTHING):
                self._add_upload(owner, self._known[owner], notification.originator_id)
        elif notification.topic == _ISSUED:
            issued = cast("UploadTokenIssued", decode(notification.state))
            for owner, known in self._known.items():
                if _is_of(issued, owner):
                    self._add_token(owner, known, issued.token_id)

    def lose(self) -> None:
        """Forget what is known: events may have been missed."""
        self._losses += 1
        for known in self._known.values():
            known.whole = False

    def owners(self, stream_id: str) -> Iterable[Owner]:
        """Return the owners of an upload."""
        return self._of_upload.get(stream_id, _NOTHING)

    def has(self, owner: Owner, stream_id: str) -> bool:
        """Return whether a stream is an upload of an owner."""
        return owner in self._of_upload.get(stream_id, _NOTHING)

    def _add_token(self, owner: Owner, known: _Known, token_id: str) -> None:
        known.tokens.add(token_id)
        self._of_token.setdefault(token_id, set()).add(owner)

    def _add_upload(self, owner: Owner, known: _Known, upload_id: str) -> None:
        known.uploads.add(upload_id)
        self._of_upload.setdefault(upload_id, set()).add(owner)

    def _forget(self, owner: Owner) -> None:
        known = self._known.pop(owner)
        for index, ids in ((self._of_token, known.tokens), (self._of_upload, known.uploads)):
            for each in ids:
                index[each].discard(owner)
                if not index[each]:
                    del index[each]


def _is_of(issued: UploadTokenIssued, owner: Owner) -> bool:
    return (
        owner.subject is not None
        and (issued.origin.bucket_id, issued.subject) == (owner.bucket_id, owner.subject)
        and owner.key_id in {None, issued.key_id}
    )
