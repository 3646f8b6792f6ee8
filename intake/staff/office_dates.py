"""The office's dates: everything of its own that falls due, and the record of what it published (W1, W2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import forums, office_dates, people, published, recurring
from core.errors import NotFound
from core.published import RULES
from core.records import Deadline, Forum, Person
from core.rules.falling_due import named
from core.rules.questions import AnswerKind
from core.rules.words import capital
from intake import pages
from intake.staff import due_pages, forms
from intake.staff import session as staff_session
from intake.staff.forms import Answers, Form, Sent, question

blueprint = Blueprint("staff_office_dates", __name__)

RECORD: Final = "record"
_FORM: Final = Form(
    RECORD,
    (
        question(RECORD, "on", AnswerKind.DATE, "On which day was it published?", "Enter the day of publication",
                 hint="For example, 27 3 2027.", label="The day of publication"),
        question(RECORD, "place", AnswerKind.SHORT, "Where is it?", "Say where it is to be found",
                 hint="Its address on the website, or where else it is to be found."),
    ),
)  # fmt: skip


@blueprint.get("/desk/dates")
def page() -> ResponseReturnValue:
    """What of the office's own falls due, the next first, and the way to each."""
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        names = {one.id: one.name for one in people.everybody(session)}
        rows = [_row(one, today, names, acts=staff.acts) for one in office_dates.to_come(session)]
        _set_for(rows, forums.planned(session))
        return forms.page(
            "dates.html",
            Sent(),
            set(),
            title="The office’s dates",
            rows=sorted(rows, key=lambda row: row["on"]),
            published=[(one, published.name_of(one.kind, one.period)) for one in published.latest(session)],
        )


def _set_for(rows: Sequence[dict[str, Any]], planned: Forum | None) -> None:
    """Let the next forum stand on the day that was set for it, which people mean, beside the one by which it is due."""
    next_one = next((row for row in rows if row["kind"] == forums.FORUM), None)
    if planned is not None and next_one is not None:
        place = url_for("staff_forums.page", number=planned.id)
        next_one.update(on=planned.day, by=next_one["on"], href=place)


def _row(deadline: Deadline, today: date, names: dict[int, str], *, acts: bool) -> dict[str, Any]:
    what, about = capital(named(deadline.kind).noun), due_pages.page_of(deadline)
    return {
        "kind": deadline.kind,
        "what": what,
        "title": deadline.title or what,
        "on": deadline.due,
        "overdue": deadline.due < today,
        "owner": names.get(deadline.owner_id or 0, ""),
        "href": about[0] if about is not None and (acts or deadline.kind not in RULES) else "",
    }


@blueprint.get("/desk/dates/<int:number>/published")
def record_form(number: int) -> ResponseReturnValue:
    """The form to record that a month's publication, or a year's Annual Report, was published."""
    return _record(number, Sent())


@blueprint.post("/desk/dates/<int:number>/published")
def record(number: int) -> ResponseReturnValue:
    """Record it."""
    office, now = pages.office(), pages.office().clock()

    def put(session: Session, person: Person, said: Answers) -> str:
        published.record(session, number, person, on=cast("date", said["on"]), place=str(said["place"]), now=now)
        recurring.put_recurring(session, office, office.today(), now)
        return url_for(".page")

    return forms.fill(_FORM, put, lambda sent: _record(number, sent))


def record_again(number: int) -> Response:
    """The form with what was typed, for one whose session was lost."""
    return _record(number, forms.again(RECORD))


def _record(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        deadline = session.get(Deadline, number)
        if deadline is None or deadline.kind not in RULES:
            raise NotFound("Nothing of this kind is due. Go back and load the page again.")
        open_ = staff.acts and deadline.is_open
        return forms.page(
            "published.html",
            sent,
            {RECORD} if open_ else set(),
            title=published.name_of(deadline.kind, published.period_of(deadline)),
            back=url_for(".page"),
            deadline=deadline,
            rule=RULES[deadline.kind],
            overdue=deadline.is_open and deadline.due < office.today(),
            open=open_,
            components=_FORM.components(sent, {"on": office.today().isoformat()}),
        )
