"""What a recipient says to an invitation (R2): that they come, or another time; and what the office answers to that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import events, outbox, written
from core.errors import Conflict, NotFound
from core.meetings import (
    WrongArrangement,
    arranged_of,
    by_id,
    end_proposal,
    held,
    move,
    open_proposal,
    put_mail,
    tell,
)
from core.office import Office, london_moment
from core.records import Meeting, MeetingProposal, Person
from core.rules.lifecycle import MeetingState

RECIPIENT = "recipient"
"""How the trail names whoever came by the link of a meeting."""


def coming(session: Session, meeting_id: int, *, seen: int, now: datetime) -> Meeting:
    """Note that the recipient comes, to the time that they saw (`seen` is its sequence). Saying so twice is once.

    A time that they had proposed is taken back by it. Raises NotFound, Conflict.
    """
    meeting = _answerable(session, meeting_id, now)
    if meeting.sequence != seen:
        raise Conflict(
            f"We changed this meeting after you opened this page. It is now on {london_moment(meeting.starts_at)}.",
            "R2",
        )
    waits = open_proposal(meeting)
    if waits is not None:
        end_proposal(session, waits, "lapsed", now=now)
    if meeting.coming_at is not None and waits is None:
        return meeting
    meeting.coming_at = now
    tell(session, "meeting_coming", meeting, RECIPIENT, {"starts_at": meeting.starts_at.isoformat()}, now=now)
    return meeting


def propose(session: Session, meeting_id: int, starts_at: datetime, words: str, *, now: datetime) -> MeetingProposal:
    """Put another time to the office; the meeting stays when it is until that is answered. The same again is the same.

    A time that was proposed before lapses. Raises NotFound, WrongArrangement, Conflict.
    """
    meeting = _answerable(session, meeting_id, now)
    if starts_at <= now:
        raise WrongArrangement("when", "Enter a day and a time that are still to come")
    if starts_at == meeting.starts_at:
        raise WrongArrangement("when", "The meeting is at that time already. Enter another, or say that you will come")
    said = written.note(words, "R2")
    waits = open_proposal(meeting)
    if waits is not None:
        if (waits.starts_at, waits.words) == (starts_at, said):
            return waits
        end_proposal(session, waits, "lapsed", now=now)
    proposal = MeetingProposal(
        meeting=meeting, starts_at=starts_at, words=said, status="proposed", proposed_at=now
    )  # fmt: skip
    session.add(proposal)
    meeting.coming_at = None
    session.flush()
    told = {
        "meeting": meeting.id,
        "proposal": proposal.id,
        "was": meeting.starts_at.isoformat(),
        "starts_at": starts_at.isoformat(),
        "words": said,
    }
    events.append(session, "meeting_time_proposed", meeting.award.reference, RECIPIENT, told, now=now)
    outbox.put(
        session,
        "meeting_time_proposed",
        subject=f"award:{meeting.award_id}",
        key=f"meeting_time_proposed:{proposal.id}",
        payload={"award_id": meeting.award_id, "meeting_proposal_id": proposal.id},
        now=now,
    )
    return proposal


def agree(session: Session, proposal_id: int, person: Person, *, office: Office, now: datetime) -> Meeting:
    """Move the meeting to the time that was proposed; the letter about the new time is the answer.

    Raises NotFound, Refused (A2), WrongArrangement where that time has passed, Conflict.
    """
    proposal, _ = _proposed(session, proposal_id, person)
    meeting = proposal.meeting
    arranged = replace(arranged_of(meeting), starts_at=proposal.starts_at)
    return move(session, meeting.id, person, arranged, seen=meeting.sequence, office=office, now=now)


def decline(session: Session, proposal_id: int, person: Person, *, answer: str, now: datetime) -> MeetingProposal:
    """Answer without moving the meeting: what was written goes to the recipient by mail. Raises as `agree`."""
    proposal, actor = _proposed(session, proposal_id, person)
    said = written.words(answer, "Write your answer: the recipient gets it by e-mail.", "R2")
    end_proposal(session, proposal, "declined", person=person, answer=said, now=now)
    told = {"proposal": proposal.id, "starts_at": proposal.starts_at.isoformat(), "answer": said, "person": person.id}
    tell(session, "meeting_time_declined", proposal.meeting, actor, told, now=now)
    put_mail(session, "meeting_time_declined", proposal.meeting, now=now, key=f"proposal-{proposal.id}")
    return proposal


def proposal_by_id(session: Session, proposal_id: int) -> MeetingProposal:
    """The proposal of this row number. Raises NotFound."""
    proposal = session.get(MeetingProposal, proposal_id)
    if proposal is None:
        raise NotFound("There is no such proposal of another time.", "R2")
    return proposal


def _proposed(session: Session, proposal_id: int, person: Person) -> tuple[MeetingProposal, str]:
    """A proposal that waits, its meeting held, and who acts."""
    proposal = proposal_by_id(session, proposal_id)
    _, actor = held(session, proposal.meeting_id, person, "answer a recipient about a meeting")
    session.refresh(proposal)
    if proposal.answered_at is not None:
        raise Conflict("This has been answered already, or the meeting was changed meanwhile.", "R2")
    return proposal, actor


def _answerable(session: Session, meeting_id: int, now: datetime) -> Meeting:
    """The meeting, held, while the recipient can still answer to it. Raises NotFound, Conflict."""
    meeting = by_id(session, meeting_id)
    session.scalars(select(Meeting.id).where(Meeting.id == meeting.id).with_for_update(key_share=True)).one()
    session.refresh(meeting)
    if meeting.status == MeetingState.CANCELLED:
        raise Conflict("We have cancelled this meeting, so there is nothing to answer.", "R2")
    if meeting.status != MeetingState.INVITED or meeting.starts_at <= now:
        raise Conflict("This meeting has begun, so there is nothing to answer any more. Write to us instead.", "R2")
    return meeting
