import os
import stat
import tempfile
from pathlib import Path

import pytest

from adapters.embedded import postgres
from adapters.embedded.errors import EmbeddedError
from adapters.embedded.postgres_binaries import PostgresBinaries
from adapters.embedded.process import Account


def test_only_a_ready_postmaster_of_ours_is_ready(tmp_path: Path) -> None:
    lines = ["7", str(tmp_path), "1", "5432", "/tmp", "", "", "ready   "]  # noqa: S108 - an example
    assert not postgres._is_ready(tmp_path, 7)
    (tmp_path / "postmaster.pid").write_text("\n".join(lines[:5]))
    assert not postgres._is_ready(tmp_path, 7)
    (tmp_path / "postmaster.pid").write_text("\n".join(lines))
    assert postgres._is_ready(tmp_path, 7)
    assert not postgres._is_ready(tmp_path, 8)
    (tmp_path / "postmaster.pid").write_text("\n".join([*lines[:7], "starting"]))
    assert not postgres._is_ready(tmp_path, 7)


def test_the_socket_folder_is_private_and_stays(tmp_path: Path) -> None:
    first = postgres._socket_folder(tmp_path / "socket", None)
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert postgres._socket_folder(tmp_path / "socket", None) == first
    first.rmdir()
    assert postgres._socket_folder(tmp_path / "socket", None) == first
    first.rmdir()


def test_a_socket_folder_that_another_may_enter_is_not_used(tmp_path: Path) -> None:
    first = postgres._socket_folder(tmp_path / "socket", None)
    first.chmod(0o755)
    second = postgres._socket_folder(tmp_path / "socket", None)
    assert second != first
    first.rmdir()
    first.symlink_to(tmp_path)
    (tmp_path / "socket").write_text(f"{first}\n")
    third = postgres._socket_folder(tmp_path / "socket", None)
    assert third not in {first, second}
    first.unlink()
    second.rmdir()
    third.rmdir()


@pytest.mark.parametrize("name", ["long" * 30, "a,b", 'a"b', "a'b", "@a"])
def test_a_temporary_folder_that_is_too_long_for_a_socket_path_is_skipped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    assert postgres._temporary_folder(None) == "/tmp"  # noqa: S108 - the short one


def test_a_folder_without_a_cluster_is_distinguished_from_an_empty_one(tmp_path: Path) -> None:
    binaries = PostgresBinaries(tmp_path, 18)
    (tmp_path / "pgdata").mkdir()
    with pytest.raises(EmbeddedError, match="has no readable PostgreSQL data"):
        postgres._check_cluster(tmp_path / "pgdata", binaries, None)


def test_a_cluster_of_another_user_is_refused(tmp_path: Path) -> None:
    binaries = PostgresBinaries(tmp_path, 18)
    account = Account("another", os.geteuid() + 1, os.getegid())
    with pytest.raises(EmbeddedError, match=f"belongs to uid {os.geteuid()}"):
        postgres._check_cluster(tmp_path, binaries, account)
