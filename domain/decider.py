"""The decider: how one kind of aggregate changes, as a value.

`decide` returns the facts that follow from a command in a state, or refuses. `evolve` applies one recorded fact, and
never refuses. `initial` is the state before the first fact. An aggregate's module defines all three.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from domain.refusals import RefusedError

Command = TypeVar("Command")
Fact = TypeVar("Fact")
State = TypeVar("State")


class Decider(msgspec.Struct, Generic[Command, Fact, State], frozen=True, kw_only=True):
    """One kind of aggregate. `not_found`: the refusal of an id without facts."""

    initial: State
    decide: Callable[[Command, State], tuple[Fact, ...]]
    evolve: Callable[[State, Fact], State]
    not_found: Callable[[str], RefusedError]

    def fold(self, state: State, facts: Iterable[Fact]) -> State:
        """Return the state after these facts."""
        for fact in facts:
            state = self.evolve(state, fact)
        return state

    def replay(self, facts: Iterable[Fact]) -> State:
        """Return the state after these facts, from the first one on."""
        return self.fold(self.initial, facts)

    def decide_all(self, commands: Iterable[Command], state: State) -> tuple[Fact, ...]:
        """Return the facts of several commands in sequence."""
        facts: tuple[Fact, ...] = ()
        for command in commands:
            news = self.decide(command, state)
            facts, state = facts + news, self.fold(state, news)
        return facts
