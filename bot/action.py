"""What an action of Slack's is: on what, for whom, the form that it opens and what its submission does.

A press and a submission carry a number and a version, never a decision: the record says how things stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from core.errors import Conflict, Refused
from core.office import Office
from core.records import Person
from core.rules.money import MoneyError, pence_from_typed

S = TypeVar("S")
View = dict[str, Any]

LARGEST = 2**63 - 1
"""The largest number of a row: a database refuses to look for one above it."""

MENU = "menu"
"""The action_id of a menu: what is chosen from it says itself which action it is."""

UNKNOWN = "This button is not known any more. Use the newest card of the application."
STALE = (
    "This application has changed since you opened this form. Close it, read the card again and press the button again."
)


@dataclass(frozen=True)
class Subject(Generic[S]):
    """A kind of thing that buttons are about: `key` names its number in what a button carries.

    `find` is given the session, the number, and whether to hold the row until the transaction ends; None: no such
    thing. `version` counts its changes, or tells them apart, for a modal to be refused that was opened before the last
    one; `stale` is what is said then.
    """

    key: str
    find: Callable[[Session, int, bool], S | None]
    version: Callable[[S], int]
    stale: str = STALE


@dataclass(frozen=True)
class Ask(Generic[S]):
    """Somebody wants to do something: to what, who, under which policy, when, and from which channel ("": none)."""

    session: Session
    subject: S
    person: Person
    office: Office
    now: datetime
    channel: str = ""


@dataclass(frozen=True)
class Action(Generic[S]):
    """One action_id, and the callback_id of its modal.

    `may` says why not, or None; it is asked at the press and again at the submission. A press either `opens` a modal
    whose submission `submits`, or `does` something at once and answers the presser with a sentence ("": nothing to
    say), or `shows` the presser's Home anew, or is only a link. `submits` answers the view to show next, or None to
    close; or `each` says which steps it is, each done for itself. With `stale` True it is done also to what has changed
    since the modal was opened. One that is a `shortcut` is about nothing on record: its subject's number is 0, and it
    is pressed outside every channel.
    """

    name: str
    subject: Subject[S]
    may: Callable[[Ask[S]], Refused | None]
    opens: Callable[[Ask[S]], View] | None = None
    submits: Callable[[Ask[S], Entered], View | None] | None = None
    each: Callable[[Ask[S], Entered], Steps] | None = None
    does: Callable[[Ask[S]], str] | None = None
    shows: Callable[[Ask[S]], View] | None = None
    stale: bool = False
    shortcut: bool = False


@dataclass(frozen=True)
class Step:
    """One of several things that a submission does: an action of its own, as if its own modal had been sent.

    It is asked again whether they may, in a transaction of its own, and refused by itself: of a savepoint no line of
    the trail could tell, and what one of them meets says nothing of the others.
    """

    action: str
    carried: str
    does: Callable[[Ask[Any]], object]


@dataclass(frozen=True)
class Steps:
    """What a submission does, in this order, and the view that says what came of each: "" where it was done."""

    steps: tuple[Step, ...]
    shows: Callable[[Sequence[str]], View]


@dataclass(frozen=True)
class Carried:
    """What a button or a modal carries: the number of its subject by key, as it was then, and the channel."""

    key: str
    number: int
    version: int
    channel: str = ""

    def packed(self) -> str:
        """As a button's value or a view's private_metadata."""
        return self._packed({"channel": self.channel} if self.channel else {})

    def to_do(self, action: str) -> str:
        """As the value of a menu's choice that is this action."""
        return self._packed({"do": action})

    def _packed(self, more: dict[str, str]) -> str:
        return json.dumps({self.key: self.number, "version": self.version, **more}, separators=(",", ":"))

    @classmethod
    def unpacked(cls, packed: str, key: str) -> Carried:
        """From what `packed` wrote, about a subject of this key; without a version it is older than any.

        Raises ValueError for anything else, and for a number that no row of the record can have.
        """
        try:
            found = json.loads(packed)
        except RecursionError as error:
            raise ValueError("what was carried is no JSON that the desk writes") from error
        if not isinstance(found, dict):
            raise ValueError("what was carried is not an object")  # noqa: TRY004 - a bad value, as JSON's own faults
        number, version, channel = found.get(key), found.get("version", 0), found.get("channel", "")
        if type(number) is not int or type(version) is not int or not isinstance(channel, str):
            raise ValueError(f"what was carried does not say which {key}")
        if abs(number) > LARGEST:
            raise ValueError("what was carried is no number of a row")
        return cls(key, number, version, channel)


def chosen_action(packed: str) -> str:
    """The action that a menu's choice is, by what `Carried.to_do` wrote; "" for anything else."""
    try:
        found = json.loads(packed)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("do") or "") if isinstance(found, dict) else ""


class Entered:
    """What somebody entered into a modal, by block_id, not yet judged. The core's rules come after Slack's."""

    def __init__(self, view: Mapping[str, Any]) -> None:
        """Read a submitted view. An input that is not there, or not filled in, is empty."""
        self._values: Mapping[str, Any] = (view.get("state") or {}).get("values") or {}

    def has(self, block_id: str) -> bool:
        """Whether the view asked for this at all: one of an earlier version of the desk may not have."""
        return "value" in (self._values.get(block_id) or {})

    def text(self, block_id: str) -> str:
        """What was typed or chosen, a day as YYYY-MM-DD, without the blanks around it; "" for nothing."""
        state = self._state(block_id)
        chosen = state.get("selected_option") or {}
        found = state.get("value") or chosen.get("value") or state.get("selected_date") or state.get("selected_user")
        return str(found or "").strip()

    def block_ids(self) -> tuple[str, ...]:
        """The inputs that the view had, in its order."""
        return tuple(self._values)

    def several(self, block_id: str) -> tuple[str, ...]:
        """The values that were ticked, in their own order."""
        return tuple(str(one.get("value")) for one in self._state(block_id).get("selected_options") or ())

    def pence(self, block_id: str = "amount") -> int:
        """The amount in pence. Raises MoneyError, worded for the field, if it is none."""
        typed = self.text(block_id)
        if not typed:
            raise MoneyError("Enter the amount in pounds, such as 2,000 or 2,000.50")
        return pence_from_typed(typed)

    def _state(self, block_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self._values.get(block_id) or {}).get("value") or {}
        return found


def found_subject(action: Action[S], session: Session, packed: str, *, lock: bool, unfound: str) -> tuple[S, Carried]:
    """What a button or a modal is about, with what it carried. Raises Conflict with `unfound` where there is none."""
    try:
        carried = Carried.unpacked(packed, action.subject.key)
    except ValueError as error:
        raise Conflict(unfound) from error
    subject = action.subject.find(session, carried.number, lock)
    if subject is None:
        raise Conflict(unfound)
    return subject, carried
