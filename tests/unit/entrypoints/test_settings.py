"""Invalid settings: secrets that can be guessed, and missing required ones."""

import secrets

import pytest

from entrypoints.settings import SettingError, Settings, unknown_settings

SECRETS = ("UPWELL_TOKEN_SECRETS", "UPWELL_STORAGE_EVENTS_SECRET", "UPWELL_METRICS_TOKEN")
WEAK = [
    "a" * 16,
    "a" * 64,
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "0123456789abcdef0123456789abcdef",
    "98765432109876543210987654321098",
    "changemechangemechangemechangeme",
    "change-me-please-change-me-please-now"[:33],
    "your-secret-token-in-here-1234-test",
    "upwell-storage-events-secret-key",
    "correct-horse-" * 4,
    "short",
    "",
    "päßwörter-sind-hier-nicht-erlaubt-und-so",
]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("weak", WEAK)
def test_a_secret_that_is_easily_guessed_is_refused_at_start(name: str, weak: str) -> None:
    with pytest.raises(SettingError, match=rf"^{name} (?s:.*)openssl rand -hex 32") as caught:
        Settings({name: weak})
    assert not weak or weak not in str(caught.value)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_was_drawn_is_taken(name: str) -> None:
    for _ in range(200):
        for drawn in (secrets.token_hex(32), secrets.token_hex(16), secrets.token_urlsafe(24)):
            Settings({name: drawn})


def test_the_servers_secrets_are_several_or_one_and_each_is_strong() -> None:
    name, new, old = "UPWELL_TOKEN_SECRETS", secrets.token_hex(32), secrets.token_hex(32)

    both = Settings({name: f"{new}, {old}"}).token_secrets
    assert both.signed("x", b"y", Settings({name: old}).token_secrets.sign("x", b"y"))
    for wrong in (f"{new},{'a' * 40}", f"{new},{new}", ",", f"{new},{old[:31]}"):
        with pytest.raises(SettingError, match=name):
            Settings({name: wrong})


def test_without_a_server_secret_the_message_explains_what_to_set_and_how() -> None:
    with pytest.raises(SettingError, match=r"UPWELL_TOKEN_SECRETS is not set\. .*openssl rand -hex 32"):
        _ = Settings({}).token_secrets


def test_a_name_that_is_no_setting_is_named_with_the_nearest_one() -> None:
    given = {"UPWELL_DATABSE_URL": "x", "UPWELL_XYZ": "", "UPWELL_URL": "x", "UPWELL_PORT": "1", "PATH": "/"}
    assert unknown_settings(given) == {"UPWELL_DATABSE_URL": "UPWELL_DATABASE_URL", "UPWELL_XYZ": None}
