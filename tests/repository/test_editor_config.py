"""Files are as .editorconfig asks editors to keep them."""

import configparser
import subprocess

from tests.docs.pages import ROOT

CONFIG = ROOT / ".editorconfig"


def kept() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_the_rules_of_every_file_are_the_ones_checked_here() -> None:
    config = configparser.ConfigParser()
    config.read_string(f"[top]\n{CONFIG.read_text(encoding='utf-8')}")

    assert config["top"]["root"] == "true"
    assert dict(config["*"]) == {
        "charset": "utf-8",
        "end_of_line": "lf",
        "indent_size": "2",
        "indent_style": "space",
        "insert_final_newline": "true",
        "trim_trailing_whitespace": "true",
    }
    assert config["*.py"]["max_line_length"] == "120"


def test_text_is_utf_8_with_plain_line_ends_and_nothing_behind_them() -> None:
    wrong = []
    for name in kept():
        if name.startswith("tests/golden/"):
            continue
        content = (ROOT / name).read_bytes()
        lines = content.decode("utf-8").split("\n")
        if content and lines[-1]:
            wrong.append(f"{name}: no line end at its end")
        wrong += [
            f"{name}:{number}" for number, line in enumerate(lines, 1) if line != line.rstrip() or line.startswith("\t")
        ]

    assert wrong == []
