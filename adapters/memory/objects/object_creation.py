"""Claims, originals and holds in the tables of a log: checks the conditions of commands."""

from collections.abc import Callable, Collection, Mapping

from adapters.memory.projecting import Tables
from application.ports.events.event_log import Command
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    OriginalExistsError,
    OriginalGoneError,
    held_by_object,
    released_by_object,
)
from domain.claims import Claim, Held
from domain.uploads.originals import heir_of, original_of


class MemoryObjectCreation:
    """Implements `ObjectCreation`. `tables` returns the log's current tables."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def claim_owner(self, claim: Claim) -> str | None:
        """Return the id of the holder of a claim."""
        return self._tables().claims.get(claim)

    async def claim_owners(self, claims: Collection[Claim]) -> Mapping[Claim, str]:
        """Return the ids of the holders of these claims."""
        held = self._tables().claims
        return {claim: held[claim] for claim in claims if claim in held}

    def check(self, command: Command) -> None:
        """Refuse a command by the first violated condition, in the order of the fields."""
        tables = self._tables()
        uploads = tables.uploads.values()
        _check_claims(tables.claims, command)
        for wanted_content in command.no_original:
            original = original_of(wanted_content, uploads)
            if original is not None:
                raise OriginalExistsError(original.upload_id, wanted_content)
        for upload_id in command.stored:
            stored = tables.uploads.get(upload_id)
            if stored is None or not stored.has_verified_bytes:
                raise OriginalGoneError(upload_id)
        _check_holders(tables, command)
        for upload_id in command.heirless:
            heir = heir_of(upload_id, uploads)
            if heir is not None:
                raise HeirExistsError(upload_id, heir.upload_id)


def _check_claims(held: Held, command: Command) -> None:
    for claim in command.free:
        if claim in held:
            raise ClaimTakenError(claim, held[claim])
    for owned in command.owned:
        if held.get(owned.claim) != owned.owner_id:
            raise ClaimReleasedError(owned.claim, owned.owner_id)


def _check_holders(tables: Tables, command: Command) -> None:
    for held in command.held:
        if (held.upload_id, held.object_id) not in tables.holds:
            raise released_by_object(held.upload_id, held.object_id)
    for unheld in command.unheld:
        holders = (holder for upload_id, holder in tables.holds if upload_id == unheld.upload_id)
        first = min((holder for holder in holders if holder != unheld.besides), default=None)
        if first is not None:
            raise held_by_object(unheld.upload_id, first)
