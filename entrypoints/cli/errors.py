"""Errors of the client, each with a sentence for the user."""

import click

from entrypoints.cli.output import note


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
