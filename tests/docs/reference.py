"""Writes the generated parts of the pages: settings, commands, events, routes, refusals, the map of the modules.

`python -m tests.docs.reference` writes it into the pages, and the routes of the JavaScript client into its module;
tests compare. Everything outside of the marked parts is written by hand.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from adapters.postgres.database.sqlstates import SQLSTATES, Meaning
from adapters.s3.object_storage import ANSWER_SECONDS
from domain.events.event import Event, Origin, topic_of
from domain.events.registry import EVENT_TYPES
from domain.refusals import RefusedError
from domain.uploads.admission import CHECKS, OBJECT_CHECKS, Check
from entrypoints.cli.main import upwell
from entrypoints.http.admission.admission import STEPS
from entrypoints.http.answers import errors
from entrypoints.http.answers.unavailability import UNAVAILABILITIES
from entrypoints.http.app import create_app
from entrypoints.settings import SETTINGS
from tests.acceptance.uploads.test_what_goes_wrong import WAYS
from tests.docs.contract_page import field_by_field
from tests.docs.javascript import MODULE, client_module
from tests.docs.licences import shipped
from tests.docs.modules import module_map
from tests.docs.pages import ROOT
from tests.docs.picture import PICTURE, draw
from tests.docs.routes import routes_one_by_one

BEGIN = "<!-- written by tests/docs/reference.py: begin -->\n"
END = "<!-- written by tests/docs/reference.py: end -->\n"
_PARTS = re.compile(rf"(?<={re.escape(BEGIN)})(.*?){re.escape(END)}", re.DOTALL)
_REFERENCE = ROOT / "docs" / "reference"
_EXPLANATION = ROOT / "docs" / "explanation"
_STEP_HEAD = ("| step | refusals |", "|---|---|")


def settings() -> str:
    """Return the table of all settings."""
    rows = [
        f"| `{setting.name}` | {_cell(setting.default or setting.meaning_of_none)} | {_cell(setting.help)} |"
        for setting in SETTINGS
    ]
    return "\n".join(["", "| name | default | meaning |", "|---|---|---|", *rows, "", ""])


def commands() -> str:
    """Return a section for every command."""
    return "\n" + "\n".join(_command_section(path, command) for path, command in _commands("upwell", upwell))


def events() -> str:
    """Return a section for every tag, and one for every value inside of the events."""
    within: dict[type, None] = {Origin: None}
    sections = [_event_section(kind, within) for kind in EVENT_TYPES]
    values = [f"### {kind.__name__}\n\n{_doc(kind)}\n\n{_fields(kind, within)}\n" for kind in _growing(within)]
    return "\n## Events\n\n" + "\n".join(sections) + "\n## Values inside\n\n" + "\n".join(values) + "\n"


def routes() -> str:
    """Return the table of all routes under /v1, and of the health checks."""
    rows = [
        f"| {method} | `{_plain(path)}` | {needs} | {counts_as} | {summary} |"
        for path, method, needs, counts_as, summary in sorted(_routes(), key=lambda row: (row[0], row[1]))
    ]
    return "\n".join(
        ["", "| method | path | needs | counts as | what it does |", "|---|---|---|---|---|", *rows, "", ""]
    )


def licences() -> str:
    """Return the table of the licences of shipped packages."""
    rows = [f"| {name} | {licence} |" for name, licence in shipped().items()]
    return "\n".join(["", "| package | licence |", "|---|---|", *rows, "", ""])


def steps_before_the_body() -> str:
    """Return the table of the checks before a body is read."""
    rows = [f"| {step.subject} | {_refusals(step.refusals)} |" for step in STEPS]
    return "\n".join(["", *_STEP_HEAD, *rows, "", ""])


def checks_of_the_announcement() -> str:
    """Return the table of the checks of every announcement."""
    return _checks(CHECKS)


def checks_of_the_object() -> str:
    """Return the table of the checks for objects."""
    return _checks(OBJECT_CHECKS)


def _checks(checks: Iterable[Check]) -> str:
    rows = [f"| {check.subject} | {_refusals({_status_of(check.refusal): check.codes})} |" for check in checks]
    return "\n".join(["", *_STEP_HEAD, *rows, "", ""])


def _status_of(refusal: type[RefusedError]) -> int:
    return next(status for kind, status, _ in errors._KINDS if issubclass(refusal, kind))


def _refusals(by_status: Mapping[int, Iterable[str]]) -> str:
    return "; ".join(f"{status} {', '.join(f'`{code}`' for code in codes)}" for status, codes in by_status.items())


def ways_to_fail() -> str:
    """Return the table of what can go wrong. Every row is a test."""
    rows = [
        f"| {_cell(way.what)} | {_cell(way.answer)} | {way.status or ''} | {_cell(way.message or '')} | {way.quota}"
        f" | {way.left} | `{way.name}` |"
        for way in WAYS
    ]
    head = [
        "| what happens | response | upload | message | quota | in storage | test |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(["", *head, *rows, "", *_unavailable_parts(), ""])


def _unavailable_parts() -> list[str]:
    answers = [
        f"| `{row.part}_unavailable` | `{row.reason}` | {row.message} | {row.retry_after_seconds} |"
        for row in UNAVAILABILITIES
    ]
    states = [
        f"| `{row.code}` | {_cell(row.name)} | {'500' if row.meaning is Meaning.DEFECT else f'503 `{row.reason}`'} |"
        for row in SQLSTATES
    ]
    return [
        "## While a part is unavailable",
        "",
        "While PostgreSQL or storage cannot serve a request, the response is 503 with `Retry-After` and a `reason` in",
        f"the `details`. A request waits at most {ANSWER_SECONDS:.0f} seconds for each response of storage; for the",
        "completion of a multipart upload, and for the next bytes of a file, it waits longer. A defect of Upwell is a",
        "500.",
        "",
        *["| code | reason | message | `Retry-After` |", "|---|---|---|---|", *answers, ""],
        "The responses to errors of PostgreSQL, by SQLSTATE; a class (two characters) has all of its codes without a",
        "row.",
        "",
        *["| SQLSTATE | | response |", "|---|---|---|", *states, ""],
    ]


PARTS: dict[Path, tuple[Callable[[], str | None], ...]] = {
    _REFERENCE / "settings.md": (settings,),
    _REFERENCE / "command-line.md": (commands,),
    _REFERENCE / "events.md": (events,),
    _REFERENCE / "http-api.md": (routes,),
    _REFERENCE / "routes.md": (routes_one_by_one,),
    _REFERENCE / "contract.md": (field_by_field,),
    _REFERENCE / "what-can-go-wrong.md": (ways_to_fail,),
    _REFERENCE / "licences.md": (licences,),
    _EXPLANATION / "admission-order.md": (steps_before_the_body, checks_of_the_announcement, checks_of_the_object),
    _EXPLANATION / "architecture.md": (module_map,),
}
PICTURES: dict[Path, Callable[[], str]] = {PICTURE: draw}
MODULES: dict[Path, Callable[[], str]] = {MODULE: client_module}


def rewritten(page: Path) -> str:
    """Return a page with its parts from the current code; a part stays unchanged if its input is missing."""
    text = page.read_text(encoding="utf-8")
    writers = PARTS[page]
    if not text.count(BEGIN) == text.count(END) == len(_PARTS.findall(text)) == len(writers):
        raise ValueError(f"{page} must have {len(writers)} pairs of marks between which the parts stand")
    parts = iter([writer() for writer in writers])

    def written(found: re.Match[str]) -> str:
        part = next(parts)
        return found[0] if part is None else part + END

    return _PARTS.sub(written, text)


def _growing(found: dict[type, None]) -> Iterator[type]:
    """Yield the keys of a dict that grows during the iteration."""
    done: set[type] = set()
    while rest := [kind for kind in found if kind not in done]:
        done.add(rest[0])
        yield rest[0]


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from _commands(f"{path} {name}", command.commands[name])


def _command_section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path.rsplit(" ", maxsplit=1)[-1])
    arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
    lines = [f"## {' '.join([path, *arguments])}", "", _paragraphs(command.help or ""), ""]
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    rows = [_option_row(option, context) for option in options if "--help" not in option.opts]
    if rows:
        lines += ["| option | default | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _option_row(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(context).removesuffix(' RANGE')}"
    default = option.get_default(context)
    shown = "" if option.is_flag or not isinstance(default, str | int | Path) else f"`{default}`"
    flags = ", ".join(f"`{_cell(flag + value)}`" for flag in option.opts)
    description = [option.help or "", _range(option.type), "May be given several times." if option.multiple else ""]
    return f"| {flags} | {shown} | {_cell(' '.join(filter(None, description)))} |"


def _range(kind: click.ParamType[Any]) -> str:
    match kind:
        case click.IntRange(min=int(low), max=int(high)):
            return f"{low} to {high}."
        case click.IntRange(min=int(low)):
            return f"{low} or more."
        case _:
            return ""


def _event_section(kind: type[Event], within: dict[type, None]) -> str:
    return f"### {topic_of(kind)}\n\n{_doc(kind)}\n\n{_fields(kind, within)}\n"


def _fields(kind: type, within: dict[type, None]) -> str:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    fields = sorted(described.fields, key=lambda field: field.name == "origin")
    rows = [f"| `{field.encode_name}` | {_type(field.type, within)} |" for field in fields]
    return "\n".join(["| field | type |", "|---|---|", *rows])


def _type(  # noqa: C901, PLR0911, PLR0912  # one line for every kind
    described: inspect.Type, within: dict[type, None]
) -> str:
    match described:
        case inspect.Metadata():
            return _type(described.type, within)
        case inspect.UnionType():
            return " or ".join(_type(kind, within) for kind in described.types)
        case inspect.StructType():
            within[described.cls] = None
            return f"[{described.cls.__name__}](#{described.cls.__name__.lower()})"
        case inspect.EnumType():
            return "one of " + ", ".join(f"`{choice.value}`" for choice in _choices(described.cls))
        case inspect.VarTupleType() | inspect.ListType():
            return f"array of {_type(described.item_type, within)}"
        case inspect.TupleType():
            return f"array of {' and '.join(_type(kind, within) for kind in described.item_types)}"
        case inspect.DictType():
            return "object"
        case inspect.AnyType():
            return "any JSON"
        case inspect.StrType():
            return "text"
        case inspect.IntType():
            return "integer"
        case inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "boolean"
        case inspect.DateTimeType():
            return "time"
        case inspect.NoneType():
            return "null"
        case _:
            raise TypeError(described)


def _choices(kind: type[enum.Enum]) -> list[Any]:
    return list(kind)


def _routes() -> Iterator[tuple[str, str, str, str, str]]:
    @asynccontextmanager
    async def nothing() -> Any:  # noqa: ANN401  # the application is looked at, not started
        yield None

    for route in create_app(nothing).routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or not handler.tags:
                continue
            needs = handler.opt.get("needs")
            needed = handler.opt.get("asks", "nothing") if needs is None else _needs(needs)
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                counts_as = "" if needs is None else _counts_as(needs)
                yield route.path, method, needed, counts_as, _doc(handler.fn).splitlines()[0]


def _needs(needs: Any) -> str:  # noqa: ANN401  # msgspec's struct of admission
    needed = f"`{needs.permission}`" + (", namespace" if needs.namespace else "")
    return f"{needed}; or an upload token" if needs.tokens else needed


def _counts_as(needs: Any) -> str:  # noqa: ANN401  # the same
    return f"`{needs.counts_as}`" + (", *once*" if needs.once else "")


def _doc(thing: object) -> str:
    return _paragraphs(re.sub(r"\bNone\b", "null", str(thing.__doc__ or "")))


def _paragraphs(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(line.strip() for line in paragraph.splitlines()) for paragraph in paragraphs)


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the parts into their pages."""
    for page in PARTS:
        page.write_text(rewritten(page), encoding="utf-8")
    for file, text in {**PICTURES, **MODULES}.items():
        file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
