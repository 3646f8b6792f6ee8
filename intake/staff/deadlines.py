"""All that falls due, and one thing of it: chased, extended, handed on, snoozed, as from its message in Slack (D0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import absences, chasing, due_lines
from core.chasing import MoreTime
from core.deciding import WrongInput
from core.due_lines import Wanted
from core.office import Office
from core.records import Person
from core.rules.calendar import date_text
from core.rules.falling_due import KINDS
from core.rules.words import capital
from intake import pages
from intake.staff import due_pages, forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent, WrongField

blueprint = Blueprint("staff_deadlines", __name__)

AHEAD: Final = timedelta(days=28)
"""How far ahead is shown."""

A_PAGE: Final = 40
"""How many things are on one page."""

SHOWN: Final = {"": "Everybody’s", "mine": "Mine", "nobody": "Nobody’s", "overdue": "Overdue"}
"""What can be shown, by what the address says."""

_FIELDS: Final[Mapping[str, str]] = {"reasons": WORDS, "note": WORDS, "until": "until-day"}
"""The inputs of the core as the forms call them."""


@blueprint.get("/desk/deadlines")
def listing() -> ResponseReturnValue:
    """All that falls due in the coming weeks, or is overdue, a page at a time."""
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    show, kind = (request.args.get(name, "") for name in ("show", "kind"))
    show, kind = show if show in SHOWN else "", kind if kind in KINDS else ""
    with office.reading() as session:
        person = staff_session.acting(session)
        mine = frozenset({staff.id, *(one.id for one in _stood_in_for(session, today))})
        wanted = Wanted(
            today + AHEAD,
            kind=kind,
            of=mine if show == "mine" else None,
            overdue_on=today if show == "overdue" else None,
            nobodys=show == "nobody",
        )
        number = _number(request.args.get("page", ""))
        found, total = due_lines.falling_due(session, wanted, first=(number - 1) * A_PAGE, most=A_PAGE)
        _, late = due_lines.falling_due(session, replace(wanted, overdue_on=today), most=0)
        return pages.page(
            "staff/deadlines.html",
            title="What falls due",
            staff=staff,
            items=due_lines.lines(session, found, office=office, today=today, reader=due_lines.reading(person)),
            shows=list(SHOWN.items()),
            show=show,
            kinds=[(one.id, capital(one.plural)) for one in KINDS.values()],
            kind=kind,
            total=total,
            late=late if show != "overdue" else 0,
            until=wanted.until,
            page=number,
            last=max((total - 1) // A_PAGE + 1, 1),
        )


def _stood_in_for(session: Session, today: date) -> list[Person]:
    return absences.stood_in_for(session, staff_session.acting(session), today)


def _number(text: str) -> int:
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 6 else 1


@blueprint.get("/desk/deadlines/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """One thing that falls due, as it stands."""
    return _show(number, Sent())


def again(number: int, action: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(number, forms.again(action))


@blueprint.post("/desk/deadlines/<int:number>/<action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Do one thing about it."""
    if action not in _ACTIONS:
        abort(404)

    def run(session: Session, person: Person) -> None:
        try:
            _ACTIONS[action](session, number, person, pages.office())
        except WrongInput as wrong:
            raise WrongField(_FIELDS.get(wrong.field, wrong.field), wrong.reason) from wrong

    return forms.do(action, run, lambda sent: _show(number, sent), url_for(".page", number=number))


def _typed(name: str = WORDS) -> str:
    return forms.typed().get(name, "")


def _chased(session: Session, number: int, person: Person, office: Office) -> None:
    chasing.chased(session, number, person, _typed(), seen=pages.seen(), now=office.clock())


def _extend(session: Session, number: int, person: Person, office: Office) -> None:
    until = forms.day("until", "Enter the new day")
    given = MoreTime(until, _typed(), _typed("agreed_by"))
    chasing.extend(session, number, person, given, seen=pages.seen(), office=office, now=office.clock())


def _reassign(session: Session, number: int, person: Person, office: Office) -> None:
    typed = _typed("owner")
    owner = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0
    chasing.reassign(session, number, person, owner, seen=pages.seen(), office=office, now=office.clock())


def _snooze(session: Session, number: int, person: Person, office: Office) -> None:
    until = forms.day("until", "Enter the day on which the officer is reminded again")
    chasing.snooze(session, number, person, until, seen=pages.seen(), office=office, now=office.clock())


_ACTIONS: Final[Mapping[str, Callable[[Session, int, Person, Office], None]]] = {
    "chased": _chased,
    "extend": _extend,
    "reassign": _reassign,
    "snooze": _snooze,
}


def _show(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        deadline = chasing.by_id(session, number)
        person = staff_session.acting(session)
        [line] = due_lines.lines(session, [deadline], office=office, today=today, reader=due_lines.reading(person))
        acts = staff.acts and chasing.may(session, deadline, person) is None
        refusal = chasing.may_extend(session, deadline, person, office=office) if acts else None
        first, latest = chasing.new_days(deadline, office=office, today=today)
        extends = acts and refusal is None
        keys = {"reassign", "snooze"} | ({"chased"} if line.kind.chases else set()) if acts else set()
        application = deadline.application
        return forms.page(
            "deadline.html",
            sent,
            keys | ({"extend"} if extends else set()),
            title=f"{capital(line.kind.noun)}: {line.who}",
            line=line,
            deadline=deadline,
            out=staff_session.out_of(session, application.id, person) if application is not None else "",
            acts=acts,
            extends=extends,
            no_extension=refusal.reason if refusal is not None and line.kind.moves else "",
            days=f"From {date_text(first)}{f' to {date_text(latest)}' if latest is not None else ' on'}, such as "
            f"{first.day} {first.month} {first.year}",
            told=line.kind.tells,
            owners=[(one.id, one.name) for one in chasing.may_look_after(session, deadline)] if acts else [],
            quiet_until=today + timedelta(days=office.policy.snooze_days.value),
            address=due_pages.page_of(deadline),
            seen=chasing.mark_of(deadline),
            back=url_for(".listing"),
        )
