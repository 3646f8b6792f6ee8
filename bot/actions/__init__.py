"""Everything that can be done from Slack, by its action_id: what is not in `ACTIONS` cannot be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.action import Action
from bot.actions import applications, deadlines, home, outside, questions, reading, rounds, working


def _by_name(actions: Iterable[Action[Any]]) -> Mapping[str, Action[Any]]:
    found: dict[str, Action[Any]] = {}
    for action in actions:
        if action.name in found:
            raise ValueError(f"two actions are called {action.name}")
        found[action.name] = action
    return MappingProxyType(found)


ACTIONS: Final[Mapping[str, Action[Any]]] = _by_name(
    [
        *applications.ACTIONS,
        *deadlines.ACTIONS,
        *questions.ACTIONS,
        *reading.ACTIONS,
        *working.ACTIONS,
        *rounds.ACTIONS,
        *home.ACTIONS,
        *outside.ACTIONS,
    ]
)
"""Every action_id that a card, a message or Home can carry, each with its access rule."""
