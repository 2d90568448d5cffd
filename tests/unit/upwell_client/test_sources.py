"""Which files can be uploaded, and the messages about the others."""

import hashlib
import os
from pathlib import Path

import pytest

from upwell_client import FileChangedError, FileError
from upwell_client.sources import BLOCK_BYTES, PathSource, content_of, digest_of, guess_content_type


def test_a_file_is_hashed_and_read_in_blocks(tmp_path: Path) -> None:
    body = os.urandom(BLOCK_BYTES + 5)
    path = tmp_path / "a.bin"
    path.write_bytes(body)
    counts: list[int] = []
    source = PathSource(path)
    assert digest_of(source, counts.append) == hashlib.sha256(body).hexdigest()
    assert counts == [BLOCK_BYTES, 5]
    assert b"".join(source.read(3, BLOCK_BYTES)) == body[3 : BLOCK_BYTES + 3]
    source.check_unchanged()


def test_what_is_read_again_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    counts: list[int] = []
    content = content_of(PathSource(tmp_path / "a"), counts.append, 1, 3)
    assert (list(content.blocks()), list(content.blocks())) == ([b"234"], [b"234"])
    assert counts == [3, -3, 3]


def test_a_link_is_followed_and_keeps_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "link.txt").symlink_to("there")
    source = PathSource(tmp_path / "link.txt")
    assert (source.name, source.size_bytes) == ("link.txt", 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "the file does not exist"),
        ("file/below", "the file does not exist"),
        ("folder", "it is a folder"),
        ("dangling", "the file that this link points to does not exist"),
        ("pipe", "it is not a regular file"),
        ("loop", "it cannot be read"),
        (os.fsdecode(b"\xff.txt"), "the name is not valid UTF-8"),
    ],
)
def test_what_is_no_readable_file_is_named(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match=said):
        PathSource(tmp_path / name)


def test_a_file_that_was_written_to_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    source = PathSource(path)
    path.write_bytes(b"longer")
    with pytest.raises(FileChangedError):
        source.check_unchanged()
    with pytest.raises(FileChangedError):
        list(source.read(0, 3))
    path.unlink()
    with pytest.raises(FileChangedError):
        source.check_unchanged()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.MP4", "video/mp4"),
        ("a.csv", "text/csv"),
        ("a.pdf", "application/pdf"),
        ("a.unknown-ending", "application/octet-stream"),
        ("a.txt.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_content_type_comes_from_the_ending(name: str, kind: str) -> None:
    assert guess_content_type(name) == kind
