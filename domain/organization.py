"""Organizations: the account that owns everything, its tier and its storage quota."""

import enum
from collections.abc import Mapping
from typing import assert_never

import msgspec

from domain.events import Event, Origin
from domain.refusals import InvalidInputError, WrongStateError


class Tier(enum.StrEnum):
    """What an organization pays for; it sets the defaults of its limits."""

    FREE = "free"
    PRO = "pro"
    TEAM = "team"
    ENTERPRISE = "enterprise"


MB = 10**6
GB = 10**9
TB = 10**12


class TierLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one tier, in bytes. No quota is None."""

    file_size_bytes: int
    quota_bytes: int | None


DEFAULT_TIER_LIMITS: Mapping[Tier, TierLimits] = {
    Tier.FREE: TierLimits(file_size_bytes=100 * MB, quota_bytes=10 * GB),
    Tier.PRO: TierLimits(file_size_bytes=5 * GB, quota_bytes=1 * TB),
    Tier.TEAM: TierLimits(file_size_bytes=20 * GB, quota_bytes=10 * TB),
    Tier.ENTERPRISE: TierLimits(file_size_bytes=50 * GB, quota_bytes=None),
}


class OrganizationCreated(Event, frozen=True, tag="organization.created.v1"):
    """An organization opened its account. `quota_bytes` None: no quota."""

    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None


class OrganizationLimitsChanged(Event, frozen=True, tag="organization.limits_changed.v1"):
    """The tier or the quota is another one from now on; both are told whole."""

    tier: Tier
    quota_bytes: int | None


OrganizationEvent = OrganizationCreated | OrganizationLimitsChanged


class NoOrganization(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """An organization that may act."""

    name: str
    internal_id: str
    tier: Tier
    quota_bytes: int | None


Organization = NoOrganization | ActiveOrganization


class CreateOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """Open an account."""

    origin: Origin
    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None


class ChangeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Set tier and quota. A quota may be lowered below its use: what is stored stays, what is new is refused."""

    origin: Origin
    tier: Tier
    quota_bytes: int | None


OrganizationCommand = CreateOrganization | ChangeLimits


def decide(command: OrganizationCommand, organization: Organization) -> tuple[OrganizationEvent, ...]:
    """Say what happens, or refuse."""
    match organization, command:
        case NoOrganization(), CreateOrganization():
            if not command.name.strip():
                raise InvalidInputError("invalid_name", "Give the organization a name.")
            _check_quota(command.quota_bytes)
            return (
                OrganizationCreated(
                    origin=command.origin,
                    internal_id=command.internal_id,
                    name=command.name,
                    tier=command.tier,
                    quota_bytes=command.quota_bytes,
                ),
            )
        case ActiveOrganization(), ChangeLimits():
            _check_quota(command.quota_bytes)
            if (organization.tier, organization.quota_bytes) == (command.tier, command.quota_bytes):
                return ()
            return (
                OrganizationLimitsChanged(origin=command.origin, tier=command.tier, quota_bytes=command.quota_bytes),
            )
        case _:
            raise WrongStateError(
                "wrong_state", f"{type(command).__name__} means nothing in the state {type(organization).__name__}."
            )


def evolve(organization: Organization, event: OrganizationEvent) -> Organization:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case OrganizationCreated():
            return ActiveOrganization(
                name=event.name, internal_id=event.internal_id, tier=event.tier, quota_bytes=event.quota_bytes
            )
        case OrganizationLimitsChanged():
            if isinstance(organization, NoOrganization):
                return organization
            return msgspec.structs.replace(organization, tier=event.tier, quota_bytes=event.quota_bytes)
        case _:
            assert_never(event)


def _check_quota(quota_bytes: int | None) -> None:
    if quota_bytes is not None and not 0 <= quota_bytes < 2**63:
        raise InvalidInputError("invalid_quota", "A quota is a number of bytes from 0 to 2⁶³-1, or none.")
