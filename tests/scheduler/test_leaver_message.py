"""What the deadlines channel reads when somebody has left: what was theirs, by whose it is now."""

from __future__ import annotations

from datetime import date

import pytest

from bot.practice.workspace import Message
from core import bids, deadlines, leaving, people, taking
from core.bids import Part
from core.records import Person
from core.rules.policy import Role
from tests.core.casework import london
from tests.scheduler.practice_desk import START, Desk

pytestmark = pytest.mark.one_database

NOON = london(date(2026, 11, 30), 12)


def staff(desk: Desk, name: str) -> Person:
    with desk.office.sessions.begin() as session:
        email = f"{name.split(maxsplit=1)[0].lower()}@office.example"
        return people.add(session, name=name, email=email, role=Role.OFFICER, actor="tests", now=START)


def left(desk: Desk, to: Person | None, *, many: int = 0) -> Message:
    """Olive leaves, who had an application, an award, a forum's day and two bids; what the channel is told."""
    olive = staff(desk, "Olive Officer")
    desk.clock.now = NOON
    application, award = desk.submit(organisation_name="Dance <!channel>"), desk.active()
    with desk.office.sessions.begin() as session:
        me = session.merge(olive, load=False)
        taking.take(session, application.id, me, office=desk.office, now=NOON)
        for number in range(many or 1):
            deadlines.set_deadline(
                session, subject=f"forum:{number}", reference=f"FORUM-{number}", kind="forum", due=date(2027, 3, 1),
                title="Provider Forum of spring", owner_id=olive.id, now=NOON,
            )  # fmt: skip
        for title in ("Safer Streets, round six", "Sent already"):
            made = bids.add(
                session, title=title, funder="Home Office", part=Part.LED, amount=None, closes_on=date(2027, 1, 15),
                owner_id=olive.id, person=me, now=NOON,
            )  # fmt: skip
        bids.submit(session, made.id, me, on=NOON.date(), now=NOON)
    desk.quiet()
    before = len(desk.told())
    with desk.office.sessions.begin() as session:
        successor = to.email if to is not None else None
        leaving.leave(session, email=olive.email, successor=successor, actor="tests", now=NOON)
    desk.deliver()
    [message] = [one for one in desk.told()[before:] if "has left the office" in one.text]
    assert award.reference not in str(message.blocks), "nobody had taken it on"
    return message


def test_what_is_nobodys_is_listed_with_where_it_is_given_on(desk: Desk) -> None:
    message = left(desk, None)
    said = str(message.blocks)
    assert message.text == ("Olive Officer has left the office. 4 things that they looked after: nobody does now.")
    assert "Nobody looks after this now. Please take it over, or give it to somebody:" in said
    for line in (
        "'text': 'Dance <!channel>'",  # as a literal
        "application: it is taken on from its card",
        "Provider Forum, due on 1 March 2027, FORUM-0",
        "bid for new funding, due on 15 January 2027, BID-0001",
        "bid that was handed in, BID-0002",
    ):
        assert line in said, line
    assert "/desk/deadlines?show=nobody" in said
    assert "/desk/bids" in said
    assert "/desk/opportunities" not in said


def test_what_somebody_took_over_is_said_to_be_theirs(desk: Desk) -> None:
    message = left(desk, staff(desk, "Kim Keen"))
    assert message.text == "Olive Officer has left the office. Kim Keen took over."
    assert "Kim Keen looks after this from now on:" in str(message.blocks)
    assert "Nobody looks after" not in str(message.blocks)


def test_very_much_of_it_is_counted(desk: Desk) -> None:
    message = left(desk, None, many=60)
    assert "and 51 more" in str(message.blocks)
