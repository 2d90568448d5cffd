"""The role that decides what may come into being: one holder for a claim, one original for bytes.

A command says what must hold when its events are appended: claims that are free or still have an owner, bytes that
are new, uploads whose bytes are still kept, that an object still holds or none does, or that no duplicate stands on.
The log decides all of it under the lock that orders it, in the transaction that appends. What events do to claims and
originals is the domain's (`domain.claims`, `domain.uploads.originals`).
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from domain.claims import Claim
from domain.refusals import RefusedError, WrongStateError
from domain.uploads.originals import Sameness


class OwnedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that its owner must still hold."""

    claim: Claim
    owner_id: str


class HeldUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that an object must still hold."""

    upload_id: str
    object_id: str


class Unheld(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that no object may hold, `besides` one that lets go of it in the same command."""

    upload_id: str
    besides: str | None = None


class ClaimTakenError(RefusedError):
    """Something holds a claim that had to be free. `owner_id`: its id."""

    def __init__(self, claim: Claim, owner_id: str) -> None:
        super().__init__("taken", f"{claim.scope} is taken by {owner_id}.", {"owner_id": owner_id})
        self.claim = claim
        self.owner_id = owner_id


class ClaimReleasedError(RefusedError):
    """An owner no longer holds its claim: the claim is free, or another owner's."""

    def __init__(self, claim: Claim, owner_id: str) -> None:
        super().__init__("released", f"{claim.scope} is no longer taken by {owner_id}.", {"owner_id": owner_id})
        self.claim = claim
        self.owner_id = owner_id


class OriginalExistsError(RefusedError):
    """An earlier upload of the bucket holds the same bytes. `sameness`: the condition that does not hold."""

    def __init__(self, upload_id: str, sameness: Sameness) -> None:
        super().__init__("duplicate", f"The upload {upload_id} holds the same bytes.", {"upload_id": upload_id})
        self.upload_id = upload_id
        self.sameness = sameness


class OriginalGoneError(RefusedError):
    """The upload whose bytes were to be used has been forgotten meanwhile."""

    def __init__(self, upload_id: str) -> None:
        super().__init__("original_gone", f"The upload {upload_id} holds no bytes any more.", {"upload_id": upload_id})
        self.upload_id = upload_id


class HeirExistsError(RefusedError):
    """A completed duplicate stands on the bytes of an upload that is going. `heir_id`: the earliest one."""

    def __init__(self, upload_id: str, heir_id: str) -> None:
        super().__init__(
            "heir_exists",
            f"The upload {heir_id} is a duplicate of {upload_id}, and stands on its bytes.",
            {"upload_id": upload_id, "heir_id": heir_id},
        )
        self.upload_id = upload_id
        self.heir_id = heir_id


def held_by_object(upload_id: str, object_id: str) -> WrongStateError:
    """Return the refusal of what needs an upload that no object holds. `object_id`: the first that does."""
    return WrongStateError(
        "held_by_object",
        f"The upload is part of the object {object_id}: delete the object instead.",
        {"object_id": object_id, "upload_id": upload_id},
    )


def released_by_object(upload_id: str, object_id: str) -> WrongStateError:
    """Return the refusal of what needs an upload that the object holds."""
    return WrongStateError(
        "released_by_object",
        f"The object {object_id} no longer holds the upload: send the request again.",
        {"object_id": object_id, "upload_id": upload_id},
    )


class ObjectCreation(Protocol):
    """What is claimed and what is original, as of the last append.

    The answers help to ask for the right thing; only the conditions of a command are sure, since they are checked when
    it is appended:

    - Of commands that claim the same key at once, one is appended; the others raise `ClaimTakenError` with its holder.
    - A command that stands on somebody else's claim raises `ClaimReleasedError` once the owner has released it.
    - Of uploads of the same bytes that complete at once, one is the original; the others raise `OriginalExistsError`.
      The lowest position wins, and an upload that ends sooner is no original of one that lasts.
    - Bytes go with the last record that stands on them: a command that uses an original's bytes raises
      `OriginalGoneError` once they are gone, one that lets an upload go raises `WrongStateError` (held by an object) or
      `HeirExistsError`.
    - A refused command changes no claim.
    """

    async def claim_owner(self, claim: Claim) -> str | None:
        """Return the id of what holds a claim, or None."""
        ...

    async def claim_owners(self, claims: Collection[Claim]) -> Mapping[Claim, str]:
        """Return the ids of what holds these claims, by claim; those that are free are left out."""
        ...
