"""Bids to new funding streams (N4): which the office leads or supports, by when, who looks after each, what came of it.

The closing day is a deadline of its owner. Handing the bid in meets it; a bid that is not pursued closes it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core import deadlines, events, guarded, nudge_messages, owning, people, written
from core.deciding import WrongInput
from core.errors import Conflict, NotFound
from core.office import Office, london_day
from core.records import Bid, Deadline, Person
from core.rules.answers import clean_short
from core.rules.calendar import date_text

BID: Final = "bid"
"""The kind of a bid's deadline."""

LONGEST_NAME: Final = 200
"""Characters of a bid's title, and of a funder's name."""

ENDED_SHOWN: Final = 40
"""How many of the bids that have ended are listed, the latest first."""


class Part(StrEnum):
    """What the office has in a bid."""

    LED = "led"
    SUPPORTED = "supported"


class BidState(StrEnum):
    """How a bid stands."""

    OPEN = "open"
    SUBMITTED = "submitted"
    WON = "won"
    LOST = "lost"
    NOT_PURSUED = "not_pursued"


LIVE: Final = (BidState.OPEN, BidState.SUBMITTED)
"""Something is still to come of it."""


def subject_of(bid: Bid) -> str:
    """What the table of deadlines calls a bid."""
    return f"bid:{bid.id}"


def reference_of(bid: Bid) -> str:
    """What lists, messages and the trail call a bid."""
    return f"BID-{bid.id:04d}"


def listed(session: Session) -> tuple[list[Bid], list[Bid]]:
    """The bids of which something is still to come, by closing day, and those that have ended, the latest first."""
    everything = select(Bid).options(selectinload(Bid.owner))
    live = Bid.status.in_([state.value for state in LIVE])
    return (
        list(session.scalars(everything.where(live).order_by(Bid.closes_on, Bid.id))),
        list(session.scalars(everything.where(~live).order_by(Bid.ended_at.desc(), Bid.id.desc()).limit(ENDED_SHOWN))),
    )


def by_id(session: Session, bid_id: int) -> Bid:
    """The bid of this number. Raises NotFound."""
    bid = session.get(Bid, bid_id)
    if bid is None:
        raise NotFound("There is no such bid. The register of bids shows which there are.", "N4")
    return bid


def add(
    session: Session,
    *,
    title: str,
    funder: str,
    part: Part,
    amount: int | None,
    closes_on: date,
    owner_id: int,
    person: Person,
    now: datetime,
) -> Bid:
    """Put a bid on the register, with its closing day as a deadline of its owner. `amount` is in pence.

    Raises Refused for whoever is not of the office, WrongInput for what cannot be.
    """
    actor = people.acting_for_office(person, "put a bid on the register", "N4")
    title = _name(title, "title", "Say what the bid is for")
    funder = _name(funder, "funder", "Say whose money is bid for")
    if amount is not None and amount <= 0:
        raise WrongInput("amount", "Enter the amount in pounds, or leave it empty while it is not known.", "N4")
    _still_to_come(closes_on, now)
    owner = owning.owner_of(session, owner_id, "N4")
    bid = Bid(
        title=title,
        funder=funder,
        part=part.value,
        amount=amount,
        closes_on=closes_on,
        owner_id=owner.id,
        status=BidState.OPEN.value,
        added_by_id=person.id,
        added_at=now,
        note="",
    )
    session.add(bid)
    session.flush()
    deadlines.set_deadline(
        session,
        subject=subject_of(bid),
        reference=reference_of(bid),
        kind=BID,
        due=closes_on,
        title=title,
        owner_id=owner.id,
        now=now,
        silent_before=london_day(now),
    )
    told = {"title": title, "funder": funder, "part": part.value, "amount": amount, "closes_on": closes_on.isoformat()}
    _told(session, bid, "bid_added", actor, {**told, "owner": owner.name}, now)
    return bid


def submit(session: Session, bid_id: int, person: Person, *, on: date, note: str = "", now: datetime) -> Bid:
    """It was handed in on a day: that meets its deadline. Raises Conflict where something was recorded already."""
    actor = people.acting_for_office(person, "record a bid", "N4")
    if on > london_day(now):
        raise WrongInput("on", "That day is still to come. Enter the day on which the bid was handed in.", "N4")
    note = written.note(note, "N4", what="the note")
    bid = _moved(session, bid_id, BidState.OPEN, status=BidState.SUBMITTED.value, submitted_on=on, note=note)
    deadline = _deadline(session, bid)
    if deadline is not None:
        deadlines.meet(session, deadline, now=now)
    _told(session, bid, "bid_submitted", actor, {"on": on.isoformat(), "note": note}, now)
    return bid


def settle(session: Session, bid_id: int, person: Person, *, won: bool, note: str = "", now: datetime) -> Bid:
    """What came of a bid that was handed in. Raises Conflict where it was not, or that is recorded already."""
    actor = people.acting_for_office(person, "record a bid", "N4")
    note = written.note(note, "N4", what="the note")
    state = BidState.WON if won else BidState.LOST
    bid = _moved(session, bid_id, BidState.SUBMITTED, status=state.value, note=note, ended_at=now)
    _told(session, bid, f"bid_{state.value}", actor, {"note": note}, now)
    return bid


def drop(session: Session, bid_id: int, person: Person, *, reason: str, now: datetime) -> Bid:
    """The office does not pursue it: nobody is reminded any more. Raises Refused without a reason, Conflict."""
    actor = people.acting_for_office(person, "record a bid", "N4")
    reason = written.words(reason, "Say why the bid is not pursued: it stays on the register.", "N4")
    bid = _moved(session, bid_id, BidState.OPEN, status=BidState.NOT_PURSUED.value, note=reason, ended_at=now)
    deadlines.close(session, subject=subject_of(bid), now=now)
    _told(session, bid, "bid_not_pursued", actor, {"reason": reason}, now)
    return bid


def move(
    session: Session, bid_id: int, person: Person, *, closes_on: date, reason: str, agreed_by: str = "", now: datetime
) -> Bid:
    """The funder has set another closing day. Raises Refused without a reason, WrongInput for a day that has passed."""
    actor = people.acting_for_office(person, "move a bid's closing day", "N4")
    reason = written.reason(reason, "Say who set the new day, and where it says so.", "N4", agreed_by=agreed_by)
    _still_to_come(closes_on, now)
    was = by_id(session, bid_id).closes_on
    if closes_on == was:
        raise WrongInput("closes", f"It closes on {date_text(was)} already. Enter the new day.", "N4")
    bid = _moved(session, bid_id, BidState.OPEN, closes_on=closes_on)
    deadline = _deadline(session, bid)
    if deadline is not None:
        deadlines.move(session, deadline, closes_on, today=london_day(now), now=now)
    told = {"was": was.isoformat(), "closes_on": closes_on.isoformat(), "reason": reason}
    _told(session, bid, "bid_moved", actor, told, now)
    return bid


def hand_over(session: Session, bid_id: int, person: Person, *, owner_id: int, office: Office, now: datetime) -> Bid:
    """Somebody else looks after it from now on, who is told while its day is to come, unless they took it themselves.

    Raises WrongInput for whoever cannot, Conflict once it has ended.
    """
    actor = people.acting_for_office(person, "hand a bid over", "N4")
    owner = owning.owner_of(session, owner_id, "N4")
    bid = _moved(session, bid_id, *LIVE, owner_id=owner.id)
    deadline = _deadline(session, bid)
    given = deadline is not None and deadlines.change(session, deadline, now=now, owner_id=owner.id)
    if deadline is not None and given and owner.id != person.id:
        nudge_messages.tell_new_owner(session, deadline, owner, by=person, office=office, now=now)
    _told(session, bid, "bid_handed_over", actor, {"owner": owner.name}, now)
    return bid


def hand_on(session: Session, leaver: Person, *, to: Person | None, actor: str, now: datetime) -> tuple[Bid, ...]:
    """What a leaver looked after of what is not settled, as `owning.hand_on`."""

    def tell(bid: Bid) -> None:
        _told(session, bid, "bid_handed_over", actor, {"owner": bid.owner.name}, now)

    return owning.hand_on(session, Bid, leaver, live=LIVE, to=to, tell=tell)


def how_it_stands(bid: Bid, today: date) -> str:
    """How a bid stands, in words."""
    match BidState(bid.status):
        case BidState.OPEN:
            days = (bid.closes_on - today).days
            return "closes today" if days == 0 else "not handed in, and the day has passed" if days < 0 else "open"
        case BidState.SUBMITTED if bid.submitted_on is not None:
            return f"handed in on {date_text(bid.submitted_on)}"
        case state:
            return _STANDS[state]


_STANDS: Final = {
    BidState.OPEN: "open, and was not handed in",
    BidState.SUBMITTED: "handed in",
    BidState.WON: "won",
    BidState.LOST: "lost",
    BidState.NOT_PURSUED: "not pursued",
}


def _name(text: str, field: str, missing: str) -> str:
    tidy = clean_short(text)
    if not tidy:
        raise WrongInput(field, f"{missing}.", "N4")
    if len(tidy) > LONGEST_NAME:
        raise WrongInput(field, f"Keep it to {LONGEST_NAME} characters. It has {len(tidy):,}.", "N4")
    return tidy


def _still_to_come(closes_on: date, now: datetime) -> None:
    if closes_on < london_day(now):
        raise WrongInput("closes", "That day has passed. Enter the day on which the funder closes it.", "N4")


def _moved(session: Session, bid_id: int, *states: BidState, **values: Any) -> Bid:
    """Change a bid that is in one of these states, guarded in the database. Raises NotFound, Conflict."""
    bid = by_id(session, bid_id)
    if not guarded.change(session, bid, Bid.status.in_([state.value for state in states]), **values):
        raise Conflict(
            f"{reference_of(bid)} is {_STANDS[BidState(bid.status)]}, so this cannot be recorded. Look at it again.",
            "N4",
        )
    return bid


def _deadline(session: Session, bid: Bid) -> Deadline | None:
    return deadlines.find(session, subject=subject_of(bid), kind=BID)


def _told(session: Session, bid: Bid, kind: str, actor: str, data: dict[str, Any], now: datetime) -> None:
    session.flush()
    events.append(session, kind, reference_of(bid), actor, {"bid": bid.id, **data}, now=now)
