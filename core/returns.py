"""Monitoring returns (R1): a return comes in at any time after acceptance, and its receipt meets its deadline.

Somebody of the office then accepts it, or puts a question to the recipient first (`core.asking`). Each step is a line
of the trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import commitments, deadlines, events, guarded, outbox, people
from core.errors import ChangedMeanwhile, Conflict, NotFound, Refused
from core.office import london_moment
from core.records import Asked, Award, Deadline, Document, MonitoringReturn, Person, ReturnDraft, TimeRequest
from core.rules import lifecycle
from core.rules.answers import BudgetLine, Question, Value, recalled
from core.rules.calendar import date_text
from core.rules.lifecycle import AwardState, ReturnAction, ReturnState
from core.rules.money import pounds
from core.rules.policy import Policy
from core.rules.return_forms import Agreed, Figures, ReturnFacts
from core.shown import Shown

RETURN = "return"
"""The kind of every return's deadline, the final one too."""


def due_on(award: Award, due: date) -> Deadline:
    """The deadline of the return that is due on this day, or was before more time was agreed.

    Raises NotFound, naming the days on which returns are due.
    """
    days = [deadline for deadline in award.deadlines if deadline.kind == RETURN]
    for deadline in days:
        if deadline.due == due:
            return deadline
    for deadline in days:
        if deadline.first_due == due:
            return deadline
    listed = ", ".join(deadline.due.isoformat() for deadline in days) or "none yet"
    raise NotFound(f"No return of {award.reference} is due on {due.isoformat()}. Returns are due on: {listed}.", "R1")


def of_deadline(session: Session, deadline_id: int) -> tuple[Award, Deadline]:
    """The award and the deadline that a return's link leads to. Raises NotFound."""
    deadline = session.get(Deadline, deadline_id)
    if deadline is None or deadline.award is None:
        raise NotFound("We do not know this return. Copy the whole link from the e-mail and try again.")
    return deadline.award, deadline


def received(session: Session, award: Award, due: date) -> MonitoringReturn | None:
    """The return that came in for this day, if it did."""
    return session.scalars(
        select(MonitoringReturn).where(MonitoringReturn.award_id == award.id, MonitoringReturn.due == due)
    ).one_or_none()


def receive(
    session: Session, award: Award, due: date, facts: ReturnFacts, *, source: str, now: datetime
) -> MonitoringReturn:
    """Take in a return, meet its deadline, thank the recipient and tell the trail.

    Raises Refused when the offer has not been accepted, NotFound when nothing is due on that day, Conflict when the
    return is in already, whoever sent it at the same moment.
    """
    if award.status in (AwardState.OFFERED, AwardState.REFUSED, AwardState.EXPIRED):
        raise Refused(f"{award.reference} has no returns: its offer has not been accepted.", "R1")
    deadline = due_on(award, due)
    session.refresh(deadline, with_for_update={"key_share": True})  # more time may be agreed at this moment
    due = deadline.due
    came_in = MonitoringReturn(
        award_id=award.id,
        due=due,
        status=ReturnState.RECEIVED.value,
        measures=[
            {"measure": outcome.measure, "target": outcome.target, "achieved": achieved}
            for outcome, achieved in zip(award.application.outcomes, facts.achieved, strict=False)
        ],
        spent=facts.spent,
        people=facts.people,
        narrative=facts.narrative,
        views=facts.views,
        extra=dict(facts.answers),
        budget=_budget(award, facts),
        received_at=now,
        received_from=source,
    )
    try:
        with session.begin_nested():
            session.add(came_in)
    except IntegrityError:
        raise Conflict(
            f"We already have the return of {award.reference} that was due on {date_text(due)}. Nothing more is "
            "needed. To correct it, write to the office.",
            "R1",
        ) from None
    deadlines.meet(session, deadline, now=now)
    _lapse_requests(session, deadline, now)
    session.execute(delete(ReturnDraft).where(ReturnDraft.deadline_id == deadline.id))
    told = {"due": due.isoformat(), "spent": facts.spent, "people": facts.people, "measures": len(facts.achieved)}
    events.append(session, "return_received", award.reference, source, told, now=now)
    outbox.put(
        session,
        "return_received",
        subject=f"award:{award.id}",
        key=f"return_received:{award.id}:{due.isoformat()}",
        payload={"return_id": came_in.id},
        now=now,
    )
    return came_in


def correct(
    session: Session, return_id: int, figures: Figures, over: str = "", *, source: str, now: datetime
) -> MonitoringReturn:
    """Correct the figures of a return that the office asks about; the trail keeps the earlier ones (R1).

    `over` is why more is spent than was awarded. Nothing is written where nothing is different. Raises NotFound,
    Conflict where no question about it is open.
    """
    came_in = held(session, return_id)
    if came_in.status != ReturnState.QUERIED:
        raise Conflict("Nothing is asked about this return, so its figures stand. Write to the office.", "R1")
    was = _figures_data(came_in)
    measures = [{**one, "achieved": achieved} for one, achieved in zip(came_in.measures, figures.achieved, strict=True)]
    came_in.measures, came_in.spent, came_in.people = measures, figures.spent, figures.people
    came_in.budget = _budget(came_in.award, figures)
    said = {name: text for name, text in came_in.extra.items() if name != "over"}
    came_in.extra = {**said, "over": over} if over else said
    left = _figures_data(came_in)
    if left != was:
        session.flush()
        tell(session, came_in, "return_corrected", source, {**left, "was": was}, now=now)
    return came_in


def _figures_data(came_in: MonitoringReturn) -> dict[str, Any]:
    return {
        "spent": came_in.spent,
        "people": came_in.people,
        "achieved": [one["achieved"] for one in came_in.measures],
        "budget": [one["spent"] for one in came_in.budget or ()],
        "over": str(came_in.extra.get("over", "")),
    }


def agreed(award: Award, deadline: Deadline, policy: Policy) -> Agreed:
    """What a return is read against, beside its measures: the award's amount, its budget, and whether it is the last.

    Recipients from the crime and disorder fund are invited to show what changed (R1).
    """
    fund = policy.fund(award.fund)
    lines = tuple(BudgetLine(one.item, one.pence) for one in award.application.budget_lines)
    return Agreed(award.amount, lines, final=deadline.final, show=fund is not None and fund.rule == "F3")


def _budget(award: Award, facts: ReturnFacts | Figures) -> list[dict[str, Any]] | None:
    """What was spent of each line beside what was agreed; None where nothing was said of it."""
    if not facts.budget:
        return None
    return [
        {"line": one.item, "agreed": one.pence, "spent": spent.pence}
        for one, spent in zip(award.application.budget_lines, facts.budget, strict=True)
    ]


def _lapse_requests(session: Session, deadline: Deadline, now: datetime) -> None:
    """What is in needs no more time."""
    session.execute(
        update(TimeRequest)
        .where(TimeRequest.deadline_id == deadline.id, TimeRequest.status == "asked")
        .values(status="lapsed", answered_at=now)
    )


def earlier(award: Award, before: date) -> list[MonitoringReturn]:
    """The returns that came in for earlier days, oldest first: what is shown beside the next one."""
    return [one for one in award.returns if one.due < before]


def by_id(session: Session, return_id: int) -> MonitoringReturn:
    """The return of this row number. Raises NotFound."""
    came_in = session.get(MonitoringReturn, return_id)
    if came_in is None:
        raise NotFound("There is no such return. It may not have come in yet.", "R1")
    return came_in


def held(session: Session, return_id: int) -> MonitoringReturn:
    """The return as it stands now, held until this transaction ends. Raises NotFound.

    Its award is held first, as by whoever ends the award or moves its days: no question comes in while it ends.
    """
    commitments.held_award(session, by_id(session, return_id).award_id)
    query = select(MonitoringReturn).where(MonitoringReturn.id == return_id).with_for_update()
    if session.scalars(query.execution_options(populate_existing=True)).one_or_none() is None:
        raise NotFound("There is no such return. It may not have come in yet.", "R1")
    return by_id(session, return_id)


def as_typed(came_in: MonitoringReturn) -> dict[str, str]:
    """What a return says, by the field of its form, as somebody would type it."""
    achieved = {f"achieved-{row}": str(one["achieved"]) for row, one in enumerate(came_in.measures, start=1)}
    lines = {f"spending-{row}": pounds(one["spent"]) for row, one in enumerate(came_in.budget or (), start=1)}
    return {
        "narrative": came_in.narrative,
        **achieved,
        "people": str(came_in.people),
        "spent": pounds(came_in.spent),
        **lines,
        "views": came_in.views,
        **{name: str(text) for name, text in came_in.extra.items()},
    }


def answer_to(came_in: MonitoringReturn, question: Question) -> Value:
    """What a return says to one question, as it was read; None where it says nothing."""
    if question.id == "achieved":
        return tuple(str(one["achieved"]) for one in came_in.measures) or None
    if question.id == "spending":
        return tuple(BudgetLine(one["line"], one["spent"]) for one in came_in.budget or ()) or None
    if question.id in ("narrative", "people", "spent", "views"):
        said: Value = getattr(came_in, question.id)
        return said
    return recalled(question, str(came_in.extra[question.id])) if question.id in came_in.extra else None


def what_it_says(session: Session, came_in: MonitoringReturn) -> dict[str, str]:
    """All that somebody reads before they accept a return, by field: what was sent, answered about it, and uploaded."""
    answered = {f"{_ANSWER}{one.id}": one.answer for one in _ended(session, came_in) if one.answer is not None}
    deadline = due_on(came_in.award, came_in.due)
    kept = select(Document.id).where(Document.deadline_id == deadline.id, Document.removed_at.is_(None))
    sent = " ".join(str(number) for number in session.scalars(kept.order_by(Document.id)))
    return as_typed(came_in) | answered | {_DOCUMENTS: sent}


_ANSWER = "answer-to-"
_DOCUMENTS = "documents"


def _ended(session: Session, came_in: MonitoringReturn) -> Sequence[Asked]:
    query = select(Asked).where(Asked.return_id == came_in.id, Asked.ended_at.is_not(None)).order_by(Asked.ended_at)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def as_shown(session: Session, return_id: int, seen: str) -> MonitoringReturn:
    """The return, held, as long as it says what the page showed; `seen` is what the page said of it (`core.shown`).

    Raises NotFound, and ChangedMeanwhile, with what else it says now, where a figure was corrected, a question
    answered, or a document added or removed since.
    """
    came_in = held(session, return_id)
    says = what_it_says(session, came_in)
    changed = Shown(seen).changed(says)
    if not changed:
        return came_in
    if set(changed) == {_DOCUMENTS}:
        what, when = "The documents of this return changed", ""
    else:
        figures = any(name != _DOCUMENTS and not name.startswith(_ANSWER) for name in changed)
        what = "These figures were changed" if figures else "A question about this return was answered"
        ended = [one.ended_at for one in _ended(session, came_in) if one.ended_at is not None]
        when = f" on {london_moment(ended[-1])}" if ended else ""
    raise ChangedMeanwhile(
        f"{what}{when}, after you opened this page. Nothing was done: look again, at the return as it is now.",
        {name: says.get(name, "") for name in changed},
        "R1",
    )


def accept(session: Session, return_id: int, person: Person, *, seen: str = "", now: datetime) -> MonitoringReturn:
    """Accept a return: it was read, and nothing is left to ask (R1). `seen` as `as_shown` takes it.

    Raises NotFound, Refused for whoever is not of the office or has an interest in it (A2), Conflict while a
    question is open, once it is accepted, and where it says something else than was seen.
    """
    application_id = by_id(session, return_id).award.application_id
    actor = people.judging_for_office(session, person, application_id, "accept a return", "R1")
    came_in = as_shown(session, return_id, seen)
    move(session, came_in, ReturnAction.ACCEPT)
    tell(session, came_in, "return_accepted", actor, {"person": person.id}, now=now)
    return came_in


def move(session: Session, came_in: MonitoringReturn, action: ReturnAction) -> None:
    """Change the state, guarded in the database: what follows in this transaction has the row to itself.

    Raises Conflict, saying how it stands, when it stands otherwise.
    """
    new = guarded.state_after(lifecycle.RETURN, came_in.status, action, "R1")
    if not guarded.change(session, came_in, MonitoringReturn.status == came_in.status, status=new.value):
        raise Conflict("Somebody else has just changed this return. Look at it again before you go on.", "R1")


def tell(
    session: Session, came_in: MonitoringReturn, kind: str, actor: str, data: dict[str, Any], *, now: datetime
) -> None:
    """Add a line about a return to the trail of its award."""
    events.append(session, kind, came_in.award.reference, actor, {"due": came_in.due.isoformat(), **data}, now=now)
