"""Errors of the client library as sentences for the user. Commands that send no request do not load this."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from entrypoints.cli.errors import ClientError
from upwell_client import AnsweredError, StrangeAnswerError, UpwellError


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
