"""Draws docs/explanation/architecture.svg: the layers, the subjects in them, and the path of one upload.

The picture is generated from the tree: the packages, their modules, and the arrows inside of a subject, which are
imports. `python -m tests.docs.reference` writes the picture; a test compares.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from xml.sax.saxutils import escape

from tests.docs.modules import packages
from tests.docs.pages import ROOT

PICTURE = ROOT / "docs" / "explanation" / "architecture.svg"

# Subjects from top to bottom: the others come first, in alphabetical order.
_SUBJECTS = (
    "analytics",
    "tasks",
    "storage",
    "webhooks",
    "events",
    "keys",
    "organizations",
    "namespaces",
    "buckets",
    "objects",
    "uploads",
)
_SHARED_ROUTES = ("admission", "transport", "requests", "answers", "health", "reference")
_WHOLE = (
    "application/ports",
    "adapters/memory",
    "adapters/postgres",
)  # one tile each, with all of their subjects in it
_BESIDE = ("sqs", "webhooks", "postgres")  # the adapters in the right column, and the last of them at its end


@dataclass(frozen=True)
class Stop:
    """A stop on the way of an upload: a package (None: outside of Upwell), its modules that act, and what they do."""

    package: str | None
    modules: tuple[str, ...]
    text: str


WAY = (
    Stop("entrypoints/http/transport", ("server",), "takes the request: POST /v1/buckets/…/uploads"),
    Stop("entrypoints/http/admission", ("admission",), "checks key, rate, namespace and bucket"),
    Stop("entrypoints/http/uploads", ("routes",), "parses the body, and calls the use case"),
    Stop("application/uploads", ("requesting",), "loads, asks the domain, appends, signs"),
    Stop("domain/uploads", ("admission", "upload"), "refuses, or returns the events"),
    Stop("adapters/postgres", ("events/event_log",), "appends them: all, or none and a reason"),
    Stop("adapters/s3", ("url_signer",), "signs the URL, without a request"),
    Stop(None, (), "the client sends the bytes to S3: Upwell carries none"),
    Stop("application/uploads", ("confirming", "verifying"), "checks, and verifies the SHA-256"),
    Stop("domain/uploads", ("verification", "upload"), "completes the upload, or fails it"),
)

_WIDTH = 1200
_COLUMNS = {"entrypoints": (146, 322), "application": (506, 322), "domain": (866, 310)}  # x and width
_RIGHT = sum(_COLUMNS["domain"])
_GUTTER = (sum(_COLUMNS["application"]) + _COLUMNS["domain"][0]) / 2  # where the path goes down to the adapters
_TITLES = {
    "entrypoints": "parse, call, render",
    "application": "load, ask the domain, append",
    "domain": "decide, evolve: pure functions",
    "adapters": "each implements ports; none knows another",
}
_TOP = 88
_UNDER_TITLE = 60
_INSET = 12
_GAP = 6
_LINE = 15
_LETTER = 6.65  # the width of a character of the monospaced font, at its size of 11
_STYLE = """\
text { font-family: ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1d2530 }
.ground { fill: #ffffff; stroke: #d4dae2 }
.road { fill: #5b6b80; fill-opacity: .06 }
.subject { font-weight: 600 }
.title { font-size: 17px; font-weight: 700 }
.quiet { fill: #55606e; font-size: 12px }
.tile { fill: #ffffff; stroke-width: 1.2 }
.import { fill: none; stroke: #8793a3; stroke-width: 1.6 }
.head { fill: #8793a3 }
.entrypoints { fill: #2f6fb5; stroke: #2f6fb5 }
.application { fill: #6c4fb8; stroke: #6c4fb8 }
.domain { fill: #27784a; stroke: #27784a }
.adapters { fill: #a85d14; stroke: #a85d14 }
.panel { fill-opacity: .09; stroke-opacity: .45 }
.tile.entrypoints, .tile.application, .tile.domain, .tile.adapters { fill: #ffffff }
.title.entrypoints, .title.application, .title.domain, .title.adapters { stroke: none }
.outside { fill: #f4f6f8; stroke: #55606e; stroke-width: 1.4 }
.way { fill: none; stroke: #d02850; stroke-width: 3; stroke-opacity: .6; stroke-linejoin: round }
.badge { fill: #d02850; stroke: #ffffff; stroke-width: 1.5 }
.number { fill: #ffffff; font-size: 12px; font-weight: 700; text-anchor: middle }
.middle { text-anchor: middle }
.end { text-anchor: end }
.code { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: 11px }
tspan.name { stroke: none; font-weight: 700 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9f0 }
.ground { fill: #12171e; stroke: #323c49 }
.road { fill: #9fb0c6; fill-opacity: .09 }
.quiet { fill: #a3afbe }
.import { stroke: #7c8898 }
.head { fill: #7c8898 }
.entrypoints { fill: #6fb0f5; stroke: #6fb0f5 }
.application { fill: #b39bf5; stroke: #b39bf5 }
.domain { fill: #6fd39b; stroke: #6fd39b }
.adapters { fill: #f0a95c; stroke: #f0a95c }
.tile.entrypoints, .tile.application, .tile.domain, .tile.adapters { fill: #1a212b }
.outside { fill: #1d2631; stroke: #a3afbe }
.way { stroke: #ff5f82; stroke-opacity: .7 }
.badge { fill: #e23b62; stroke: #12171e }
.number { fill: #ffffff }
}
"""


def draw() -> str:
    """Return the picture as SVG."""
    found = packages()
    drawing = _Drawing(found)
    drawing.all()
    height = drawing.height
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
            '<title id="title">The layers, the subjects in them, and the path of one upload</title>',
            f'<desc id="description">{escape(_description())}</desc>',
            f"<style>\n{_STYLE}</style>",
            f'<rect class="ground" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>',
            *drawing.parts,
            "</svg>\n",
        ]
    )


def subjects(found: Sequence[str]) -> list[str]:
    """Return the subjects that have a package in `application` or `domain`, in the order in which they are drawn."""
    subjects = {
        name.split("/")[1] for name in found if name.count("/") == 1 and name.startswith(("application/", "domain/"))
    } - {"ports"}
    return [*sorted(subjects - set(_SUBJECTS)), *(name for name in _SUBJECTS if name in subjects)]


def _description() -> str:
    return " ".join(f"{number}. {_where(stop)} {stop.text}." for number, stop in enumerate(WAY, 1))


def _where(stop: Stop) -> str:
    return "" if stop.package is None else f"{stop.package}: {', '.join(stop.modules)}"


@cache
def _imported(package: str) -> frozenset[str]:
    """Return the dotted names of all that the modules of a package import."""
    names: set[str] = set()
    for path in sorted((ROOT / package).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str(module)):
                    names.add(module)
                case ast.Import():
                    names.update(alias.name for alias in node.names)
    return frozenset(names)


def knows(package: str, other: str) -> bool:
    """Return whether a module of one package imports from the other."""
    dotted = other.replace("/", ".")
    return any(name == dotted or name.startswith(f"{dotted}.") for name in _imported(package))


def _words(package: str) -> list[str]:
    paths = (ROOT / package).glob("**/*.py" if package in _WHOLE else "*.py")
    return sorted(path.stem for path in paths if path.name != "__init__.py")


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


class _Drawing:
    """The picture under construction. `boxes`: the place of each package."""

    def __init__(self, found: Sequence[str]) -> None:
        self.boxes: dict[str, _Box] = {}
        self.height = 0
        self._found = [name for name in found if not name.startswith(tuple(f"{whole}/" for whole in _WHOLE))]
        self._subjects = subjects(found)
        self._behind: list[str] = []
        self._parts: list[str] = []

    @property
    def parts(self) -> list[str]:
        """The elements, from back to front."""
        return [*self._behind, *self._parts]

    def all(self) -> None:
        """Draw everything."""
        y: float = _TOP
        for subject in self._subjects:
            y = self._subject(subject, y)
        ways_in_end = self._stack("entrypoints", "shared by all routes, and other ways in", self._ways_in(), y + 8)
        core_end = max(
            self._stack(
                "application", "shared by all use cases; the roles they need", self._shared("application"), y + 8
            ),
            self._stack("domain", "shared by all subjects", self._shared("domain"), y + 8),
        )
        x = _COLUMNS["application"][0]
        height = self._adapters_height()
        bottom = max(ways_in_end, core_end + 40 + height)
        adapters = _Box(x, bottom - height, _RIGHT - x, height)
        self._adapters(adapters.y)
        self._panel("entrypoints", _Box(_COLUMNS["entrypoints"][0], 20, _COLUMNS["entrypoints"][1], bottom - 20))
        for layer in ("application", "domain"):
            self._panel(layer, _Box(_COLUMNS[layer][0], 20, _COLUMNS[layer][1], adapters.y - 60))
        self._panel("adapters", adapters)
        self._between_layers(adapters)
        self._outside(bottom)
        self._way()
        self._legend(bottom + 112)

    def _panel(self, layer: str, box: _Box) -> None:
        self._behind.append(f'<rect class="panel {layer}" {_at(box)} rx="10"/>')
        self._text(box.x + 14, box.y + 27, layer, f"title {layer}")
        self._text(box.x + 14, box.y + 47, _TITLES[layer], "quiet")

    def _subject(self, subject: str, y: float) -> float:
        """Draw a subject, and return where the next one begins."""
        line = {}
        for layer in _COLUMNS:
            package = f"entrypoints/http/{subject}" if layer == "entrypoints" else f"{layer}/{subject}"
            if package in self._found:
                line[layer] = package
        height = max(self._tile_height(package, self._inner(layer)[1]) for layer, package in line.items())
        self._behind.append(f'<rect class="road" {_at(_Box(16, y, _WIDTH - 32, height))} rx="6"/>')
        self._text(28, y + height / 2 + 4.5, subject, "subject")
        for layer, package in line.items():
            x, width = self._inner(layer)
            self._tile(package, layer, _Box(x, y, width, height))
        for one, other in pairwise(line.values()):
            if knows(one, other):
                middle = self.boxes[one].middle[1]
                self._arrow((self.boxes[one].right, middle), (self.boxes[other].x, middle))
        return y + height + _GAP

    def _ways_in(self) -> list[str]:
        here = [name for name in self._found if name.startswith("entrypoints/") and name != "entrypoints/http"]
        known = [f"entrypoints/http/{name}" for name in _SHARED_ROUTES]
        drawn = {*known, *(f"entrypoints/http/{subject}" for subject in self._subjects)}
        return [*known, "entrypoints/http", *sorted(set(here) - drawn), "entrypoints"]

    def _shared(self, layer: str) -> list[str]:
        drawn = {f"{layer}/{subject}" for subject in self._subjects}
        return [layer, *(name for name in self._found if name.startswith(f"{layer}/") and name not in drawn)]

    def _stack(self, layer: str, title: str, names: Sequence[str], y: float) -> float:
        """Draw packages below each other, and return where their panel ends."""
        x, width = self._inner(layer)
        self._text(x + 2, y + 12, title, "quiet")
        return self._pile(layer, names, x, width, y + 22) + _INSET - _GAP

    def _pile(self, layer: str, names: Sequence[str], x: float, width: float, y: float) -> float:
        for package in names:
            if _words(package):
                height = self._tile_height(package, width, named=True)
                self._tile(package, layer, _Box(x, y, width, height), named=True)
                y += height + _GAP
        return y

    def _piles_of_adapters(self) -> tuple[tuple[list[str], float, float], ...]:
        """Return the two columns of adapters: their packages, places and widths."""
        x = _COLUMNS["application"][0] + _INSET
        names = [name for name in self._found if name.startswith("adapters/")]
        beside = [f"adapters/{name}" for name in _BESIDE]
        first = [*sorted(set(names) - {*beside, "adapters/s3"}), "adapters/s3"]
        return (
            (first, x, _GUTTER - 12 - x),
            (["adapters", *beside], _GUTTER + 12, _RIGHT - _INSET - _GUTTER - 12),
        )

    def _adapters_height(self) -> float:
        heights = [
            sum(self._tile_height(name, width, named=True) + _GAP for name in names if _words(name))
            for names, _, width in self._piles_of_adapters()
        ]
        return _UNDER_TITLE + max(heights) - _GAP + _INSET

    def _adapters(self, y: float) -> None:
        for names, x, width in self._piles_of_adapters():
            self._pile("adapters", names, x, width, y + _UNDER_TITLE)

    @staticmethod
    def _inner(layer: str) -> tuple[float, float]:
        x, width = _COLUMNS[layer]
        return x + _INSET, width - 2 * _INSET

    def _lines(self, package: str, width: float, *, named: bool) -> list[list[str]]:
        room = int((width - 20) / _LETTER)
        lines: list[list[str]] = [[]]
        name = package.rpartition("/")[2] if "/" in package else None
        for word in [name, *_words(package)] if named and name else _words(package):
            if lines[-1] and len(" · ".join([*lines[-1], word])) > room:
                lines.append([])
            lines[-1].append(word)
        return lines

    def _tile_height(self, package: str, width: float, *, named: bool = False) -> float:
        return len(self._lines(package, width, named=named)) * _LINE + 11

    def _tile(self, package: str, layer: str, box: _Box, *, named: bool = False) -> None:
        self.boxes[package] = box
        self._rect(box, f"tile {layer}", 5)
        lines = self._lines(package, box.width, named=named)
        y = box.y + (box.height - len(lines) * _LINE) / 2 + 11
        for number, words in enumerate(lines):
            texts = [escape(word) for word in words]
            if named and number == 0 and "/" in package:
                texts[0] = f'<tspan class="name {layer}">{texts[0]}</tspan>'
            self._parts.append(
                f'<text class="code" x="{_n(box.x + 10)}" y="{_n(y + number * _LINE)}">{" · ".join(texts)}</text>'
            )

    def _outside(self, bottom: float) -> None:
        transport = self.boxes["entrypoints/http/transport"]
        self._actor("client", "the client", _Box(18, transport.middle[1] - 21, 104, 42))
        for package, name in (("adapters/s3", "S3"), ("adapters/postgres", "PostgreSQL")):
            tile = self.boxes[package]
            self._actor(name, name, _Box(tile.middle[0] - 70, bottom + 34, 140, 42))
            self._arrow((tile.middle[0], tile.bottom), (tile.middle[0], bottom + 34))

    def _actor(self, key: str, name: str, box: _Box) -> None:
        self.boxes[key] = box
        self._rect(box, "outside", 21)
        self._text(box.middle[0], box.middle[1] + 4.5, name, "subject middle")

    def _between_layers(self, adapters: _Box) -> None:
        ports = self.boxes["application/ports"]
        self._arrow((ports.middle[0], adapters.y), (ports.middle[0], ports.bottom))
        self._text(ports.middle[0] + 10, adapters.y - 16, "implement", "quiet")
        wiring = self.boxes.get("entrypoints/wiring", self.boxes["entrypoints"])
        middle = wiring.middle[1]
        self._arrow((wiring.right, middle), (adapters.x, middle))
        self._text((wiring.right + _INSET + adapters.x) / 2, middle - 8, "picks", "quiet middle")

    def _way(self) -> None:
        stops = [self.boxes[stop.package] for stop in WAY if stop.package is not None]
        transport, admission, _, use_case, rules, log, signer, *_ = stops
        client, storage = self.boxes["client"], self.boxes["S3"]
        upper, lower = use_case.y + 14, use_case.bottom - 14
        up = transport.right + _INSET / 2
        bottom = storage.middle[1]
        self._line((client.right, transport.middle[1]), (up, transport.middle[1]), (up, upper), (rules.x, upper))
        self._line((_GUTTER, upper), (_GUTTER, log.middle[1]), (log.x, log.middle[1]))
        self._line((_GUTTER, log.middle[1]), (_GUTTER, signer.middle[1]), (signer.right, signer.middle[1]))
        self._line((client.middle[0], client.bottom), (client.middle[0], bottom), (storage.x, bottom))
        badges = [
            (up, transport.middle[1]),
            (up, admission.middle[1]),
            (up, upper),
            (use_case.x - _INSET / 2, upper),
            (rules.x - _INSET / 2, upper),
            (log.x - _INSET / 2, log.middle[1]),
            (signer.right + _INSET / 2, signer.middle[1]),
            (client.middle[0], bottom),
            (use_case.x - _INSET / 2, lower),
            (rules.x - _INSET / 2, lower),
        ]
        for number, place in enumerate(badges, 1):
            self._badge(number, place)

    def _legend(self, y: float) -> None:
        rows = -(-len(WAY) // 2)
        for number, stop in enumerate(WAY):
            column, row = divmod(number, rows)
            x, line = 28 + column * 590, y + row * 26
            self._badge(number + 1, (x + 10, line))
            where, space = ", ".join(stop.modules), ' dx="7"' if stop.modules else ""
            self._parts.append(
                f'<text x="{x + 30}" y="{_n(line + 4.5)}"><tspan class="code">{escape(where)}</tspan>'
                f"<tspan{space}>{escape(stop.text)}</tspan></text>"
            )
        self.height = int(y + 26 * rows + 2)

    def _badge(self, number: int, place: tuple[float, float]) -> None:
        x, y = place
        self._parts.append(f'<circle class="badge" cx="{_n(x)}" cy="{_n(y)}" r="10.5"/>')
        self._text(x, y + 4.2, str(number), "number")

    def _rect(self, box: _Box, kind: str, radius: int) -> None:
        self._parts.append(f'<rect class="{kind}" {_at(box)} rx="{radius}"/>')

    def _text(self, x: float, y: float, text: str, kind: str) -> None:
        self._parts.append(f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>')

    def _line(self, *places: tuple[float, float]) -> None:
        self._behind.append(f'<path class="way" d="M{"L".join(f"{_n(x)} {_n(y)}" for x, y in places)}"/>')

    def _arrow(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        (x1, y1), (x2, y2) = start, end
        long = abs(x2 - x1) + abs(y2 - y1)
        dx, dy = (x2 - x1) / long, (y2 - y1) / long
        self._parts.append(
            f'<path class="import" d="M{_n(x1)} {_n(y1)}L{_n(x2 - 6 * dx)} {_n(y2 - 6 * dy)}"/>'
            f'<path class="head" d="M{_n(x2)} {_n(y2)}L{_n(x2 - 8 * dx - 4 * dy)} {_n(y2 - 8 * dy - 4 * dx)}'
            f'L{_n(x2 - 8 * dx + 4 * dy)} {_n(y2 - 8 * dy + 4 * dx)}Z"/>'
        )


def _at(box: _Box) -> str:
    return f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
