"""What the commands refuse before anything is asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from entrypoints.cli import upwell


@pytest.mark.parametrize(
    "arguments",
    [
        ["upload", ""],
        ["upload", "a.txt", ""],
        ["upload", "--resume", ""],
        ["download", "upl_1", "--output", ""],
        ["events", "export", "--to", ""],
        ["dev", "--data", ""],
    ],
)
def test_an_empty_path_is_refused_and_never_the_current_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(upwell, arguments)
    assert done.exit_code == 2
    assert "the path is empty. Is a variable not set?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "x.txt", "--name", "s.txt"], "name no other files beside '-'"),
        (["-", "--name", "s.txt", "--resume"], "Standard input cannot be resumed"),
        (["-"], "Standard input needs a name"),
    ],
)
def test_what_is_wrong_with_standard_input_is_said(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(upwell, ["upload", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
