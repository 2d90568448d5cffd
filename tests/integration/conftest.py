"""Fixtures that several of these tests use."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, which another user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="upwell-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
