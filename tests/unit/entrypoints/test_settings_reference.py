"""The reference page of the settings holds every setting, with its default and its help."""

from entrypoints.settings import SETTINGS, Settings
from tests.docs.pages import ROOT
from tests.docs.reference import rewritten

PAGE = ROOT / "docs" / "reference" / "settings.md"


def test_the_page_lists_every_setting_as_the_code_has_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == rewritten(PAGE), "run: python -m tests.docs.reference"


def test_every_setting_has_a_row() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.default or ''} | " in page


def test_every_default_is_a_value_that_the_setting_takes() -> None:
    for setting in SETTINGS:
        if setting.default is not None and setting.name != "UPWELL_S3_ADDRESSING":  # its default is a rule
            Settings({setting.name: setting.default})
