"""Structured logs: JSON lines, or lines for a terminal. They never contain secrets or presigned URLs.

Logs of other libraries, warnings and uncaught errors have the same format.
"""

import io
import logging
import re
import sys
import threading
from contextvars import ContextVar
from types import TracebackType
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo

# Without local variables: they may contain secrets.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # structlog's own are slower to set
REQUEST_ID = "upwell.request_id"  # in the scope of a request; its log lines, its span and its answer have it
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
# Characters that a terminal, or a reader of lines, might interpret: control characters, line and paragraph separators,
# and characters that change the direction of text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_log = structlog.get_logger("upwell")


def configure_logs(log_format: str, log_level: str) -> None:
    """Send Upwell's events to standard error; of other libraries only warnings and above."""
    level = logging.getLevelNamesMapping()[log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        _with_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.typing.Processor]
    if log_format == "json":
        rendering = [_TRACEBACKS, lambda logger, name, event: _to_json(logger, name, event).decode()]
        structlog.configure(
            processors=[*shared, _TRACEBACKS, _to_json],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
    else:
        rendering = [
            _without_nothing,
            _without_controls,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain_traceback),
        ]
        structlog.configure(
            processors=[*shared, *rendering],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    sys.unraisablehook = lambda what: _log_uncaught(what.exc_type, what.exc_value, what.exc_traceback)
    threading.excepthook = lambda what: _log_uncaught(what.exc_type, what.exc_value, what.exc_traceback)


def say(sentence: str) -> None:
    """Print why a command ends: as a log line if logs are JSON, otherwise as plain text."""
    if structlog.is_configured() and structlog.get_config()["processors"][-1] is _to_json:
        _log.error("ended", reason=sentence)
    else:
        sys.stderr.write(f"upwell: {sentence}\n")


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    _log.critical("uncaught_error", exc_info=(kind, error, trace))


def _with_request_id(logger: object, name: str, event: EventDict) -> EventDict:  # noqa: ARG001  # structlog's signature
    found = request_id.get()
    if found is not None:
        event.setdefault("request_id", found)
    return event


def _without_nothing(logger: object, name: str, event: EventDict) -> EventDict:  # noqa: ARG001  # structlog's signature
    return {field: value for field, value in event.items() if value is not None}


def _without_controls(logger: object, name: str, event: EventDict) -> EventDict:  # noqa: ARG001  # structlog's signature
    return {
        field: _CONTROLS.sub(_escaped, value) if isinstance(value, str) else value for field, value in event.items()
    }


def _plain_traceback(target: TextIO, error: ExcInfo) -> None:
    written = io.StringIO()
    structlog.dev.plain_traceback(written, error)
    target.write("\n".join(_CONTROLS.sub(_escaped, line) for line in written.getvalue().split("\n")))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _to_json(logger: object, name: str, event: EventDict) -> bytes:  # noqa: ARG001  # structlog's signature
    return _CONTROLS.sub(_escaped, msgspec.json.encode(event, enc_hook=str).decode()).encode()
