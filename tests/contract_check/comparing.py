"""The differences between two OpenAPI documents, for a client that was written for the first of them.

Requests: everything that the contract accepts must be accepted, with the same defaults and limits. Answers: each answer
must be valid for the contract, and every field of the contract must be there. Fields of Upwell that the contract does
not know are differences in requests, and none in answers.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Document = dict[str, Any]
Schema = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format")
_EMPTY: tuple[Any, ...] = (None, {}, [])
_ANY_BRANCH = {"type": "any"}


class Difference(NamedTuple):
    """One difference. `where`: an operation, and its parameter, field or status."""

    where: str
    what: str


class Operation(NamedTuple):
    """An operation of a document."""

    name: str
    method: str
    path: str
    body: dict[str, Any]


def operations(document: Document) -> Iterator[Operation]:
    """Yield all operations of a document."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(f"{method.upper()} {path}", method, path, item[method])


def differences(contract: Document, own: Document) -> list[Difference]:
    """Return all differences, each once, in the order of the contract."""
    found: dict[Difference, None] = {}
    ours = {(op.method, _nameless(op.path)): op for op in operations(own)}
    for theirs in operations(contract):
        match = ours.get((theirs.method, _nameless(theirs.path)))
        if match is None:
            found[Difference(theirs.name, "no such route")] = None
            continue
        comparison = _Comparison(contract, own)
        comparison.operation(theirs, match)
        found.update(dict.fromkeys(comparison.found))
    return list(found)


def fields(document: Document, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield every parameter and field of an operation with a word for its type, named as differences name them."""
    for parameter in operation.body.get("parameters", []):
        yield f"{operation.name} {parameter['in']} {parameter['name']}", _kinds(document, parameter["schema"])
    body = _content(operation.body.get("requestBody"))
    if body is not None:
        yield from _fields(document, body, f"{operation.name} body", ())
    for status, answer in operation.body["responses"].items():
        schema = _content(answer)
        yield f"{operation.name} {status}", "" if schema is None else _kinds(document, schema)
        if schema is not None and status < "300":
            yield from _fields(document, schema, f"{operation.name} {status}", ())


def _fields(document: Document, schema: Schema, place: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        reference = schema["$ref"]
        if reference not in above:  # otherwise it holds itself
            yield from _fields(document, _followed(document, schema), place, (*above, reference))
        return
    for part in (*schema.get("anyOf", []), *schema.get("oneOf", [])):
        yield from _fields(document, part, place, above)
    for field, inner in schema.get("properties", {}).items():
        yield f"{place} .{field}", _kinds(document, inner)
        yield from _fields(document, inner, f"{place} .{field}", above)
    for word, sign in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(inner := schema.get(word), dict):
            yield from _fields(document, inner, f"{place} {sign}", above)


class _Comparison:
    def __init__(self, contract: Document, own: Document) -> None:
        self._contract = contract
        self._own = own
        self._compared: list[tuple[tuple[Any, Any], str]] = []
        self.found: list[Difference] = []

    def operation(self, theirs: Operation, ours: Operation) -> None:
        self._parameters(theirs, ours)
        their_body, our_body = theirs.body.get("requestBody", {}), ours.body.get("requestBody", {})
        place = f"{theirs.name} body"
        if bool(their_body) != bool(our_body):
            self._report(place, "no body here" if their_body else "a body of ours")
        elif their_body:
            if our_body.get("required", False) and not their_body.get("required", False):
                self._report(place, "required here")
            self._schemas(_content(their_body) or {}, _content(our_body) or {}, place, request=True)
        for status, answer in theirs.body["responses"].items():
            place = f"{theirs.name} {status}"
            given = ours.body["responses"].get(status)
            if given is None:
                self._report(place, "no such status")
                continue
            schema, own = _content(answer), _content(given)
            if (schema is None) != (own is None):
                self._report(place, "no body here" if own is None else "a body of ours")
            elif schema is not None and own is not None:
                self._schemas(schema, own, place, request=False)
        for status in ours.body["responses"]:
            if status not in theirs.body["responses"]:
                self._report(f"{theirs.name} {status}", "a status of ours")

    def _parameters(self, theirs: Operation, ours: Operation) -> None:
        named = [_parameters(operation.body, operation.path) for operation in (theirs, ours)]
        for key, parameter in named[0].items():
            place = f"{theirs.name} {parameter['in']} {parameter['name']}"
            own = named[1].get(key)
            if own is None:
                self._report(place, "no such parameter")
                continue
            if own.get("required", False) and not parameter.get("required", False):
                self._report(place, "required here")
            self._default(parameter["schema"], own["schema"], place)
            self._schemas(parameter["schema"], own["schema"], place, request=True)
        for key, parameter in named[1].items():
            if key not in named[0]:
                what = "a required parameter of ours" if parameter.get("required") else "a parameter of ours"
                self._report(f"{theirs.name} {parameter['in']} {parameter['name']}", what)

    def _schemas(self, theirs: Schema, ours: Schema, place: str, *, request: bool) -> None:
        their_branches = _widest(_branches(self._contract, theirs))
        our_branches = _widest(_branches(self._own, ours))
        from_, to = (their_branches, our_branches) if request else (our_branches, their_branches)
        for branch in from_:
            partners = [partner for partner in to if _fits(branch, partner)]
            if not partners:
                self._report(place, f"{'refuses' if request else 'may be'} {_kind(branch)}")
                continue
            partner = min(partners, key=lambda other: _distance(branch, other))
            their, our = (branch, partner) if request else (partner, branch)
            self._branch(their, our, place, request=request)
        if request:
            for branch in our_branches:
                if not any(_fits(branch, partner) for partner in their_branches):
                    self._report(place, f"accepts {_kind(branch)} too")

    def _branch(self, theirs: Schema, ours: Schema, place: str, *, request: bool) -> None:
        if theirs is _ANY_BRANCH or ours is _ANY_BRANCH:
            return
        pair = (theirs.get("$from"), ours.get("$from"))
        if all(pair):
            if any(pair == above and place.startswith(f"{at} ") for above, at in self._compared):
                return  # they hold themselves
            self._compared.append((pair, place))
        self._values(theirs, ours, place, request=request)
        for limit in _LIMITS:
            their, our = theirs.get(limit), ours.get(limit)
            if their != our and (request or their is not None):
                self._report(place, f"{limit} is {_shown(our)}, not {_shown(their)}")
        if "items" in theirs or "items" in ours:
            self._schemas(theirs.get("items", {}), ours.get("items", {}), f"{place} []", request=request)
        if theirs.get("type") == "object":
            self._objects(theirs, ours, place, request=request)

    def _values(self, theirs: Schema, ours: Schema, place: str, *, request: bool) -> None:
        their, our = _enum(theirs), _enum(ours)
        if their is None and our is None:
            return
        if request:
            if our is not None and (their is None or their - our):
                missing = "any other" if their is None else ", ".join(sorted(their - our))
                self._report(place, f"refuses the values {missing}")
            if their is not None and (our is None or our - their):
                extra = "any" if our is None else ", ".join(sorted(our - their))
                self._report(place, f"accepts the values {extra} too")
        elif their is not None and (our is None or our - their):
            extra = "any" if our is None else ", ".join(sorted(our - their))
            self._report(place, f"may be of the values {extra}")

    def _objects(self, theirs: Schema, ours: Schema, place: str, *, request: bool) -> None:
        their_fields, our_fields = theirs.get("properties", {}), ours.get("properties", {})
        needed, given = set(theirs.get("required", ())), set(ours.get("required", ()))
        if their_fields and not our_fields and ours.get("additionalProperties", True) is not False:
            self._report(place, "any object: its fields are not spelled out")
            return
        for name, schema in their_fields.items():
            inner = f"{place} .{name}"
            if name not in our_fields:
                self._report(inner, "no such field")
                continue
            if request:
                if (name in given) != (name in needed):
                    self._report(inner, "required here" if name in given else "optional here")
                self._default(schema, our_fields[name], inner)
            elif name in needed - given:
                self._report(inner, "may be absent")
            self._schemas(schema, our_fields[name], inner, request=request)
        self._other_fields(theirs, ours, place, request=request)

    def _other_fields(self, theirs: Schema, ours: Schema, place: str, *, request: bool) -> None:
        their_fields = theirs.get("properties", {})
        their_rest = theirs.get("additionalProperties", None if their_fields else True)
        our_rest = ours.get("additionalProperties", True)
        if isinstance(their_rest, dict) and our_rest is not False:
            self._schemas(their_rest, our_rest if isinstance(our_rest, dict) else {}, f"{place} {{}}", request=request)
        if not request:
            return
        if their_rest in (None, False):
            for name in ours.get("properties", {}):
                if name not in their_fields:
                    self._report(f"{place} .{name}", "a field of ours")
        elif our_rest is False:
            self._report(place, "refuses other fields")

    def _default(self, theirs: Schema, ours: Schema, place: str) -> None:
        their, our = theirs.get("default"), ours.get("default")
        if their != our and not (their in _EMPTY and (our in _EMPTY or "default" not in theirs)):
            self._report(place, f"the default is {_shown(our)}, not {_shown(their)}")

    def _report(self, where: str, what: str) -> None:
        self.found.append(Difference(where, what))


def _branches(document: Document, schema: Schema) -> list[Schema]:
    """Return the alternatives of a schema, references followed (`$from`): each has one type, or is any value."""
    if "$ref" in schema:
        found = _branches(document, _followed(document, schema))
        return [branch if branch is _ANY_BRANCH else {"$from": schema["$ref"], **branch} for branch in found]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [branch for part in schema[word] for branch in _branches(document, part)]
    kinds = schema.get("type")
    if kinds is None:
        if "enum" in schema or "const" in schema:
            return [{**schema, "type": "string"}]
        return [_ANY_BRANCH] if "properties" not in schema else [{**schema, "type": "object"}]
    return [{**schema, "type": kind} for kind in kinds] if isinstance(kinds, list) else [schema]


def _widest(branches: list[Schema]) -> list[Schema]:
    """Return the alternatives without those that others of the same type include."""
    open_kinds = {b["type"] for b in branches if not {*_LIMITS, "enum", "const", "properties", "items"} & b.keys()}
    return [branch for branch in branches if branch["type"] not in open_kinds or not {*_LIMITS, "enum"} & branch.keys()]


def _followed(document: Document, schema: Schema) -> Schema:
    found: Schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found


def _fits(branch: Schema, into: Schema) -> bool:
    """Return whether values of one type are of another; `any` accepts all, and only `any` accepts it."""
    return (
        into is _ANY_BRANCH or branch["type"] == into["type"] or (branch["type"], into["type"]) == ("integer", "number")
    )


def _distance(one: Schema, other: Schema) -> tuple[int, int, int]:
    fields = set(one.get("properties", {})) ^ set(other.get("properties", {}))
    limits = sum(one.get(limit) != other.get(limit) for limit in _LIMITS)
    return (one.get("type") != other.get("type"), len(fields), limits)


def _kinds(document: Document, schema: Schema) -> str:
    kinds = dict.fromkeys(_kind(branch) for branch in _branches(document, schema))
    return " or ".join(kinds)


def _kind(branch: Schema) -> str:
    return str(branch["type"])


def _enum(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None


def _content(holder: dict[str, Any] | None) -> Schema | None:
    content = (holder or {}).get("content", {}).get("application/json")
    return None if content is None else content.get("schema", {})


def _parameters(operation: dict[str, Any], path: str) -> dict[tuple[str, str], Any]:
    """Return an operation's parameters by place and name; those in the path are identified by their order in it."""
    order = re.findall(r"{(\w+)}", path)
    return {
        (p["in"], str(order.index(p["name"])) if p["in"] == "path" else _folded(p)): p
        for p in operation.get("parameters", [])
    }


def _folded(parameter: dict[str, Any]) -> str:
    name = str(parameter["name"])
    return name.lower() if parameter["in"] == "header" else name


def _nameless(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
