"""Invalid settings: secrets that can be guessed, and missing required ones."""

import secrets
from datetime import timedelta

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


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("UPWELL_S3_ENDPOINT_URL", "http://[::1", "has a host that cannot be read"),
        ("UPWELL_DATABASE_URL", "postgresql://u@[::1/upwell", "has a host that cannot be read"),
        ("UPWELL_NATS_SERVERS", "nats://one:4222,nats://[::1", "has a host that cannot be read"),
        ("UPWELL_S3_ENDPOINT_URL", "http://h:abc", "has a port that is not a number from 1 to 65535"),
        ("UPWELL_S3_PUBLIC_ENDPOINT_URL", "https://h:65536", "has a port that is not a number from 1 to 65535"),
        ("UPWELL_STORAGE_EVENTS_QUEUE_URL", "http://h:0/q", "has a port that is not a number from 1 to 65535"),
        ("UPWELL_NATS_SERVERS", "nats://one:4222,nats://two:abc", "has a port that is not a number from 1 to 65535"),
        ("UPWELL_DATABASE_URL", "postgresql://u@h:\uff15\uff14\uff13\uff12/upwell", "has a port that is not a number"),
        ("UPWELL_PORT", "\uff18\uff10\uff10\uff10", "must be a whole number from 1 to 65535, written in digits alone"),
        ("UPWELL_PORT", " 8_0 ", "must be a whole number from 1 to 65535, written in digits alone"),
        ("UPWELL_ANALYTICS_DAYS", "30", "must be 'all', or a whole number from 31 to 36500, written in digits alone"),
        ("UPWELL_ANALYTICS_DAYS", "none", "must be 'all', or a whole number from 31 to 36500, written in digits alone"),
        ("UPWELL_WEBHOOK_DELIVERIES_DAYS", "3", "must be a whole number from 4 to 3650, written in digits alone"),
        ("UPWELL_PORT", "+80", "must be a whole number from 1 to 65535, written in digits alone"),
        ("UPWELL_PORT", "9" * 5000, "must be a whole number from 1 to 65535, written in digits alone"),
        ("UPWELL_WEBHOOK_ALLOWED_PORTS", "8443,\uff19\uff10\uff10\uff10-9010", "must be ports or ranges of them"),
    ],
)
def test_the_reason_for_refusing_a_value_is_a_sentence(name: str, wrong: str, reason: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings({name: wrong})
    assert str(refused.value).startswith(f"{name} {reason}")


@pytest.mark.parametrize("url", ["http://[::1]:9000", "https://s3.example.com", "http://127.0.0.1:65535/path"])
def test_a_url_may_have_an_address_and_a_port(url: str) -> None:
    given = {"UPWELL_S3_ENDPOINT_URL": url}
    assert Settings(given).environment == given


@pytest.mark.parametrize("name", ["UPWELL_CORS_ORIGINS", "UPWELL_S3_CORS_ORIGINS"])
@pytest.mark.parametrize(
    "wrong", ["htp:/x y", "app.example.com", "https://app.example.com/", "https://a.example https://b.example", "null"]
)
def test_a_web_origin_that_no_browser_sends_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(SettingError, match=rf"^{name} must be web origins, .*https://app\.example\.com"):
        Settings({name: f"https://a.example,{wrong}"})


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://App.example.com, http://localhost:3000", ("https://app.example.com", "http://localhost:3000")),
        ("https://*.example.com,http://[::1]:8080", ("https://*.example.com", "http://[::1]:8080")),
        ("capacitor://localhost", ("capacitor://localhost",)),
    ],
)
def test_web_origins_are_taken_in_the_form_of_browsers(value: str, origins: tuple[str, ...]) -> None:
    assert Settings({"UPWELL_CORS_ORIGINS": value}).cors_origins == origins


def test_without_a_server_secret_the_message_explains_what_to_set_and_how() -> None:
    with pytest.raises(SettingError, match=r"UPWELL_TOKEN_SECRETS is not set\. .*openssl rand -hex 32"):
        _ = Settings({}).token_secrets


def test_a_name_that_is_no_setting_is_named_with_the_nearest_one() -> None:
    given = {"UPWELL_DATABSE_URL": "x", "UPWELL_XYZ": "", "UPWELL_URL": "x", "UPWELL_PORT": "1", "PATH": "/"}
    assert unknown_settings(given) == {"UPWELL_DATABSE_URL": "UPWELL_DATABASE_URL", "UPWELL_XYZ": None}


def test_figures_are_kept_forever_unless_a_number_of_days_is_set() -> None:
    assert Settings({}).analytics_kept is None
    assert Settings({"UPWELL_ANALYTICS_DAYS": "all"}).analytics_kept is None
    assert Settings({"UPWELL_ANALYTICS_DAYS": "90"}).analytics_kept == timedelta(days=90)
    assert Settings({"UPWELL_WEBHOOK_DELIVERIES_DAYS": "9"}).rules.deliveries_kept == timedelta(days=9)
