"""The rules that every message of a refusal keeps."""

import re

_REGULAR_EXPRESSION = re.compile(r"\[\^|\[[a-zA-Z0-9]-[a-zA-Z0-9]|\\[dwsbDWSB]\b|\(\?|\]\{\d|\$$|^\^")
_PYTHON = re.compile(r"\b(?:None|True|False|str|int|dict|tuple|NoneType|UNSET|<class|object at)\b|`")
_SENTENCE = re.compile(r"\S.*\.", re.DOTALL)
_TWO_HALVES = re.compile(r"[:;,.] ")


def faults(message: str) -> list[str]:
    """Return what is wrong with a message; nothing, where it is as it should be."""
    rules = (
        ("it is no sentence", _SENTENCE.fullmatch(message) is None),
        ("it shows a regular expression", _REGULAR_EXPRESSION.search(message) is not None),
        ("it speaks Python", _PYTHON.search(message) is not None),
        ("it does not say what to do", _TWO_HALVES.search(message) is None),
    )
    return [told for told, broken in rules if broken]
