"""What a table of states is: what may be done to a thing in each, where that leads, and why not otherwise.

The tables themselves are in `lifecycle` and `payment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Action", "Lifecycle", "NotAllowed", "Stands", "State"]

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)


class NotAllowed(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The action does not exist in this state; `reason` says why in plain English, and what to do instead."""

    def __init__(self, reason: str) -> None:
        """Keep the reason as the exception's text too."""
        super().__init__(reason)
        self.reason = reason


class Stands(NamedTuple):
    """What a state means, as the end of a sentence, and what to do then, as a sentence of its own."""

    how: str
    instead: str


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[State, Action]):
    """The states of one kind of thing and what leads from one to the next.

    `table` holds every change there is; what is not in it is refused. `stands` says what each state means, `cannot`
    what an action is called that is refused. In one of `finals` it has ended: nothing leads on, and at most an `undo`
    leads back.
    """

    name: str
    first: State
    finals: frozenset[State]
    table: Mapping[tuple[State, Action], State]
    stands: Mapping[State, Stands]
    cannot: Mapping[Action, str]

    def __post_init__(self) -> None:
        """Close the mappings: nobody changes a rule while the desk runs."""
        for name in ("table", "stands", "cannot"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def next(self, state: State, action: Action) -> State:
        """The state after the action; raises NotAllowed, with the reason, where the table has no such change."""
        try:
            return self.table[state, action]
        except KeyError:
            how, instead = self.stands[state]
            raise NotAllowed(f"{self.cannot[action]}: {how}. {instead}") from None

    def actions(self, state: State) -> tuple[Action, ...]:
        """What can be done in this state, in the order of the table."""
        return tuple(action for before, action in self.table if before is state)

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram, always in the same order.

        Actions between the same two states share an arrow: of two loops on one state Mermaid would draw one.
        """
        arrows: dict[tuple[State, State], list[str]] = {}
        for (before, action), after in self.table.items():
            arrows.setdefault((before, after), []).append(action.replace("_", " "))
        lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> {self.first}"]
        lines += [f"    {before} --> {after}: {' or '.join(labels)}" for (before, after), labels in arrows.items()]
        lines += [f"    {state} --> [*]" for state in type(self.first) if state in self.finals]
        return "\n".join(lines)
