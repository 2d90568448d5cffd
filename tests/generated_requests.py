"""Hooks of schemathesis: it loads this module by name, and sends no request that is filtered out here."""

from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

from entrypoints.http.requests.queries import CONTRACT
from entrypoints.wiring.garbage import collect_seldom

collect_seldom()


@schemathesis.hook
def before_load_schema(context: HookContext, schema: dict[str, Any]) -> None:  # noqa: ARG001  # schemathesis goes by the names
    """Have addresses of e-mail made by their format alone.

    To draw up to 320 characters that their pattern takes costs as much as all other cases together. The service checks
    them by the very pattern that its document shows.
    """
    for each in schema["components"]["schemas"].values():
        for described in each.get("properties", {}).values():
            for choice in described.get("anyOf", ()):
                if choice.get("format") == "email":
                    del choice["pattern"]


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:  # noqa: ARG001  # schemathesis goes by the names
    """Leave out what differs from a right request by an unknown query parameter only, where that is meant to be taken.

    It would allow for these itself, but not beside a number: that is text by then, which its schema does not allow.
    So is a parameter that comes several times, of which the last one counts, and may be a right one; and an object,
    which is written as other parameters, or as an empty text.
    """
    if any(isinstance(value, list | tuple | dict) for value in (case.query or {}).values()):
        return False
    data = case.meta.phase.data if case.meta is not None else None
    return not (
        isinstance(data, CoveragePhaseData)
        and data.scenario is CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES
        and data.parameter_location is ParameterLocation.QUERY
        and case.method in CONTRACT.get(case.operation.path, ())
    )
