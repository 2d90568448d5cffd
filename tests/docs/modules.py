"""The map: every package and module, with the first paragraph of its docstring.

`python -m tests.docs.reference` writes it into docs/explanation/architecture.md; tests compare.
"""

import ast
import re
from pathlib import Path

from tests.docs.pages import ROOT

LAYERS = ("domain", "application", "adapters", "entrypoints")
PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def packages() -> list[str]:
    """Return the paths of all packages of the four layers, each before those inside it."""
    return [
        path.parent.relative_to(ROOT).as_posix()
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("__init__.py"), key=lambda path: path.parts)
    ]


def module_map() -> str:
    """Return a section for every layer, with every package and module in it."""
    return "\n" + "\n".join(line for layer in LAYERS for line in _layer(layer)) + "\n"


def head(path: Path) -> str:
    """Return the first paragraph of a module's docstring as one line of Markdown."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{path} has no docstring: say in one sentence what the module owns")
    return re.sub(r"([*_<])(?=[^`]*(?:`[^`]*`[^`]*)*$)", r"\\\1", " ".join(docstring.split("\n\n")[0].split()))


def _layer(layer: str) -> list[str]:
    lines = [f"### {layer}", ""]
    for package in packages():
        if package.split("/")[0] != layer:
            continue
        if package != layer:
            lines += [f"#### {package}", ""]
        lines += [head(ROOT / package / "__init__.py"), ""]
        modules = sorted(path for path in (ROOT / package).glob("*.py") if path.name != "__init__.py")
        lines += [f"- [{path.stem}](../../{path.relative_to(ROOT).as_posix()}): {head(path)}" for path in modules]
        lines += [""] if modules else []
    return lines
