"""Labels: which values count as the same."""

import pytest

from application.ports.analytics.labels import MAX_VALUE_LENGTH, Group, GroupKind, group_of, label_of, labels_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("spring", "spring"),
        ("", ""),
        ("caf\u00e9", "caf\u00e9"),
        ("cafe\u0301", "caf\u00e9"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e300, "1e300"),
        (2**80, str(2**80)),
        (True, "true"),
    ],
)
def test_equal_values_have_one_label(value: object, text: str) -> None:
    assert group_of(labels_of({"a": value}, ["a"])["a"]) == Group(GroupKind.VALUE, text)


def test_a_filter_finds_a_value_in_any_form_of_its_characters() -> None:
    assert label_of("cafe\u0301") == label_of("caf\u00e9") == labels_of({"a": "cafe\u0301"}, ["a"])["a"]


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({}, GroupKind.NONE),
        ({"a": None}, GroupKind.NONE),
        ({"a": ["x"]}, GroupKind.NONE),
        ({"a": {"b": 1}}, GroupKind.NONE),
        ({"a": "x" * (MAX_VALUE_LENGTH + 1)}, GroupKind.OTHER),
        (None, GroupKind.ERASED),
    ],
)
def test_other_values_have_a_word(metadata: dict[str, object] | None, kind: GroupKind) -> None:
    assert group_of(labels_of(metadata, ["a"])["a"]) == Group(kind)
