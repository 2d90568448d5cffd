"""Claims, originals and holds on PostgreSQL. `upwell.refusal` checks the conditions of commands, in SQL."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads
from application.ports.objects.object_creation import (
    ClaimReleasedError,
    ClaimTakenError,
    HeirExistsError,
    OriginalExistsError,
    OriginalGoneError,
    held_by_object,
    released_by_object,
)
from domain.claims import Claim
from domain.uploads.originals import WantedContent

# The errors to raise, by the refusal of `upwell.refusal`.
REFUSALS: Mapping[str, Callable[[dict[str, Any]], Exception]] = {
    "taken": lambda said: ClaimTakenError(msgspec.convert(said["claim"], Claim), said["owner_id"]),
    "released": lambda said: ClaimReleasedError(msgspec.convert(said["claim"], Claim), said["owner_id"]),
    "duplicate": lambda said: OriginalExistsError(said["upload_id"], msgspec.convert(said["sameness"], WantedContent)),
    "original_gone": lambda said: OriginalGoneError(said["upload_id"]),
    "held_by_object": lambda said: held_by_object(said["upload_id"], said["object_id"]),
    "released_by_object": lambda said: released_by_object(said["upload_id"], said["object_id"]),
    "heir_exists": lambda said: HeirExistsError(said["upload_id"], said["heir_id"]),
}


class PostgresObjectCreation(PostgresReads):
    """Implements `ObjectCreation`."""

    async def claim_owner(self, claim: Claim) -> str | None:
        """Return the id of the holder of a claim."""
        async with log_errors():
            owner: str | None = await self._reads.fetchval(QUERIES["claim_owner"], claim.scope, claim.key)
        return owner

    async def claim_owners(self, claims: Collection[Claim]) -> Mapping[Claim, str]:
        """Return the ids of the holders of these claims."""
        if not claims:
            return {}
        async with log_errors():
            rows = await self._reads.fetch(
                QUERIES["claim_owners"], [claim.scope for claim in claims], [claim.key for claim in claims]
            )
        return {Claim(scope=row["scope"], key=row["key"]): row["owner_id"] for row in rows}
