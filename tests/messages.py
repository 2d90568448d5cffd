"""The rules that every message of a refusal keeps."""

import re

_REGULAR_EXPRESSION = re.compile(r"\[\^|\[[a-zA-Z0-9]-[a-zA-Z0-9]|\\[dwsbDWSB]\b|\(\?(?!:)|\]\{\d|\$$|^\^")
_PYTHON = re.compile(
    r"\b(?:None|True|False|str|int|dict|tuple|NoneType|UNSET|Expected|regex)\b|<class|\bobject at\b|`|Invalid enum"
)
_SENTENCE = re.compile(r"\S.*\.", re.DOTALL)
_WHAT_TO_DO = re.compile(
    r"[:;.] (?:"
    r"add|ask|cancel|change|check|choose|close|confirm|correct|create|cut|declare|delete|encode|"
    r"filter|flatten|give|leave|list|lower|move|name|pass|pipeline|read|remove|repeat|request|revoke|run|send|set|shorten|"
    r"simplify|start|try|upload|use|wait|write"
    r"|its operator has to act)\b",
    re.IGNORECASE,
)
_NOT_OUR_WORDS = re.compile(r"\b(?:whoever|somebody|shall|no more|there any more|is none|what is wrong)\b")


def faults(message: str) -> list[str]:
    """Return the problems of a message."""
    rules = (
        ("it is no sentence", _SENTENCE.fullmatch(message) is None),
        ("it shows a regular expression", _REGULAR_EXPRESSION.search(message) is not None),
        ("it speaks Python", _PYTHON.search(message) is not None),
        ("it is not how we write", _NOT_OUR_WORDS.search(message) is not None),
        ("it does not say what to do", _WHAT_TO_DO.search(message) is None),
    )
    return [fault for fault, broken in rules if broken]
