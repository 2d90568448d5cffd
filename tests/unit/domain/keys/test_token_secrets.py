import pytest

from domain.keys.token_secrets import TokenSecrets

NEW, OLD = "the newer one of two secrets of a server", "the older one of two secrets of a server"


def test_the_newest_secret_signs_and_all_are_accepted() -> None:
    both, old = TokenSecrets([NEW, OLD]), TokenSecrets([OLD])

    assert both.sign("a", b"x") == TokenSecrets([NEW]).sign("a", b"x")
    assert both.signed("a", b"x", old.sign("a", b"x"))
    assert not old.signed("a", b"x", both.sign("a", b"x"))


def test_what_is_signed_for_one_purpose_counts_for_no_other() -> None:
    secrets = TokenSecrets([NEW])

    assert not secrets.signed("b", b"x", secrets.sign("a", b"x"))
    assert secrets.keys("a") != secrets.keys("b")
    assert {len(key) for key in secrets.keys("a")} == {32}


def test_a_secret_does_not_stand_in_what_is_logged() -> None:
    assert NEW not in f"{TokenSecrets([NEW])!r}"


def test_without_a_secret_nothing_can_be_signed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        TokenSecrets([])
