"""Webhooks over HTTP: their management, and the deliveries to real receivers."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.acceptance.events.test_events import EVERYWHERE, complete
from tests.acceptance.keys.test_api_keys import KEYS, holder, make_key
from tests.conftest import Service, Tenant
from tests.contract_check.answers import hold_to_own
from tests.receiver import Receiver, receiving
from tests.unit.application.webhooks.test_webhooks import is_signed

HOOKS = "/v1/organizations/webhooks"
SOON = 20.0


def ours(tenant: Tenant) -> httpx.AsyncClient:
    """Return a client that accepts Upwell's own types, which are not in the contract."""
    return httpx.AsyncClient(
        base_url=tenant.url, headers=tenant.headers, timeout=30, event_hooks={"response": [hold_to_own]}
    )


def asked(url: str, **others: object) -> dict[str, Any]:
    config: dict[str, Any] = {"url": url, "timeout": 1.0}
    return {
        "webhook_name": "warehouse",
        "event_types": ["upload.completed"],
        "channels": [{"channel": "webhook", "configs": config | dict(others.pop("configs", {}))}],  # type: ignore[call-overload]  # of any type
        **others,
    }


async def make(client: httpx.AsyncClient, url: str, **others: object) -> dict[str, Any]:
    answer = await client.post(f"{HOOKS}/", json=asked(url, **others))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def make_for(tenant: Tenant, url: str, **others: object) -> dict[str, Any]:
    """Create a webhook for a test that uses its client for something else."""
    async with ours(tenant) as client:
        return await make(client, url, **others)


async def deliveries(client: httpx.AsyncClient, name: str = "warehouse", **query: str | int) -> list[dict[str, Any]]:
    answer = await client.get(f"{HOOKS}/{name}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def until(client: httpx.AsyncClient, status: str, name: str = "warehouse", *, count: int = 1) -> dict[str, Any]:
    """Wait until so many deliveries match, and return one of them."""
    async with asyncio.timeout(SOON):
        while len(found := await deliveries(client, name, status=status)) < count:
            await asyncio.sleep(0.05)
    return found[0]


async def test_a_webhook_is_made_shown_listed_replaced_and_deleted(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        made = await make(client, "http://127.0.0.1:9/", configs={"headers": {"Authorization": "Bearer 1"}})
        assert made["secret"].startswith("whsec_")
        shown = (await client.get(f"{HOOKS}/{made['webhook_id']}")).json()
        assert shown == {name: value for name, value in made.items() if name != "secret"}
        assert shown["channels"][0]["configs"]["headers"] == {"Authorization": "**********"}
        assert (await client.get(f"{HOOKS}/warehouse")).json() == shown

        sent_back = {name: value for name, value in shown.items() if name not in {"disabled_reason", "key_id", "notes"}}
        changed = await client.put(f"{HOOKS}/warehouse", json={**sent_back, "is_active": False})
        assert changed.status_code == 200, changed.text
        assert (changed.json()["is_active"], changed.json()["webhook_id"]) == (False, made["webhook_id"])
        listed = await client.post(f"{HOOKS}/list", json={"is_active": False, "event_type": "upload.completed"})
        assert listed.json()["results"] == [changed.json()]
        assert (await client.post(f"{HOOKS}/list", json={"is_active": True})).json()["results"] == []

        assert (await client.delete(f"{HOOKS}/warehouse")).status_code == 204
        assert (await client.get(f"{HOOKS}/warehouse")).json()["error"]["code"] == "webhook_not_found"


async def test_a_client_of_the_contract_gets_what_it_expects(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await make(client, "http://127.0.0.1:9/", event_types=["object.created", "collection.created"])
        assert (await client.get(f"{HOOKS}/{made['webhook_id']}")).json()["event_types"] == made["event_types"]
        assert made["notes"] == ["No event has the type 'collection.created': the webhook gets no messages of it."]
        changed = await client.put(
            f"{HOOKS}/{made['webhook_id']}", json=asked("http://127.0.0.1:9/", event_types=["object.deleted"])
        )
        assert changed.json()["notes"] == []
        assert changed.json()["event_types"] == ["object.deleted"]
        assert (await client.post(f"{HOOKS}/list", json={"event_type": "object.deleted"})).json()["total"] == 1
        assert (await client.delete(f"{HOOKS}/{made['webhook_id']}")).status_code == 204


async def test_lists_come_in_pages(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        for number in range(3):
            await make(client, "http://127.0.0.1:9/", webhook_name=f"n{number}")
        first = (await client.post(f"{HOOKS}/list?limit=2&include_total=true")).json()
        assert [each["webhook_name"] for each in first["results"]] == ["n2", "n1"]
        assert (first["total"], first["pagination"]["total"]) == (3, 3)
        cursor = first["pagination"]["next_cursor"]
        second = (await client.post(f"{HOOKS}/list?limit=2", params={"cursor": cursor})).json()
        assert [each["webhook_name"] for each in second["results"]] == ["n0"]
        skipped = (await client.post(f"{HOOKS}/list?limit=2&offset=2")).json()
        assert skipped["results"] == second["results"]


async def test_a_completed_upload_is_sent_once_with_a_signature(tenant: Tenant) -> None:
    async with receiving(Receiver()) as receiver, ours(tenant) as client:
        made = await make(client, receiver.url, configs={"headers": {"X-Team": "tides"}})
        done = await complete(client)
        (taken,) = await receiver.wait_for(1)
        assert is_signed(taken.body, taken.headers, made["secret"])
        assert (taken.headers["x-team"], taken.headers["content-type"]) == ("tides", "application/json")
        message = json.loads(taken.body)
        assert (message["type"], message["subject"]) == ("upload.completed", done["upload_id"])

        delivery = await until(client, "delivered")
        assert delivery["delivery_id"] == taken.headers["webhook-id"]
        assert [set(each) for each in delivery["history"]] == [{"at", "seconds", "status_code", "error"}]
        assert delivery["history"][0]["status_code"] == 200

        again = await client.post(f"{HOOKS}/warehouse/deliveries/{delivery['delivery_id']}/redeliver")
        assert (again.status_code, again.json()["status"]) == (200, "pending")
        _, second = await receiver.wait_for(2)
        assert (second.body, second.headers["webhook-id"]) == (taken.body, taken.headers["webhook-id"])


async def test_a_range_of_the_feed_is_sent_again_with_the_same_ids(tenant: Tenant) -> None:
    async with receiving(Receiver()) as receiver, ours(tenant) as client:
        await make(client, receiver.url)
        for _ in range(3):
            await complete(client)
        first = await receiver.wait_for(3)
        places = [int(taken.headers["webhook-id"].rpartition("_")[2]) for taken in first]
        await until(client, "delivered", count=3)  # a delivery whose answer is not recorded yet stays pending
        path = f"{HOOKS}/warehouse/replay"
        answer = await client.post(path, json={"after": min(places), "until": max(places)})
        assert answer.json() == {"queued": 2, "position": max(places), "next_after": None}
        taken = await receiver.wait_for(5)
        ids = [each.headers["webhook-id"] for each in taken]
        assert sorted(ids[3:]) == sorted(each for each in ids[:3] if not each.endswith(f"_{min(places)}"))

        beyond = await client.post(path, json={"after": 10**15})
        assert (beyond.status_code, beyond.json()["error"]["code"]) == (422, "position_beyond_end")
        nothing = await client.post(path, json={"before": "2001-01-01T00:00:00Z"})
        assert (nothing.json()["queued"], nothing.json()["next_after"]) == (0, None)
        naive = await client.post(path, json={"before": "2001-01-01T00:00:00"})
        assert naive.status_code == 422


async def test_a_receiver_with_bad_answers_gets_nothing_delivered_and_its_neighbour_is_served(tenant: Tenant) -> None:
    async with (
        receiving(Receiver(hangs=True)) as hanging,
        receiving(Receiver(endless=True, status=500)) as endless,
        receiving(Receiver()) as inside,
        receiving(Receiver(status=302, headers=(f"Location: {inside.url}",))) as redirecting,
        receiving(Receiver(status=410)) as gone,
        receiving(Receiver()) as neighbour,
        ours(tenant) as client,
    ):
        bad = {"hanging": hanging, "endless": endless, "redirecting": redirecting, "gone": gone}
        for name, receiver in bad.items():
            await make(client, receiver.url, webhook_name=name)
        await make(client, neighbour.url)
        for _ in range(3):
            await complete(client)
        await neighbour.wait_for(3)
        for name in ("hanging", "endless", "redirecting"):
            await bad[name].wait_for(1)
            async with asyncio.timeout(SOON):
                while not any(each["history"] for each in await deliveries(client, name)):
                    await asyncio.sleep(0.05)
        failed = await until(client, "failed", "gone")
        assert failed["history"][0]["status_code"] == 410
        async with asyncio.timeout(SOON):
            while (await client.get(f"{HOOKS}/gone")).json()["is_active"]:
                await asyncio.sleep(0.05)
        assert (await client.get(f"{HOOKS}/gone")).json()["disabled_reason"] == "gone"
        seen = {name: [each["history"] for each in await deliveries(client, name) if each["history"]] for name in bad}
        assert "no response within 1 s" in seen["hanging"][0][0]["error"]
        assert seen["endless"][0][0]["status_code"] == 500
        assert seen["redirecting"][0][0]["status_code"] == 302
        assert inside.taken == []
        (event,) = (await client.get("/v1/events", params={"types": "webhook.disabled"}, headers=EVERYWHERE)).json()[
            "events"
        ]
        assert event["data"]["reason"] == "gone"


async def test_events_of_an_upload_arrive_in_order_though_some_fail_at_first(tenant: Tenant) -> None:
    seen: set[str] = set()

    def answer(taken: Any) -> int:  # noqa: ANN401  # what the receiver took
        """Accept each message at its second delivery."""
        message_id = taken.headers["webhook-id"]
        if message_id in seen or json.loads(taken.body)["type"] != "upload.requested":
            return 200
        seen.add(message_id)
        return 503

    async with receiving(Receiver(answer=answer)) as receiver, ours(tenant) as client:
        await make(client, receiver.url, event_types=["upload.*"])
        done = await complete(client)
        taken = await receiver.wait_for(5, 30)
        assert [json.loads(each.body)["type"] for each in taken] == [
            "upload.requested",
            "upload.requested",
            "upload.verification_began",
            "upload.verified",
            "upload.completed",
        ]
        assert {json.loads(each.body)["subject"] for each in taken} == {done["upload_id"]}


async def test_another_organizations_events_and_webhooks_are_not_there(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with receiving(Receiver()) as receiver, ours(tenant) as client, ours(other) as stranger:
        made = await make(client, receiver.url)
        await complete(stranger)
        done = await complete(client)
        (taken,) = await receiver.wait_for(1)
        assert json.loads(taken.body)["subject"] == done["upload_id"]
        delivery = await until(client, "delivered")
        path = f"{HOOKS}/{made['webhook_id']}"
        for answer in (
            await stranger.get(path),
            await stranger.put(path, json=asked(receiver.url)),
            await stranger.delete(path),
            await stranger.post(f"{path}/ping"),
            await stranger.post(f"{path}/rotate-secret"),
            await stranger.get(f"{path}/deliveries"),
            await stranger.post(f"{path}/deliveries/{delivery['delivery_id']}/redeliver"),
            await stranger.post(f"{path}/replay", json={}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "webhook_not_found")
        assert (await stranger.post(f"{HOOKS}/list")).json()["results"] == []
        assert len(receiver.taken) == 1


async def test_what_was_sent_is_listed_in_pages(tenant: Tenant) -> None:
    async with receiving(Receiver()) as receiver, ours(tenant) as client:
        await make(client, receiver.url, event_types=["upload.*"])
        await complete(client)
        await receiver.wait_for(4)
        seen: list[int] = []
        before: int | None = None
        while True:
            query = {"limit": 3} if before is None else {"limit": 3, "before": before}
            page = (await client.get(f"{HOOKS}/warehouse/deliveries", params=query)).json()
            seen += [each["position"] for each in page["results"]]
            before = page["next_before"]
            if before is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 4


async def test_a_ping_returns_the_status_and_no_content_of_the_receiver(tenant: Tenant) -> None:
    async with receiving(Receiver(status=418, body=b"teapot")) as receiver, ours(tenant) as client:
        await make(client, receiver.url)
        pinged = (await client.post(f"{HOOKS}/warehouse/ping")).json()
        assert (pinged["status_code"], set(pinged)) == (418, {"at", "seconds", "status_code", "error"})
        assert json.loads(receiver.taken[0].body)["type"] == "webhook.ping"


async def test_a_secret_is_rotated_with_an_overlap(tenant: Tenant) -> None:
    async with receiving(Receiver()) as receiver, ours(tenant) as client:
        made = await make(client, receiver.url)
        rotated = (await client.post(f"{HOOKS}/warehouse/rotate-secret")).json()
        await client.post(f"{HOOKS}/warehouse/ping")
        at_once = (await client.post(f"{HOOKS}/warehouse/rotate-secret?overlap_seconds=0")).json()
        await client.post(f"{HOOKS}/warehouse/ping")
        signed = [
            [is_signed(each.body, each.headers, of["secret"]) for of in (made, rotated, at_once)]
            for each in receiver.taken
        ]
        assert signed == [[True, True, False], [False, False, True]]


async def test_a_repeated_creation_makes_one_webhook(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        answers = [
            await client.post(
                f"{HOOKS}/", json=asked("http://127.0.0.1:9/"), headers={"Idempotency-Key": "make-it-once"}
            )
            for _ in range(2)
        ]
        assert answers[0].json()["secret"].startswith("whsec_")
        assert answers[1].json() == {**answers[0].json(), "secret": ""}
        rotations = [
            await client.post(f"{HOOKS}/warehouse/rotate-secret", headers={"Idempotency-Key": "rotate-it-once"})
            for _ in range(2)
        ]
        assert [each.json()["secret"][:6] for each in rotations] == ["whsec_", ""]
        assert len((await client.post(f"{HOOKS}/list")).json()["results"]) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event_types": ["upload.rejoiced"]}, "unknown_event_type"),
        ({"event_types": []}, "invalid_request"),
        ({"channels": [{"channel": "email", "configs": {"to_addresses": ["a@b.example"]}}]}, "channel_not_supported"),
        ({"channels": [{"channel": "webhook", "configs": {"to": "a"}}]}, "invalid_channel"),
        ({"configs": {"payload_template": {}}}, "template_not_supported"),
        ({"configs": {"timeout": 31}}, "invalid_timeout"),
        ({"configs": {"headers": {"Host": "a"}}}, "invalid_headers"),
        ({"configs": {"url": "ftp://a.example/"}}, "invalid_url"),
        ({"configs": {"url": "http://169.254.169.254/latest/meta-data/"}}, "target_not_allowed"),
        ({"configs": {"url": "http://168.63.129.16/machine"}}, "target_not_allowed"),
        ({"configs": {"headers": {"Metadata": "true"}}}, "invalid_headers"),
        ({"configs": {"url": "http://[::1]:80/"}}, "target_not_allowed"),
        ({"configs": {"url": "http://2852039166/"}}, "invalid_url"),
    ],
)
async def test_what_cannot_be_is_refused(tenant: Tenant, change: dict[str, Any], code: str) -> None:
    async with ours(tenant) as client:
        answer = await client.post(f"{HOOKS}/", json=asked("http://127.0.0.1:9/", **change))
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


async def test_the_types_of_the_contract_are_accepted_and_keys_without_admin_are_not(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        await make(client, "http://127.0.0.1:9/", event_types=["object.created", "collection.created", "upload.*"])
        key = await make_key(tenant, permissions=["read", "write", "delete"])
        async with holder(tenant, key["key"]) as reader:
            answer = await reader.post(f"{HOOKS}/list")
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


async def test_a_message_that_is_not_there_or_to_one_that_is_switched_off_is_not_sent_again(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        made = await make(client, "http://127.0.0.1:9/")
        for unknown in ("msg_1", f"msg_{made['webhook_id'][3:]}_1", "msg_0123456789abcdef_1"):
            answer = await client.post(f"{HOOKS}/warehouse/deliveries/{unknown}/redeliver")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "delivery_not_found")
        await client.put(f"{HOOKS}/warehouse", json=asked("http://127.0.0.1:9/", is_active=False))
        answer = await client.post(f"{HOOKS}/warehouse/deliveries/msg_1/redeliver")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "webhook_not_active")


async def test_the_audit_log_contains_webhooks(tenant: Tenant) -> None:
    async with ours(tenant) as client:
        made = await make(client, "http://127.0.0.1:9/", configs={"headers": {"X-Token": "hidden"}})
        await client.delete(f"{HOOKS}/warehouse")
        entries = (await client.get("/v1/organizations/audit/logs")).json()["results"]
        mine = [entry for entry in entries if entry["resource_id"] == made["webhook_id"]]
        assert [entry["action"] for entry in mine] == ["webhook_deleted", "webhook_created"]
        assert "hidden" not in json.dumps(mine)
        assert mine[1]["changes"]["settings"]["url"] == "http://127.0.0.1:9/"


async def test_a_webhook_stops_with_its_key_and_another_key_takes_it_over(tenant: Tenant) -> None:
    maker = await make_key(tenant, "maker", permissions=["admin"])
    async with receiving(Receiver()) as receiver, ours(tenant) as client, holder(tenant, maker["key"]) as made_by:
        made = await make(made_by, receiver.url)
        assert (made["key_id"], made["is_active"]) == (maker["key_id"], True)
        await client.delete(f"{KEYS}/maker")
        shown = (await client.get(f"{HOOKS}/warehouse")).json()
        assert (shown["is_active"], shown["disabled_reason"]) == (False, "key_revoked")
        assert (await client.post(f"{HOOKS}/list", json={"is_active": True})).json()["results"] == []
        await complete(client)

        taken_over = await client.put(f"{HOOKS}/warehouse", json=asked(receiver.url))
        assert (taken_over.json()["is_active"], taken_over.json()["key_id"]) == (True, tenant.caller.key.key_id)
        done = await complete(client)
        async with asyncio.timeout(SOON):
            while done["upload_id"] not in {json.loads(each.body)["subject"] for each in receiver.taken}:
                await asyncio.sleep(0.05)


async def test_a_key_that_manages_and_reads_nothing_makes_no_webhook(tenant: Tenant) -> None:
    scope = {
        "resource_type": "organization",
        "resource_id": tenant.caller.organization.organization_id,
        "operations": ["manage_permissions"],
    }
    key = await make_key(tenant, "manager", permissions=["admin"], scopes=[scope])
    async with holder(tenant, key["key"]) as manager:
        assert (await manager.get("/v1/events")).status_code == 403
        answer = await manager.post(f"{HOOKS}/", json=asked("http://127.0.0.1:9/", event_types=["upload.*"]))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
