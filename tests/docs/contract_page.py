"""The page that compares Upwell with the wire contract: each of its routes and fields, and whether it works here."""

from collections import defaultdict
from collections.abc import Iterator

from tests.contract_check.comparing import Difference, Document, Operation, differences, fields, operations
from tests.contract_check.contract import contract, deviations, own

_NO_ROUTE = "no such route"
_NOT_SPELLED_OUT = "any object"


def field_by_field() -> str | None:
    """Return the content of the page, or nothing without the contract."""
    document = contract()
    if document is None:
        return None
    found = defaultdict[str, list[Difference]](list)
    for difference in differences(document, own()):
        found[difference.where].append(difference)
    known = list(operations(document))
    rows = {operation.name: list(_rows(document, operation, found)) for operation in known}
    missing = [operation.name for operation in known if operation.name in found]
    total = sum(len(dict(fields(document, operation))) for operation in known)
    deviating = sum(1 for name in rows for _, _, deviation, theirs in rows[name] if theirs and deviation)
    summary = (
        f"The contract has {len(known)} routes with {total:,} parameters, fields and statuses. Of the routes "
        f"{len(known) - len(missing)} are here; of what these have, {deviating} deviate, for the reasons given there."
    )
    overview = [f"| {name} | {_why(found[name][0]) if name in missing else _count(rows[name])} |" for name in rows]
    sections = [_section(name, rows[name]) for name in rows if name not in missing]
    return "\n".join(
        ["", summary, "", "## Routes", "", "| route | |", "|---|---|", *overview, "", "## Fields", "", *sections]
    )


def _rows(
    document: Document, operation: Operation, found: dict[str, list[Difference]]
) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the place, the type, the differences, and whether the contract has it, for all parts of a route."""
    theirs = dict(fields(document, operation))
    for where, kind in theirs.items():
        differing = [*found.get(where, ()), *_open_above(where, found)]
        deviations = "; ".join(f"{d.what}: {_why(d)}" for d in differing)
        yield where.removeprefix(f"{operation.name} "), kind, deviations, True
    for where in list(found):
        if where.startswith(f"{operation.name} ") and where not in theirs:
            deviations = "; ".join(f"{d.what}: {_why(d)}" for d in found[where])
            yield where.removeprefix(f"{operation.name} "), "", deviations, False


def _open_above(where: str, found: dict[str, list[Difference]]) -> Iterator[Difference]:
    parts = where.split(" ")
    for length in range(3, len(parts)):
        for difference in found.get(" ".join(parts[:length]), ()):
            if difference.what.startswith(_NOT_SPELLED_OUT):
                yield difference


def _why(difference: Difference) -> str:
    return next((listed.reason for listed in deviations() if listed.covers(difference)), "not listed")


def _count(rows: list[tuple[str, str, str, bool]]) -> str:
    different = sum(1 for _, _, deviation, theirs in rows if theirs and deviation)
    return f"works; {different} of {sum(row[3] for row in rows)} fields deviate" if different else "works"


def _section(name: str, rows: list[tuple[str, str, str, bool]]) -> str:
    lines = [f"| `{place}` | {kind} | {_cell(deviations) or 'works'} |" for place, kind, deviations, _ in rows]
    return "\n".join([f"### {name}", "", "| | type | |", "|---|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
