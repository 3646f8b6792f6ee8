"""Monitoring returns (R1): a return comes in at any time after acceptance, and its receipt meets its deadline.

An officer of the office then accepts it, or puts a question to the recipient first. What was asked and answered stands
with the return; each step is a line of the trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import deadlines, events, outbox
from core.errors import Conflict, NotFound, Refused
from core.records import Award, Deadline, MonitoringReturn, Person, TimeRequest
from core.rules import lifecycle
from core.rules.answers import clean_long
from core.rules.lifecycle import AwardState, NotAllowed, ReturnAction, ReturnState
from core.rules.policy import Body
from core.rules.questions import ReturnFacts

RETURN = "return"
"""The kind of every return's deadline, the final one too."""

LONGEST_WORDS = 3_000
"""Characters of a question, and of its answer: as much as Slack lets a person type into one field."""

_ASKED = "office:asked"
"""Where a return keeps what it was asked, beside its answers: no question of a form has an id with a colon."""


@dataclass(frozen=True)
class Asked:
    """A question of the office about a return, and what came of it.

    It is open until `ended_at`. `answer` stays None where the office took the question back.
    """

    question: str
    asked_by: str
    asked_at: datetime
    answer: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


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
        received_at=now,
        received_from=source,
    )
    try:
        with session.begin_nested():
            session.add(came_in)
    except IntegrityError:
        raise Conflict(
            f"We already have the return of {award.reference} that was due on {due.isoformat()}. Nothing more is "
            "needed. To correct it, write to the office.",
            "R1",
        ) from None
    deadlines.meet(deadline, now=now)
    _lapse_requests(session, deadline, now)
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


def asked(came_in: MonitoringReturn) -> tuple[Asked, ...]:
    """What the office asked about a return, the earliest question first."""
    return tuple(
        Asked(
            question=kept["question"],
            asked_by=kept["asked_by"],
            asked_at=datetime.fromisoformat(kept["asked_at"]),
            answer=kept["answer"],
            ended_by=kept["ended_by"],
            ended_at=datetime.fromisoformat(kept["ended_at"]) if kept["ended_at"] else None,
        )
        for kept in came_in.extra.get(_ASKED, ())
    )


def query(session: Session, return_id: int, person: Person, question: str, *, now: datetime) -> MonitoringReturn:
    """Put a question about a return to its recipient, by mail; it waits for the answer before it is accepted (R1).

    Raises NotFound, Refused for whoever is not of the office or asks nothing, Conflict when it stands otherwise.
    """
    came_in = by_id(session, return_id)
    actor = _officer(person)
    question = _words(question, "Write your question: the recipient gets it by e-mail.")
    _move(session, came_in, ReturnAction.QUERY)
    questions = (*asked(came_in), Asked(question=question, asked_by=actor, asked_at=now))
    _keep(session, came_in, questions)
    _tell(session, came_in, "return_queried", actor, now, question=question, person=person.id)
    outbox.put(
        session,
        "return_queried",
        subject=f"award:{came_in.award_id}",
        key=f"return_queried:{came_in.id}:{len(questions)}",
        payload={"return_id": came_in.id, "question": len(questions)},
        now=now,
    )
    return came_in


def answer(session: Session, return_id: int, text: str, *, source: str, now: datetime) -> MonitoringReturn:
    """Keep the recipient's answer to the open question; the return waits for the office again (R1).

    `source` is who answered, or who wrote down what they said. Raises NotFound, Refused for an empty answer, Conflict
    when no question is open.
    """
    came_in = by_id(session, return_id)
    text = _words(text, "Write the answer to the question.")
    _move(session, came_in, ReturnAction.ANSWER)
    _end_question(session, came_in, text, source, now)
    _tell(session, came_in, "return_answered", source, now, answer=text)
    return came_in


def take_back(session: Session, return_id: int, person: Person, *, now: datetime) -> MonitoringReturn:
    """Take the open question back: nobody answers it, or it has been settled. The return waits for the office again.

    Raises NotFound, Refused for whoever is not of the office, Conflict when no question is open.
    """
    came_in = by_id(session, return_id)
    actor = _officer(person)
    _move(session, came_in, ReturnAction.TAKE_BACK)
    _end_question(session, came_in, None, actor, now)
    _tell(session, came_in, "return_question_taken_back", actor, now, person=person.id)
    return came_in


def accept(session: Session, return_id: int, person: Person, *, now: datetime) -> MonitoringReturn:
    """Accept a return: it was read, and nothing is left to ask (R1).

    Raises NotFound, Refused for whoever is not of the office, Conflict while a question is open or once it is accepted.
    """
    came_in = by_id(session, return_id)
    actor = _officer(person)
    _move(session, came_in, ReturnAction.ACCEPT)
    _tell(session, came_in, "return_accepted", actor, now, person=person.id)
    return came_in


def _officer(person: Person) -> str:
    """Who acts, for the trail. Raises Refused for whoever does not act for the office."""
    if not person.active:
        raise Refused("You are not on the office's staff list, so you cannot do this. Ask the office to add you.", "R1")
    if Body(person.body) is not Body.OFFICE:
        raise Refused(
            "Constabulary staff neither question nor accept a return: it is for the Commissioner's office. Leave it to "
            "the office's staff.",
            "R1",
        )
    return f"{person.name} ({person.role}, person {person.id})"


def _words(text: str, missing: str) -> str:
    tidy = clean_long(text)
    if not tidy:
        raise Refused(missing, "R1")
    if len(tidy) > LONGEST_WORDS:
        raise Refused(f"Keep it to {LONGEST_WORDS:,} characters.", "R1")
    return tidy


def _move(session: Session, came_in: MonitoringReturn, action: ReturnAction) -> None:
    """Change the state, guarded in the database: what follows in this transaction has the row to itself.

    Raises Conflict, saying how it stands, when it stands otherwise.
    """
    old = ReturnState(came_in.status)
    try:
        new = lifecycle.RETURN.next(old, action)
    except NotAllowed as error:
        raise Conflict(error.reason, "R1") from error
    moved = session.execute(
        update(MonitoringReturn)
        .where(MonitoringReturn.id == came_in.id, MonitoringReturn.status == old.value)
        .values(status=new.value)
        .execution_options(synchronize_session=False)
    )
    session.refresh(came_in)
    if not moved.rowcount:  # type: ignore[attr-defined]  # a CursorResult
        raise Conflict("Somebody else has just changed this return. Look at it again before you go on.", "R1")


def _keep(session: Session, came_in: MonitoringReturn, questions: Sequence[Asked]) -> None:
    kept = [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(one).items()}
        for one in questions
    ]
    came_in.extra = {**came_in.extra, _ASKED: kept}
    session.flush()


def _end_question(session: Session, came_in: MonitoringReturn, text: str | None, by: str, now: datetime) -> None:
    *earlier_ones, last = asked(came_in)
    _keep(session, came_in, (*earlier_ones, replace(last, answer=text, ended_by=by, ended_at=now)))


def _tell(session: Session, came_in: MonitoringReturn, kind: str, actor: str, now: datetime, **more: str | int) -> None:
    told = {"due": came_in.due.isoformat(), **more}
    events.append(session, kind, came_in.award.reference, actor, told, now=now)
