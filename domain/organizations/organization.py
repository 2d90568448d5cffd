"""Organizations: the account that owns everything, its tier, its storage quota and its rate limits."""

import enum
from collections.abc import Mapping
from typing import assert_never
from urllib.parse import urlsplit

import msgspec

from domain.decider import Decider
from domain.events.event import JSON, Event, Origin
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import changed_by, made_from


class Tier(enum.StrEnum):
    """The plan of an organization, which sets its default limits."""

    FREE = "free"
    PRO = "pro"
    TEAM = "team"
    ENTERPRISE = "enterprise"


MB = 10**6
GB = 10**9
TB = 10**12
MAX_NAME_LENGTH = 200


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


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The requests per minute of an organization, for each class of requests."""

    metadata: int
    data: int
    search: int
    upload: int
    compute: int


class OwnRateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Rate limits of one organization; None: the tier's limit."""

    metadata: int | None = None
    data: int | None = None
    search: int | None = None
    upload: int | None = None
    compute: int | None = None

    def within(self, tier: Tier) -> RateLimits:
        """Return the effective limits in this tier."""
        own = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(DEFAULT_RATE_LIMITS[tier], **own)


DEFAULT_RATE_LIMITS: Mapping[Tier, RateLimits] = {
    Tier.FREE: RateLimits(metadata=600, data=600, search=300, upload=600, compute=60),
    Tier.PRO: RateLimits(metadata=6_000, data=6_000, search=3_000, upload=12_000, compute=600),
    Tier.TEAM: RateLimits(metadata=30_000, data=30_000, search=15_000, upload=60_000, compute=3_000),
    Tier.ENTERPRISE: RateLimits(metadata=120_000, data=120_000, search=60_000, upload=600_000, compute=12_000),
}


class OrganizationCreated(Event, frozen=True, tag="organization.created.v1"):
    """An organization was created. `quota_bytes` None: no quota."""

    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None


class OrganizationLimitsChanged(Event, frozen=True, tag="organization.limits_changed.v1"):
    """The tier or the quota has changed; the event contains both."""

    tier: Tier
    quota_bytes: int | None


class OrganizationRateLimitsChanged(Event, frozen=True, tag="organization.rate_limits_changed.v1"):
    """All rate limits have these values from now on, in any tier."""

    rate_limits: RateLimits


class OrganizationRateLimitsSet(Event, frozen=True, tag="organization.rate_limits_changed.v2"):
    """All rate limits have these values from now on, or the tier's if null."""

    rate_limits: OwnRateLimits


class OrganizationProfileChanged(Event, frozen=True, tag="organization.profile_changed.v1"):
    """The organization has this profile from now on. `billing_email` is the only address in the log."""

    name: str
    logo_url: str | None
    billing_email: str | None
    metadata: JSON | None


OrganizationEvent = (
    OrganizationCreated
    | OrganizationLimitsChanged
    | OrganizationRateLimitsChanged
    | OrganizationRateLimitsSet
    | OrganizationProfileChanged
)


class NoOrganization(msgspec.Struct, frozen=True):
    """The state before the first event."""


class ActiveOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """An organization that may act."""

    name: str
    internal_id: str
    tier: Tier
    quota_bytes: int | None
    rate_limits: OwnRateLimits = OwnRateLimits()
    logo_url: str | None = None
    billing_email: str | None = None
    metadata: JSON | None = None


Organization = NoOrganization | ActiveOrganization


class CreateOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """Create an organization."""

    origin: Origin
    internal_id: str
    name: str
    tier: Tier
    quota_bytes: int | None


class ChangeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Set tier and quota. A quota may be below the usage: stored bytes stay, new ones are refused."""

    origin: Origin
    tier: Tier
    quota_bytes: int | None


class ChangeRateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Set the rate limits, all of them; those that are None become the tier's."""

    origin: Origin
    rate_limits: OwnRateLimits


class ChangeProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Set the complete profile of an organization."""

    origin: Origin
    name: str
    logo_url: str | None
    billing_email: str | None
    metadata: JSON


OrganizationCommand = CreateOrganization | ChangeLimits | ChangeRateLimits | ChangeProfile


def decide(command: OrganizationCommand, organization: Organization) -> tuple[OrganizationEvent, ...]:
    """Return the events of a command, or refuse it."""
    match organization, command:
        case NoOrganization(), CreateOrganization():
            _check_name(command.name)
            _check_quota(command.quota_bytes)
            return (made_from(OrganizationCreated, command),)
        case ActiveOrganization(), ChangeLimits():
            _check_quota(command.quota_bytes)
            limits = made_from(OrganizationLimitsChanged, command)
            same = (organization.tier, organization.quota_bytes) == (command.tier, command.quota_bytes)
            return () if same else (limits,)
        case ActiveOrganization(), ChangeRateLimits():
            changed = OrganizationRateLimitsSet(origin=command.origin, rate_limits=command.rate_limits)
            return () if organization.rate_limits == command.rate_limits else (changed,)
        case ActiveOrganization(), ChangeProfile():
            _check_name(command.name)
            if command.logo_url != organization.logo_url:
                _check_logo_url(command.logo_url)
            return _profile_events(command, organization)
        case _:
            raise WrongStateError("wrong_state", "The organization exists already, or does not exist: check its id.")


def evolve(organization: Organization, event: OrganizationEvent) -> Organization:
    """Apply a recorded fact. Total: the past is not refused."""
    if isinstance(event, OrganizationCreated):
        return made_from(ActiveOrganization, event)
    if isinstance(organization, NoOrganization):
        return organization
    match event:
        case OrganizationLimitsChanged():
            return changed_by(organization, event)
        case OrganizationRateLimitsChanged():
            own = made_from(OwnRateLimits, event.rate_limits)
            return msgspec.structs.replace(organization, rate_limits=own)
        case OrganizationRateLimitsSet():
            return msgspec.structs.replace(organization, rate_limits=event.rate_limits)
        case OrganizationProfileChanged():
            return changed_by(organization, event)
        case _:
            assert_never(event)


def organization_not_found(organization_id: str) -> NotFoundError:
    """Return the refusal of an organization that does not exist for the caller."""
    return NotFoundError(
        "organization_not_found",
        "The organization does not exist, or you cannot access it: check its id or name.",
        {"organization_id": organization_id[:100]},
    )


ORGANIZATION: Decider[OrganizationCommand, OrganizationEvent, Organization] = Decider(
    initial=NoOrganization(), decide=decide, evolve=evolve, not_found=organization_not_found
)


def _profile_events(command: ChangeProfile, organization: ActiveOrganization) -> tuple[OrganizationEvent, ...]:
    given = (organization.name, organization.logo_url, organization.billing_email, organization.metadata or {})
    if given == (command.name, command.logo_url, command.billing_email, command.metadata):
        return ()
    return (made_from(OrganizationProfileChanged, command),)


def _check_name(name: str) -> None:
    """Refuse an invalid name, or one that looks like an organization's id."""
    if not name.strip() or len(name) > MAX_NAME_LENGTH or name.startswith("org_"):
        raise InvalidInputError(
            "invalid_name",
            f"The organization's name is not allowed: use 1 to {MAX_NAME_LENGTH} characters that do not begin with"
            " 'org_'.",
            {"field": "organization_name"},
        )


def _check_logo_url(url: str | None) -> None:
    """Refuse URLs that a page with the logo would execute instead of fetching them."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        fetched = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        fetched = False
    if not fetched or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise InvalidInputError(
            "invalid_url",
            "logo_url is not an http or https URL: send one such as https://example.com/logo.png.",
            {"field": "logo_url"},
        )


def _check_quota(quota_bytes: int | None) -> None:
    if quota_bytes is not None and not 0 <= quota_bytes < 2**63:
        raise InvalidInputError(
            "invalid_quota", "The quota is out of range: use 0 to 2⁶³-1 bytes, or no quota.", {"field": "quota_bytes"}
        )
