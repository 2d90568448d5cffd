"""Count properties that make the code hard or easy for a newcomer, and print a table: one function per count.

Run: `python scripts/count_house.py [FOLDER ...]`. Each folder is one tree, this one by default. Of an older commit:
`git worktree add /tmp/before COMMIT && python scripts/count_house.py /tmp/before .`. Files are read, never imported.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

CORE = ("domain", "application")
LAYERS = (*CORE, "adapters", "entrypoints")
_MAP = Path("docs", "explanation", "architecture.md")
_RACE = "VersionConflictError"
_DECIDER = {"decide", "evolve"}  # the same two words for every aggregate: one thing, on purpose
_SQL_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION\s+(?:upwell\.)?(?P<name>\w+)\(.*?\$(?P<tag>\w*)\$.*?\$(?P=tag)\$;",
    re.MULTILINE | re.DOTALL,
)
_Loop = ast.For | ast.AsyncFor | ast.While


def modules(tree: Path, *tops: str) -> Iterator[Path]:
    """Yield the modules below some packages, as paths in the tree, without the packages themselves."""
    for top in tops:
        for path in sorted((tree / top).rglob("*.py")):
            if path.name != "__init__.py":
                yield path.relative_to(tree)


def flat(tree: Path) -> int:
    """Count the modules directly in `domain` or `application`, outside of a package for their subject."""
    return sum(len(path.parts) == len(("layer", "module.py")) for path in modules(tree, *CORE))


def not_on_the_map(tree: Path, *tops: str) -> int:
    """Count the modules that the architecture page does not name: by path, dotted name, or a bare name if flat."""
    page = (tree / _MAP).read_text(encoding="utf-8")
    quoted = set(re.findall(r"`([\w./]+)`", page))
    linked = {found.removeprefix("../../") for found in re.findall(r"\]\(([\w./-]+)\)", page)}

    def named(path: Path) -> bool:
        names = {path.as_posix(), ".".join(path.with_suffix("").parts)}
        if len(path.parts) == len(("layer", "module.py")):
            names.add(path.stem)
        return bool(names & quoted) or path.as_posix() in linked

    return sum(not named(path) for path in modules(tree, *tops))


def names_of_two_things(tree: Path) -> list[str]:
    """Return the public classes and functions whose name is in two modules of `domain` and `application`."""
    places = defaultdict(set)
    for path in modules(tree, *CORE):
        for node in _parsed(tree / path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                places[node.name].add(path)
    return sorted(name for name, found in places.items() if len(found) > 1 and name not in _DECIDER)


def retry_loops(tree: Path) -> int:
    """Count the loops in `application` that retry after another command was appended first."""
    loops = set()
    for path in modules(tree, "application"):
        for loop, handler in _handlers(_parsed(tree / path), None):
            if loop is not None and handler.type is not None and _RACE in ast.unparse(handler.type):
                loops.add((path, loop.lineno))
    return len(loops)


def lines(tree: Path, suffix: str, *tops: str) -> int:
    """Count the lines of all files of a kind below some folders."""
    return sum(
        path.read_bytes().count(b"\n") for top in tops for path in (tree / top).rglob(f"*{suffix}") if path.is_file()
    )


def superseded_sql(tree: Path) -> int:
    """Count the lines of definitions of SQL functions that a later file replaces: they look like current code."""
    definitions = list(_sql_functions(tree))
    last = {name: place for place, (name, _) in enumerate(definitions)}
    return sum(length for place, (name, length) in enumerate(definitions) if place != last[name])


def live_sql(tree: Path) -> int:
    """Count the lines of the definitions of SQL functions that run."""
    return sum(dict(_sql_functions(tree)).values())


COUNTS: dict[str, Callable[[Path], int]] = {
    "modules in the flat street": flat,
    "modules of domain and application that are not on the map": lambda tree: not_on_the_map(tree, *CORE),
    "modules of adapters and entrypoints that are not on the map": lambda tree: not_on_the_map(
        tree, "adapters", "entrypoints"
    ),
    "names that mean two things": lambda tree: len(names_of_two_things(tree)),
    "hand-written retry loops": retry_loops,
    "lines of Python in the four layers": lambda tree: lines(tree, ".py", *LAYERS),
    "lines of SQL functions that a later file replaces": superseded_sql,
    "lines of SQL functions that run": live_sql,
    "lines of SQL": lambda tree: lines(tree, ".sql", *LAYERS),
    "lines of tests": lambda tree: lines(tree, ".py", "tests"),
}


def _sql_functions(tree: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the length of every definition of a function, in the order in which they run."""
    for folder in ("migrations", "functions"):
        for path in sorted((tree / "adapters" / "postgres" / folder).glob("*.sql")):
            for found in _SQL_FUNCTION.finditer(path.read_text(encoding="utf-8")):
                yield found["name"], found[0].count("\n") + 1


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _handlers(node: ast.AST, loop: _Loop | None) -> Iterator[tuple[_Loop | None, ast.ExceptHandler]]:
    """Yield the handlers below a node, each with the innermost loop around it in the same function."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.For() | ast.AsyncFor() | ast.While():
                around: _Loop | None = child
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                around = None
            case _:
                around = loop
        if isinstance(child, ast.ExceptHandler):
            yield loop, child
        yield from _handlers(child, around)


def table(trees: list[Path]) -> str:
    """Return the counts as a table with a column for each tree."""
    rows = [["", *(tree.resolve().name for tree in trees)]]
    rows += [[what, *(f"{count(tree):,}" for tree in trees)] for what, count in COUNTS.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def main() -> None:
    """Print the table of the given trees, and the names with two meanings in the last one."""
    trees = [Path(name) for name in sys.argv[1:]] or [Path(__file__).parents[1]]
    print(table(trees))
    print("\nNames that mean two things:", ", ".join(names_of_two_things(trees[-1])))


if __name__ == "__main__":
    main()
