"""Creating organizations and setting their limits, by operators with access to the database."""

import msgspec

from application.handling import Loaded, Proposal, handle, start
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog
from application.ports.organizations.organization_reads import OrganizationReads, OrganizationRecord
from application.rules import Rules
from domain.events.event import Origin
from domain.organizations.organization import (
    ORGANIZATION,
    ActiveOrganization,
    ChangeLimits,
    CreateOrganization,
    Organization,
    OrganizationEvent,
    Tier,
    organization_not_found,
)
from domain.refusals import NotFoundError, WrongStateError
from domain.shared_fields import made_from

ACTOR = "system:operator"


class OpeningOrganizations(msgspec.Struct, frozen=True, kw_only=True):
    """Creates organizations and changes tier and quota."""

    log: EventLog
    read_side: OrganizationReads
    clock: Clock
    ids: Ids
    rules: Rules

    async def create(
        self, *, name: str, tier: Tier, quota_bytes: int | None = None, same_name: bool = True
    ) -> OrganizationRecord:
        """Create an organization. `quota_bytes` None: the tier's default. `same_name`: even if the name is taken."""
        if not same_name and (others := await self.read_side.organizations(name=name)):
            raise WrongStateError(
                "name_taken",
                f"An organization named '{name}' exists already, {others[0].organization_id}: choose another name, or"
                " create a second one of this name with --same-name.",
                {"organization_id": others[0].organization_id},
            )
        now = self.clock.now()
        organization_id = self.ids.new("org_")
        command = CreateOrganization(
            origin=self._origin(organization_id),
            internal_id=self.ids.new("int_"),
            name=name,
            tier=tier,
            quota_bytes=self.rules.tier_limits[tier].quota_bytes if quota_bytes is None else quota_bytes,
        )
        await start(self.log, organization_id, ORGANIZATION.decide(command, ORGANIZATION.initial))
        return made_from(OrganizationRecord, command, organization_id=organization_id, created_at=now, updated_at=now)

    async def find(self, id_or_name: str) -> OrganizationRecord:
        """Return an organization by id, or by a unique name."""
        found = await self.read_side.organization_by_name(id_or_name)
        if found is not None:
            return found
        named = [each.organization_id for each in await self.read_side.organizations(name=id_or_name)]
        if named:
            raise NotFoundError(
                "organization_not_found",
                f"{len(named)} organizations are named '{id_or_name}': use the id, {' or '.join(named[:5])}.",
                {"organization_ids": named},
            )
        raise NotFoundError(
            "organization_not_found",
            f"The organization '{id_or_name}' does not exist: run 'upwell org list' to see all of them.",
        )

    async def set_limits(
        self, id_or_name: str, *, tier: Tier | None, quota_bytes: int | None, no_quota: bool = False
    ) -> OrganizationRecord:
        """Change tier or quota. A new tier brings its default quota unless one is given."""
        found = await self.find(id_or_name)

        async def change(organization: Loaded[OrganizationEvent, Organization]) -> Proposal[OrganizationEvent]:
            state = organization.state
            if not isinstance(state, ActiveOrganization):
                raise organization_not_found(found.organization_id)
            new_tier = tier or state.tier
            quota = state.quota_bytes if tier is None else self.rules.tier_limits[new_tier].quota_bytes
            quota = None if no_quota else quota if quota_bytes is None else quota_bytes
            origin = self._origin(found.organization_id)
            command = ChangeLimits(origin=origin, tier=new_tier, quota_bytes=quota)
            return Proposal(origin=origin, events=ORGANIZATION.decide(command, state))

        await handle(self.log, ORGANIZATION, found.organization_id, change)
        return await self.find(found.organization_id)

    def _origin(self, organization_id: str) -> Origin:
        return Origin(
            organization_id=organization_id,
            actor_id=ACTOR,
            command_id=new_command_id(self.ids),
            at=self.clock.now(),
        )
