"""Standard output, for results only. Everything else goes to standard error."""

import os
import re
import sys

import click
import msgspec

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")


class OutputError(click.ClickException):
    """Standard output accepts no more: a full disk, for example."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"The output cannot be written: {cause.strerror or cause}.")

    def show(self, file: object = None) -> None:  # noqa: ARG002  # click's signature
        """Print it like the other commands."""
        note(self.message)


def emit(line: str) -> bool:
    """Write a line at once; return false when the pipe was closed (`| head`). Raises `OutputError`."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the flush at exit does not fail
        if isinstance(error, BrokenPipeError):
            return False
        raise OutputError(error) from error
    return True


def printable(text: str) -> str:
    """Return a text without characters that move a cursor, recolour a terminal, or change the direction of text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def json_of(value: object) -> str:
    """Return JSON that escapes the characters that `printable` would change."""
    text = msgspec.json.encode(value).decode()
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else _escaped(found[0]), text)


def note(text: str) -> None:
    """Print a line on standard error."""
    click.echo(f"upwell: {printable(text)}", err=True)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def encodable(text: str) -> str:
    """Return a path as text that can be encoded: names on Linux may be invalid UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def human(size_bytes: int) -> str:
    """Return a size for people."""
    value = float(size_bytes)
    for unit in _UNITS[:-1]:
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} {_UNITS[-1]}"
