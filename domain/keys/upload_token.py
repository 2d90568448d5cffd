"""Upload tokens: the credentials of browsers and phones, instead of an API key.

The first event contains the whole token; the following events are its uses. So its stream counts them, and two
concurrent uses cannot both be the last one. The tags begin with `upload`, because every upload through a token writes
one.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from domain.buckets.bucket import Policy
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.refusals import ForbiddenError, UnauthenticatedError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads import media_types
from domain.uploads.media_types import ANY_TYPE

PREFIX = "ut_"
ID_PREFIX = "utk_"
MIN_SECONDS = 60
MAX_SECONDS = 86_400
DEFAULT_SECONDS = 900
UPLOAD_LIFETIME_SECONDS = 86_400
MAX_UPLOAD_LIFETIME_SECONDS = 30 * 86_400
MAX_COUNT = 1000
MAX_CONTENT_TYPES = 50


class UploadTokenIssued(Event, frozen=True, omit_defaults=True, tag="upload.token_issued.v1"):
    """A token for sending files to one bucket was issued. `content_types` may end in `/*`.

    `token_hash`: SHA-256 of the secret, 64 hex digits; None in old events, whose id was derived from the secret.

    `upload_lifetime_seconds`: for how long its uploads get URLs. `policy`: for its uploads; None: the bucket's, without
    replacing.
    """

    token_id: str
    key_id: str
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_count: int
    expires_at: datetime
    token_hash: str | None = None
    upload_lifetime_seconds: int = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None


class UploadTokenUsed(Event, frozen=True, tag="upload.token_used.v1"):
    """An upload was requested with the token."""

    token_id: str
    upload_id: str


class UploadToken(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a token, which never change."""

    token_id: str
    key_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_count: int
    expires_at: datetime
    token_hash: str | None = None
    upload_lifetime_seconds: int = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None

    @property
    def replaces(self) -> bool:
        """Whether its uploads may change an existing object, if its key may."""
        return self.policy in {Policy.UPDATE, Policy.UPSERT}


class NoToken(msgspec.Struct, frozen=True):
    """The state before the first event."""


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """An issued token. `used`: the number of its uploads."""

    token: UploadToken
    used: int = 0


TokenState = NoToken | IssuedToken


class IssueToken(msgspec.Struct, frozen=True, kw_only=True):
    """Issue a token. `origin` has its bucket."""

    origin: Origin
    token_id: str
    token_hash: str
    key_id: str
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_count: int
    expires_at: datetime
    upload_lifetime_seconds: int = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None


class UseToken(msgspec.Struct, frozen=True, kw_only=True):
    """Request an upload of this file with the token."""

    origin: Origin
    upload_id: str
    content_type: str
    size_bytes: int | None


TokenCommand = IssueToken | UseToken
TokenEvent = UploadTokenIssued | UploadTokenUsed


def decide(command: TokenCommand, state: TokenState) -> tuple[TokenEvent, ...]:
    """Return the events of a command; refuse an impossible type, or a file that the token does not allow."""
    match state, command:
        case NoToken(), IssueToken():
            types = media_types.media_ranges(command.content_types)
            return (made_from(UploadTokenIssued, command, content_types=types or (ANY_TYPE,)),)
        case IssuedToken(token=token, used=used), UseToken():
            _check_use(token, used, command)
            return (UploadTokenUsed(origin=command.origin, token_id=token.token_id, upload_id=command.upload_id),)
        case IssuedToken(), _:
            raise WrongStateError("wrong_state", "The upload token exists already: use another id.")
        case _:
            raise token_unknown()


def evolve(state: TokenState, event: TokenEvent) -> TokenState:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case UploadTokenIssued():
            return IssuedToken(token=token_of(event))
        case UploadTokenUsed():
            if not isinstance(state, IssuedToken):
                return state
            return msgspec.structs.replace(state, used=state.used + 1)
        case _:
            assert_never(event)


def token_of(event: UploadTokenIssued) -> UploadToken:
    """Return the token of the event."""
    return made_from(
        UploadToken,
        event,
        organization_id=event.origin.organization_id,
        namespace_id=event.origin.namespace_id or "",
        bucket_id=event.origin.bucket_id or "",
    )


def token_unknown(token_id: str | None = None) -> UnauthenticatedError:  # noqa: ARG001  # a response names no token
    """Return the refusal of an unknown token."""
    return UnauthenticatedError("token_unknown", "This upload token is unknown: request another one.")


UPLOAD_TOKEN: Decider[TokenCommand, TokenEvent, TokenState] = Decider(
    initial=NoToken(), decide=decide, evolve=evolve, not_found=token_unknown
)


def _check_use(token: UploadToken, used: int, file: UseToken) -> None:
    """Refuse a file that the token does not allow. `used`: the number of earlier uploads.

    An undeclared size is held against the limit when the upload is verified.
    """
    content_type, size_bytes = file.content_type, file.size_bytes
    if not media_types.within(content_type, token.content_types):
        raise ForbiddenError(
            "token_content_type",
            f"This upload token does not allow {content_type}: send a file of one of the types"
            f" {', '.join(token.content_types)}.",
            {"content_types": list(token.content_types)},
        )
    if size_bytes is not None and token.max_size_bytes is not None and size_bytes > token.max_size_bytes:
        raise ForbiddenError(
            "token_file_too_large",
            f"This upload token allows files of up to {token.max_size_bytes} bytes, but this one has {size_bytes}:"
            " send a smaller file.",
            {"max_size_bytes": token.max_size_bytes},
        )
    if used >= token.max_count:
        raise ForbiddenError(
            "token_used_up",
            f"This upload token has been used for all of its {token.max_count} uploads: request another one.",
            {"max_count": token.max_count},
        )
