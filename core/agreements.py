"""The agreement of a contract, or of a contribution that the office leads: drafted, sent, and signed on paper (L1, W6).

A grant is agreed by accepting its terms online (A6); what is bought is agreed by a signature. So no payment of such an
award is made before somebody of the office has recorded that its agreement is signed (F7): by whom, and on which day.
One that was made outside the desk was agreed there, under the document that its record names.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import commitments, deadlines, events, guarded, people, written
from core.assessing import facts_of
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Agreement, Award, Person
from core.rules.answers import clean_short
from core.rules.calendar import date_text
from core.rules.facts import Finding
from core.rules.keeping import transfer_finding
from core.rules.lifecycle import AGREEMENT, AgreementAction, AgreementState, AwardState
from core.rules.policy import Kind, Notice
from core.rules.procurement import notices_due, office_buys, procurement

AGREEMENT_KIND: Final = "agreement"
"""The kind of the deadline by which an agreement is to be signed."""

LONGEST_NAME: Final = 200
"""Characters of the name of whoever signed, and of where the agreement is kept."""

_SIGNED: Final = (Kind.CONTRACT, Kind.CO_COMMISSIONED)


def is_needed(award: Award) -> bool:
    """Whether an award is agreed by a signature: a contract, or a contribution that the office leads, made here."""
    decision = award.application.decision
    made_here = decision is None or decision.outside_on is None
    return made_here and Kind(award.kind) in _SIGNED and office_buys(facts_of(award.application, award.amount))


def of_award(session: Session, award: Award) -> Agreement | None:
    """The agreement of an award; None where it needs none."""
    mine = select(Agreement).where(Agreement.award_id == award.id)
    return session.scalars(mine.execution_options(populate_existing=True)).one_or_none()


def begin(
    session: Session,
    award: Award,
    *,
    office: Office,
    accepted_on: date,
    now: datetime,
    silent_before: date | None = None,
) -> bool:
    """Let an agreement be drafted and signed by its day, where the award needs one and has none; answers whether."""
    if not is_needed(award) or of_award(session, award) is not None:
        return False
    session.add(Agreement(award_id=award.id, status=AGREEMENT.first.value, drafted_at=now))
    deadlines.set_deadline(
        session,
        subject=f"award:{award.id}",
        reference=award.reference,
        kind=AGREEMENT_KIND,
        due=accepted_on + timedelta(days=office.policy.agreement_days.value),
        now=now,
        award_id=award.id,
        silent_before=silent_before,
    )
    session.flush()
    return True


def catch_up(session: Session, award: Award, *, office: Office, silent_before: date, now: datetime) -> bool:
    """Let the agreement of an award from before there were any be signed; answers whether it had none and needs one."""
    accepted_on = london_day(award.answered_at or award.offered_at)
    return begin(session, award, office=office, accepted_on=accepted_on, now=now, silent_before=silent_before)


def send(session: Session, award_id: int, person: Person, *, sent_on: date, note: str = "", now: datetime) -> Agreement:
    """Record that the agreement went out to be signed, and what was done first: the notices before signing (T8).

    Raises Refused (W6) where this person may not, or for a day to come; Conflict where it stands otherwise.
    """
    award, agreement, actor = _held(session, award_id, person)
    _check_day("sent", sent_on, award, now)
    said = written.note(note, "T8")
    _move(agreement, AgreementAction.SEND)
    agreement.sent_on, agreement.person_id, agreement.recorded_at = sent_on, person.id, now
    told = {"agreement": agreement.id, "sent_on": sent_on.isoformat(), "note": said, "person": person.id}
    session.flush()
    events.append(session, "agreement_sent", award.reference, actor, told, now=now)
    return agreement


def redraft(session: Session, award_id: int, person: Person, *, note: str, now: datetime) -> Agreement:
    """Take an agreement that was sent and not signed back, to draft it anew. Raises as `send` does."""
    award, agreement, actor = _held(session, award_id, person)
    said = written.words(note, "Say why it is drafted anew: it goes on the record.", "W6")
    _move(agreement, AgreementAction.REDRAFT)
    agreement.sent_on, agreement.person_id, agreement.recorded_at = None, person.id, now
    session.flush()
    told = {"agreement": agreement.id, "note": said, "person": person.id}
    events.append(session, "agreement_redrafted", award.reference, actor, told, now=now)
    return agreement


def sign(
    session: Session,
    award_id: int,
    person: Person,
    *,
    signed_by: str,
    signed_on: date,
    document: str = "",
    passes_on: bool = False,
    now: datetime,
) -> Agreement:
    """Record that the agreement is signed, which meets its deadline: by whom for the recipient, and on which day.

    `document` says where it is kept; `passes_on` that it passes to whoever takes over from the office (W6).
    Raises Refused (W6) where this person may not, nobody is named, or the day is to come; Conflict where it was not
    sent, or is signed already.
    """
    award, agreement, actor = _held(session, award_id, person)
    name = clean_short(signed_by)[:LONGEST_NAME]
    if not name:
        raise Refused("Enter who signed it for the recipient.", "W6")
    _check_day("signed", signed_on, award, now)
    if agreement.sent_on is not None and signed_on < agreement.sent_on:
        raise Refused(f"It was sent on {date_text(agreement.sent_on)}. Enter that day or a later one.", "W6")
    _move(agreement, AgreementAction.SIGN)
    agreement.signed_by, agreement.signed_on = name, signed_on
    agreement.document = clean_short(document)[:LONGEST_NAME] or None
    agreement.passes_on, agreement.person_id, agreement.recorded_at = passes_on, person.id, now
    due = deadlines.open_one(session, subject=f"award:{award.id}", kind=AGREEMENT_KIND)
    if due is not None:
        deadlines.meet(session, due, now=now)
    session.flush()
    told = {
        "agreement": agreement.id,
        "signed_by": name,
        "signed_on": signed_on.isoformat(),
        "document": agreement.document,
        "passes_on": passes_on,
        "person": person.id,
    }
    events.append(session, "agreement_signed", award.reference, actor, told, now=now)
    return agreement


def end(session: Session, award: Award) -> None:
    """The award has ended: so has its agreement, or it is abandoned unsigned. The award's line of the trail says it."""
    agreement = of_award(session, award)
    if agreement is None or AgreementState(agreement.status) in AGREEMENT.finals:
        return
    signed = agreement.signed_on is not None
    _move(agreement, AgreementAction.END if signed else AgreementAction.ABANDON)
    session.flush()


def notices(award: Award, *, office: Office, today: date) -> tuple[Notice, ...]:
    """The statutory notices that fall due before it is signed (T8)."""
    facts, policy = facts_of(award.application, award.amount), office.policy
    return tuple(one for one in notices_due(facts, procurement(facts, policy), policy, today) if one.before_signing)


def transfer(award: Award, agreement: Agreement, office: Office) -> Finding | None:
    """W6: what the terms that were offered say of a successor; None once it is recorded that what was signed does."""
    if agreement.passes_on:
        return None
    terms = [*office.policy_under(award.policy_version).terms.value, *award.conditions.splitlines()]
    return transfer_finding([] if agreement.signed_on is not None else terms)


def _held(session: Session, award_id: int, person: Person) -> tuple[Award, Agreement, str]:
    """The award, held until this transaction ends, its agreement, and who acts."""
    award = commitments.held_award(session, award_id)
    actor = people.judging_for_office(session, person, award.application_id, "record an agreement", "W6")
    agreement = of_award(session, award)
    if agreement is None:
        raise Refused(f"{award.reference} needs no signed agreement: its terms were accepted online.", "W6")
    if award.status != AwardState.ACTIVE:
        raise Conflict(f"{award.reference} is not an award that has been accepted and still runs.", "W6")
    return award, agreement, actor


def _check_day(what: str, day: date, award: Award, now: datetime) -> None:
    if day > london_day(now):
        raise Refused(f"Enter the day on which it was {what}: it cannot be one to come.", "W6")
    offered = london_day(award.offered_at)
    if day < offered:
        raise Refused(f"The award was offered on {date_text(offered)}. Enter that day or a later one.", "W6")


def _move(agreement: Agreement, action: AgreementAction) -> None:
    agreement.status = guarded.state_after(AGREEMENT, agreement.status, action, "W6").value
