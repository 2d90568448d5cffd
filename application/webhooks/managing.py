"""Managing webhooks: creating, changing, deleting, and rotating their secrets.

A webhook acts for the key that created or last changed it: it gets the events that this key may read. Secrets and
header values are stored before the event is appended: a crash may leave unused ones, which are removed later.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from application.handling import Loaded, Proposal, handle, load, start
from application.keys.callers import Caller, new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog, VersionConflictError
from application.ports.objects.object_creation import ClaimTakenError
from application.ports.webhooks.webhook_endpoints import Secret, WebhookEndpoint, WebhookEndpoints
from application.ports.webhooks.webhook_reads import WebhookReads, WebhookRecord
from application.ports.webhooks.webhook_sender import TargetRefusedError, WebhookSender
from domain.claims import webhook_name_claim
from domain.events.cloud_events import told_to
from domain.events.event import Origin
from domain.namespaces.namespace import MASK
from domain.refusals import ForbiddenError, InvalidInputError, WrongStateError
from domain.webhooks.published_events import check_event_types, tags_wanted
from domain.webhooks.standard_webhooks import webhook_secret
from domain.webhooks.webhook import (
    WEBHOOK,
    CreateWebhook,
    DeleteWebhook,
    LiveWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
    Webhook,
    WebhookCommand,
    WebhookEvent,
    WebhookSettings,
    check_headers,
    check_settings,
    webhook_not_found,
)

MAX_WEBHOOKS: Final = 100
OVERLAP: Final = timedelta(days=1)
_MAX_SECRETS: Final = 5


class ManagingWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """Each change is one command; names are unique in an organization."""

    log: EventLog
    read_side: WebhookReads
    endpoints: WebhookEndpoints
    sender: WebhookSender
    clock: Clock
    ids: Ids

    async def create(
        self, caller: Caller, settings: WebhookSettings, headers: Mapping[str, str], *, ids: Ids | None = None
    ) -> tuple[WebhookRecord, str]:
        """Create a webhook and return it with its secret. `ids`: those of a request under an idempotency key.

        If an earlier attempt has created it, the secret is empty: it is shown only once.
        """
        ids = ids or self.ids
        webhook_id, command_id = _webhook_id(ids), new_command_id(ids)
        organization_id = caller.organization.organization_id
        headers = await self._checked(caller, settings, headers, {})
        if len(await self.read_side.webhooks(organization_id)) >= MAX_WEBHOOKS:
            raise WrongStateError(
                "too_many_webhooks",
                f"An organization can have at most {MAX_WEBHOOKS} webhooks: delete one first.",
                {"limit": MAX_WEBHOOKS},
            )
        origin = caller.origin(self.clock.now(), command_id)
        command = CreateWebhook(origin=origin, webhook_id=webhook_id, settings=_naming(settings, headers))
        secret = webhook_secret(self.ids.secret())
        known = await self.endpoints.endpoint(webhook_id)
        if known is None:
            await self.endpoints.keep(
                WebhookEndpoint(
                    webhook_id=webhook_id,
                    organization_id=organization_id,
                    secrets=(Secret(value=secret),),
                    headers=headers,
                    created_at=origin.at,
                )
            )
        created = WEBHOOK.decide(command, WEBHOOK.initial)
        try:
            await start(self.log, webhook_id, created, _conditions(caller, settings.name))
        except ClaimTakenError as taken:
            raise _name_taken(taken) from taken
        except VersionConflictError:
            pass  # an earlier attempt with the same ids was committed
        return await self.named(organization_id, webhook_id), secret if known is None else ""

    async def update(
        self, caller: Caller, id_or_name: str, settings: WebhookSettings, headers: Mapping[str, str]
    ) -> WebhookRecord:
        """Replace the settings of a webhook, and let it act for the caller's key from now on.

        A header with the masked value keeps its value.
        """
        webhook_id = (await self.named(caller.organization.organization_id, id_or_name)).webhook_id
        endpoint = await self._endpoint(webhook_id)
        headers = await self._checked(caller, settings, headers, endpoint.headers)
        settings = _naming(settings, headers)
        return await self._carry_out(
            caller,
            webhook_id,
            lambda origin: UpdateWebhook(origin=origin, settings=settings),
            keep=msgspec.structs.replace(endpoint, headers=headers),
        )

    async def rotate(
        self, caller: Caller, id_or_name: str, *, overlap: timedelta | None = None, ids: Ids | None = None
    ) -> tuple[WebhookRecord, str]:
        """Give a webhook a new secret and return it; for `overlap` it also signs with the old one.

        `ids`: those of a request under an idempotency key. If an earlier attempt has rotated it, it does not change,
        and the secret is empty.
        """
        command_id = new_command_id(ids or self.ids)
        known = await self.named(caller.organization.organization_id, id_or_name)
        webhook_id = known.webhook_id
        if (await load(self.log, WEBHOOK, webhook_id)).has_carried_out(command_id):
            return known, ""
        endpoint = await self._endpoint(webhook_id)
        now = self.clock.now()
        end = now + (OVERLAP if overlap is None else overlap)
        before = [Secret(value=each.value, until=min(each.until or end, end)) for each in endpoint.secrets]
        live = (each for each in before if each.until is not None and each.until > now)
        secrets = (Secret(value=webhook_secret(self.ids.secret())), *live)
        record = await self._carry_out(
            caller,
            webhook_id,
            lambda origin: RotateWebhookSecret(origin=origin),
            keep=msgspec.structs.replace(endpoint, secrets=secrets[:_MAX_SECRETS]),
            command_id=command_id,
        )
        return record, secrets[0].value

    async def delete(self, caller: Caller, id_or_name: str) -> None:
        """Delete a webhook: it gets no more messages, also not of earlier events."""
        record = await self.named(caller.organization.organization_id, id_or_name)
        await self._change(caller, record.webhook_id, lambda origin: DeleteWebhook(origin=origin))

    async def named(self, organization_id: str, id_or_name: str) -> WebhookRecord:
        """Return a webhook of the organization, or refuse."""
        record = await self.read_side.webhook(organization_id, id_or_name)
        if record is None:
            raise webhook_not_found()
        return record

    async def again(self, organization_id: str, webhook_id: str) -> tuple[WebhookRecord, str]:
        """Return a created or rotated webhook without its secret, which is shown only once."""
        return await self.named(organization_id, webhook_id), ""

    async def _carry_out(
        self,
        caller: Caller,
        webhook_id: str,
        command: "_Command",
        *,
        keep: WebhookEndpoint,
        command_id: str | None = None,
    ) -> WebhookRecord:
        await self._change(caller, webhook_id, command, keep=keep, command_id=command_id)
        return await self.named(caller.organization.organization_id, webhook_id)

    async def _change(
        self,
        caller: Caller,
        webhook_id: str,
        command: "_Command",
        *,
        keep: WebhookEndpoint | None = None,
        command_id: str | None = None,
    ) -> None:
        """Append the events of the command; the endpoint is stored only if it is not refused."""

        async def change(webhook: Loaded[WebhookEvent, Webhook]) -> Proposal[WebhookEvent] | None:
            origin = caller.origin(self.clock.now(), command_id or new_command_id(self.ids))
            asked = command(origin)
            events = WEBHOOK.decide(asked, webhook.state)
            if keep is not None:
                await self.endpoints.keep(keep)
            known = webhook.state.settings.name if isinstance(webhook.state, LiveWebhook) else None
            wanted = asked.settings.name if isinstance(asked, UpdateWebhook) else known
            conditions = _conditions(caller, None if wanted == known else wanted)
            return Proposal(origin=origin, events=events, conditions=conditions) if events else None

        try:
            await handle(self.log, WEBHOOK, webhook_id, change)
        except ClaimTakenError as taken:
            raise _name_taken(taken) from taken

    async def _endpoint(self, webhook_id: str) -> WebhookEndpoint:
        endpoint = await self.endpoints.endpoint(webhook_id)
        if endpoint is None:
            raise webhook_not_found()
        return endpoint

    async def _checked(
        self, caller: Caller, settings: WebhookSettings, headers: Mapping[str, str], known: Mapping[str, str]
    ) -> dict[str, str]:
        """Refuse invalid settings for the caller.

        Return the headers, with the stored values of masked ones.
        """
        check_settings(settings)
        check_event_types(settings.event_types)
        _check_readable(caller, settings.event_types)
        kept = {name: known[name] if value == MASK and name in known else value for name, value in headers.items()}
        check_headers(kept)
        try:
            await self.sender.check(settings.url)
        except TargetRefusedError as refused:
            raise InvalidInputError(
                "target_not_allowed",
                f"{refused} Use another url, or ask the operator to allow it (UPWELL_WEBHOOK_ALLOWED_NETWORKS,"
                " UPWELL_WEBHOOK_ALLOWED_PORTS).",
                {"field": "url"},
            ) from None
        return kept


_Command = Callable[[Origin], WebhookCommand]


def _conditions(caller: Caller, name: str | None) -> Conditions:
    """Return the conditions of a change. `name`: the new name, if it changes."""
    free = () if name is None else (webhook_name_claim(caller.organization.organization_id, name),)
    return Conditions(key_id=caller.key.key_id, free=free)


def _name_taken(taken: ClaimTakenError) -> WrongStateError:
    return WrongStateError(
        "name_taken",
        f"A webhook named '{taken.claim.key}' exists already: use another name.",
        {"webhook_id": taken.owner_id},
    )


def _check_readable(caller: Caller, event_types: Sequence[str]) -> None:
    """Refuse event types without any event that the caller's key may read."""
    may = told_to(caller.key.permissions, caller.key.scopes, caller.organization.organization_id)
    denied = [each for each in event_types if tags_wanted((each,)) and not tags_wanted((each,)) & may]
    if denied:
        raise ForbiddenError(
            "permission_denied",
            f"This API key cannot read events of the types {', '.join(denied)}: leave them out, or use a key that"
            " reads them in the whole organization.",
            {"event_types": denied},
        )


def _webhook_id(ids: Ids) -> str:
    """Return an id in the form of the contract: 16 hexadecimal digits."""
    return "wh_" + hashlib.sha256(ids.new("wh_").encode()).hexdigest()[:16]


def _naming(settings: WebhookSettings, headers: Mapping[str, str]) -> WebhookSettings:
    return msgspec.structs.replace(settings, header_names=tuple(headers))
