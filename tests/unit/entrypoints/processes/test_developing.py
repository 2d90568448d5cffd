import sys
from pathlib import Path

import pytest

from entrypoints.envfile import write_env
from entrypoints.processes import developing


def test_what_the_file_of_another_folder_has_set_is_left_out(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    its = {
        "UPWELL_DEV_FOLDER": str(other),
        "UPWELL_DATABASE_URL": "postgresql://a@/upwell",
        "UPWELL_S3_ENDPOINT_URL": "http://127.0.0.1:1",
        "UPWELL_S3_ACCESS_KEY_ID": "its",
    }
    write_env(other / "dev.env", its)
    kept = developing._without_our_own({**its, "UPWELL_PART_BYTES": "9", "HOME": "/"}, {}, tmp_path / "mine")
    assert kept == {"UPWELL_PART_BYTES": "9", "HOME": "/"}


def test_what_the_user_has_set_stays(tmp_path: Path) -> None:
    chosen = {"UPWELL_DATABASE_URL": "postgresql://a@/upwell"}
    assert developing._without_our_own(chosen, {}, tmp_path) == chosen


@pytest.mark.parametrize(
    ("on_the_path", "expected"), [(False, ".venv/bin/upwell"), (True, "upwell")], ids=["uv run", "installed"]
)
def test_the_commands_that_are_shown_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_the_path: bool, expected: str
) -> None:
    program = tmp_path / ".venv" / "bin" / "upwell"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(program), "dev"])
    monkeypatch.setenv("PATH", f"{program.parent}:/bin")
    monkeypatch.setenv("VIRTUAL_ENV", "" if on_the_path else str(tmp_path / ".venv"))
    assert developing._command() == expected
