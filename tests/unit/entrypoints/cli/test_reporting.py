"""The output for users: sizes, names, lines without a terminal, and the requested events."""

import io
import json

import pytest
from rich.console import Console

from entrypoints.cli.bar import Bar
from entrypoints.cli.errors import ClientError
from entrypoints.cli.lines import LINE_SECONDS, Lines
from entrypoints.cli.main import _cell
from entrypoints.cli.output import human, json_of, note, printable
from entrypoints.cli.showing import Wanted


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1024**3, "1.0 GiB"), (5 * 1024**5, "5120.0 TiB")],
)
def test_sizes_are_printed_in_common_units(size: int, said: str) -> None:
    assert human(size) == said


@pytest.mark.parametrize(
    ("name", "shown"), [("café.mp4", "café.mp4"), ("a\x1b[31m\nb", r"a\x1b[31m\nb"), ("\udcff", r"\udcff")]
)
def test_names_cannot_steer_a_terminal(name: str, shown: str) -> None:
    assert printable(name) == shown


@pytest.mark.parametrize("turning", ["\u202e", "\u2066", "\u200f", "\u061c", "\x9b", "\U000e0001", "\ufeff"])
def test_what_turns_the_direction_of_text_is_made_visible_wherever_a_terminal_shows_it(
    turning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"invoice{turning}fdp.exe"
    assert turning not in printable(name)
    assert turning not in json_of({"file": name})
    assert json.loads(json_of({"file": name})) == {"file": name}
    note(f"{name}: refused")
    Lines().note(name)
    ClientError(name, "code").show()
    assert turning not in capsys.readouterr().err
    assert turning not in _cell([name])


@pytest.mark.parametrize("width", [20, 39, 40, 59])
def test_a_narrow_terminal_wraps_no_line(width: int) -> None:
    shown = io.StringIO()
    bar = Bar(Console(file=shown, width=width, force_terminal=True))
    bar.total(2, 3 * 1024**3)
    advance = bar.file("a-film-with-a-long-name.mp4", 1024**3).begin("sending", 1024**3)
    advance(1024**2)
    lines = bar._console.render_lines(bar._progress.get_renderable())
    bar.stop()
    assert len(lines) == 2
    assert "0%" in "".join(segment.text for segment in lines[1])


def test_lines_come_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    advance = Lines(now=lambda: now).file("a.mp4", 100).begin("sending", 100)
    advance(10)
    now = LINE_SECONDS
    advance(40)
    advance(1)
    assert capsys.readouterr().err == "upwell: a.mp4: sending 50 % at 10 bytes/s\n"


def test_of_several_files_only_the_results_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    lines = Lines(now=lambda: now)
    lines.total(2, 200)
    advance = lines.file("a.mp4", 100).begin("sending", 100)
    now = LINE_SECONDS
    advance(40)
    assert capsys.readouterr().err == ""


def test_the_total_counts_what_is_sent_and_what_need_not_be() -> None:
    bar = Bar()
    bar.total(2, 300)
    bar._progress.stop()
    sent, known = bar.file("a.mp4", 100), bar.file("b.mp4", 200)
    sent.begin("hashing", 100)(100)
    known.begin("hashing", 200)(200)
    advance = sent.begin("sending", 100)
    advance(100)
    advance(-40)
    total = bar._progress.tasks[0]
    assert (total.completed, total.description) == (60, "0 of 2 files")
    known.end()
    assert (total.completed, total.description) == (260, "1 of 2 files")
    sent.end()
    assert (total.completed, total.total, total.description) == (300, 300, "2 of 2 files")
    assert len(bar._progress.tasks) == 1


@pytest.mark.parametrize(
    ("types", "tag", "wanted"),
    [
        ((), "upload.failed.v1", True),
        (("upload.*",), "upload.failed.v1", True),
        (("upload.failed",), "upload.failed.v2", True),
        (("upload.failed.v1",), "upload.failed.v1", True),
        (("upload.failed.v1",), "upload.failed.v2", False),
        (("object.*", "bucket.created"), "bucket.created.v1", True),
        (("object.*",), "bucket.created.v1", False),
    ],
)
def test_tags_are_chosen_by_patterns_with_or_without_version(types: tuple[str, ...], tag: str, wanted: bool) -> None:
    assert Wanted(after=None, types=types, follow=True).has(tag) is wanted
