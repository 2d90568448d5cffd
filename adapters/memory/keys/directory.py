"""The directory in memory."""

import itertools

from adapters.memory.read_side import MemoryReadSide


class MemoryDirectory:
    """Implements `Directory` with answers that are always fresh."""

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
        """Never the same."""
        return next(self._generations)
