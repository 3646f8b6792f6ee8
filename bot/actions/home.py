"""What can be done to a Home tab: turn its pages, and read it anew."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.action import Action, Ask, Subject, View
from bot.home import home
from bot.home_facts import home_facts
from core import people
from core.errors import Refused


def _find(_session: Session, number: int, _lock: bool) -> int | None:
    return number if 0 <= number < 1_000 else None


PAGE: Final = Subject[int]("page", _find, lambda _number: 0)
"""A page of what waits, from 0. One that is not there any more shows the last one there is."""


def _may(ask: Ask[int]) -> Refused | None:
    """Everybody of the office has a Home of their own, and it shows what is theirs."""
    reason = people.why_not_read(ask.person)
    return Refused(reason, "A2") if reason else None


def _show(ask: Ask[int]) -> View:
    return home(home_facts(ask.session, ask.person, office=ask.office, now=ask.now, page=ask.subject))


ACTIONS: Final = (
    Action("home", PAGE, _may, shows=_show),
    Action("home_back", PAGE, _may, shows=_show),
    Action("home_on", PAGE, _may, shows=_show),
)
