"""Errors on the client's side, each with a sentence for the user."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from entrypoints.cli.output import note
from upwell_client import AnsweredError, StrangeAnswerError, UpwellError


class ClientError(click.ClickException):
    """Something went wrong; the message is one sentence. `code` is for machines, as in the service's answers."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        """Tell it as the other commands do."""
        note(self.message)


class UnusableError(ClientError):
    """Nothing could be begun: something is to be set or mended first."""

    exit_code = 2


@contextmanager
def told() -> Iterator[None]:
    """Raise what the client library raises as a `ClientError`."""
    try:
        yield
    except UpwellError as error:
        raise ClientError(sentence(error), error.code) from error


def sentence(error: UpwellError) -> str:
    """Return what the user is told of an error."""
    match error:
        case AnsweredError():
            return f"{error.message} [{error.code}]"
        case StrangeAnswerError():
            return error.message.replace("the URL", "UPWELL_URL")
        case _:
            return error.message


def of_retries(note: Callable[[str], None]) -> Callable[[UpwellError, float], None]:
    """Return what tells the user that something is tried again."""
    return lambda error, seconds: note(f"{sentence(error).rstrip('.')}; trying again in {seconds:.1f} s")
