"""What is done about something that falls due, from its message: chased, extended, handed on, snoozed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session

from bot import due_forms
from bot.action import Action, Ask, Entered, Subject, View
from core import chasing, due_lines
from core.chasing import MoreTime
from core.deciding import WrongInput
from core.due_lines import DueLine
from core.errors import Refused
from core.office import london_day
from core.records import Deadline

USUAL_DAYS: Final = 14
"""The more time that a form begins with, in days, where there is so much to give."""

USUAL_QUIET: Final = 7
"""For how many days a form begins to snooze, where the policy lets it."""


def _find(session: Session, number: int, _lock: bool) -> Deadline | None:
    """Not held: `core.chasing` holds it, after the award that it is about, which others hold first too."""
    return session.get(Deadline, number)


DEADLINE: Final = Subject[Deadline](
    "deadline",
    _find,
    chasing.version_of,
    stale="Somebody did something about this after you opened this form. Close it, and look at how it stands now.",
)


def _may(ask: Ask[Deadline]) -> Refused | None:
    return chasing.may(ask.session, ask.subject, ask.person)


def _may_chase(ask: Ask[Deadline]) -> Refused | None:
    return chasing.may_chase(ask.session, ask.subject, ask.person)


def _may_extend(ask: Ask[Deadline]) -> Refused | None:
    return chasing.may_extend(ask.session, ask.subject, ask.person, office=ask.office)


def _line(ask: Ask[Deadline]) -> tuple[DueLine, int, str]:
    """What every form begins with: how it stands, which version of it that is, and where it was pressed."""
    reader = due_lines.reading(ask.person)
    [line] = due_lines.lines(ask.session, [ask.subject], office=ask.office, today=london_day(ask.now), reader=reader)
    return line, chasing.version_of(ask.subject), ask.channel


def _open_chased(ask: Ask[Deadline]) -> View:
    return due_forms.chased(*_line(ask))


def _open_extend(ask: Ask[Deadline]) -> View:
    first, latest = chasing.new_days(ask.subject, office=ask.office, today=london_day(ask.now))
    usual = first + timedelta(days=USUAL_DAYS - 1)
    start = usual if latest is None else min(usual, latest)
    return due_forms.extend(*_line(ask), first=first, latest=latest, start=start, by=ask.person.name)


def _open_reassign(ask: Ask[Deadline]) -> View:
    owners = [(one.id, one.name) for one in chasing.may_look_after(ask.session, ask.subject)]
    others = [number for number, _ in owners if number != ask.subject.owner_id]
    start = ask.person.id if ask.person.id in others else (others or [ask.person.id])[0]
    return due_forms.reassign(*_line(ask), owners=owners, start=start)


def _open_snooze(ask: Ask[Deadline]) -> View:
    today, most = london_day(ask.now), ask.office.policy.snooze_days.value
    latest = today + timedelta(days=most)
    return due_forms.snooze(*_line(ask), latest=latest, start=today + timedelta(days=min(USUAL_QUIET, most)))


def _chased(ask: Ask[Deadline], given: Entered) -> None:
    chasing.chased(ask.session, ask.subject.id, ask.person, given.text("note"), now=ask.now)


def _extend(ask: Ask[Deadline], given: Entered) -> None:
    more = MoreTime(_day(given), given.text("reasons"), given.text("agreed_by"))
    chasing.extend(ask.session, ask.subject.id, ask.person, more, office=ask.office, now=ask.now)


def _reassign(ask: Ask[Deadline], given: Entered) -> None:
    typed = given.text("owner")
    owner = int(typed) if typed.isdecimal() and len(typed) < 16 else 0
    chasing.reassign(ask.session, ask.subject.id, ask.person, owner, office=ask.office, now=ask.now)


def _snooze(ask: Ask[Deadline], given: Entered) -> None:
    chasing.snooze(ask.session, ask.subject.id, ask.person, _day(given), office=ask.office, now=ask.now)


def _day(given: Entered) -> date:
    try:
        return date.fromisoformat(given.text("until"))
    except ValueError as error:
        raise WrongInput("until", "Choose a day from the calendar.") from error


ACTIONS: Final = (
    Action("due_chased", DEADLINE, _may_chase, opens=_open_chased, submits=_chased),
    Action("due_extend", DEADLINE, _may_extend, opens=_open_extend, submits=_extend),
    Action("due_reassign", DEADLINE, _may, opens=_open_reassign, submits=_reassign),
    Action("due_snooze", DEADLINE, _may, opens=_open_snooze, submits=_snooze),
)
"""Who may is asked of the core, which asks it again when something changes."""
