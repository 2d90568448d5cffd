"""Changing an organization's profile and rate limits, by its own admins."""

from collections.abc import Iterator, Mapping

import msgspec

from application.handling import Loaded, Proposal, handle
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.organizations.organization_reads import OrganizationReads, OrganizationRecord
from domain.events.event import JSON, Origin
from domain.organizations.organization import (
    DEFAULT_RATE_LIMITS,
    ORGANIZATION,
    ActiveOrganization,
    ChangeProfile,
    ChangeRateLimits,
    Organization,
    OrganizationCommand,
    OrganizationEvent,
    organization_not_found,
)
from domain.refusals import ForbiddenError


class OrganizationChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an organization. None keeps a value; an empty `logo_url` or `billing_email` removes it.

    `rate_limits`: by name; missing ones stay, and None restores the tier's limit.
    """

    name: str | None = None
    logo_url: str | None = None
    billing_email: str | None = None
    metadata: JSON | None = None
    rate_limits: Mapping[str, int | None] = {}


class ChangingOrganizations(msgspec.Struct, frozen=True, kw_only=True):
    """One command. Rate limits may be lowered, and raised again up to the tier's."""

    log: EventLog
    read_side: OrganizationReads
    clock: Clock
    ids: Ids

    async def __call__(self, caller: Caller, change: OrganizationChange) -> OrganizationRecord:
        """Change the caller's organization and return its new state."""
        organization_id = caller.organization.organization_id

        async def make(organization: Loaded[OrganizationEvent, Organization]) -> Proposal[OrganizationEvent]:
            state = organization.state
            if not isinstance(state, ActiveOrganization):
                raise organization_not_found(organization_id)
            origin = caller.origin(self.clock.now(), new_command_id(self.ids))
            events = ORGANIZATION.decide_all(_commands(change, state, origin), state)
            return Proposal(origin=origin, events=events, conditions=Conditions(key_id=caller.key.key_id))

        await handle(self.log, ORGANIZATION, organization_id, make)
        found = await self.read_side.organization_by_name(organization_id)
        if found is None:
            raise organization_not_found(organization_id)
        return found


def _commands(change: OrganizationChange, state: ActiveOrganization, origin: Origin) -> Iterator[OrganizationCommand]:
    """Yield the commands of the change for this organization; absent values stay."""
    yield ChangeProfile(
        origin=origin,
        name=state.name if change.name is None else change.name,
        logo_url=state.logo_url if change.logo_url is None else change.logo_url or None,
        billing_email=state.billing_email if change.billing_email is None else change.billing_email or None,
        metadata=(state.metadata or {}) if change.metadata is None else change.metadata,
    )
    if change.rate_limits:
        _check_limits(change.rate_limits, state)
        limits = msgspec.structs.replace(state.rate_limits, **change.rate_limits)
        yield ChangeRateLimits(origin=origin, rate_limits=limits)


def _check_limits(limits: Mapping[str, int | None], state: ActiveOrganization) -> None:
    most = DEFAULT_RATE_LIMITS[state.tier]
    above = [name for name, limit in limits.items() if limit is not None and limit > getattr(most, name)]
    if above:
        raise ForbiddenError(
            "rate_limit_above_tier",
            f"The tier '{state.tier}' has lower limits for {', '.join(above)}: send lower ones, or raise the tier.",
            {"above": above, "most": msgspec.to_builtins(most)},
        )
