import pytest

from adapters.sealing import Sealer, UnreadableError
from domain.keys.token_secrets import TokenSecrets

NEW, OLD = "the newer one of two secrets of a server", "the older one of two secrets of a server"


def sealer(*secrets: str) -> Sealer:
    return Sealer(TokenSecrets(secrets))


def test_what_is_sealed_opens_for_what_it_belongs_to_alone() -> None:
    sealed = sealer(NEW).seal(b"whsec_1", belongs_to="wh_1")

    assert b"whsec_1" not in sealed
    assert sealer(NEW).open(sealed, belongs_to="wh_1") == b"whsec_1"
    with pytest.raises(UnreadableError):
        sealer(NEW).open(sealed, belongs_to="wh_2")


def test_the_newest_secret_seals_and_older_ones_still_open() -> None:
    both, old = sealer(NEW, OLD), sealer(OLD)
    before, after = old.seal(b"x", belongs_to="wh_1"), both.seal(b"x", belongs_to="wh_1")

    assert both.open(before, belongs_to="wh_1") == b"x"
    assert (after.startswith(both.newest), before.startswith(both.newest)) == (True, False)
    with pytest.raises(UnreadableError):
        old.open(after, belongs_to="wh_1")


def test_the_same_is_sealed_differently_each_time() -> None:
    made = sealer(NEW)

    assert len({made.seal(b"x", belongs_to="wh_1") for _ in range(100)}) == 100


def test_what_was_changed_or_cut_is_unreadable() -> None:
    made = sealer(NEW)
    sealed = made.seal(b"x", belongs_to="wh_1")

    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        for spoiled in (bytes(changed), sealed[:position]):
            with pytest.raises(UnreadableError):
                made.open(spoiled, belongs_to="wh_1")
