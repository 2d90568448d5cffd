"""Files that a forge reads: the workflow that calls `.ci/run`, the forms of issues, the template of changes."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it is there for other packages

from tests.docs.pages import ROOT

FORGE = ROOT / ".github"
FORMS = sorted(path for path in (FORGE / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
ALL_YAML = sorted([*ROOT.glob("*.yaml"), *FORGE.rglob("*.yml"), *(ROOT / "docs").rglob("*.yml")])
# https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
_NEEDED = {
    "markdown": {"value"},
    "input": {"label"},
    "textarea": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}


class _Strict(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """Refuses a duplicate key, which YAML forbids and PyYAML accepts."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401  # yaml has no types
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def read(path: Path) -> Any:  # noqa: ANN401  # any content
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Strict)  # noqa: S506  # a safe loader


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", ALL_YAML, ids=name_of)
def test_a_yaml_file_is_yaml(path: Path) -> None:
    assert isinstance(read(path), dict)


def test_there_is_a_form_for_bugs_and_one_for_features() -> None:
    assert [path.stem for path in FORMS] == ["bug", "feature"]


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_a_form_is_one_that_the_forge_shows(path: Path) -> None:
    form = read(path)

    assert form.keys() <= {"name", "description", "title", "labels", "assignees", "body"}
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    labels = [field["attributes"]["label"] for field in form["body"] if field["type"] != "markdown"]
    assert len(set(ids)) == len(ids)
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", each) for each in ids)
    for field in form["body"]:
        assert field.keys() <= {"type", "id", "attributes", "validations"}
        assert field["attributes"].keys() >= _NEEDED[field["type"]]
        assert all(isinstance(text, str) for text in _texts(field["attributes"]))
        assert field.get("validations", {}).keys() <= {"required"}


def _texts(attributes: dict[str, Any]) -> list[Any]:
    options = [each["label"] if isinstance(each, dict) else each for each in attributes.get("options", ())]
    return [*(value for name, value in attributes.items() if name not in {"options", "multiple"}), *options]


def test_the_workflow_runs_what_is_run_everywhere_on_a_clean_checkout() -> None:
    workflow = read(FORGE / "workflows" / "ci.yml")
    (job,) = workflow["jobs"].values()
    first, *_, checks, last = job["steps"]

    assert set(workflow[True]) == {"push", "pull_request", "workflow_dispatch"}  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    assert re.fullmatch(r"actions/checkout@v\d+", first["uses"])
    assert first["with"] == {"persist-credentials": False}
    assert checks["run"] == ".ci/run"
    assert os.access(ROOT / checks["run"], os.X_OK)
    assert re.fullmatch(r"actions/upload-artifact@v\d+", last["uses"])
    assert last["with"]["path"] in (ROOT / checks["run"]).read_text(encoding="utf-8")


def test_the_template_of_changes_names_what_is_there() -> None:
    template = (FORGE / "pull_request_template.md").read_text(encoding="utf-8")
    paths = re.findall(r"`([\w./-]+/[\w./-]*|[A-Z]+\.md)`", template)

    assert len(paths) >= 4
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert "- [ ] `.ci/run` passes." in template
