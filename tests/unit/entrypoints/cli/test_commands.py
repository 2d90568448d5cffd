"""The refusals of commands before any request."""

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from entrypoints.cli import uploading
from entrypoints.cli.main import upwell
from upwell_client import Client, Retries


@pytest.mark.parametrize(
    "arguments",
    [
        ["upload", ""],
        ["upload", "a.txt", ""],
        ["upload", "--resume", ""],
        ["download", "upl_1", "--output", ""],
        ["events", "export", "--to", ""],
        ["dev", "--data", "", "--port", "0"],  # so that nothing would begin with this path
    ],
)
def test_an_empty_path_is_refused_and_never_the_current_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(upwell, arguments)
    assert done.exit_code == 2
    assert "the path is empty. Is a variable not set?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "x.txt", "--name", "s.txt"], "name no other files besides '-'"),
        (["-", "--name", "s.txt", "--resume"], "Standard input cannot be resumed"),
        (["-"], "Standard input needs a name"),
    ],
)
def test_problems_with_standard_input_are_reported(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(upwell, ["upload", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.ConnectError("refused"), "unreachable"),
        (
            httpx.Response(401, json={"error": {"message": "No such key.", "code": "invalid_api_key"}}),
            "invalid_api_key",
        ),
    ],
)
def test_json_has_an_object_for_each_file_where_the_service_could_not_even_be_asked(
    answer: httpx.Response | Exception, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client_of(*_: object, **__: object) -> Client:
        return Client(
            "http://upwell.test", "sk", "ns", transport=httpx.MockTransport(answered), retries=Retries(attempts=1)
        )

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(uploading, "client_of", client_of)
    where = {"UPWELL_URL": "http://upwell.test", "UPWELL_API_KEY": "sk", "UPWELL_NAMESPACE": "n", "UPWELL_BUCKET": "b"}
    done = CliRunner().invoke(upwell, ["upload", "a.txt", "b.txt", "--json"], env=where)
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["file"], one["ok"], one["error"]["code"]) for one in outcomes] == [
        ("a.txt", False, code),
        ("b.txt", False, code),
    ]
    assert done.exit_code == 1
