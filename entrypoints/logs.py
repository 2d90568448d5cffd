"""Structured logs: a JSON object a line, or lines for a terminal. Secrets and presigned URLs are never in them."""

import logging
import sys

import msgspec
import structlog
from structlog.typing import EventDict

# Without local variables: they hold secrets.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def configure_logs(log_format: str, log_level: str) -> None:
    """Send structlog's events to standard error; those of other libraries from warnings on."""
    level = logging.getLevelNamesMapping()[log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format == "json":
        structlog.configure(
            processors=[*shared, _TRACEBACKS, _to_json],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *shared,
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                ),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)


def _to_json(logger: object, name: str, event: EventDict) -> bytes:  # noqa: ARG001  # structlog's signature
    return msgspec.json.encode(event, enc_hook=str)
