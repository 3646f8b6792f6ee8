"""An award that has ended leaves nothing open behind, and nobody hears of it afterwards (D0, R1, R2, F7)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import asking, awards, events, feeds, meetings, payments, returns
from core.errors import Refused
from core.meetings import Arranged
from core.office import Office
from core.records import Deadline
from core.rules.policy import Role
from tests.core.casework import END, active, london, person, returned, someone, sweep, victims

DUE = date(2027, 7, 1)
WHEN = london(date(2027, 6, 29), 10)


@pytest.mark.one_database
def test_an_award_ends_with_nothing_open_and_nothing_said_after(office: Office) -> None:
    """Not while an answer is waited for; then its meetings, review and payments are over, and its calendar is empty."""
    award = active(office, victims())
    officer, finance, now = person(office), person(office, Role.FINANCE), office.clock()
    with office.sessions.begin() as session:
        found, who = awards.by_id(session, award), someone(session, officer)
        payments.plan(session, award, who, planned_on=DUE, amount=500_00, office=office, now=now)
        meeting = next(one.id for one in found.deadlines if one.kind == "meeting")
        meetings.invite(session, meeting, who, Arranged(WHEN, 60, "Library", "", "1. Money"), office=office, now=now)
        came_in = [
            returns.receive(session, found, one.due, returned(), source="x", now=now)
            for one in found.deadlines
            if one.kind == "return"
        ]
        asked = asking.ask(session, came_in[0], who, "Forty?", office=office, now=now).id

    def complete() -> None:
        with office.sessions.begin() as session:
            awards.complete(session, award, someone(session, finance), note="Done.", office=office, now=now)

    with pytest.raises(Refused, match=r"return of .* due on 2027-07-01 waits for its answer"):
        complete()
    with office.sessions.begin() as session:
        asking.answer(session, asked, "Yes.", source="recipient", now=now)
    complete()
    with office.reading() as session:
        left = [one.kind for one in session.scalars(select(Deadline).where(Deadline.is_open))]
        feed = feeds.of_award(session, awards.by_id(session, award), office=office).text.decode()
        assert events.broken_at(session) is None
    assert left == ["retention"]
    assert (feed.count("BEGIN:VEVENT"), feed.count("STATUS:CANCELLED")) == (1, 1)
    for day in (DUE, date(2027, 10, 1), END, date(2028, 1, 3)):
        assert sweep(office, day) == ()
