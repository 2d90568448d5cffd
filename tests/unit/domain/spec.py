"""How the tests of the domain speak: `given(events).when(command).then(events)`, or `.then_refused(Error, code)`."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
import pytest

from domain.refusals import RefusedError

State = TypeVar("State")
Command = TypeVar("Command")
Fact = TypeVar("Fact")


class Given(Generic[State, Command, Fact]):
    """An aggregate, its past told."""

    def __init__(
        self, decide: Callable[[Command, State], tuple[Fact, ...]], evolve: Callable[[State, Fact], State], state: State
    ) -> None:
        self._decide = decide
        self._evolve = evolve
        self.state = state

    def when(self, command: Command) -> "When[State, Command, Fact]":
        return When(self._decide, self._evolve, self.state, command)


class When(Generic[State, Command, Fact]):
    """A command about to be decided."""

    def __init__(
        self,
        decide: Callable[[Command, State], tuple[Fact, ...]],
        evolve: Callable[[State, Fact], State],
        state: State,
        command: Command,
    ) -> None:
        self._decide = decide
        self._evolve = evolve
        self._state = state
        self._command = command

    @property
    def events(self) -> tuple[Fact, ...]:
        """What the command leads to."""
        return self._decide(self._command, self._state)

    def then(self, *expected: Fact) -> State:
        """Demand exactly these events, and return the state after them."""
        found = self.events
        if found != expected:
            pytest.fail(f"{self._command}\n  led to   {found}\n  and not  {expected}")
        state = self._state
        for event in found:
            state = self._evolve(state, event)
        return state

    def then_nothing(self) -> None:
        """Demand that the command is accepted and is not news."""
        self.then()

    def then_refused(self, error: type[RefusedError], code: str) -> RefusedError:
        """Demand this very class and code, and that the state and the command are as they were."""
        before = msgspec.json.encode([self._state, self._command])
        with pytest.raises(error) as caught:
            self._decide(self._command, self._state)
        if (type(caught.value), caught.value.code) != (error, code):
            pytest.fail(f"refused with {type(caught.value).__name__} {caught.value.code!r}, not {error} {code!r}")
        if msgspec.json.encode([self._state, self._command]) != before:
            pytest.fail("a refused command has changed something")
        return caught.value


class Behaviour(Generic[State, Command, Fact]):
    """One kind of aggregate: how it decides, how it evolves, and what it is before its first event."""

    def __init__(
        self,
        *,
        decide: Callable[[Command, State], tuple[Fact, ...]],
        evolve: Callable[[State, Fact], State],
        nothing: State,
    ) -> None:
        self._decide = decide
        self._evolve = evolve
        self._nothing = nothing

    def __call__(self, *events: Fact) -> Given[State, Command, Fact]:
        state = self._nothing
        for event in events:
            state = self._evolve(state, event)
        return Given(self._decide, self._evolve, state)
