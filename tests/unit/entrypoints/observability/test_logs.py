"""Every line of the log has one form, from any writer."""

import json
import subprocess
import sys

_PROGRAM = """
import asyncio, logging, threading, warnings
from entrypoints.observability.logs import configure_logs, say
configure_logs({format!r}, "info")
import structlog
structlog.get_logger("upwell.test").info("reported", fact=1, path="/a\\x00\\x1b[31m\\x9b\\u202eb\\n2030-01-01 forged")
logging.getLogger("asyncpg.pool").warning("a pool says %s", "something")
logging.getLogger("uvicorn.error").info("not reported")
try:
    raise OSError("the cause")
except OSError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
warnings.warn("a warning", UserWarning)
say("Why it ends.")

async def forgotten():
    asyncio.get_running_loop().call_exception_handler({{"message": "a task was destroyed"}})
asyncio.run(forgotten())
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
raise ValueError("it is not caught")
"""


def _logged(log_format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(format=log_format)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr.splitlines()


def test_every_line_is_json() -> None:
    lines = [json.loads(line) for line in _logged("json")]
    events = [line["event"] for line in lines]
    assert events[:3] == ["reported", "a pool says something", "Exception in ASGI application"]
    assert "a warning" in events[3]
    assert events[4:] == ["ended", "a task was destroyed", "uncaught_error", "uncaught_error"]
    assert lines[1]["logger"] == "asyncpg.pool"
    assert lines[2]["exception"][0]["exc_value"] == "the cause"
    assert lines[4]["reason"] == "Why it ends."


def test_no_line_has_control_characters() -> None:
    path = "/a\\u0000\\u001b[31m\\u009b\\u202eb\\u000a2030-01-01 forged"
    for log_format in ("console", "json"):
        lines = _logged(log_format)
        assert path in lines[0].replace("\\\\", "\\").replace("\\n", "\\u000a")
        assert all(line.isprintable() for line in lines)


def test_lines_for_a_terminal_are_not_json() -> None:
    lines = _logged("console")
    assert "reported" in lines[0]
    assert "upwell: Why it ends." in lines
