"""The error of the embedded servers."""

from typing import ClassVar


class EmbeddedError(Exception):
    """An embedded server cannot run here. The message is one sentence for the user, and says what to do."""

    code: ClassVar[str] = "embedded_server"
