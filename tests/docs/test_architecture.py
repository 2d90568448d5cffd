"""The architecture page: every module is on the map, every answer names existing code, the picture is current."""

import ast
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts.count_house import not_on_the_map
from tests.docs.modules import LAYERS, PAGE, head, packages
from tests.docs.pages import ROOT
from tests.docs.picture import PICTURE, WAY, draw, knows, subjects
from tests.docs.reference import PICTURES

_LINK = re.compile(r"\[(?P<path>[\w/.]+)\]\((?P<target>[^)]+)\)(?P<names>(?: `[\w.]+`,?)*)")
_SVG = "{http://www.w3.org/2000/svg}"


def questions() -> list[str]:
    """Return the rows of the table below "Where does a rule live?"."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Where does a rule live?\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


ANSWERS = [
    pytest.param(match["path"], match["target"], tuple(re.findall(r"`([\w.]+)`", match["names"])), id=match["path"])
    for row in questions()
    for match in _LINK.finditer(row)
]


@cache
def defined(path: Path) -> frozenset[str]:
    """Return what a module defines, and what its classes do, with the class before it."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8")), ""))


def _names(node: ast.Module | ast.ClassDef, prefix: str) -> list[str]:
    names: list[str] = []
    for child in node.body:
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.append(prefix + name)
            case ast.ClassDef(name=name):
                names += [prefix + name, *_names(child, f"{prefix}{name}.")]
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.append(prefix + name)
    return names


@pytest.mark.parametrize(("path", "target", "names"), ANSWERS)
def test_an_answer_names_a_file_and_what_is_defined_in_it(path: str, target: str, names: tuple[str, ...]) -> None:
    assert target == f"../../{path}"
    assert names, f"{path}: name the function or the table"
    assert [name for name in names if name not in defined(ROOT / path)] == []


def test_every_question_has_an_answer() -> None:
    rows = questions()

    assert len(rows) >= 10
    assert [row for row in rows if not row.startswith("| ") or "?" not in row.split("|")[1]] == []
    assert [row for row in rows if not _LINK.search(row.split("|")[2])] == []


def test_every_module_is_on_the_map() -> None:
    assert not_on_the_map(ROOT, *LAYERS) == 0, "run: python -m tests.docs.reference"


def test_a_module_says_what_it_owns_in_a_sentence() -> None:
    paths = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
    heads = {path.relative_to(ROOT).as_posix(): head(path) for path in paths}

    assert [path for path, text in heads.items() if not text.endswith((".", ".)")) or len(text) > 250] == []


def test_a_package_says_what_lives_in_it_and_what_does_not() -> None:
    short = [
        package
        for package in packages()
        if len((ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or "").split("\n\n")) < 2
    ]

    assert short == []


def test_the_picture_is_the_one_of_this_tree() -> None:
    assert PICTURES[PICTURE] is draw
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run: python -m tests.docs.reference"
    assert f"]({PICTURE.name})" in PAGE.read_text(encoding="utf-8")


def test_the_picture_shows_every_module_and_each_stop_of_the_way() -> None:
    drawing = ET.fromstring(PICTURE.read_text(encoding="utf-8"))  # noqa: S314  # a file of our own
    texts = ["".join(text.itertext()) for text in drawing.iter(f"{_SVG}text")]
    shown = [word for text in texts for word in text.split(" · ")]
    modules = [path.stem for layer in LAYERS for path in (ROOT / layer).rglob("*.py") if path.name != "__init__.py"]

    assert sorted({*modules} - {*shown}) == []
    assert all(shown.count(stem) >= modules.count(stem) for stem in modules)
    badges = sorted(int(text) for text in texts if text.isdigit())
    assert badges == sorted([*range(1, len(WAY) + 1)] * 2), "each number stands in the picture and in the list below"


def test_each_stop_of_the_way_of_an_upload_is_there() -> None:
    missing = [
        f"{stop.package}/{module}.py"
        for stop in WAY
        for module in stop.modules
        if not (ROOT / str(stop.package) / f"{module}.py").is_file()
    ]

    assert missing == []


def test_an_arrow_is_an_import() -> None:
    assert knows("application/uploads", "domain/uploads")
    assert not knows("domain/uploads", "application/uploads")
    assert "uploads" in subjects(packages())
    assert "ports" not in subjects(packages())
