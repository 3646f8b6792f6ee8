"""A return as staff see it: figures beside targets and earlier ones, accepting it, and asking about it (R1)."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import asking, awards, events, payments, returns
from core.audit_lines import corrections
from core.audit_told import Detail
from core.documents import Owner
from core.errors import NotFound
from core.records import Award, Deadline, MonitoringReturn, Person
from core.rules.calendar import date_text
from core.rules.lifecycle import ReturnState
from core.shown import mark
from intake import pages
from intake.returns import asked_for, said_more
from intake.staff import documents, forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent

blueprint = Blueprint("staff_returns", __name__)


def _of(session: Session, reference: str, due: str) -> tuple[Award, Deadline, MonitoringReturn | None]:
    """The award, the deadline, and what came in for it. Raises NotFound."""
    try:
        day = date.fromisoformat(due)
    except ValueError:
        raise NotFound(f"'{due}' is not a day. Give it as 2027-01-31.") from None
    award = awards.by_reference(session, reference.upper())
    deadline = returns.due_on(award, day)
    return award, deadline, returns.received(session, award, deadline.due)


def _in(session: Session, reference: str, due: str) -> MonitoringReturn:
    came_in = _of(session, reference, due)[2]
    if came_in is None:
        raise NotFound("This return has not come in yet.", "R1")
    return came_in


@blueprint.get("/desk/returns/<reference>/<due>")
def page(reference: str, due: str) -> ResponseReturnValue:
    """The return as it stands."""
    return _show(reference, due, Sent())


@blueprint.post("/desk/returns/<reference>/<due>/<action>")
def act(reference: str, due: str, action: str) -> ResponseReturnValue:
    """Accept the return, put a question about it, or take that back."""
    office, now = pages.office(), pages.office().clock()

    def accept(session: Session, person: Person) -> None:
        returns.accept(session, _in(session, reference, due).id, person, seen=pages.seen(), now=now)

    def ask(session: Session, person: Person) -> None:
        words = forms.typed().get(WORDS, "")
        about = returns.as_shown(session, _in(session, reference, due).id, pages.seen())
        asking.ask(session, about, person, words, office=office, now=now)

    def take_back(session: Session, person: Person) -> None:
        asked = asking.by_id(session, forms.number())
        if asked.return_id != _in(session, reference, due).id:
            raise NotFound("There is no such question here.")
        asking.take_back(session, asked.id, person, now=now)

    actions = {"accept": accept, "ask": ask, "take-back": take_back}
    if action not in actions:
        abort(404)
    back = url_for(".page", reference=reference, due=due)
    return forms.do(action, actions[action], lambda sent: _show(reference, due, sent), back)


def again(reference: str, due: str, action: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(reference, due, forms.again(action))


def _show(reference: str, due: str, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        award, deadline, came_in = _of(session, reference, due)
        person = staff_session.acting(session)
        asked = asking.questions(session, came_in) if came_in is not None else ()
        waiting = next((one for one in asked if one.ended_at is None), None)
        can = (
            came_in is not None
            and staff.acts
            and came_in.status == ReturnState.RECEIVED
            and asking.may(session, came_in, person, "query") is None
        )
        out = staff_session.out_of(session, award.application_id, person)
        earlier = returns.earlier(award, deadline.due)
        return forms.page(
            "return.html",
            sent,
            {"ask"} if can else set(),
            title=f"{'Final return' if deadline.final else 'Return'} of {award.application.organisation_name}, "
            f"due {date_text(deadline.due)}",
            deadline=deadline,
            came_in=came_in,
            waits=payments.waiting_for_returns(session, award, deadline.due),
            earlier=earlier,
            measures=_measures(award, came_in, earlier),
            more=said_more(asked_for(award, deadline), came_in) if came_in is not None else {},
            documents=documents.listed(session, Owner(award.application_id, deadline.id)),
            asked=[one for one in asked if one.ended_at is not None],
            waiting=waiting,
            can=can,
            out=out,
            may_take_back=waiting is not None and staff.acts and not out,
            seen=mark(returns.what_it_says(session, came_in)) if came_in is not None else "",
            corrected=_corrected(session, came_in) if came_in is not None else [],
            **forms.about(award),
        )


def _corrected(session: Session, came_in: MonitoringReturn) -> list[tuple[datetime, list[Detail]]]:
    """When figures of it were corrected, and from what, the latest first."""
    due = came_in.due.isoformat()
    return [
        (line.at, corrections(line.data))
        for line in reversed(events.history(session, came_in.award.reference))
        if line.kind == "return_corrected" and line.data.get("due") == due
    ]


def _measures(
    award: Award, came_in: MonitoringReturn | None, earlier: list[MonitoringReturn]
) -> list[dict[str, object]]:
    """Each measure with its target, what was reached now, and what was said before, the latest first."""
    said = {row["measure"]: row["achieved"] for row in came_in.measures} if came_in else {}
    rows: list[dict[str, object]] = []
    for one in award.application.outcomes:
        before = [
            (past.due, row["achieved"]) for past in reversed(earlier) for row in past.measures
            if row["measure"] == one.measure
        ]  # fmt: skip
        rows.append({"measure": one.measure, "target": one.target, "now": said.get(one.measure, ""), "before": before})
    return rows
