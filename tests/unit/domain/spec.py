"""The vocabulary of the domain tests: `given(events).when(command).then(events)`, or `.then_refused(Error, code)`."""

from typing import Generic, TypeVar

import msgspec
import pytest

from domain.decider import Decider
from domain.refusals import RefusedError

State = TypeVar("State")
Command = TypeVar("Command")
Fact = TypeVar("Fact")


class Given(Generic[State, Command, Fact]):
    """An aggregate with a past."""

    def __init__(self, decider: Decider[Command, Fact, State], state: State) -> None:
        self._decider = decider
        self.state = state

    def when(self, command: Command) -> "When[State, Command, Fact]":
        return When(self._decider, self.state, command)


class When(Generic[State, Command, Fact]):
    """A command before its decision."""

    def __init__(self, decider: Decider[Command, Fact, State], state: State, command: Command) -> None:
        self._decider = decider
        self._state = state
        self._command = command

    @property
    def events(self) -> tuple[Fact, ...]:
        """The result of the command."""
        return self._decider.decide(self._command, self._state)

    def then(self, *expected: Fact) -> State:
        """Require exactly these events, and return the state after them."""
        found = self.events
        if found != expected:
            pytest.fail(f"{self._command}\n  led to   {found}\n  and not  {expected}")
        return self._decider.fold(self._state, found)

    def then_nothing(self) -> None:
        """Require that the command is accepted without an event."""
        self.then()

    def then_refused(self, error: type[RefusedError], code: str) -> RefusedError:
        """Require exactly this class and code, and that the state and the command are unchanged."""
        before = msgspec.json.encode([self._state, self._command])
        with pytest.raises(error) as caught:
            self._decider.decide(self._command, self._state)
        if (type(caught.value), caught.value.code) != (error, code):
            pytest.fail(f"refused with {type(caught.value).__name__} {caught.value.code!r}, not {error} {code!r}")
        if msgspec.json.encode([self._state, self._command]) != before:
            pytest.fail("a refused command has changed something")
        return caught.value


class Behaviour(Generic[State, Command, Fact]):
    """One kind of aggregate."""

    def __init__(self, decider: Decider[Command, Fact, State]) -> None:
        self._decider = decider

    def __call__(self, *events: Fact) -> Given[State, Command, Fact]:
        return Given(self._decider, self._decider.replay(events))
