"""The role that enforces uniqueness: one holder per claim, one original per content.

A command has conditions: claims that are free or still have their owner, bytes that are new, uploads whose bytes are
still kept, that an object still holds or none does, or whose bytes no duplicate uses. The log checks them under its
lock, in the transaction that appends. The effects of events on claims and originals are in the domain
(`domain.claims`, `domain.uploads.originals`).
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from domain.claims import Claim
from domain.refusals import RefusedError, WrongStateError
from domain.uploads.originals import WantedContent


class OwnedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that its owner must still hold."""

    claim: Claim
    owner_id: str


class HeldUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that an object must still hold."""

    upload_id: str
    object_id: str


class NotInObject(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that no object may hold, except `besides`, which releases it in the same command."""

    upload_id: str
    besides: str | None = None


class ClaimTakenError(RefusedError):
    """A claim that must be free is taken. `owner_id`: the id of its holder."""

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
    """An earlier upload of the bucket holds the same bytes. `wanted_content`: the violated condition."""

    def __init__(self, upload_id: str, wanted_content: WantedContent) -> None:
        super().__init__("duplicate", f"The upload {upload_id} holds the same bytes.", {"upload_id": upload_id})
        self.upload_id = upload_id
        self.wanted_content = wanted_content


class OriginalGoneError(RefusedError):
    """The upload whose bytes should be used was forgotten in the meantime."""

    def __init__(self, upload_id: str) -> None:
        super().__init__("original_gone", f"The upload {upload_id} no longer holds bytes.", {"upload_id": upload_id})
        self.upload_id = upload_id


class HeirExistsError(RefusedError):
    """A completed duplicate uses the bytes of an upload that is being deleted. `heir_id`: the earliest one."""

    def __init__(self, upload_id: str, heir_id: str) -> None:
        super().__init__(
            "heir_exists",
            f"The upload {heir_id} is a duplicate of {upload_id}, and uses its bytes.",
            {"upload_id": upload_id, "heir_id": heir_id},
        )
        self.upload_id = upload_id
        self.heir_id = heir_id


def held_by_object(upload_id: str, object_id: str) -> WrongStateError:
    """Return the refusal of a command on an upload that an object holds. `object_id`: the first one."""
    return WrongStateError(
        "held_by_object",
        f"The upload is part of the object {object_id}: delete the object instead.",
        {"object_id": object_id, "upload_id": upload_id},
    )


def released_by_object(upload_id: str, object_id: str) -> WrongStateError:
    """Return the refusal of a command that needs an upload held by the object."""
    return WrongStateError(
        "released_by_object",
        f"The object {object_id} no longer holds the upload: send the request again.",
        {"object_id": object_id, "upload_id": upload_id},
    )


class ObjectCreation(Protocol):
    """The claims and originals as of the last append.

    Results of queries are hints; only the conditions of a command are reliable, because they are checked when it is
    appended:

    - Of commands that claim the same key at once, one is appended; the others raise `ClaimTakenError` with its holder.
    - A command that relies on another owner's claim raises `ClaimReleasedError` after the owner has released it.
    - Of uploads of the same bytes that complete at once, one is the original; the others raise `OriginalExistsError`.
      The lowest position wins, and an upload that ends sooner is not an original of a longer-lived one.
    - Bytes stay until their last user is deleted: a command that uses an original's bytes raises `OriginalGoneError`
      after they were deleted; one that deletes an upload raises `WrongStateError` (held by an object) or
      `HeirExistsError`.
    - A refused command changes no claim.
    """

    async def claim_owner(self, claim: Claim) -> str | None:
        """Return the id of the holder of a claim, or None."""
        ...

    async def claim_owners(self, claims: Collection[Claim]) -> Mapping[Claim, str]:
        """Return the ids of the holders of these claims, by claim; free claims are left out."""
        ...
