from domain.refusals import ForbiddenError, InvalidInputError, QuotaExceededError, RefusedError


def test_a_refusal_carries_a_code_a_message_and_facts() -> None:
    facts = {"limit": 1}

    refusal = InvalidInputError("too_much", "Send less.", facts)

    assert (refusal.code, refusal.message, refusal.details, str(refusal)) == (
        "too_much",
        "Send less.",
        {"limit": 1},
        "Send less.",
    )
    facts["limit"] = 2
    assert refusal.details == {"limit": 1}, "a refusal keeps its facts to itself"


def test_a_refusal_without_facts_has_none() -> None:
    assert RefusedError("no", "No.").details == {}


def test_no_room_is_a_way_of_being_forbidden() -> None:
    assert issubclass(QuotaExceededError, ForbiddenError)
