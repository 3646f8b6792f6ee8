"""Outcome measures developed with the provider (N3): a change that an applicant proposes, agreed or declined.

The offer stays open meanwhile, until its own date: the office may extend it. What was offered stays in the trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import awards, events, guarded, outbox, people, written
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Award, MeasureProposal, Outcome, Person
from core.rules.answers import clean_short

LONGEST_MEASURE = 300
"""Characters of a measure, or of a target."""


@dataclass(frozen=True)
class Proposed:
    """How one measure is to be: its position among the outcomes, from 1, and the whole of its new text and target."""

    position: int
    measure: str
    target: str


def by_id(session: Session, proposal_id: int) -> MeasureProposal:
    """The proposal of this row number. Raises NotFound."""
    found = session.get(MeasureProposal, proposal_id)
    if found is None:
        raise NotFound("There is no such proposal.", "N3")
    return found


def of_award(session: Session, award: Award) -> list[MeasureProposal]:
    """Every change that was proposed to an offer, oldest first."""
    return list(
        session.scalars(
            select(MeasureProposal).where(MeasureProposal.award_id == award.id).order_by(MeasureProposal.id)
        )
    )


def open_of(session: Session, award: Award) -> MeasureProposal | None:
    """The proposal that waits for the office's answer, if one does."""
    return session.scalars(
        select(MeasureProposal).where(MeasureProposal.award_id == award.id, MeasureProposal.ended_at.is_(None))
    ).one_or_none()


def differing(outcomes: Sequence[Outcome], wanted: Sequence[Proposed]) -> list[dict[str, Any]]:
    """What is to change, tidied, as a proposal keeps it. Raises Refused for a measure that is not there or empty."""
    by_position = {one.position: one for one in outcomes}
    changes = []
    for one in wanted:
        there = by_position.get(one.position)
        if there is None:
            raise Refused(f"There is no measure {one.position} in this offer.", "N3")
        measure, target = clean_short(one.measure), clean_short(one.target)
        if not measure or not target:
            raise Refused(f"Measure {one.position} needs both a measure and a target.", "N3")
        if max(len(measure), len(target)) > LONGEST_MEASURE:
            raise Refused(f"Keep measures and targets to {LONGEST_MEASURE} characters each.", "N3")
        if (measure, target) != (there.measure, there.target):
            was = {"was_measure": there.measure, "was_target": there.target}
            changes.append({"position": one.position, "measure": measure, "target": target, **was})
    return changes


def propose(
    session: Session,
    award_id: int,
    *,
    name: str,
    wanted: Sequence[Proposed],
    why: str,
    now: datetime,
) -> MeasureProposal:
    """Propose other measures than were offered. The office is told; the offer stays open, and its date stands.

    Raises Refused where nothing is to change or no reason is given, Gone or Conflict where the offer is open no more,
    Conflict while an earlier proposal waits for its answer.
    """
    award = awards.check_open(session, award_id, london_day(now))
    by = awards.answer_name(name)
    changes = differing(award.application.outcomes, wanted)
    if not changes:
        raise Refused("Change at least one measure or target, or accept the offer as it is.", "N3")
    said = written.words(why, "Say why you would rather measure this.", "N3", what="the reason")
    proposal = MeasureProposal(award_id=award.id, proposed_by=by, changes=changes, why=said, proposed_at=now)
    try:
        with session.begin_nested():
            session.add(proposal)
    except IntegrityError:
        said = "A change has been proposed already. Wait for our answer to it, or answer the offer."
        raise Conflict(said, "N3") from None
    told = {"proposal": proposal.id, "name": by, "changes": changes, "why": said}
    events.append(session, "measures_proposed", award.reference, f"applicant: {by}", told, now=now)
    outbox.put(
        session,
        "award_notice",
        subject=awards.subject(award),
        key=f"notice:measures:{proposal.id}",
        payload={"award_id": award.id, "what": "measures_proposed", "proposal_id": proposal.id},
        now=now,
    )
    return proposal


def agree(
    session: Session, proposal_id: int, person: Person, *, note: str = "", office: Office, now: datetime
) -> MeasureProposal:
    """Agree to what was proposed: it takes the place of what was offered, and the applicant is asked to answer.

    Raises Refused where this person may not (A2), Gone or Conflict where the offer or the proposal is open no more.
    """
    proposal, award = _open(session, proposal_id, person, office, now)
    _end(session, proposal, "agreed", person, written.note(note, "N3", what="the note") or None, now)
    there = {one.position: one for one in award.application.outcomes}
    for one in proposal.changes:
        there[one["position"]].measure, there[one["position"]].target = one["measure"], one["target"]
    data = {"proposal": proposal.id, "changes": proposal.changes, "note": proposal.answer, "person": person.id}
    events.append(session, "measures_agreed", award.reference, people.actor_of(person), data, now=now)
    _mail(session, "measures_agreed", award, proposal, now)
    return proposal


def decline(
    session: Session, proposal_id: int, person: Person, *, reason: str, office: Office, now: datetime
) -> MeasureProposal:
    """Decline what was proposed, with a reason: the offer stands as it was made. Raises as `agree` does."""
    proposal, award = _open(session, proposal_id, person, office, now)
    said = written.words(reason, "Say why the measures stay as they are: the applicant reads it.", "N3")
    _end(session, proposal, "declined", person, said, now)
    data = {"proposal": proposal.id, "reason": said, "person": person.id}
    events.append(session, "measures_declined", award.reference, people.actor_of(person), data, now=now)
    _mail(session, "measures_declined", award, proposal, now)
    return proposal


def _open(
    session: Session, proposal_id: int, person: Person, office: Office, now: datetime
) -> tuple[MeasureProposal, Award]:
    proposal = by_id(session, proposal_id)
    award = awards.check_open(session, proposal.award_id, london_day(now))
    awards.check_recommender(session, award, person, office=office)
    session.refresh(proposal)
    return proposal, award


def _end(
    session: Session,
    proposal: MeasureProposal,
    outcome: Literal["agreed", "declined"],
    person: Person,
    answer: str | None,
    now: datetime,
) -> None:
    """Answer it, guarded in the database. Raises Conflict when somebody was first."""
    ended = {"outcome": outcome, "person_id": person.id, "answer": answer, "ended_at": now}
    if not guarded.change(session, proposal, MeasureProposal.ended_at.is_(None), **ended):
        raise Conflict(f"This proposal has been {proposal.outcome} already. Nothing was changed.", "A3")


def _mail(session: Session, kind: str, award: Award, proposal: MeasureProposal, now: datetime) -> None:
    awards.mail(session, kind, award, now, key=f"{kind}:{proposal.id}", proposal_id=proposal.id)
