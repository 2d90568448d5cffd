"""The directory in memory."""

import itertools

from adapters.memory.read_side import MemoryReadSide


class MemoryDirectory:
    """Implements `Directory` without a cache."""

    def __init__(self, read_side: MemoryReadSide) -> None:
        self._generations = itertools.count()
        self.key = read_side.key
        self.key_by_id = read_side.key_by_id
        self.upload_token = read_side.upload_token
        self.organization = read_side.organization
        self.namespace = read_side.namespace
        self.bucket = read_side.bucket

    @property
    def generation(self) -> int:
        """Return a new value at each call."""
        return next(self._generations)
