"""Everything that the client raises: one class for each error type of the service, and what goes wrong on the way."""

from collections.abc import Mapping
from typing import Any


class UpwellError(Exception):
    """Something went wrong. `message` is a sentence, `code` is stable and for programs.

    `upload_id`: the upload that was under way, which `resume` may be able to finish.
    """

    upload_id: str | None = None

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class UnreachableError(UpwellError):
    """No answer came; the request may have arrived all the same.

    `misnamed`: nothing was sent, because the host's name is unknown, or its certificate is not for it.
    """

    def __init__(self, message: str, *, misnamed: bool = False) -> None:
        super().__init__(message, "unreachable")
        self.misnamed = misnamed


class StrangeAnswerError(UpwellError):
    """Whoever answered does not answer as Upwell does."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} does not answer as Upwell does: is the URL right?", "strange_answer")


class AnsweredError(UpwellError):
    """The service or the storage answered with an error.

    `details`: the facts that the service tells. `retry_after_seconds`: when it asks to be asked again.
    """

    def __init__(
        self,
        message: str,
        code: str,
        *,
        status: int,
        details: Mapping[str, Any] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, code)
        self.status = status
        self.details = details or {}
        self.retry_after_seconds = retry_after_seconds


class BadRequestError(AnsweredError):
    """The upload is not in the right state for this, or the content is not what was promised."""


class UnauthorizedError(AnsweredError):
    """The API key is missing, unknown, expired or revoked."""


class ForbiddenError(AnsweredError):
    """The key may not do this, the bucket is not active, or the file is too large for the tier."""


class QuotaExceededError(ForbiddenError):
    """The organization's storage quota is used up."""


class NotFoundError(AnsweredError):
    """There is no such thing, or not in this namespace."""


class MethodNotAllowedError(AnsweredError):
    """The method is not possible at this address."""


class ConflictError(AnsweredError):
    """It contradicts something that exists, such as a unique key."""


class ValidationError(AnsweredError):
    """The request does not fit the contract or the bucket's schema."""


class TooManyRequestsError(AnsweredError):
    """A rate limit is reached."""


class ClientError(AnsweredError):
    """Any other answer from 400 to 499."""


class InternalServerError(AnsweredError):
    """The service failed in a way that it did not expect."""


class ServiceUnavailableError(AnsweredError):
    """A part of the service cannot be reached right now."""


class StorageRefusedError(AnsweredError):
    """The storage refused the bytes, or refused to give them out."""


class FileError(UpwellError):
    """The file cannot be read or written, or is not one that can be uploaded."""

    def __init__(self, message: str, code: str = "unreadable_file") -> None:
        super().__init__(message, code)


class FileChangedError(FileError):
    """The file is another one than when the upload began."""

    def __init__(self) -> None:
        super().__init__("the file changed while it was being uploaded: upload it again when it is at rest", "changed")


class MismatchError(UpwellError):
    """The bytes are not those that they should be."""


class UploadEndedError(UpwellError):
    """The upload has failed or was canceled; `status` says which."""

    def __init__(self, upload_id: str, status: str, reason: str | None) -> None:
        super().__init__(
            f"the upload {upload_id} is {status}: {reason or 'somebody gave it up'}", f"upload_{status.lower()}"
        )
        self.upload_id = upload_id
        self.status = status


class StillVerifyingError(UpwellError):
    """The upload was sent whole and is still being verified, which goes on by itself."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"the upload {upload_id} is still being verified; it goes on by itself", "still_verifying")
        self.upload_id = upload_id


ANSWERED: Mapping[str, type[AnsweredError]] = {
    kind.__name__: kind
    for kind in (
        BadRequestError,
        UnauthorizedError,
        ForbiddenError,
        QuotaExceededError,
        NotFoundError,
        MethodNotAllowedError,
        ConflictError,
        ValidationError,
        TooManyRequestsError,
        ClientError,
        InternalServerError,
        ServiceUnavailableError,
    )
}
