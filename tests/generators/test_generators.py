"""Generators of clients and a linter read the OpenAPI document without a warning, and leave nothing out.

CI installs them; elsewhere: `scripts/install-generators`.
"""

import ast
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.contract_check.comparing import operations
from tests.contract_check.contract import ROOT, own

HERE = Path(__file__).parent
NODE = HERE / "node_modules" / ".bin"
PYTHON = ROOT / ".tools" / "generators" / "bin"
OPERATIONS = {operation.body["operationId"] for operation in operations(own())}
SCHEMAS = set(own()["components"]["schemas"])

pytestmark = pytest.mark.skipif(
    not (NODE.exists() and PYTHON.exists()) and "CI" not in os.environ,
    reason="the generators are not installed: scripts/install-generators",
)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(own()), encoding="utf-8")
    return path


def run(folder: Path, *command: str | Path) -> str:
    """Run a tool; return what it said, which must be no warning."""
    path = os.pathsep.join((str(NODE), str(PYTHON), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "REDOCLY_TELEMETRY": "off"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if "--format=json" not in command:
        said = done.stdout + done.stderr
        assert re.search(r"warn|error|skipp|omitted|not be generated", said, re.IGNORECASE) is None, said
    return done.stdout


def test_the_linter_has_nothing_to_say(document: Path) -> None:
    found = json.loads(run(document.parent, "redocly", "lint", "--extends=recommended", "--format=json", document.name))
    assert (found["problems"], found["totals"]["ignored"]) == ([], 0)


def test_types_of_typescript_have_every_operation_and_every_shape(document: Path) -> None:
    run(document.parent, "openapi-typescript", document.name, "--output", "types.d.ts")
    types = (document.parent / "types.d.ts").read_text(encoding="utf-8")
    assert {name for name in OPERATIONS if f"\n    {name}: {{" not in types} == set()
    assert {name for name in SCHEMAS if f"\n        {name}: " not in types} == set()
    run(document.parent, "tsc", "--noEmit", "--strict", "types.d.ts")


def test_a_client_in_typescript_has_every_operation_and_compiles(document: Path) -> None:
    run(document.parent, "openapi-ts", "--input", document.name, "--output", "client", "--no-log-file")
    client = (document.parent / "client" / "sdk.gen.ts").read_text(encoding="utf-8")
    camel = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in OPERATIONS}
    assert {name for name in camel if f"export const {name} =" not in client} == set()
    options = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--moduleResolution", "bundler")
    run(document.parent, "tsc", *options, "--module", "esnext", "--lib", "es2022,dom,dom.iterable", "client/index.ts")


def test_a_client_in_python_has_every_operation_and_every_shape_and_another_name_than_upwells(document: Path) -> None:
    run(document.parent, "openapi-python-client", "generate", "--path", document.name, "--output-path", "client")
    (package,) = [each for each in (document.parent / "client").iterdir() if (each / "client.py").exists()]
    assert package.name not in {"upwell_client", "upwell"}
    assert OPERATIONS - {module.stem for module in package.glob("api/*/*.py")} == set()
    modules = list(package.glob("models/*.py"))
    classes = {
        node.name
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert SCHEMAS - classes == set()


def test_names_are_those_of_the_handlers_and_the_shapes() -> None:
    assert {name for name in OPERATIONS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)} == set()
    assert {name for name in SCHEMAS if re.search(r"V1|Identifier[A-Z]", name)} == set()
