"""What can go wrong on the client's side, each a sentence for the user."""

import click


class ClientError(click.ClickException):
    """Something went wrong; the message is one sentence. `code` is for machines, as in the service's answers."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        """Tell it as the other commands do."""
        click.echo(f"upwell: {self.message}", err=True)


class UnusableError(ClientError):
    """Nothing could be begun: something is to be set or mended first."""

    exit_code = 2


class UnreachableError(ClientError):
    """No answer came; the request may have arrived all the same."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "unreachable")


class AnsweredError(ClientError):
    """The service or the storage answered with an error.

    `retry_after_seconds`: when it asks to be asked again. `upload_status`: what the upload is now, where it says so.
    """

    def __init__(
        self,
        message: str,
        code: str,
        *,
        status: int,
        retry_after_seconds: float | None = None,
        upload_status: str | None = None,
    ) -> None:
        super().__init__(f"{message} [{code}]", code)
        self.status = status
        self.upload_status = upload_status
        self.retry_after_seconds = retry_after_seconds


class FileError(ClientError):
    """The file cannot be read, or is not one that can be uploaded."""

    def __init__(self, message: str, code: str = "unreadable_file") -> None:
        super().__init__(message, code)


class FileChangedError(FileError):
    """The file is another one than when it was hashed."""

    def __init__(self) -> None:
        super().__init__("the file changed while it was being uploaded: upload it again when it is at rest", "changed")
