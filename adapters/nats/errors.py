"""The errors of a relay, apart from the client library, which is optional."""


class RelayError(Exception):
    """NATS has not accepted everything; the relay tries again from the end of the stream."""


class TooLargeError(RelayError):
    """An event is larger than the server's limit: it blocks all later events until the limit is raised."""


class RelayUnusableError(Exception):
    """The relay cannot continue. The message says what to fix; sometimes a restart is enough."""
