"""A key grants no more than it has: a granted credential can do nothing that its issuer cannot."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.events.cloud_events import told_to
from domain.keys.api_key import ANY_ORIGIN, OPERATION_OF, Permission, Powers, Reach, ResourceType, check_grant, reach
from domain.refusals import ForbiddenError

ORGANIZATION = "org_1"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
# The names in requests, as in routes: the organization and a namespace (by id and name), or a bucket.
WHERE: list[dict[str, set[str]]] = [
    {ResourceType.ORGANIZATION: {ORGANIZATION}},
    {ResourceType.ORGANIZATION: {ORGANIZATION}, ResourceType.NAMESPACE: {"ns_1", "main"}},
    {ResourceType.ORGANIZATION: {ORGANIZATION}, ResourceType.NAMESPACE: {"ns_2", "other"}},
    {ResourceType.BUCKET: {"bkt_1", "files"}},
    {ResourceType.BUCKET: {"bkt_2", "main"}},
]
IDS = (ORGANIZATION, "org_2", "ns_1", "main", "other", "bkt_1", "files", "unreadable")
SITES = ("https://app.example", "https://other.example")

permissions = st.lists(st.sampled_from(list(Permission)), unique=True).map(tuple)
operations = st.none() | st.lists(st.sampled_from([*map(str, OPERATION_OF.values()), "execute_job"]), max_size=4)
scope = st.fixed_dictionaries(
    {
        "resource_type": st.sampled_from(["organization", "namespace", "bucket", "user"]),
        "resource_id": st.sampled_from(IDS),
        "operations": operations,
    }
)
powers = st.builds(
    Powers,
    permissions=permissions,
    scopes=st.lists(scope, max_size=3).map(tuple),
    allowed_origins=st.lists(st.sampled_from([*SITES, ANY_ORIGIN]), unique=True).map(tuple),
    rate_limit_override=st.none() | st.integers(1, 3),
    expires_at=st.none() | st.integers(0, 3).map(lambda days: BEGINNING + timedelta(days=days)),
)


def can(key: Powers) -> set[tuple[Any, ...]]:
    """Return everything that a key can do, as requests are checked."""
    times = [BEGINNING + timedelta(days=day, hours=-1) for day in range(5)]
    live = [at for at in times if key.expires_at is None or at < key.expires_at]
    sites = [each for each in SITES if not key.allowed_origins or {each, ANY_ORIGIN} & set(key.allowed_origins)]
    rates = [rate for rate in range(1, 5) if key.rate_limit_override is None or rate <= key.rate_limit_override]
    acts = [
        (permission, number)
        for permission, (number, named) in product(Permission, enumerate(WHERE))
        if {permission, Permission.ADMIN} & set(key.permissions)
        and (not key.scopes or reach(key.scopes, permission, named) is Reach.THERE)
    ]
    reads = told_to(key.permissions, key.scopes, ORGANIZATION)
    return {*product(acts, live, sites, rates), *product(reads, live)}


@given(granted=powers, granter=powers)
def test_what_is_granted_can_do_nothing_that_its_giver_cannot(granted: Powers, granter: Powers) -> None:
    try:
        check_grant(granted, granter, ORGANIZATION)
    except ForbiddenError:
        return
    assert can(granted) <= can(granter)


@given(key=powers)
def test_a_key_gives_what_it_has(key: Powers) -> None:
    check_grant(key, key, ORGANIZATION)
