"""The reference page of the settings holds every setting, with its default and its help."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from entrypoints.settings import SETTINGS, Setting, SettingError, Settings
from tests.docs.pages import ROOT
from tests.docs.reference import rewritten

PAGE = ROOT / "docs" / "reference" / "settings.md"


def test_the_page_lists_every_setting_as_the_code_has_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == rewritten(PAGE), "run: python -m tests.docs.reference"


def test_every_setting_has_a_row() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.default or setting.meaning_of_none} | " in page


def test_every_default_is_a_value_that_the_setting_takes() -> None:
    for setting in SETTINGS:
        if setting.default is not None:
            Settings({setting.name: setting.default})


def test_a_setting_that_may_be_none_says_so_in_its_type() -> None:
    hints = get_type_hints(Settings)
    optional = [
        name
        for name, setting in vars(Settings).items()
        if isinstance(setting, Setting) and setting.default is None and setting.example is None
    ]

    assert optional
    for name in optional:
        (value,) = get_args(hints[name])
        assert type(None) in get_args(value), name


def test_networks_that_webhooks_may_reach_are_networks() -> None:
    name = "UPWELL_WEBHOOK_ALLOWED_NETWORKS"

    assert Settings({name: "10.1.0.0/16, ::1"}).webhook_allowed_networks == ("10.1.0.0/16", "::1/128")
    assert Settings({}).webhook_allowed_networks == ()
    for wrong in ("10.1.2.3/16", "localhost", "10.1.0.0/16;::1"):
        with pytest.raises(SettingError, match=name):
            Settings({name: wrong})


def test_ports_that_webhooks_may_reach_are_ports_or_ranges() -> None:
    name = "UPWELL_WEBHOOK_ALLOWED_PORTS"

    assert Settings({name: "8443, 9000-9010"}).webhook_allowed_ports == ((8443, 8443), (9000, 9010))
    assert Settings({}).webhook_allowed_ports == ()
    for wrong in ("https", "0", "65536", "9010-9000", "1-", "-1", "80;81"):
        with pytest.raises(SettingError, match=name):
            Settings({name: wrong})


def test_where_the_feed_is_relayed_to_is_checked(tmp_path: Path) -> None:
    credentials = tmp_path / "relay.creds"
    credentials.write_text("")
    servers = "nats://one:4222, tls://me:secret@two"
    relayed = Settings({"UPWELL_NATS_SERVERS": servers, "UPWELL_NATS_CREDENTIALS": str(credentials)}).nats

    assert relayed.servers == ("nats://one:4222", "tls://me:secret@two")
    assert (relayed.stream, relayed.replicas, relayed.credentials) == ("UPWELL", 1, str(credentials))
    for name, wrong in (
        ("UPWELL_NATS_SERVERS", "one:4222"),
        ("UPWELL_NATS_SERVERS", ","),
        ("UPWELL_NATS_STREAM", "the.stream"),
        ("UPWELL_NATS_REPLICAS", "6"),
        ("UPWELL_NATS_CREDENTIALS", str(tmp_path / "nothing")),
    ):
        with pytest.raises(SettingError, match=name):
            Settings({name: wrong})
    with pytest.raises(SettingError, match="UPWELL_NATS_SERVERS is not set"):
        _ = Settings({}).nats
