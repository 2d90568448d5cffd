"""The role that answers who holds a claim."""

from collections.abc import Collection, Mapping
from typing import Protocol


class ClaimReads(Protocol):
    """Questions about claims: names and unique keys of one thing alone. What was appended before is in the answer."""

    async def claim_owner(self, scope: str, key: str) -> str | None:
        """Return the id of the thing that holds a claim."""
        ...

    async def claim_owners(self, scope: str, keys: Collection[str]) -> Mapping[str, str]:
        """Return by key the ids of the things that hold these claims."""
        ...
