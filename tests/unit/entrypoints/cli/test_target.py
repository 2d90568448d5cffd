"""The address of the service: from the environment first, then from the file of `upwell dev`."""

import os
from pathlib import Path

import click
import pytest

from entrypoints.cli.errors import UnusableError
from entrypoints.cli.ids import Id
from entrypoints.cli.target import find_target, known_variables, operators_settings
from entrypoints.envfile import write_env

DEV = {
    "UPWELL_URL": "http://127.0.0.1:8000",
    "UPWELL_API_KEY": "sk_dev",
    "UPWELL_NAMESPACE": "dev",
    "UPWELL_BUCKET": "files",
}


def write(folder: Path) -> None:
    (folder / ".upwell").mkdir()
    write_env(folder / ".upwell" / "dev.env", DEV)


def test_the_file_is_found_here_and_in_folders_above(tmp_path: Path) -> None:
    write(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    target = find_target(known_variables({}, below))
    assert (target.url, target.api_key, target.namespace, target.bucket) == tuple(DEV.values())


def test_the_environment_wins_variable_by_variable(tmp_path: Path) -> None:
    write(tmp_path)
    target = find_target(known_variables({"UPWELL_BUCKET": "other", "UPWELL_API_KEY": ""}, tmp_path))
    assert (target.bucket, target.api_key) == ("other", "sk_dev")


def test_what_is_given_wins_over_all(tmp_path: Path) -> None:
    write(tmp_path)
    target = find_target(known_variables({"UPWELL_BUCKET": "other"}, tmp_path), bucket="mine", namespace="n")
    assert (target.bucket, target.namespace) == ("mine", "n")


def test_the_key_of_the_file_never_goes_to_another_service(tmp_path: Path) -> None:
    write(tmp_path)
    known = known_variables({"UPWELL_URL": "https://elsewhere.example"}, tmp_path)
    with pytest.raises(UnusableError, match="UPWELL_API_KEY, UPWELL_NAMESPACE, UPWELL_BUCKET are not set") as missing:
        find_target(known)
    assert "no .upwell/dev.env here or in a folder above is about the service in UPWELL_URL" in missing.value.message


def test_without_a_file_and_a_url_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match=r"there is no \.upwell/dev\.env here or in a folder above"):
        find_target(known_variables({"UPWELL_BUCKET": "files"}, tmp_path))


def test_what_is_missing_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match=r"UPWELL_BUCKET is not set.*upwell dev") as missing:
        find_target(known_variables({name: value for name, value in DEV.items() if name != "UPWELL_BUCKET"}, tmp_path))
    assert missing.value.exit_code == 2


@pytest.mark.parametrize("url", ["ftp://x", "upwell.example", "http://", "http://x:99999", "http://[::1"])
def test_an_invalid_url_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UnusableError, match="must begin with http"):
        find_target(known_variables({**DEV, "UPWELL_URL": url}, tmp_path))


@pytest.mark.parametrize("key", ["sk_ä", "sk_\n"])
def test_a_key_that_fits_no_header_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(UnusableError, match="UPWELL_API_KEY may contain only printable ASCII"):
        find_target(known_variables({**DEV, "UPWELL_API_KEY": key}, tmp_path))


def test_a_file_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / ".upwell" / "dev.env").write_text("UPWELL_URL='open\n")
    with pytest.raises(UnusableError, match=r"dev\.env cannot be read"):
        known_variables({}, tmp_path)


def test_a_file_that_another_user_wrote_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    path = tmp_path / ".upwell" / "dev.env"
    if path.stat().st_uid == 0:  # a file of root is trusted
        os.chown(path, 4711, -1)
    with pytest.raises(UnusableError, match="belongs to another user"):
        known_variables({}, tmp_path)


DATABASE = {
    "UPWELL_DATABASE_URL": "postgresql://dev@/upwell?host=/tmp",
    "UPWELL_DATABASE_OWNER_URL": "postgresql://o@/u",
}


def test_operators_commands_find_the_file_that_upload_finds(tmp_path: Path) -> None:
    (tmp_path / ".upwell").mkdir()
    write_env(tmp_path / ".upwell" / "dev.env", DEV | DATABASE)
    settings = operators_settings({}, tmp_path)
    assert (settings.database_url, settings.database_owner_url) == tuple(DATABASE.values())


@pytest.mark.parametrize("name", ["UPWELL_DATABASE_URL", "UPWELL_DATABASE_OWNER_URL"])
def test_a_database_of_the_environment_never_meets_the_parts_of_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / ".upwell").mkdir()
    write_env(tmp_path / ".upwell" / "dev.env", DEV | DATABASE | {"UPWELL_S3_BUCKET": "upwell"})
    settings = operators_settings({name: "postgresql://production@/upwell?host=/run/x"}, tmp_path)
    assert settings.environment.keys() == {name}


def test_an_id_is_an_id() -> None:
    kind = Id("upl_", where="'upwell uploads list'")
    assert kind.convert("upl_9p3x0c1m4k7w2q5z", None, None) == "upl_9p3x0c1m4k7w2q5z"
    for given in ("x/../", "upl_", "upl_../x", "upl_a b", "obj_1", "upl_1\n", ""):
        with pytest.raises(click.BadParameter, match="is not an id"):
            kind.convert(given, None, None)
