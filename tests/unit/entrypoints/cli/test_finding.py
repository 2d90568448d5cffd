"""The files of arguments: by name, in folders, by patterns, and each once."""

import os
from pathlib import Path

import pytest

from entrypoints.cli.finding import find_files


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def find(*named: str) -> list[str]:
    notes: list[str] = []
    found = find_files([Path(name) for name in named], notes.append)
    problems = [f"{one.path}: {one.problem.message}" for one in found if one.problem]
    return [*(str(one.path) for one in found if not one.problem), *problems, *notes]


def test_a_folder_is_all_that_is_in_it_by_name_but_what_is_hidden() -> None:
    make("data/b.txt", "data/a/2.txt", "data/a/1.txt", "data/c.txt", "data/.hidden", "data/.git/config", "other.txt")
    assert find("data") == ["data/a/1.txt", "data/a/2.txt", "data/b.txt", "data/c.txt"]
    assert find("data/.hidden", "data/.git") == ["data/.hidden", "data/.git/config"]


def test_a_pattern_that_the_shell_left_is_expanded() -> None:
    make("data/b.csv", "data/deep/er/a.csv", "data/a.txt", "data/.c.csv")
    assert find("data/**/*.csv") == ["data/b.csv", "data/deep/er/a.csv"]
    assert find("data/[ab].*") == ["data/a.txt", "data/b.csv"]
    assert find("data/d*") == ["data/deep/er/a.csv"]


def test_a_file_goes_before_the_pattern_that_its_name_could_be() -> None:
    make("a[1].txt", "a1.txt")
    assert find("a[1].txt") == ["a[1].txt"]


def test_an_argument_that_leads_to_no_file_is_reported() -> None:
    Path("empty").mkdir()
    assert find("*.csv", "empty", "nowhere.txt") == [
        "nowhere.txt",  # reported when it is opened
        "*.csv: no file matches this pattern",
        "empty: there is no file in this folder",
    ]


def test_a_file_that_is_named_twice_is_found_once() -> None:
    make("data/a.txt")
    Path("link.txt").symlink_to("data/a.txt")
    assert find("data/a.txt", "data", "./data/../data/a.txt", "d*/*", "link.txt") == ["data/a.txt"]


def test_links_to_folders_are_followed_only_where_they_are_named() -> None:
    make("real/a.txt", "data/b.txt")
    Path("data/again").symlink_to("..", target_is_directory=True)
    Path("data/real").symlink_to("../real", target_is_directory=True)
    assert find("data") == [
        "data/b.txt",
        "data/again: left out: a link to a folder is followed only where it is named",
        "data/real: left out: a link to a folder is followed only where it is named",
    ]
    assert find("data/real") == ["data/real/a.txt"]


def test_in_a_folder_what_is_no_file_is_left_out_and_a_link_that_leads_nowhere_is_not() -> None:
    make("data/a.txt")
    os.mkfifo("data/pipe")
    Path("data/gone").symlink_to("nowhere")
    Path("data/round").symlink_to("round")
    assert find("data") == ["data/a.txt", "data/gone", "data/round", "data/pipe: left out: it is not a regular file"]
