"""Undoing a wrong press: who decided or recommended takes that back, and both stay on the record (A3, A4).

An approval can be undone until its offer has been answered or has run out: until then nobody relies on it, and no
money has left. A decline can be undone for as many days as an offer would have been open, so that both outcomes stand
open to correction for equally long; undoing one only ever helps the applicant, and no money moves by it. A
recommendation can be undone until somebody decides on it. A declared interest cannot be undone: see
`deciding.declare_interest`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from core import awards, commitments, decide_by, due_for_deletion, outbox, people
from core.applications import held, mail_subject, move, put_card, put_mail, tell
from core.cases import case_of, decider_of
from core.deciding import interests_in, reasons_given
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Application, Award, Decision, Person
from core.rules.authority import acceptance_day, may_decide, may_recommend
from core.rules.calendar import date_text
from core.rules.lifecycle import APPLICATION, ApplicationAction, ApplicationState, AwardState
from core.rules.states import NotAllowed

Undoable = Literal["approved", "declined", "recommended"]


def what(application: Application) -> Undoable | None:
    """What would be undone: the decision that stands, else the recommendation; None where there is neither."""
    if application.decision is not None:
        return "approved" if application.decision.outcome == "approved" else "declined"
    return "recommended" if application.recommendation is not None else None


def last_day(application: Application, office: Office) -> date | None:
    """The last day on which the standing decision can be undone by its maker; None where no day ends that."""
    decision, award = application.decision, application.award
    if decision is None:
        return None
    if award is not None:
        return award.accept_by
    return acceptance_day(london_day(decision.made_at), office.policy)


def may(session: Session, application: Application, person: Person, *, office: Office, now: datetime) -> Refused | None:
    """Why this person may not undo what stands (A1, A2, A3); None if they may.

    Only whoever did it may, while they could still do it: a leaver, or whoever has lost that power, undoes nothing.
    """
    try:
        people.acting_for_office(person, "undo this", "A2")
        APPLICATION.next(ApplicationState(application.status), ApplicationAction.UNDO)
    except Refused as refusal:
        return refusal
    except NotAllowed as error:
        return Conflict(error.reason, "A3")
    decision, recommendation = application.decision, application.recommendation
    made = decision or recommendation
    if made is None:
        return Conflict("There is nothing to undo on this application.", "A3")
    if made.person_id != person.id:
        did = "decided" if decision is not None else "recommended on"
        return Refused(f"{made.person.name} {did} this, so nobody else can undo it.", "A3")
    if person in interests_in(session, application):
        return Refused("You have declared an interest, so you do not undo this. Leave it to someone else.", "A2")
    case = case_of(session, application)
    decider = decider_of(person)
    today = london_day(now)
    if decision is None:
        barred = may_recommend(decider, case, office.policy)
    else:
        barred = may_decide(decider, case, office.policy, today)
    if barred is not None:
        return Refused(barred.reason, barred.rule)
    return _too_late(application, today, office) if decision is not None else None


def is_open(application: Application, today: date, office: Office) -> bool:
    """Whether there is something that whoever did it can still undo, as `may` asks it of each person."""
    return what(application) is not None and _too_late(application, today, office) is None


def _too_late(application: Application, today: date, office: Office) -> Refused | None:
    award = application.award
    if award is not None and award.status != AwardState.OFFERED:
        return Conflict(f"{_answered(award)}, so the approval can no longer be undone.", "A6")
    last = last_day(application, office)
    if last is None or today <= last:
        return None
    if award is not None:
        return Conflict(f"The offer could be accepted until {date_text(last)}, so it has ended by itself.", "A6")
    return Refused(
        f"A decline can be undone until {date_text(last)}, as long as an offer would have been open. "
        "The applicant may apply again.",
        "A3",
    )


def _answered(award: Award) -> str:
    return {
        AwardState.REFUSED: "The applicant has refused the offer",
        AwardState.EXPIRED: "The offer has run out",
    }.get(AwardState(award.status), "The applicant has accepted the offer")


def undo(
    session: Session, application_id: int, person: Person, *, reason: str, office: Office, now: datetime
) -> Application:
    """Undo the decision that stands, or else the recommendation; it is one step back, and says why.

    After a decision the application waits for one again, with its recommendation; an offer is withdrawn, and the
    applicant told if they may have heard of it. After a recommendation it waits for another one.

    Raises Refused (A1, A2, A3), WrongInput for no reason, Conflict where there is nothing to undo any more.
    """
    application = held(session, application_id)
    if application.award is not None:
        commitments.held_award(session, application.award.id)  # an answer to the offer comes before this, or after it
    refusal = may(session, application, person, office=office, now=now)
    if refusal is not None:
        raise refusal
    said = reasons_given(reason)
    actor = people.acting_for_office(person, "undo this", "A2")
    if application.decision is not None:
        _undo_decision(session, application, application.decision, person, said, actor, office=office, now=now)
    elif application.recommendation is not None:
        application.recommendation.set_aside_at = now
        session.flush()
        session.refresh(application, ["recommendation"])
        move(session, application, ApplicationAction.UNDO)
        tell(session, application, "recommendation_undone", actor, {"reason": said, "person": person.id}, now=now)
    put_card(session, application, now)
    return application


def _undo_decision(
    session: Session,
    application: Application,
    decision: Decision,
    person: Person,
    said: str,
    actor: str,
    *,
    office: Office,
    now: datetime,
) -> None:
    decision.undone_at, decision.undone_by_id, decision.undone_why = now, person.id, said
    session.flush()
    award = application.award
    move(session, application, ApplicationAction.UNDO)
    decide_by.follow(session, application, now=now, office=office)
    if award is None:
        due_for_deletion.follow(session, application, office=office, now=now)
    told = {"outcome": decision.outcome, "decision": decision.id, "reason": said, "person": person.id}
    tell(session, application, "decision_undone", actor, told, now=now)
    if award is not None:
        awards.withdraw_offer(session, award.id, actor=actor, office=office, now=now)
    else:
        _untell_decline(session, application, decision, now)
    session.flush()
    session.refresh(application, ["decision", "award"])


def _untell_decline(session: Session, application: Application, decision: Decision, now: datetime) -> None:
    """Keep the letter of a decline back, or say that it no longer holds where it may have been read."""
    subject = mail_subject(application)
    outbox.withhold_untried(session, subject=subject, kinds=("declined",), now=now)
    sent = outbox.latest(session, subject=subject, kind="declined")
    if sent is not None and outbox.may_have_gone(sent):
        put_mail(session, "decline_undone", application, now, decision_id=decision.id, mail_id=sent.id)
