"""Disabled telemetry is not loaded, and wrong settings are refused."""

import pytest

from entrypoints.observability.metrics import Histogram
from entrypoints.observability.telemetry import Telemetry, telemetry_of
from entrypoints.settings import MetricsSettings, SettingError, Settings
from tests.loaded import loaded_by

TOKEN = "what-prometheus-knows"
PROGRAM = """
from contextlib import nullcontext
import entrypoints.processes.serving
from entrypoints.http.app import create_app
create_app(nullcontext)
"""


def test_without_the_settings_nothing_of_it_is_loaded() -> None:
    assert loaded_by(PROGRAM, {"prometheus_client", "opentelemetry.trace", "opentelemetry.sdk"}) == set()


def test_without_the_settings_appends_are_not_observed() -> None:
    telemetry = telemetry_of(Settings({}))
    assert (telemetry.metrics, telemetry.traces, telemetry.group_watch) == (None, None, None)


def test_with_a_port_metrics_are_kept() -> None:
    telemetry = telemetry_of(Settings({"UPWELL_METRICS_PORT": "9464"}))
    assert isinstance(telemetry, Telemetry)
    assert telemetry.metrics is not None
    assert telemetry.group_watch is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_the_machine_itself_metrics_need_no_token(host: str) -> None:
    settings = Settings({"UPWELL_METRICS_PORT": "9464", "UPWELL_METRICS_HOST": host})
    assert settings.metrics == MetricsSettings(host=host, port=9464, token=None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.3", "metrics.internal"])  # noqa: S104  # it is refused
def test_where_others_can_ask_metrics_need_a_token(host: str) -> None:
    variables = {"UPWELL_METRICS_PORT": "9464", "UPWELL_METRICS_HOST": host}
    with pytest.raises(SettingError, match="UPWELL_METRICS_TOKEN is not set"):
        telemetry_of(Settings(variables))
    settings = Settings({**variables, "UPWELL_METRICS_TOKEN": TOKEN})
    assert settings.metrics == MetricsSettings(host=host, port=9464, token=TOKEN)


def test_traces_without_opentelemetry_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrypoints.observability.telemetry.find_spec", lambda _: None)
    with pytest.raises(SettingError, match="uv sync --extra otel"):
        telemetry_of(Settings({"UPWELL_TRACES": "on"}))


def test_a_value_counts_in_every_bucket_that_it_fits_in() -> None:
    histogram = Histogram("h", "A histogram.", (1.0, 2.0, 4.0), ("who",))
    for value in (0.5, 1.0, 1.5, 4.0, 9.0):
        histogram.observe(value, "a")
    histogram.observe(3.0, "b")
    counted = histogram.family().samples
    assert {(each.name, each.labels["who"], each.labels.get("le")): each.value for each in counted} == {
        ("h_bucket", "a", "1.0"): 2,
        ("h_bucket", "a", "2.0"): 3,
        ("h_bucket", "a", "4.0"): 4,
        ("h_bucket", "a", "+Inf"): 5,
        ("h_count", "a", None): 5,
        ("h_sum", "a", None): 16.0,
        ("h_bucket", "b", "1.0"): 0,
        ("h_bucket", "b", "2.0"): 0,
        ("h_bucket", "b", "4.0"): 1,
        ("h_bucket", "b", "+Inf"): 1,
        ("h_count", "b", None): 1,
        ("h_sum", "b", None): 3.0,
    }
