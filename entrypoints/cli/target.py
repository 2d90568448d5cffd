"""The target of the client: from the environment, otherwise from the `.upwell/dev.env` that `upwell dev` wrote."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from entrypoints.cli.errors import UnusableError
from entrypoints.envfile import read_env
from entrypoints.settings import Settings

_PARTS = ("UPWELL_DATABASE_", "UPWELL_S3_")
ENV_FILE = Path(".upwell") / "dev.env"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A service, and the credentials for it. `bucket`: its id or name."""

    url: str
    api_key: str
    namespace: str
    bucket: str


def find_target(known: Mapping[str, str], *, namespace: str | None = None, bucket: str | None = None) -> Target:
    """Return the target of the variables; arguments take precedence."""
    found = {
        "UPWELL_URL": known.get("UPWELL_URL"),
        "UPWELL_API_KEY": known.get("UPWELL_API_KEY"),
        "UPWELL_NAMESPACE": namespace or known.get("UPWELL_NAMESPACE"),
        "UPWELL_BUCKET": bucket or known.get("UPWELL_BUCKET"),
    }
    missing = [name for name, value in found.items() if not value]
    if missing:
        unset = f"No target: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, and"
        if found["UPWELL_URL"]:  # a file about another service fills nothing in
            why = (
                f"no {ENV_FILE} here or in a folder above is about the service in UPWELL_URL: set the variables, or"
                " unset UPWELL_URL and run 'upwell dev' here."
            )
        else:
            why = f"there is no {ENV_FILE} here or in a folder above: run 'upwell dev' here, or set the variables."
        raise UnusableError(f"{unset} {why}", "not_configured")
    values = {name: value or "" for name, value in found.items()}
    for name in ("UPWELL_API_KEY", "UPWELL_NAMESPACE"):
        if not (values[name].isascii() and values[name].isprintable()):
            raise UnusableError(f"{name} may contain only printable ASCII characters: correct it.", "not_usable")
    return Target(
        url=_checked(values["UPWELL_URL"]),
        api_key=values["UPWELL_API_KEY"],
        namespace=values["UPWELL_NAMESPACE"],
        bucket=values["UPWELL_BUCKET"],
    )


def known_variables(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> dict[str, str]:
    """Return the variables `UPWELL_…` of the environment, and the missing ones from the nearest `.upwell/dev.env`.

    A file about another service than the one that the environment names in UPWELL_URL fills nothing in: its key and
    its database belong to its own service.
    """
    given = os.environ if environment is None else environment
    known = {name: value for name, value in given.items() if name.startswith("UPWELL_") and value}
    path = _nearest(Path.cwd() if folder is None else folder)
    if path is None:
        return known
    try:
        mine = path.stat().st_uid in {os.geteuid(), 0}
        written = read_env(path)
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path} cannot be read: {error}.", "not_usable") from error
    if not mine:  # its author would get the files of all users who work below
        raise UnusableError(
            f"{path} belongs to another user and is not used: set UPWELL_URL, UPWELL_API_KEY, UPWELL_NAMESPACE and"
            " UPWELL_BUCKET yourself.",
            "not_usable",
        )
    if known.get("UPWELL_URL", written.get("UPWELL_URL")) != written.get("UPWELL_URL"):
        return known
    return {**written, **known}


def operators_settings(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Return the settings for commands that use the database or the storage directly.

    They come only from the environment if it names any part, and otherwise from the nearest `dev.env`: a production
    database must never be combined with the storage, or the owner, of the local `upwell dev`.
    """
    given = dict(os.environ if environment is None else environment)
    if any(value and name.startswith(_PARTS) for name, value in given.items()):
        return Settings(given)
    return Settings({**given, **known_variables(given, folder)})


def _nearest(folder: Path) -> Path | None:
    return next((path for above in (folder, *folder.parents) if (path := above / ENV_FILE).is_file()), None)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UnusableError(
            f"UPWELL_URL is {url[:200]!r}: it must begin with http:// or https:// and have a host.", "not_usable"
        )
    return url.rstrip("/")
