from typing import Any

import msgspec
import pytest

from domain.organizations.organization import (
    DEFAULT_RATE_LIMITS,
    DEFAULT_TIER_LIMITS,
    ORGANIZATION,
    ActiveOrganization,
    ChangeLimits,
    ChangeProfile,
    ChangeRateLimits,
    CreateOrganization,
    NoOrganization,
    Organization,
    OrganizationCommand,
    OrganizationCreated,
    OrganizationEvent,
    OrganizationLimitsChanged,
    OrganizationProfileChanged,
    OrganizationRateLimitsChanged,
    OrganizationRateLimitsSet,
    OwnRateLimits,
    RateLimits,
    Tier,
)
from domain.refusals import InvalidInputError, WrongStateError
from tests.unit.domain.examples import ORIGIN
from tests.unit.domain.spec import Behaviour

given: Behaviour[Organization, OrganizationCommand, OrganizationEvent] = Behaviour(ORGANIZATION)
CREATED = OrganizationCreated(origin=ORIGIN, internal_id="int_1", name="Acme", tier=Tier.PRO, quota_bytes=1000)


def create(*, name: str = "Acme", quota_bytes: int | None = 1000) -> CreateOrganization:
    return CreateOrganization(origin=ORIGIN, internal_id="int_1", name=name, tier=Tier.PRO, quota_bytes=quota_bytes)


def change(tier: Tier, quota_bytes: int | None) -> ChangeLimits:
    return ChangeLimits(origin=ORIGIN, tier=tier, quota_bytes=quota_bytes)


@pytest.mark.parametrize(
    ("tier", "file_size_bytes", "quota_bytes"),
    [
        ("free", 100_000_000, 10_000_000_000),
        ("pro", 5_000_000_000, 1_000_000_000_000),
        ("team", 20_000_000_000, 10_000_000_000_000),
        ("enterprise", 50_000_000_000, None),
    ],
)
def test_each_tier_has_its_limits(tier: str, file_size_bytes: int, quota_bytes: int | None) -> None:
    limits = DEFAULT_TIER_LIMITS[Tier(tier)]

    assert (limits.file_size_bytes, limits.quota_bytes) == (file_size_bytes, quota_bytes)


def test_every_tier_has_limits() -> None:
    assert set(DEFAULT_TIER_LIMITS) == set(Tier)
    assert set(DEFAULT_RATE_LIMITS) == set(Tier)


def test_rate_limits_are_set_and_the_same_again_appends_no_event() -> None:
    limits = OwnRateLimits(upload=4)
    command = ChangeRateLimits(origin=ORIGIN, rate_limits=limits)
    changed = OrganizationRateLimitsSet(origin=ORIGIN, rate_limits=limits)

    state = given(CREATED).when(command).then(changed)

    assert isinstance(state, ActiveOrganization)
    assert state.rate_limits == limits
    given(CREATED, changed).when(command).then_nothing()
    given().when(command).then_refused(WrongStateError, "wrong_state")


def test_limits_from_when_they_were_set_whole_count_on_and_can_be_taken_back() -> None:
    whole = RateLimits(metadata=1, data=2, search=3, upload=4, compute=5)
    before = OrganizationRateLimitsChanged(origin=ORIGIN, rate_limits=whole)
    none = ChangeRateLimits(origin=ORIGIN, rate_limits=OwnRateLimits())

    given(CREATED, before).when(none).then(OrganizationRateLimitsSet(origin=ORIGIN, rate_limits=OwnRateLimits()))
    assert OwnRateLimits(**msgspec.structs.asdict(whole)).within(Tier.FREE) == whole
    assert OwnRateLimits().within(Tier.FREE) == DEFAULT_RATE_LIMITS[Tier.FREE]


def test_an_organization_changes_its_profile_and_the_same_again_appends_no_event() -> None:
    profile: dict[str, Any] = {
        "name": "Acme & Sons",
        "logo_url": "https://acme.example/logo.png",
        "billing_email": "billing@acme.example",
        "metadata": {"plan": "yearly"},
    }
    command, changed = ChangeProfile(origin=ORIGIN, **profile), OrganizationProfileChanged(origin=ORIGIN, **profile)

    state = given(CREATED).when(command).then(changed)

    assert isinstance(state, ActiveOrganization)
    assert (state.name, state.billing_email) == ("Acme & Sons", "billing@acme.example")
    given(CREATED, changed).when(command).then_nothing()


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "org_7c2e91ab40d85f36"])
def test_an_organization_keeps_a_name(name: str) -> None:
    command = ChangeProfile(origin=ORIGIN, name=name, logo_url=None, billing_email=None, metadata={})

    given(CREATED).when(command).then_refused(InvalidInputError, "invalid_name")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//acme.example/logo.png",
        "/logo.png",
        "https://",
        "https://user:secret@acme.example/logo.png",
        'https://acme.example/"onload="alert(1)',
        " javascript:alert(1)",
        "http://[",
    ],
)
def test_a_logo_is_what_a_page_can_show_and_does_not_run(url: str) -> None:
    command = ChangeProfile(origin=ORIGIN, name="Acme", logo_url=url, billing_email=None, metadata={})

    given(CREATED).when(command).then_refused(InvalidInputError, "invalid_url")


def test_a_logo_from_before_logos_were_checked_stays_until_it_is_changed() -> None:
    profile: dict[str, Any] = {"logo_url": "javascript:alert(1)", "billing_email": None, "metadata": {}}
    before = OrganizationProfileChanged(origin=ORIGIN, name="Acme", **profile)
    renamed = OrganizationProfileChanged(origin=ORIGIN, name="Other", **profile)

    given(CREATED, before).when(ChangeProfile(origin=ORIGIN, name="Other", **profile)).then(renamed)


def test_an_organization_opens_its_account() -> None:
    state = given().when(create()).then(CREATED)

    assert state == ActiveOrganization(name="Acme", internal_id="int_1", tier=Tier.PRO, quota_bytes=1000)


def test_an_account_is_opened_once() -> None:
    given(CREATED).when(create()).then_refused(WrongStateError, "wrong_state")


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_an_organization_has_a_name(name: str) -> None:
    given().when(create(name=name)).then_refused(InvalidInputError, "invalid_name")


@pytest.mark.parametrize("quota_bytes", [-1, 2**63])
def test_a_quota_that_is_no_number_of_bytes_is_refused(quota_bytes: int) -> None:
    given().when(create(quota_bytes=quota_bytes)).then_refused(InvalidInputError, "invalid_quota")
    given(CREATED).when(change(Tier.PRO, quota_bytes)).then_refused(InvalidInputError, "invalid_quota")


@pytest.mark.parametrize("quota_bytes", [0, 2**63 - 1, None])
def test_a_quota_may_be_nothing_at_all_or_without_end(quota_bytes: int | None) -> None:
    (created,) = given().when(create(quota_bytes=quota_bytes)).events

    assert isinstance(created, OrganizationCreated)
    assert created.quota_bytes == quota_bytes


@pytest.mark.parametrize(("tier", "quota_bytes"), [(Tier.TEAM, 1000), (Tier.PRO, 0), (Tier.FREE, None)])
def test_limits_change_and_are_recorded_as_a_whole(tier: Tier, quota_bytes: int | None) -> None:
    changed = OrganizationLimitsChanged(origin=ORIGIN, tier=tier, quota_bytes=quota_bytes)

    state = given(CREATED).when(change(tier, quota_bytes)).then(changed)

    assert state == ActiveOrganization(name="Acme", internal_id="int_1", tier=tier, quota_bytes=quota_bytes)


def test_unchanged_limits_append_no_event() -> None:
    given(CREATED).when(change(Tier.PRO, 1000)).then_nothing()


def test_an_organization_that_is_not_there_has_no_limits() -> None:
    given().when(change(Tier.PRO, 1)).then_refused(WrongStateError, "wrong_state")


def test_limits_without_an_organization_change_nothing() -> None:
    fact = OrganizationLimitsChanged(origin=ORIGIN, tier=Tier.PRO, quota_bytes=1)

    assert given(fact).state == NoOrganization()
