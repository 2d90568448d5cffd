"""Every refusal that the code can make, read: a sentence for people, and facts for machines."""

import ast
import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from domain import refusals
from entrypoints.http.answers.unavailability import UNAVAILABILITIES
from tests.messages import faults

ROOT = Path(__file__).parents[5]
LAYERS = ("domain", "application", "adapters/postgres", "entrypoints/http")
REFUSALS = {name for name, kind in vars(refusals).items() if isinstance(kind, type) and issubclass(kind, Exception)}
MESSAGES = {"Contradiction", "ErrorDetail"}  # other sources of messages in answers
KINDS = sorted(REFUSALS - {"RefusedError"} | MESSAGES)
_PYTHON_S_OWN = re.compile(r"\btype\(|__name__|\brepr\(|\b(?:error|exc)\b|\.detail\b|!r$")
_SENTENCE = "It is wrong: send another."  # in place of a message that is read where it is built

_Text = tuple[str, tuple[str, ...]]


class Message(NamedTuple):
    """A message as it is made somewhere. `holes`: the expressions in it, with their conversion."""

    where: str
    kind: str
    text: str
    holes: tuple[str, ...]
    has_details: bool


class _Module:
    """One module, in which the names in messages are resolved to their possible texts."""

    def __init__(self, path: Path) -> None:
        self._path = path.relative_to(ROOT)
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call)]

    @functools.cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)}

    def messages(self) -> Iterator[Message]:
        for call in self._calls:
            named = {each.arg: each.value for each in call.keywords}
            match call:
                case ast.Call(func=ast.Name(id=kind), args=[code, message, *rest]) if kind in REFUSALS:
                    yield from self._read(call, kind, ast.unparse(code), message, bool(rest))
                case ast.Call(func=ast.Name(id=kind)) if kind in MESSAGES and "message" in named:
                    which = named.get("code", named.get("reason", named["message"]))
                    yield from self._read(call, kind, ast.unparse(which), named["message"], True)
                case _:
                    pass

    def _read(self, call: ast.Call, kind: str, code: str, message: ast.expr, has_details: bool) -> Iterator[Message]:
        for text, holes in self._texts(message, frozenset()):
            whole = re.sub(r"^x (?=[A-Z])", f"{_SENTENCE} ", text)  # begins with a sentence that was made elsewhere
            yield Message(f"{self._path}:{call.lineno} {code}", kind, whole, holes, has_details)

    def _texts(self, node: ast.expr, seen: frozenset[str]) -> Iterator[_Text]:  # noqa: C901  # a line for every kind
        """Yield the texts that an expression may be, with `x` in its holes."""
        match node:
            case ast.Constant(value=str(text)):
                yield text, ()
            case ast.JoinedStr(values=parts):
                for pieces in itertools.product(*(list(self._texts(part, seen)) for part in parts)):
                    yield "".join(text for text, _ in pieces), tuple(hole for _, holes in pieces for hole in holes)
            case ast.FormattedValue(value=ast.Name() as name) if texts := list(self._named(name, seen)):
                yield from texts
            case ast.FormattedValue(value=ast.Attribute(attr="message")) | ast.Attribute(attr="message"):
                yield _SENTENCE, ()
            case ast.FormattedValue(value=value, conversion=conversion):
                yield "x", (f"{ast.unparse(value)}!{chr(max(conversion, 0))}",)
            case ast.IfExp(body=one, orelse=other):
                yield from self._texts(one, seen)
                yield from self._texts(other, seen)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                for (first, some), (second, more) in itertools.product(
                    self._texts(left, seen), self._texts(right, seen)
                ):
                    yield first + second, some + more
            case ast.Name():
                yield from self._named(node, seen)
            case _:
                yield "x", (ast.unparse(node),)

    def _named(self, name: ast.Name, seen: frozenset[str]) -> Iterator[_Text]:
        """Yield the possible texts of a local name, a constant or a parameter; none if it is a value."""
        if name.id in seen:
            return
        seen |= {name.id}
        function = self._parents[name]
        while not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            function = self._parents[function]
        for scope in dict.fromkeys((function, self._tree)):
            for each in ast.walk(scope) if scope is function else scope.body:
                match each:
                    case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name.id:
                        yield from self._worded(value, seen)
                    case ast.ExceptHandler(name=target) if target == name.id:
                        yield _SENTENCE, (f"{target}!",)
        if not isinstance(function, ast.Module):
            yield from self._passed(name.id, function, seen)

    def _passed(
        self, name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, seen: frozenset[str]
    ) -> Iterator[_Text]:
        """Yield the texts that callers within the module pass for a parameter."""
        parameters = [each.arg for each in function.args.args]
        if name in parameters:
            at = parameters.index(name) - (parameters[0] == "self")
            for call in self._calls:
                if _called(call) == function.name and len(call.args) > at:
                    yield from self._worded(call.args[at], seen)

    def _worded(self, value: ast.expr, seen: frozenset[str]) -> Iterator[_Text]:
        if isinstance(value, ast.Constant | ast.JoinedStr | ast.IfExp | ast.Name):
            yield from self._texts(value, seen - {value.id} if isinstance(value, ast.Name) else seen)


def _called(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


@functools.cache
def every_message() -> list[Message]:
    """Return the messages of all modules. To read them takes half a second, which the collection of tests is spared."""
    paths = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
    return [each for path in paths for each in _Module(path).messages()]


def _listed(found: Mapping[str, object]) -> str:
    return "\n".join(f"{where}: {what}" for where, what in found.items())


def test_all_of_them_are_looked_at() -> None:
    assert len({each.where for each in every_message()}) > 230
    assert {each.kind for each in every_message()} >= {"InvalidInputError", "Contradiction", "ErrorDetail"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_a_sentence_that_says_what_is_wrong_and_what_to_do(kind: str) -> None:
    wrong = {
        each.where: (each.text, found) for each in every_message() if each.kind == kind and (found := faults(each.text))
    }
    assert not wrong, _listed(wrong)


def test_messages_about_an_unavailable_component_follow_the_same_rules() -> None:
    wrong = {row.reason: (row.message, found) for row in UNAVAILABILITIES if (found := faults(row.message))}
    assert not wrong, _listed(wrong)


def test_no_message_quotes_as_python_does_or_shows_names_of_the_code() -> None:
    wrong = {each.where: hole for each in every_message() for hole in each.holes if _PYTHON_S_OWN.search(hole)}
    assert not wrong, _listed(wrong)


def test_what_is_invalid_is_named_in_the_details() -> None:
    assert [each.where for each in every_message() if each.kind == "InvalidInputError" and not each.has_details] == []


@pytest.mark.parametrize(
    "message",
    [
        "bucket_id is wrong",
        "There is no such bucket.",
        "status must be one of 'DRAFT'.",
        "Expected `int`, got `str` - at `$.size`. Send an int.",
        "name must match [a-z0-9]+: send another.",
        "Invalid enum value 'required': send another.",
        "Whoever asks may do this no more: send another.",
    ],
)
def test_the_rules_find_what_is_not_as_it_should_be(message: str) -> None:
    assert faults(message)
