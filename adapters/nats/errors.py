"""The errors of a relay, apart from the client library, which is optional."""


class RelayError(Exception):
    """NATS has not taken everything; it is tried again from where the stream is."""


class TooLargeError(RelayError):
    """An event is larger than the server takes: it holds up all behind it, until the server takes it."""


class RelayUnusableError(Exception):
    """The relay cannot go on as it was begun. The message says what to mend; or it is enough to start again."""
