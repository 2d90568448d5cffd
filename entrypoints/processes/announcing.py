"""The line in the log with which a process begins its work."""

import os
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog

from entrypoints.settings import Settings

_log = structlog.get_logger("upwell.serve")


def say_what_starts(what: str, settings: Settings, **facts: object) -> None:
    """Log the process, its version, and the parts that it uses."""
    database = urlsplit(settings.database_url)
    _log.info(
        what,
        version=version("upwell"),
        pid=os.getpid(),
        **facts,
        database=f"{database.hostname or 'local'}{database.path}",
        storage=f"{settings.s3.endpoint_url}/{settings.s3.bucket}",
    )
