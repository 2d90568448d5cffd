"""Standard output: lines that hold what was found. Everything else that is told goes to standard error."""

import os
import sys

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def emit(line: str) -> bool:
    """Write a line at once; return false when nobody reads any more (`| head`)."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that nothing complains at the end either
        return False
    return True


def printable(text: str) -> str:
    """Return a text without anything that could move a cursor or recolour a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def encodable(text: str) -> str:
    """Return a path as text that can be encoded: Linux has names that are no UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def human(size_bytes: int) -> str:
    """Return a size as people say it."""
    value = float(size_bytes)
    for unit in _UNITS[:-1]:
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} {_UNITS[-1]}"
