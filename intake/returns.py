"""The monitoring return (R1): one page, prefilled with what was agreed and what was said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import issues, more_time, returns
from core.errors import Conflict
from core.links import follow
from core.records import Award, Deadline
from core.rules.lifecycle import AwardState
from core.rules.policy import Policy
from core.rules.questions import Fault, Question, fields, read_return, return_questions
from intake import pages

blueprint = Blueprint("returns", __name__)


def of_link(session: Session, token: str) -> tuple[Award, Deadline]:
    """The award and the deadline that the link leads to. Raises NotFound, Gone."""
    office = pages.office()
    found = follow(session, office.signer, "return", token, now=office.clock())
    return returns.of_deadline(session, found)


def measures_of(award: Award) -> tuple[str, ...]:
    """The measures that were agreed, in order."""
    return tuple(outcome.measure for outcome in award.application.outcomes)


def _questions(award: Award) -> tuple[Question, ...]:
    policy = _policy(award)
    return return_questions(policy.tier(award.amount), measures_of(award), policy, award.fund)


def _policy(award: Award) -> Policy:
    return pages.office().policy_under(award.policy_version)


@blueprint.get("/returns/<token>")
def form(token: str) -> ResponseReturnValue:
    """The return's questions; once it is in, what was said and when the next one is due."""
    with pages.office().reading() as session:
        award, deadline = of_link(session, token)
        return _page(session, token, award, deadline, {})


def receive_again(token: str) -> Response:
    """The form with what was just typed, for a return whose session was lost."""
    with pages.office().reading() as session:
        award, deadline = of_link(session, token)
        return _page(session, token, award, deadline, _typed(award), notice=pages.LOST_SESSION)


def _typed(award: Award) -> dict[str, str]:
    return pages.typed(name for question in _questions(award) for name in fields(question))


@blueprint.post("/returns/<token>")
def receive(token: str) -> ResponseReturnValue:
    """Take in the return. One that is in already shows what was sent first."""
    office = pages.office()
    try:
        with office.sessions.begin() as session:
            award, deadline = of_link(session, token)
            raw = _typed(award)
            facts, faults = read_return(
                raw, measures_of(award), _policy(award), _policy(award).tier(award.amount), award.fund
            )
            if returns.received(session, award, deadline.due) is None:
                if facts is None:
                    return _page(session, token, award, deadline, raw, faults)
                returns.receive(session, award, deadline.due, facts, source="recipient", now=office.clock())
    except Conflict:  # sent twice at once: the first one stands
        pass
    return redirect(url_for("returns.form", token=token), code=303)


def _page(
    session: Session,
    token: str,
    award: Award,
    deadline: Deadline,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
) -> Response:
    office = pages.office()
    came_in = returns.received(session, award, deadline.due)
    fund = office.policy.fund(award.fund)
    asked = more_time.requests(session, deadline)
    return pages.page(
        "return.html",
        422 if faults else 200,
        title="Thank you: we have your return" if came_in else "Monitoring return",
        award=award,
        application=award.application,
        fund_name=fund.name if fund else award.fund,
        due=deadline.due,
        final=deadline.final,
        came_in=came_in,
        following=_following(award, deadline.due),
        ended=award.status not in (AwardState.ACTIVE, AwardState.COMPLETED, AwardState.DECOMMISSIONED),
        earlier=returns.earlier(award, deadline.due),
        components=[pages.component(question, raw, faults) for question in _questions(award)],
        errors=pages.error_list(faults),
        notice=notice,
        token=token,
        asked=asked,
        can_ask=deadline.met_at is None
        and deadline.closed_at is None
        and all(one.status != more_time.TimeState.ASKED for one in asked),
        raised=issues.of_award(session, award),
    )


def _following(award: Award, due: date) -> date | None:
    """The day of the next return that is still to come in."""
    days = [one.due for one in award.deadlines if one.kind == returns.RETURN and one.met_at is None and one.due > due]
    return min(days, default=None)
