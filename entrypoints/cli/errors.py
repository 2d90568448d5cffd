"""Errors of the client, each with a sentence for the user."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from entrypoints.cli.output import note
from upwell_client import AnsweredError, StrangeAnswerError, UpwellError


class ClientError(click.ClickException):
    """A failure with a message of one sentence. `code` is for machines, as in the service's responses."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        """Print it like the other commands."""
        note(self.message)


class UnusableError(ClientError):
    """The command could not start: the user has to set or fix something first."""

    exit_code = 2


@contextmanager
def translated() -> Iterator[None]:
    """Convert errors of the client library into `ClientError`."""
    try:
        yield
    except UpwellError as error:
        raise ClientError(sentence(error), error.code) from error


def sentence(error: UpwellError) -> str:
    """Return the message for the user."""
    match error:
        case AnsweredError():
            return f"{error.message} [{error.code}]"
        case StrangeAnswerError():
            return error.message.replace("the URL", "UPWELL_URL")
        case _:
            return error.message


def of_retries(note: Callable[[str], None]) -> Callable[[UpwellError, float], None]:
    """Return a callback that notifies the user of retries."""
    return lambda error, seconds: note(f"{sentence(error).rstrip('.')}; trying again in {seconds:.1f} s")
