"""Opening organizations and setting their limits: an operator's work, done on the database alone."""

from typing import cast

from application.keys.callers import new_command_id
from application.loading import CONFLICT_RETRIES
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.read_side import OrganizationRecord, ReadSide
from application.rules import Rules
from domain.events.event import Origin
from domain.events.registry import decode
from domain.organizations import organization as organizations
from domain.organizations.organization import ActiveOrganization, NoOrganization, Organization, OrganizationEvent, Tier
from domain.refusals import NotFoundError, WrongStateError

ACTOR = "system:operator"


class OpeningOrganizations:
    """Creates organizations and changes tier and quota."""

    def __init__(self, *, log: EventLog, read_side: ReadSide, clock: Clock, ids: Ids, rules: Rules) -> None:
        self._log = log
        self._read_side = read_side
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def create(
        self, *, name: str, tier: Tier, quota_bytes: int | None = None, same_name: bool = True
    ) -> OrganizationRecord:
        """Open an organization. `quota_bytes` None: the tier's default. `same_name`: even if another is called so."""
        if not same_name and (others := await self._read_side.organizations(name=name)):
            raise WrongStateError(
                "name_taken",
                f"An organization named '{name}' exists already, {others[0].organization_id}: choose another name, or"
                " open a second one of this name with --same-name.",
                {"organization_id": others[0].organization_id},
            )
        now = self._clock.now()
        organization_id = self._ids.new("org_")
        command = organizations.CreateOrganization(
            origin=self._origin(organization_id),
            internal_id=self._ids.new("int_"),
            name=name,
            tier=tier,
            quota_bytes=self._rules.tier_limits[tier].quota_bytes if quota_bytes is None else quota_bytes,
        )
        await self._append(organization_id, 0, command, NoOrganization())
        return OrganizationRecord(
            organization_id=organization_id,
            internal_id=command.internal_id,
            name=name,
            tier=tier,
            quota_bytes=command.quota_bytes,
            created_at=now,
            updated_at=now,
        )

    async def find(self, id_or_name: str) -> OrganizationRecord:
        """Return an organization by id, or by a name that only one has."""
        found = await self._read_side.organization_by_name(id_or_name)
        if found is not None:
            return found
        named = [each.organization_id for each in await self._read_side.organizations(name=id_or_name)]
        if named:
            raise NotFoundError(
                "organization_not_found",
                f"{len(named)} organizations are named '{id_or_name}': use the id, {' or '.join(named[:5])}.",
                {"organization_ids": named},
            )
        raise NotFoundError(
            "organization_not_found",
            f"There is no organization '{id_or_name}': run 'upwell org list' to see them all.",
        )

    async def set_limits(
        self, id_or_name: str, *, tier: Tier | None, quota_bytes: int | None, no_quota: bool = False
    ) -> OrganizationRecord:
        """Change tier or quota. A new tier brings its default quota unless one is given."""
        for _ in range(CONFLICT_RETRIES):
            found = await self.find(id_or_name)
            state, version = await self._load(found.organization_id)
            if not isinstance(state, ActiveOrganization):
                break
            new_tier = tier or state.tier
            quota = state.quota_bytes if tier is None else self._rules.tier_limits[new_tier].quota_bytes
            quota = None if no_quota else quota if quota_bytes is None else quota_bytes
            command = organizations.ChangeLimits(
                origin=self._origin(found.organization_id), tier=new_tier, quota_bytes=quota
            )
            try:
                await self._append(found.organization_id, version, command, state)
            except VersionConflictError:
                continue
            return await self.find(found.organization_id)
        raise WrongStateError("busy", "The organization is being changed by other requests: try again in a moment.")

    async def _load(self, organization_id: str) -> tuple[Organization, int]:
        stored = await self._log.read_stream(organization_id)
        state: Organization = NoOrganization()
        for event in stored:
            state = organizations.evolve(state, cast("OrganizationEvent", decode(event.state)))
        return state, len(stored)

    async def _append(
        self, organization_id: str, version: int, command: organizations.OrganizationCommand, state: Organization
    ) -> None:
        events = organizations.decide(command, state)
        stream = StreamAppend(stream_id=organization_id, expected_version=version, events=events)
        await self._log.append(
            Command(command_id=command.origin.command_id, organization_id=organization_id, streams=(stream,))
        )

    def _origin(self, organization_id: str) -> Origin:
        return Origin(
            organization_id=organization_id,
            actor_id=ACTOR,
            command_id=new_command_id(self._ids),
            at=self._clock.now(),
        )
