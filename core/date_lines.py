"""What the trail says of the office's own dates, in words: bids, forums, opportunities, what was published (A4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from core import events
from core.audit_facts import day, money
from core.audit_lines import who
from core.audit_told import Detail, Entry
from core.records import Event
from core.rules.words import listed

Said = Mapping[str, Any]


def entries(session: Session, reference: str, *, about: tuple[str, int] | None = None) -> list[Entry]:
    """What has happened under a reference, oldest first; `about` keeps the lines whose data say so: ("forum", 3)."""
    lines = events.history(session, reference)
    return [_entry(line) for line in lines if about is None or line.data.get(about[0]) == about[1]]


def _entry(line: Event) -> Entry:
    said = _WORDS.get(line.kind)
    what = said(line.data) if said is not None else line.kind.replace("_", " ").capitalize()
    details = tuple(Detail(label, text) for name, label in _DETAILS.items() if (text := str(line.data.get(name) or "")))
    return Entry(line.at, what, who(line.actor), line.sequence, details)


def _moved(what: str) -> Callable[[Said], str]:
    return lambda data: f"{what}, from {day(data.get('was'))} to {day(data.get('closes_on'))}"


def _added(data: Said) -> str:
    asked = f" for {money(data['amount'])}" if data.get("amount") else ""
    return f"Put on the register: a bid{asked} that closes on {day(data.get('closes_on'))}, with {data.get('owner')}"


def _drafted(what: str) -> Callable[[Said], str]:
    return lambda data: f"{what}: {money(data.get('envelope'))}, closing on {day(data.get('closes_on'))}"


def _meeting(what: str) -> Callable[[Said], str]:
    return lambda data: f"{what} {day(data.get('day'))} at {data.get('begins')}, {data.get('place')}"


_DETAILS: Final = {"reason": "Why", "note": "Note", "because": "T4", "notes": "Notes", "views": "Views", "at": "Where"}

_WORDS: Final[Mapping[str, Callable[[Said], str]]] = {
    "bid_added": _added,
    "bid_submitted": lambda data: f"Handed in on {day(data.get('on'))}",
    "bid_won": lambda _data: "It was won",
    "bid_lost": lambda _data: "It was lost",
    "bid_not_pursued": lambda _data: "The office does not pursue it",
    "bid_moved": _moved("The closing day was moved"),
    "bid_handed_over": lambda data: f"{data.get('owner')} looks after it from now on",
    "opportunity_drafted": _drafted("Drafted"),
    "opportunity_changed": _drafted("The draft was changed"),
    "opportunity_advertised": lambda data: f"Advertised until {day(data.get('closes_on'))}",
    "opportunity_extended": _moved("The closing day was moved for everybody"),
    "opportunity_handed_over": lambda data: f"{data.get('owner')} looks after it from now on",
    "opportunity_closed": lambda data: f"Closed after {day(data.get('closes_on'))}",
    "opportunity_cancelled": lambda _data: "Cancelled",
    "forum_planned": _meeting("Set for"),
    "forum_changed": _meeting("Now on"),
    "forum_invited": lambda data: f"Invited: {listed(str(one) for one in data.get('invited') or ())}",
    "forum_cancelled": lambda data: f"The forum of {day(data.get('day'))} was cancelled",
    "forum_held": lambda data: f"Held on {day(data.get('on'))}",
}
