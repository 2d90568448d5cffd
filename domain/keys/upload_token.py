"""Upload tokens: the credentials of browsers and phones, instead of an API key.

The first event contains the whole token; the following events are its uses, its renewals and its revocation. So its
stream counts its uploads and their bytes, and two concurrent uses cannot both be the last one. The tags begin with
`upload`, because every upload through a token writes one.
"""

import hmac
from datetime import datetime
from typing import assert_never

import msgspec

from domain.buckets.bucket import Policy
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError, WrongStateError
from domain.shared_fields import changed_by, made_from
from domain.uploads import media_types
from domain.uploads.media_types import ANY_TYPE
from domain.uploads.parts import check_part_size

PREFIX = "ut_"
ID_PREFIX = "utk_"
MIN_SECONDS = 60
MAX_SECONDS = 86_400
DEFAULT_SECONDS = 900
UPLOAD_LIFETIME_SECONDS = 86_400
MAX_UPLOAD_LIFETIME_SECONDS = 30 * 86_400
MAX_COUNT = 1000
MAX_CONTENT_TYPES = 50
MAX_SUBJECT_LENGTH = 200


class TokenLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a token allows; it never changes. `content_types` may end in `/*`.

    `max_total_bytes`: of the declared sizes of all uploads. `subject`: the person or device that it is for, in the
    words of its issuer: all tokens of a key for one subject in a bucket reach the same uploads. `part_size`,
    `blob_property`: the defaults of its uploads. `upload_lifetime_seconds`: for how long its uploads get URLs.
    `policy`: for its uploads; None: the bucket's, without replacing.
    """

    key_id: str
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_count: int
    upload_lifetime_seconds: int = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None
    subject: str | None = None
    max_total_bytes: int | None = None
    part_size: int | None = None
    blob_property: str | None = None


class UploadTokenIssued(Event, frozen=True, omit_defaults=True, tag="upload.token_issued.v1"):
    """A token for sending files to one bucket was issued. The limits: as in `TokenLimits`.

    `token_hash`: SHA-256 of the secret, 64 hex digits; None in old events, whose id was derived from the secret.
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
    subject: str | None = None
    max_total_bytes: int | None = None
    part_size: int | None = None
    blob_property: str | None = None


class UploadTokenUsed(Event, frozen=True, omit_defaults=True, tag="upload.token_used.v1"):
    """An upload was requested with the token.

    `size_bytes`: its declared size, or the most that the token allows for one; None: neither is known.
    """

    token_id: str
    upload_id: str
    size_bytes: int | None = None


class UploadTokenRenewed(Event, frozen=True, tag="upload.token_renewed.v1"):
    """The token has a new secret and a new end.

    The previous secret works until `previous_until`, older ones no longer.
    """

    token_id: str
    token_hash: str
    expires_at: datetime
    previous_until: datetime


class UploadTokenRevoked(Event, frozen=True, omit_defaults=True, tag="upload.token_revoked.v1"):
    """The token no longer works. `lets_open_finish`: bytes of its open uploads are still accepted."""

    token_id: str
    lets_open_finish: bool = False


class UploadToken(TokenLimits, frozen=True, kw_only=True):
    """A token: its limits, its secret and its end.

    `token_hash`: of the secret, which works until `expires_at`; None: the id was derived from the secret.
    `previous_token_hash`: of the secret before the last renewal, which works until `previous_until`. `revoked_at`: when
    it was revoked. `lets_open_finish`: for a revoked token, whether its open uploads may complete.
    """

    token_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    expires_at: datetime
    token_hash: str | None = None
    previous_token_hash: str | None = None
    previous_until: datetime | None = None
    revoked_at: datetime | None = None
    lets_open_finish: bool = False

    @property
    def replaces(self) -> bool:
        """Whether its uploads may change an existing object, if its key may."""
        return self.policy in {Policy.UPDATE, Policy.UPSERT}

    def end_of(self, token_hash: str | None) -> datetime | None:
        """Return until when the secret with this hash works; None: it is not, or no longer, one of this token."""
        if hmac.compare_digest(token_hash or "", self.token_hash or ""):
            return self.expires_at
        return self.previous_until if token_hash == self.previous_token_hash else None

    def reaches(self, other: "UploadToken") -> bool:
        """Return whether its holder may act on the uploads of another token."""
        if self.token_id == other.token_id:
            return True
        return self.subject is not None and (self.key_id, self.bucket_id, self.subject) == (
            other.key_id,
            other.bucket_id,
            other.subject,
        )


class NoToken(msgspec.Struct, frozen=True):
    """The state before the first event."""


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """An issued token. `used`: the number of its uploads. `used_bytes`: the sum of their sizes, as counted."""

    token: UploadToken
    used: int = 0
    used_bytes: int = 0


class RevokedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A revoked token."""

    token_id: str


TokenState = NoToken | IssuedToken | RevokedToken


class IssueToken(TokenLimits, frozen=True, kw_only=True):
    """Issue a token. `origin` has its bucket."""

    origin: Origin
    token_id: str
    token_hash: str
    expires_at: datetime


class UseToken(msgspec.Struct, frozen=True, kw_only=True):
    """Request an upload of this file with the token."""

    origin: Origin
    upload_id: str
    content_type: str
    size_bytes: int | None


class RenewToken(msgspec.Struct, frozen=True, kw_only=True):
    """Give the token a new secret and a new end; the current secret works until its own end."""

    origin: Origin
    token_hash: str
    expires_at: datetime


class RevokeToken(msgspec.Struct, frozen=True, kw_only=True):
    """Revoke a token. `lets_open_finish`: its open uploads may still complete."""

    origin: Origin
    lets_open_finish: bool = False


TokenCommand = IssueToken | UseToken | RenewToken | RevokeToken
TokenEvent = UploadTokenIssued | UploadTokenUsed | UploadTokenRenewed | UploadTokenRevoked


def decide(command: TokenCommand, state: TokenState) -> tuple[TokenEvent, ...]:
    """Return the events of a command; refuse an impossible limit, or a file that the token does not allow."""
    match state, command:
        case NoToken(), IssueToken():
            return (_issued(command),)
        case IssuedToken(token=token), UseToken():
            _check_use(state, command)
            counted = _counted(token, command.size_bytes)
            return (made_from(UploadTokenUsed, command, token_id=token.token_id, size_bytes=counted),)
        case IssuedToken(token=token), RenewToken():
            return (made_from(UploadTokenRenewed, command, token_id=token.token_id, previous_until=token.expires_at),)
        case IssuedToken(token=token), RevokeToken():
            return (made_from(UploadTokenRevoked, command, token_id=token.token_id),)
        case RevokedToken(), RevokeToken():
            return ()
        case RevokedToken(), UseToken():
            raise token_revoked()
        case RevokedToken(), RenewToken():
            raise WrongStateError("token_is_revoked", "The token is revoked, which is final: create another one.")
        case ((IssuedToken() | RevokedToken()), IssueToken()):
            raise WrongStateError("wrong_state", "The upload token exists already: use another id.")
        case NoToken(), RenewToken() | RevokeToken():
            raise token_not_found("")
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
            return msgspec.structs.replace(
                state, used=state.used + 1, used_bytes=state.used_bytes + (event.size_bytes or 0)
            )
        case UploadTokenRenewed():
            if not isinstance(state, IssuedToken):
                return state
            return msgspec.structs.replace(state, token=renewed(state.token, event))
        case UploadTokenRevoked():
            return RevokedToken(token_id=event.token_id)
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


def renewed(token: UploadToken, event: UploadTokenRenewed) -> UploadToken:
    """Return a token after its renewal."""
    return changed_by(token, event, previous_token_hash=token.token_hash)


def token_unknown() -> UnauthenticatedError:
    """Return the refusal of an unknown token."""
    return UnauthenticatedError("token_unknown", "This upload token is unknown: request another one.")


def token_expired() -> UnauthenticatedError:
    """Return the refusal of a token after its end."""
    return UnauthenticatedError("token_expired", "This upload token has expired: request another one.")


def token_revoked() -> UnauthenticatedError:
    """Return the refusal of a revoked token."""
    return UnauthenticatedError("token_revoked", "This upload token was revoked: request another one.")


def token_not_found(token_id: str) -> NotFoundError:
    """Return the refusal of a token that does not exist for the caller, who names it by its id."""
    return NotFoundError(
        "token_not_found",
        "The upload token does not exist, or you cannot access it: check its id, and use the API key that issued it or"
        " one with the permission 'admin'.",
        {"token_id": token_id[:100]},
    )


UPLOAD_TOKEN: Decider[TokenCommand, TokenEvent, TokenState] = Decider(
    initial=NoToken(), decide=decide, evolve=evolve, not_found=token_not_found
)


def check_subject(subject: str | None) -> str | None:
    """Return a subject, or refuse one that is not 1 to 200 printable characters."""
    if subject is not None and not (1 <= len(subject) <= MAX_SUBJECT_LENGTH and subject.isprintable()):
        raise InvalidInputError(
            "invalid_subject",
            f"subject is not allowed: send 1 to {MAX_SUBJECT_LENGTH} printable characters, such as user-42.",
            {"field": "subject"},
        )
    return subject


def _issued(command: IssueToken) -> UploadTokenIssued:
    check_subject(command.subject)
    check_part_size(command.part_size)
    types = media_types.media_ranges(command.content_types)
    return made_from(UploadTokenIssued, command, content_types=types or (ANY_TYPE,))


def _check_use(state: IssuedToken, file: UseToken) -> None:
    """Refuse a file that the token does not allow, after its earlier uploads.

    An undeclared size is held against the limit of a file when the upload is verified.
    """
    token, content_type, size_bytes = state.token, file.content_type, file.size_bytes
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
    if state.used >= token.max_count:
        raise ForbiddenError(
            "token_used_up",
            f"This upload token has been used for all of its {token.max_count} uploads: request another one.",
            {"max_count": token.max_count},
        )
    if token.max_total_bytes is not None:
        _check_bytes(state, _counted(token, size_bytes), token.max_total_bytes)


def _check_bytes(state: IssuedToken, size_bytes: int | None, max_total_bytes: int) -> None:
    if size_bytes is None:
        raise InvalidInputError(
            "size_required",
            "file_size_bytes is missing, and this upload token limits the bytes of all its uploads: send it.",
            {"field": "file_size_bytes"},
        )
    left = max(max_total_bytes - state.used_bytes, 0)
    if size_bytes > left:
        raise ForbiddenError(
            "token_bytes_used_up",
            f"This upload token allows {max_total_bytes} bytes in all its uploads, of which {left} are left, but this"
            f" file may have {size_bytes}: send a smaller file with its file_size_bytes, or request another token.",
            {"max_total_bytes": max_total_bytes, "left_bytes": left},
        )


def _counted(token: UploadToken, size_bytes: int | None) -> int | None:
    """Return the bytes of a file that count: its declared size, or the most that the token allows for one."""
    return token.max_size_bytes if size_bytes is None else size_bytes
