"""The long-running processes: `serve`, `worker`, `dev` and `relay nats`.

Other commands are in `entrypoints.cli`.
"""

import sys


def _load_structlog_without_rich() -> None:
    """Load structlog, which would load rich for tracebacks that these processes do not print: 6 MB and 40 ms."""
    rich = sys.modules.get("rich")
    sys.modules["rich"] = None  # type: ignore[assignment]  # an import of it fails
    try:
        import structlog  # noqa: F401, PLC0415  # before other modules do
    finally:
        del sys.modules["rich"]
        if rich is not None:
            sys.modules["rich"] = rich


_load_structlog_without_rich()
