"""Upload tokens: what a browser or a phone holds in place of an API key.

A token is told whole by its first event; the events after it are its uses, so its stream counts them, and two uses at
once cannot both be the last one. The tags are those of uploads, because every upload through a token writes one.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from domain.buckets.bucket import Policy
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.refusals import ForbiddenError, InvalidInputError, UnauthenticatedError, WrongStateError
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
    """A key let somebody without a key send files to one bucket. `content_types` may end in `/*`.

    `token_hash`: SHA-256 of the secret, 64 hex digits; None where the id was made of the secret, as it once was.
    `upload_lifetime_seconds`: for how long uploads that it begins get URLs. `policy`: of its uploads; None: the
    bucket's, and then they replace nothing.
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
    """What a token allows; it never changes."""

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
        """Whether its uploads may change an object that is there, as far as its key may."""
        return self.policy in {Policy.UPDATE, Policy.UPSERT}


class NoToken(msgspec.Struct, frozen=True):
    """The state before the first event."""


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was given out. `used`: how many uploads it was used for."""

    token: UploadToken
    used: int = 0


TokenState = NoToken | IssuedToken


class IssueToken(msgspec.Struct, frozen=True, kw_only=True):
    """Give out a token. `origin` names the bucket that it is bound to."""

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
    """Request an upload of a file like this with the token."""

    origin: Origin
    upload_id: str
    content_type: str
    size_bytes: int | None


TokenCommand = IssueToken | UseToken
TokenEvent = UploadTokenIssued | UploadTokenUsed


def decide(command: TokenCommand, state: TokenState) -> tuple[TokenEvent, ...]:
    """Say what happens, or refuse: a type that no file can have, or a file that the token does not allow."""
    match state, command:
        case NoToken(), IssueToken():
            types = media_types.media_ranges(command.content_types)
            fields = {f: getattr(command, f) for f in command.__struct_fields__}
            return (UploadTokenIssued(**{**fields, "content_types": types or (ANY_TYPE,)}),)
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
    """Return what the event gave out."""
    return UploadToken(
        token_id=event.token_id,
        key_id=event.key_id,
        organization_id=event.origin.organization_id,
        namespace_id=event.origin.namespace_id or "",
        bucket_id=event.origin.bucket_id or "",
        content_types=event.content_types,
        max_size_bytes=event.max_size_bytes,
        max_count=event.max_count,
        expires_at=event.expires_at,
        token_hash=event.token_hash,
        upload_lifetime_seconds=event.upload_lifetime_seconds,
        policy=event.policy,
    )


def size_meant(token: UploadToken, size_bytes: int | None) -> int | None:
    """Return the size that a file is held to: where the token limits it, one that is left out is that of an empty file.

    A request declares no size of 0, and a URL that binds none would take any.
    """
    return 0 if size_bytes is None and token.max_size_bytes is not None else size_bytes


def token_unknown(token_id: str | None = None) -> UnauthenticatedError:  # noqa: ARG001  # an answer names no token
    """Return the refusal of a token that nobody was given."""
    return UnauthenticatedError("token_unknown", "This upload token is unknown: ask for another one.")


UPLOAD_TOKEN: Decider[TokenCommand, TokenEvent, TokenState] = Decider(
    initial=NoToken(), decide=decide, evolve=evolve, not_found=token_unknown
)


def _check_use(token: UploadToken, used: int, file: UseToken) -> None:
    """Refuse a file that the token does not allow. `used`: how many uploads it was used for already."""
    content_type, size_bytes = file.content_type, file.size_bytes
    if not media_types.within(content_type, token.content_types):
        raise ForbiddenError(
            "token_content_type",
            f"This upload token does not take {content_type}: send a file of one of the types"
            f" {', '.join(token.content_types)}.",
            {"content_types": list(token.content_types)},
        )
    if token.max_size_bytes is not None:
        if size_bytes is None:
            raise InvalidInputError(
                "size_required",
                "file_size_bytes is missing, and this upload token limits the size of a file: send it, or send an empty"
                " file without multipart=always.",
                {"field": "file_size_bytes"},
            )
        if size_bytes > token.max_size_bytes:
            raise ForbiddenError(
                "token_file_too_large",
                f"This upload token takes files of up to {token.max_size_bytes} bytes, and this one has {size_bytes}:"
                " send a smaller file.",
                {"max_size_bytes": token.max_size_bytes},
            )
    if used >= token.max_count:
        raise ForbiddenError(
            "token_used_up",
            f"This upload token has been used for all of its {token.max_count} uploads: ask for another one.",
            {"max_count": token.max_count},
        )
