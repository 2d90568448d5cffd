"""Answers of the service, compared with the wire contract if available, and always with Upwell's own document."""

import functools
import re
from typing import Any

import httpx
import jsonschema_rs

from tests.contract_check.comparing import Difference, Document, Operation, operations
from tests.contract_check.contract import contract, deviations, own


class Answers:
    """The answers of a document."""

    def __init__(self, document: Document, name: str) -> None:
        self._components = document["components"]
        self._name = name
        self._operations = sorted(
            ((re.compile(re.sub(r"{\w+}", "[^/]+", operation.path)), operation) for operation in operations(document)),
            key=lambda row: row[1].path.count("{"),  # a literal path takes precedence over one with parameters
        )
        self._validators: dict[tuple[str, int], Any] = {}

    def complaint(self, method: str, path: str, status: int, body: Any) -> str | None:  # noqa: ANN401  # JSON
        """Return the problems of an answer. Routes outside the document are accepted."""
        operation = self._operation(method, path)
        if operation is None:
            return None
        place = f"{self._name}: {operation.name} {status}"
        answer = operation.body["responses"].get(str(status))
        if answer is None:
            ours = Difference(f"{operation.name} {status}", "a status of ours")
            return None if any(listed.covers(ours) for listed in deviations()) else f"{place}: not documented"
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return None if body is None else f"{place}: has a body"
        validator = self._validators.get((operation.name, status))
        if validator is None:
            whole = {"components": self._components, "allOf": [schema]}
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[operation.name, status] = validator
        wrong = [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(body)]
        return f"{place}: {'; '.join(wrong)}" if wrong else None

    def _operation(self, method: str, path: str) -> Operation | None:
        return next(
            (op for pattern, op in self._operations if op.method == method.lower() and pattern.fullmatch(path)), None
        )


@functools.cache
def documents() -> tuple[Answers, ...]:
    """Return the documents that answers are held to."""
    known = contract()
    return (Answers(own(), "our own document"), *([] if known is None else [Answers(known, "the contract")]))


async def hold(response: httpx.Response) -> None:
    """Fail if the documents do not allow an answer: a hook of httpx."""
    await _hold(response, documents())


async def hold_to_own(response: httpx.Response) -> None:
    """Fail if Upwell's own document does not allow an answer: for values that are not in the contract."""
    await _hold(response, documents()[:1])


async def _hold(response: httpx.Response, held_to: tuple[Answers, ...]) -> None:
    await response.aread()
    if not response.headers.get("content-type", "application/json").startswith("application/json"):
        return
    path = response.request.url.raw_path.decode().split("?")[0]
    body = response.json() if response.content else None
    for document in held_to:
        complaint = document.complaint(response.request.method, path, response.status_code, body)
        assert complaint is None, complaint


def holding(url: str, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Return an HTTP client whose answers are held to the documents."""
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30, event_hooks={"response": [hold]})
