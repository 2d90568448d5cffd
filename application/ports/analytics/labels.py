"""Labels: the values of an upload in the metadata fields of its bucket's analytics, limited in number.

A label is `=` with the value as text, or one of three words. Groups are what callers see of a label.
"""

import enum
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

MAX_VALUES: Final = 100
MAX_GROUPS: Final = 1000
MAX_VALUE_LENGTH: Final = 100
_EXACT: Final = 2**53

Labels = Mapping[str, str]


class GroupKind(enum.StrEnum):
    """Which uploads a group has.

    `none`: without a value that is a string, a number or a boolean. `other`: with a long value, or one beyond the limit
    of the month. `erased`: forgotten ones, with their metadata.
    """

    VALUE = "value"
    NONE = "none"
    OTHER = "other"
    ERASED = "erased"


class Group(msgspec.Struct, frozen=True):
    """The uploads with the same label in a field. `value`: only of the kind `value`."""

    kind: GroupKind
    value: str | None = None


def label_of(text: str) -> str:
    """Return the label of a value that is written as text: the same for all forms of its characters."""
    return f"={text if text.isascii() else unicodedata.normalize('NFC', text)}"


def group_of(label: str) -> Group:
    """Return the group of a label."""
    return Group(GroupKind.VALUE, label[1:]) if label.startswith("=") else Group(GroupKind(label))


def labels_of(metadata: Mapping[str, Any] | None, fields: Iterable[str]) -> dict[str, str]:
    """Return an upload's labels before any limit. `metadata` None: it was erased."""
    if metadata is None:
        return erased(fields)
    return {field: _label(metadata.get(field)) for field in fields}


def erased(fields: Iterable[str]) -> dict[str, str]:
    """Return the labels of an upload whose metadata was erased."""
    return dict.fromkeys(fields, GroupKind.ERASED.value)


class LabelLimits:
    """The combinations of labels in a month of a bucket. `new`: those that `limited` added."""

    def __init__(self, known: Iterable[Labels] = ()) -> None:
        self._groups: set[frozenset[tuple[str, str]]] = set()
        self._values: dict[str, set[str]] = {}
        self.new: list[Labels] = []
        for labels in known:
            self._add(labels)

    def limited(self, labels: Labels) -> Labels:
        """Return labels within the limits: a value beyond them is `other`, and in too many combinations, every one."""
        limited = {field: self._limited(field, label) for field, label in labels.items()}
        if frozenset(limited.items()) not in self._groups:
            if len(self._groups) >= MAX_GROUPS:
                return dict.fromkeys(labels, GroupKind.OTHER.value)
            self._add(limited)
            self.new.append(limited)
        return limited

    def _limited(self, field: str, label: str) -> str:
        known = self._values.get(field, set())
        return label if label[0] != "=" or label in known or len(known) < MAX_VALUES else GroupKind.OTHER.value

    def _add(self, labels: Labels) -> None:
        self._groups.add(frozenset(labels.items()))
        for field, label in labels.items():
            if label[0] == "=":
                self._values.setdefault(field, set()).add(label)


def _label(value: object) -> str:
    match value:
        case None | dict() | list():
            return GroupKind.NONE.value
        case str():
            text = value
        case float() if value.is_integer() and abs(value) < _EXACT:  # 1.0 is 1
            text = str(int(value))
        case _:
            text = msgspec.json.encode(value).decode()
    return label_of(text) if len(text) <= MAX_VALUE_LENGTH else GroupKind.OTHER.value
