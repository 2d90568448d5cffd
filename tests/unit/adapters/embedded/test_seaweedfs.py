import json
import socket
import tomllib
from pathlib import Path

from adapters.embedded import seaweedfs


def test_ports_stay_while_they_are_free_and_change_alone(tmp_path: Path) -> None:
    first = seaweedfs._choose_ports(tmp_path / "ports.json")
    assert len(set(first.values())) == len(first)
    assert seaweedfs._choose_ports(tmp_path / "ports.json") == first
    with socket.create_server(("127.0.0.1", first["volume"])):
        second = seaweedfs._choose_ports(tmp_path / "ports.json")
    assert {door for door in first if first[door] != second[door]} == {"volume"}
    assert json.loads((tmp_path / "ports.json").read_text()) == second


def test_secrets_are_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    secret = seaweedfs._configure(tmp_path)
    assert seaweedfs._configure(tmp_path) == secret
    assert len(set(secret.values())) == len(secret)
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    identities = json.loads((tmp_path / "identities.json").read_text())["identities"]
    assert [each["credentials"][0]["accessKey"] for each in identities] == [secret["access_key_id"]]


def test_each_door_has_its_argument() -> None:
    arguments = seaweedfs._port_arguments({"s3": 1, "s3.grpc": 2, "master.grpc": 3})
    assert arguments == ["-s3.port=1", "-s3.port.grpc=2", "-master.port.grpc=3"]


def test_it_sends_notifications_only_to_a_configured_address(tmp_path: Path) -> None:
    hook = seaweedfs.WebHook("http://127.0.0.1:8000/v1/storage-events", 'a "quoted" \\ token')
    seaweedfs._configure(tmp_path, hook)
    webhook = tomllib.loads((tmp_path / "notification.toml").read_text())["notification"]["webhook"]
    assert (webhook["enabled"], webhook["endpoint"], webhook["bearer_token"]) == (True, hook.url, hook.token)
    seaweedfs._configure(tmp_path)
    assert (tmp_path / "notification.toml").read_text() == ""
