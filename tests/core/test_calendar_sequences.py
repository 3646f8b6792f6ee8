"""An entry of a calendar keeps its UID, and its SEQUENCE only ever grows: whichever way its day is moved."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from icalendar import Calendar
from sqlalchemy import select

from core import bids, chasing, feeds, payments
from core.bids import Part
from core.chasing import MoreTime
from core.office import Office
from core.records import Deadline, Person
from core.recurring import WINDOW_OPENS
from tests.core.casework import active, facts, person, someone
from tests.core.test_recurring import MONDAY, put, windows

DAY = date(2027, 7, 1)
MOVES = (-10, 5, -20, 0, -1, 30)
"""Where its day goes one after another, all within one moment, counted from DAY."""


def entries(feed: bytes) -> dict[str, Any]:
    """The entries of a feed, by UID."""
    return {str(one["UID"]): one for one in Calendar.from_ical(feed).walk("VEVENT")}


def entry(office: Office, kind: str) -> tuple[str, int, date]:
    """The UID, SEQUENCE and day of the one entry of a kind, in the feed of the whole office."""
    with office.reading() as session:
        number = session.scalars(select(Deadline.id).where(Deadline.kind == kind, Deadline.is_open)).one()
        who = session.scalars(select(Person.id).where(Person.role == "officer").limit(1)).one()
        feed = feeds.of_staff(session, who, whole=True, pages=lambda _: "", office=office)
    [mine] = [one for uid, one in entries(feed.text).items() if uid.startswith(f"deadline-{number}@")]
    return str(mine["UID"]), int(mine["SEQUENCE"]), mine["DTSTART"].dt


def grows(seen: list[tuple[str, int, date]], days: list[date]) -> None:
    assert [day for _, _, day in seen] == days
    assert len({uid for uid, _, _ in seen}) == 1
    assert all(before < after for (_, before, _), (_, after, _) in pairwise(seen))


def test_a_payment_that_is_planned_for_an_earlier_day_is_moved_in_every_calendar(office: Office) -> None:
    award, olive = active(office, facts(start=date(2027, 1, 1), end=date(2029, 12, 31))), person(office)
    with office.sessions.begin() as session:
        payments.plan(session, award, someone(session, olive), planned_on=DAY, amount=500_00, now=office.clock())
    seen = [entry(office, payments.PAYMENT_KIND)]
    for days in MOVES:
        with office.sessions.begin() as session:
            payments.move_day(
                session, award, 1, someone(session, olive),
                planned_on=DAY + timedelta(days=days), reason="They asked.", now=office.clock(),
            )  # fmt: skip
        seen.append(entry(office, payments.PAYMENT_KIND))
    grows(seen, [DAY, *(DAY + timedelta(days=days) for days in MOVES)])


def test_a_bid_whose_funder_sets_an_earlier_day_is_moved_in_every_calendar(office: Office) -> None:
    olive = person(office)
    with office.sessions.begin() as session:
        number = bids.add(
            session, title="Safer Streets 6", funder="Home Office", part=Part.LED, amount=None, closes_on=DAY,
            owner_id=olive, person=someone(session, olive), now=office.clock(),
        ).id  # fmt: skip
    seen = [entry(office, bids.BID)]
    for days in MOVES:
        with office.sessions.begin() as session:
            closes = DAY + timedelta(days=days)
            bids.move(
                session, number, someone(session, olive), closes_on=closes, reason="Their page.", now=office.clock()
            )
        seen.append(entry(office, bids.BID))
    grows(seen, [DAY, *(DAY + timedelta(days=days) for days in MOVES)])


def test_a_day_that_the_policy_moves_earlier_is_moved_in_every_calendar(office: Office) -> None:
    person(office)
    opens = [date(2027, 2, 1), date(2027, 1, 11), date(2027, 1, 18)]
    seen = []
    for day in opens:
        put(windows(office, (day, date(2027, 4, 1))), MONDAY)
        seen.append(entry(office, WINDOW_OPENS))
    grows(seen, opens)


def test_nothing_grows_while_nothing_happens_and_it_is_above_what_was_mailed_in_days(office: Office) -> None:
    active(office)
    olive = person(office)
    with office.sessions.begin() as session:
        number = session.scalars(select(Deadline.id).where(Deadline.kind == "return").order_by(Deadline.due)).first()
        assert number is not None
        before = feeds_of(office, number)
        given = MoreTime(DAY + timedelta(days=9), "Ill.", "Dev")
        chasing.extend(session, number, someone(session, olive), given, office=office, now=office.clock())
    assert feeds_of(office, number) > before > 9_999


def feeds_of(office: Office, number: int) -> int:
    with office.reading() as session:
        award = session.get_one(Deadline, number).award
        assert award is not None
        once, again = (feeds.of_award(session, award, office=office).text for _ in range(2))
    assert once == again
    [mine] = [one for uid, one in entries(once).items() if uid.startswith(f"deadline-{number}@")]
    return int(mine["SEQUENCE"])
