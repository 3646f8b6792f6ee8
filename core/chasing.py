"""What the office does about something that falls due (D0): chase it, extend it, hand it on, hear nothing for a while.

Each is done once to what somebody saw: whoever comes second, or acts on what was done or closed meanwhile, is told how
it stands and changes nothing. Each has its line in the trail, and is shown in the messages that told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import (
    asking,
    awards,
    bids,
    commitments,
    deadlines,
    due_lines,
    events,
    looks,
    more_time,
    nudge_messages,
    opportunities,
    owning,
    payments,
    people,
    written,
)
from core.deciding import WrongInput, at_field
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Bid, Deadline, Opportunity, Person
from core.returns import RETURN
from core.rules.answers import clean_short
from core.rules.calendar import LAST_DAY, date_text
from core.rules.falling_due import named
from core.shown import mark

LONGEST_NAME: Final = 200
"""Characters of the name of whoever agreed to a later day."""


@dataclass(frozen=True)
class MoreTime:
    """A later day that the office agrees to: until when, why, and who agreed it."""

    until: date
    reason: str
    agreed_by: str


def by_id(session: Session, number: int) -> Deadline:
    """The deadline of this row number. Raises NotFound."""
    found = session.get(Deadline, number)
    if found is None:
        raise NotFound("Nothing of this kind is due. Go back and load the page again.", "D0")
    return found


def mark_of(deadline: Deadline) -> str:
    """How it stands, in short: whoever saw another mark saw it as it was before somebody did something."""
    stands = [deadline.due, deadline.owner_id, deadline.snoozed_until, deadline.chased_at]
    return mark({"stands": [str(one) for one in (*stands, deadline.met_at, deadline.closed_at)]})


def version_of(deadline: Deadline) -> int:
    """The same as a number, for what carries numbers."""
    return int(mark_of(deadline).rpartition(":")[2], 16)


def may(session: Session, deadline: Deadline, person: Person) -> Refused | None:
    """Why this person does nothing about it: it is for the office, without an interest (A2), while it is open."""
    try:
        _actor(session, deadline, person)
    except Refused as refusal:
        return refusal
    return None if deadline.is_open else _ended(deadline)


def may_chase(session: Session, deadline: Deadline, person: Person) -> Refused | None:
    """The same of noting that it was chased: what the office itself has to do waits for nobody who could be asked."""
    refusal = may(session, deadline, person)
    return refusal if refusal is not None else _nobody_to_chase(deadline)


def _nobody_to_chase(deadline: Deadline) -> Refused | None:
    kind = named(deadline.kind)
    if kind.chases:
        return None
    return Refused(
        f"This {kind.noun} waits for nobody but the office, so there is nobody to chase. Do it, or give it to somebody "
        "else.",
        kind.rule,
    )


def may_extend(session: Session, deadline: Deadline, person: Person, *, office: Office) -> Refused | None:
    """The same of giving it a later day: not every kind has one, and an offer's is for whoever may recommend."""
    refusal = may(session, deadline, person)
    if refusal is not None:
        return refusal
    kind = named(deadline.kind)
    if not kind.moves:
        return Refused(f"The day of this {kind.noun} is not moved: it follows from what it is about.", kind.rule)
    if deadline.kind == awards.ACCEPTANCE and deadline.award is not None:
        try:
            awards.check_recommender(session, deadline.award, person, office=office)
        except Refused as barred:
            return barred
    first, latest = new_days(deadline, office=office, today=office.today())
    if latest is not None and latest < first:
        return Refused(f"It cannot be due later than {date_text(max(latest, deadline.due))}.", kind.rule)
    return None


def new_days(deadline: Deadline, *, office: Office, today: date) -> tuple[date, date | None]:
    """The first and the last day to which it may be moved; None where there is no last."""
    first = max(deadline.due, today) + timedelta(days=1)
    if deadline.kind == RETURN and deadline.award is not None:
        return first, more_time.latest_day(deadline.award, deadline, office)
    if deadline.kind in (awards.ACCEPTANCE, looks.REVIEW) and deadline.award is not None:
        return first, deadline.award.end_on
    return first, None


def chased(session: Session, number: int, person: Person, note: str, *, seen: str = "", now: datetime) -> Deadline:
    """Somebody of the office has asked for it: by telephone, say. `note` says how, and what they heard.

    Raises NotFound, Refused (A2; and for a kind that waits for nobody but the office), and Conflict where somebody did
    something about it after `seen`, the mark of what was shown, or it was met or closed.
    """
    deadline, actor = _held(session, number, person, seen)
    nobody = _nobody_to_chase(deadline)
    if nobody is not None:
        raise nobody
    with at_field("note"):
        said = written.note(note, "D0", what="the note")
    _change(session, deadline, now=now, chased_at=now)
    _tell(session, deadline, "deadline_chased", actor, {"note": said, "person": person.id}, now=now)
    return deadline


def extend(
    session: Session, number: int, person: Person, given: MoreTime, *, seen: str = "", office: Office, now: datetime
) -> Deadline:
    """Give it a later day, for a reason and as somebody agreed; its steps move, and a recipient whose it is is told.

    Raises as `chased` does, WrongInput for one of `given`, and Refused for a kind whose day does not move.
    """
    deadline = by_id(session, number)
    if deadline.award_id is not None:
        commitments.held_award(session, deadline.award_id)  # before the deadline, as whoever else moves an award's days
    deadline, actor = _held(session, number, person, seen)
    refusal = may_extend(session, deadline, person, office=office)
    if refusal is not None:
        raise refusal
    with at_field("reasons"):
        reason = written.words(
            given.reason, "Say why it has more time: it goes on the record.", "D0", what="the reason"
        )
    agreed_by = clean_short(given.agreed_by)
    if not agreed_by or len(agreed_by) > LONGEST_NAME:
        raise WrongInput("agreed_by", f"Say who agreed it, in up to {LONGEST_NAME} characters.", "D0")
    first, latest = new_days(deadline, office=office, today=london_day(now))
    last = latest or LAST_DAY
    if not first <= given.until <= last:
        to = f" to {date_text(last)}" if latest is not None or given.until > last else " on"
        raise WrongInput("until", f"Choose a day from {date_text(first)}{to}.", "D0")
    if deadlines.find(session, subject=deadline.subject, kind=deadline.kind, due=given.until) is not None:
        what = f"{named(deadline.kind).noun} of {date_text(given.until)}"
        raise WrongInput("until", f"There is a {what} on record already. Choose another day.", "D0")
    tidy = MoreTime(given.until, reason, agreed_by)
    through = _THROUGH.get(deadline.kind)
    if through is not None and through(session, deadline, person, tidy, office, now):
        session.refresh(deadline)
        return deadline
    was = deadline.due
    deadlines.extend(session, deadline, tidy.until, today=london_day(now), now=now)
    told = {"was": was.isoformat(), "until": tidy.until.isoformat(), "reason": reason, "agreed_by": agreed_by}
    _tell(session, deadline, "deadline_extended", actor, {**told, "person": person.id}, now=now)
    return deadline


def may_look_after(session: Session, deadline: Deadline) -> list[Person]:
    """Who can be given it: whoever works for the office and has no interest in what it is about (A2), by name."""
    out = people.interested(session, deadline.application.id) if deadline.application is not None else frozenset()
    return [one for one in owning.may_own(session) if one.id not in out]


def reassign(
    session: Session, number: int, person: Person, owner_id: int, *, seen: str = "", office: Office, now: datetime
) -> Deadline:
    """Give it to somebody of the office, who is told unless they took it themselves. Raises as `chased` does.

    WrongInput for whoever cannot have it, or has it already.
    """
    deadline, _ = _held(session, number, person, seen)
    owner = next((one for one in may_look_after(session, deadline) if one.id == owner_id), None)
    if owner is None:
        raise WrongInput("owner", "Choose somebody of the office who has no interest in it.", "A2")
    if deadline.owner_id == owner.id:
        raise WrongInput("owner", f"{owner.name} looks after it already.", "D0")
    put_with(session, deadline, owner, by=person, now=now)
    if deadline.kind == bids.BID:  # its register names who looks after it too
        session.execute(update(Bid).where(Bid.id == _number(deadline)).values(owner_id=owner.id))
    elif deadline.kind == opportunities.CLOSING:
        session.execute(update(Opportunity).where(Opportunity.id == _number(deadline)).values(owner_id=owner.id))
    if owner.id != person.id:
        nudge_messages.tell_new_owner(session, deadline, owner, by=person, office=office, now=now)
    return deadline


def put_with(session: Session, deadline: Deadline, owner: Person, *, by: Person, now: datetime) -> None:
    """Make an open deadline somebody's, with its line; whoever calls has asked whether they may have it. Nobody is
    told. Raises Conflict where it was done, closed or moved meanwhile.
    """
    was = deadline.owner
    _change(session, deadline, now=now, owner_id=owner.id)
    told = {"owner": owner.id, "name": owner.name, "was": was.name if was is not None else None, "person": by.id}
    _tell(session, deadline, "deadline_reassigned", people.actor_of(by), told, now=now)


def snooze(
    session: Session, number: int, person: Person, until: date, *, seen: str = "", office: Office, now: datetime
) -> Deadline:
    """The officer hears nothing of it before a day, and then hears again: what others are told goes on.

    Raises as `chased` does, and WrongInput for a day that has come, or is further off than the policy lets it be.
    """
    deadline, actor = _held(session, number, person, seen)
    today = london_day(now)
    latest = today + timedelta(days=office.policy.snooze_days.value)
    if not today < until <= latest:
        raise WrongInput("until", f"Choose a day from tomorrow to {date_text(latest)}.", "D0")
    waits = deadline.next_step_on is not None and deadline.next_step_on <= today  # for a sweep that is still to come
    next_on = (
        deadline.next_step_on
        if waits
        else deadlines.first_step_on(
            office, deadline.kind, deadline.due, snoozed_until=until, since=deadline.silent_before, after=today
        )
    )
    _change(session, deadline, now=now, snoozed_until=until, next_step_on=next_on)
    told = {"until": until.isoformat(), "person": person.id}
    _tell(session, deadline, "deadline_snoozed", actor, told, now=now)
    return deadline


def let_go(
    session: Session, leaver: Person, *, to: Person | None = None, actor: str, now: datetime
) -> tuple[Deadline, ...]:
    """What a leaver looked after is `to`'s now, or nobody's in particular where they may not have it. Answers what."""
    query = select(Deadline).where(Deadline.owner_id == leaver.id, Deadline.is_open).order_by(Deadline.id)
    theirs = session.scalars(query.with_for_update(of=Deadline, key_share=True)).all()
    for deadline in theirs:
        owner = to if to is not None and to in may_look_after(session, deadline) else None
        _change(session, deadline, now=now, owner_id=owner.id if owner is not None else None)
        told = {"owner": deadline.owner_id, "name": owner.name if owner is not None else None}
        _tell(session, deadline, "deadline_reassigned", actor, {**told, "was": leaver.name, "person": None}, now=now)
    return tuple(theirs)


# ------------------------------------------------------------------------------------- through what has its own way


Through = Callable[[Session, Deadline, Person, MoreTime, Office, datetime], bool]
"""Gives a later day in its own way, with its own line in the trail; False where that is left to what all have."""


def _extend_return(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, office: Office, now: datetime
) -> bool:
    if deadline.award is None:
        return False
    more_time.give(
        session, deadline.award, deadline, person, given.until,
        reason=given.reason, agreed_by=given.agreed_by, office=office, now=now,
    )  # fmt: skip
    return True


def _extend_offer(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, office: Office, now: datetime
) -> bool:
    if deadline.award_id is None:
        return False
    awards.extend_offer(
        session,
        deadline.award_id,
        person,
        until=given.until,
        reason=given.reason,
        agreed_by=given.agreed_by,
        office=office,
        now=now,
    )
    return True


def _extend_opportunity(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, _office: Office, now: datetime
) -> bool:
    opportunities.extend(
        session, _number(deadline), person, until=given.until, reason=given.reason, agreed_by=given.agreed_by, now=now
    )
    return True


def _move_bid(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, _office: Office, now: datetime
) -> bool:
    bids.move(
        session,
        _number(deadline),
        person,
        closes_on=given.until,
        reason=given.reason,
        agreed_by=given.agreed_by,
        now=now,
    )
    return True


def _move_payment(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, _office: Office, now: datetime
) -> bool:
    payment = payments.of_deadline(session, deadline.subject)
    if payment is None:
        return False
    payments.move_day(
        session,
        payment.award_id,
        payment.number,
        person,
        planned_on=given.until,
        reason=given.reason,
        agreed_by=given.agreed_by,
        now=now,
    )
    return True


def _move_review(
    session: Session, deadline: Deadline, person: Person, given: MoreTime, _office: Office, now: datetime
) -> bool:
    if deadline.award_id is None:
        return False
    looks.move(
        session,
        deadline.award_id,
        person,
        due=deadline.due,
        until=given.until,
        reason=given.reason,
        agreed_by=given.agreed_by,
        now=now,
    )
    return True


def _answer_later(
    session: Session, deadline: Deadline, _person: Person, given: MoreTime, _office: Office, _now: datetime
) -> bool:
    """The page on which it is answered shows the new day; the rest is as for every deadline."""
    if deadline.subject.startswith("asked:"):
        asking.wait_until(session, deadline.subject, given.until)
    return False


def _number(deadline: Deadline) -> int:
    """The row of what has its own record beside the deadline: its subject names it."""
    return int(deadline.subject.partition(":")[2])


_THROUGH: Final[Mapping[str, Through]] = {
    RETURN: _extend_return,
    awards.ACCEPTANCE: _extend_offer,
    opportunities.CLOSING: _extend_opportunity,
    bids.BID: _move_bid,
    payments.PAYMENT_KIND: _move_payment,
    looks.REVIEW: _move_review,
    asking.ANSWER: _answer_later,
}
"""The kinds whose later day is more than their deadline's: their record moves too, or who waits for it is told."""


# ------------------------------------------------------------------------------------------------------ in common


def _actor(session: Session, deadline: Deadline, person: Person) -> str:
    what = "look after what falls due"
    if deadline.application is None:
        return people.acting_for_office(person, what, "D0")
    return people.judging_for_office(session, person, deadline.application.id, what, "D0")


def _held(session: Session, number: int, person: Person, seen: str) -> tuple[Deadline, str]:
    """The deadline, held until the transaction ends, as long as it is as it was seen; and who acts."""
    deadline = by_id(session, number)
    actor = _actor(session, deadline, person)
    seen = seen or mark_of(deadline)
    session.refresh(deadline, with_for_update={"key_share": True, "of": Deadline})
    if not deadline.is_open:
        raise _ended(deadline)
    if mark_of(deadline) != seen:
        raise Conflict(changed_meanwhile(session, deadline), "D0")
    return deadline, actor


def _ended(deadline: Deadline) -> Conflict:
    noun = named(deadline.kind).noun
    if deadline.met_at is not None:
        return Conflict(
            f"This {noun} was done on {date_text(london_day(deadline.met_at))}: nothing is left to do.", "D0"
        )
    return Conflict(f"Nobody waits for this {noun} any more, so nothing is left to do.", "D0")


def changed_meanwhile(session: Session, deadline: Deadline) -> str:
    """What somebody did about it last, for whoever acts on what they saw before."""
    said = due_lines.last_acts(session, [deadline]).get(deadline.id)
    what = f"{said.by} {said.words} on {date_text(said.on)}" if said is not None else "It was changed"
    return f"{what}, after you opened this. Nothing was done: look at how it stands now."


def _change(session: Session, deadline: Deadline, *, now: datetime, **values: Any) -> None:
    """Change the row as long as it is open and due when it was. Raises Conflict."""
    if not deadlines.change(session, deadline, now=now, **values):
        raise _ended(deadline)


def _tell(session: Session, deadline: Deadline, kind: str, actor: str, told: dict[str, Any], *, now: datetime) -> None:
    about = {"deadline": deadline.id, "kind": deadline.kind, "due": deadline.due.isoformat()}
    events.append(session, kind, deadline.reference, actor, {**about, **told}, now=now)
