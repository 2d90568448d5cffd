"""The help texts of commands and options."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from entrypoints.cli.main import upwell


def commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, *path, name)


@pytest.mark.parametrize(
    ("path", "command"), list(commands(upwell)), ids=lambda given: " ".join(given) if isinstance(given, tuple) else ""
)
def test_help_is_whole(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(upwell, [*path, "--help"], terminal_width=80).output
    assert "..." not in shown.replace("...]", "]").replace("]...", "]")
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help
            assert " " in option.help
            assert option.help.endswith(".") or option.help.endswith("object_created")
