"""Provider Forums, as staff see them (R4): the next one's day, whom to invite, who was, and what was said there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import date_lines, forums, recurring
from core.deciding import WrongInput
from core.forums import ForumState, Meant
from core.office import LONDON
from core.records import Forum, Person
from core.rules.calendar import time_text
from core.rules.questions import AnswerKind
from core.rules.typed import typed_time
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Answers, Form, Sent, question

blueprint = Blueprint("staff_forums", __name__)

PLAN: Final = "plan"
CHANGE: Final = "change"
HOLD: Final = "hold"
STATES: Final = {
    ForumState.PLANNED: ("blue", "Planned"),
    ForumState.HELD: ("green", "Held"),
    ForumState.CANCELLED: ("grey", "Cancelled"),
}
_EXAMPLE: Final = "For example, 27 3 2027."


def _day_form(key: str) -> Form:
    return Form(
        key,
        (
            question(key, "day", AnswerKind.DATE, "On which day?", "Enter the day", hint=_EXAMPLE, label="The day"),
            question(key, "begins", AnswerKind.SHORT, "When does it begin?", "Enter when it begins",
                     hint="Such as 10am or 14:30."),
            question(key, "minutes", AnswerKind.NUMBER, "How many minutes does it take?", "Enter how many minutes",
                     hint="Such as 120.", label="How many minutes it takes"),
            question(key, "place", AnswerKind.SHORT, "Where?", "Enter where it is held",
                     hint="An address, or how to join it online."),
            question(key, "note", AnswerKind.LONG, "What should the invitation say? (optional)",
                     hint="Such as what it is about, and by when to answer."),
        ),
    )  # fmt: skip


_FORMS: Final[Mapping[str, Form]] = {
    PLAN: _day_form(PLAN),
    CHANGE: _day_form(CHANGE),
    HOLD: Form(
        HOLD,
        (
            question(HOLD, "on", AnswerKind.DATE, "On which day was it held?", "Enter the day on which it was held",
                     hint=_EXAMPLE, label="The day on which it was held"),
            question(HOLD, "notes", AnswerKind.LONG, "What was talked about, and what was agreed?",
                     "Say what was talked about"),
            question(HOLD, "views", AnswerKind.LONG, "What do service users and partners think? (optional)",
                     hint="What providers passed on of them. It is shown when awards are looked at."),
        ),
    ),
}  # fmt: skip


@blueprint.get("/desk/forums")
def listing() -> ResponseReturnValue:
    """When the next is due, who would be invited, the forums there were, and the form to set a day."""
    return _list(Sent())


@blueprint.post("/desk/forums")
def plan() -> ResponseReturnValue:
    """Set the day of the next."""
    now = pages.office().clock()

    def put(session: Session, person: Person, said: Answers) -> str:
        return url_for(".page", number=forums.plan(session, person, _meant(said), now=now).id)

    return forms.fill(_FORMS[PLAN], put, _list)


@blueprint.get("/desk/forums/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """One forum."""
    return _show(number, Sent())


@blueprint.post("/desk/forums/<int:number>/<action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Invite, change, cancel, or record that it was held."""
    office, now = pages.office(), pages.office().clock()
    back = url_for(".page", number=number)
    words = forms.typed().get(WORDS, "")

    def show(sent: Sent) -> Response:
        return _show(number, sent)

    def change(session: Session, person: Person, said: Answers) -> str:
        forums.change(session, number, person, _meant(said), seen=pages.seen(), now=now)
        return back

    def hold(session: Session, person: Person, said: Answers) -> str:
        on, notes, views = cast("date", said["on"]), str(said["notes"]), str(said["views"] or "")
        forums.hold(session, number, person, on=on, notes=notes, views=views, now=now)
        recurring.put_recurring(session, office, office.today(), now)  # which sets the day by which the next is due
        return back

    if action == "invite":
        return forms.do(
            action,
            lambda session, person: forums.invite(session, number, person, seen=pages.seen(), now=now),
            show,
            back,
        )
    if action == "cancel":
        return forms.do(
            action, lambda session, person: forums.cancel(session, number, person, reason=words, now=now), show, back
        )
    if action not in (CHANGE, HOLD):
        abort(404)
    return forms.fill(_FORMS[action], change if action == CHANGE else hold, show)


def plan_again() -> Response:
    """The list with what was typed, for a form whose session was lost."""
    return _list(forms.again(PLAN))


def again(number: int, action: str) -> Response:
    """The forum with what was typed, for a form whose session was lost."""
    return _show(number, forms.again(action))


def _meant(said: Answers) -> Meant:
    begins = typed_time(str(said["begins"]))
    if begins is None:
        raise WrongInput("begins", "Enter the time at which it begins, such as 10am or 14:30.", "R4")
    return Meant(
        cast("date", said["day"]), begins, cast("int", said["minutes"]), str(said["place"]), str(said["note"] or "")
    )


def _list(sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        planned, due = forums.planned(session), forums.due(session)
        may_plan = staff.acts and planned is None
        return forms.page(
            "forums.html",
            sent,
            {PLAN} if may_plan else set(),
            title="Provider Forums",
            back=url_for("staff_office_dates.page"),
            due=due,
            overdue=due is not None and due.due < today,
            often=forums.held_often_finding(session, office=office, today=today),
            providers=forums.providers(session, today),
            rows=[_row(one) for one in forums.latest(session)],
            may_plan=may_plan,
            components=_FORMS[PLAN].components(sent),
        )


def _row(forum: Forum) -> dict[str, Any]:
    colour, state = STATES[ForumState(forum.status)]
    begins, ends = (time_text(one.astimezone(LONDON).time()) for one in forums.when(forum))
    return {
        "forum": forum,
        "colour": colour,
        "state": state,
        "invited": len(forum.invitations),
        "time": f"{begins} to {ends}",
    }


def _show(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        forum = forums.by_id(session, number)
        planned = forum.status == ForumState.PLANNED
        invited = {one.organisation: one for one in forum.invitations}
        left = [one for one in forums.providers(session, forum.day) if one.organisation not in invited]
        may: set[str] = set()
        if staff.acts and planned:
            may = {CHANGE, "cancel"} | ({"invite"} if forum.day >= today else set())
            may |= {HOLD} if forum.day <= today else set()
        filled = {
            CHANGE: {
                "day": forum.day.isoformat(),
                "begins": forum.begins,
                "minutes": str(forum.minutes),
                "place": forum.place,
                "note": forum.note,
            },
            HOLD: {"on": min(forum.day, today).isoformat()},
        }
        return forms.page(
            "forum.html",
            sent,
            may - {"invite"},
            title="Provider Forum",
            back=url_for(".listing"),
            may=may,
            invitations=list(invited.values()),
            to_invite=[one for one in left if one.email],
            to_ring=[one for one in left if not one.email],
            finding=forums.invitations_finding(session, forum) if planned else None,
            components={key: _FORMS[key].components(sent, filled[key]) for key in (CHANGE, HOLD)},
            seen=forums.mark_of(forum),
            story=date_lines.entries(session, forums.FORUM_TRAIL, about=("forum", forum.id)),
            **_row(forum),
        )
