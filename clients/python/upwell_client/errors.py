"""The errors of the client: one class for each error type of the service, and for failures on the way."""

from collections.abc import Mapping
from typing import Any


class UpwellError(Exception):
    """The base of all errors. `message` is a sentence, `code` is stable and for programs.

    `upload_id`: the upload in progress, which `resume` may be able to finish.
    """

    upload_id: str | None = None

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class UnreachableError(UpwellError):
    """There was no response; the request may still have arrived.

    `misnamed`: nothing was sent, because the host name is unknown, or the certificate does not match it.
    """

    def __init__(self, message: str, *, misnamed: bool = False) -> None:
        super().__init__(message, "unreachable")
        self.misnamed = misnamed


class StrangeAnswerError(UpwellError):
    """The response is not from an Upwell service."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} does not respond like an Upwell service: check the URL", "strange_answer")


class AnsweredError(UpwellError):
    """The service or storage responded with an error.

    `details`: the facts from the service. `retry_after_seconds`: the requested delay before a retry.
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
    """The upload is in the wrong state, or the content differs from the announcement."""


class UnauthorizedError(AnsweredError):
    """The API key is missing, unknown, expired or revoked."""


class ForbiddenError(AnsweredError):
    """The key may not do this, the bucket is not active, or the file is too large for the tier."""


class QuotaExceededError(ForbiddenError):
    """The organization's storage quota is used up."""


class NotFoundError(AnsweredError):
    """The resource does not exist in this namespace."""


class MethodNotAllowedError(AnsweredError):
    """The address does not support the method."""


class ConflictError(AnsweredError):
    """The request conflicts with an existing resource, such as a unique key."""


class ValidationError(AnsweredError):
    """The request does not match the contract or the bucket's schema."""


class TooManyRequestsError(AnsweredError):
    """A rate limit is reached."""


class ClientError(AnsweredError):
    """Any other response from 400 to 499."""


class InternalServerError(AnsweredError):
    """The service failed unexpectedly."""


class ServiceUnavailableError(AnsweredError):
    """A part of the service cannot be reached right now."""


class StorageRefusedError(AnsweredError):
    """Storage refused to store or return the bytes."""


class FileError(UpwellError):
    """The file cannot be read or written, or is not one that can be uploaded."""

    def __init__(self, message: str, code: str = "unreadable_file") -> None:
        super().__init__(message, code)


class FileChangedError(FileError):
    """The file has changed since the upload began."""

    def __init__(self) -> None:
        super().__init__(
            "the file changed while it was being uploaded: upload it again when it no longer changes", "changed"
        )


class MismatchError(UpwellError):
    """The bytes are not the expected ones."""


class UploadEndedError(UpwellError):
    """The upload has failed or was canceled, as in `status`."""

    def __init__(self, upload_id: str, status: str, reason: str | None) -> None:
        super().__init__(
            f"the upload {upload_id} is {status}: {reason or 'it was canceled'}", f"upload_{status.lower()}"
        )
        self.upload_id = upload_id
        self.status = status


class StillVerifyingError(UpwellError):
    """The whole upload was sent and is still being verified by the service."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"the upload {upload_id} is still being verified; the service continues on its own", "still_verifying"
        )
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
