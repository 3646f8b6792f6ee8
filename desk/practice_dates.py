"""What the practice office itself has a date for: bids, a tender, a Provider Forum and two monitoring meetings.

One of each, so that a newcomer sees every page with something on it. All of it is made by the core's own functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import bids, forums, meeting_notes, meetings, opportunities
from core.bids import Part
from core.forums import Meant
from core.meeting_notes import Notes, ToDo
from core.meetings import Arranged
from core.office import Office
from core.opportunities import Advert, OpportunityKind
from core.records import Deadline, Person
from core.rules.calendar import next_working_day, previous_working_day

AGENDA = """How the work goes, and what has changed for those who come.
What the money was spent on.
What you would like to raise."""


def put(session: Session, office: Office, staff: Mapping[str, Person], *, today: date, now: datetime) -> None:
    """Put them on record as of the past weeks; `staff` is by Slack account."""
    _bids(session, office, staff, today=today, now=now)
    _opportunities(session, office, staff, today=today, now=now)
    _meetings(session, office, staff, today=today, now=now)
    _forum(session, office, staff, today=today, now=now)


def _bids(session: Session, office: Office, staff: Mapping[str, Person], *, today: date, now: datetime) -> None:
    """One that is being written, and one that was handed in and waits for its answer."""
    gwen, dara = staff["U0GRANTS"], staff["U0DIRECTOR"]
    bids.add(
        session, title="Safer Streets, the next round", funder="Home Office", part=Part.LED, amount=450_000_00,
        closes_on=_works(office, today + timedelta(days=19)), owner_id=gwen.id, person=gwen,
        now=now - timedelta(days=16),
    )  # fmt: skip
    sent = bids.add(
        session, title="Support for young victims in schools", funder="Ministry of Justice", part=Part.SUPPORTED,
        amount=80_000_00, closes_on=_works(office, today - timedelta(days=9)), owner_id=dara.id, person=gwen,
        now=now - timedelta(days=44),
    )  # fmt: skip
    on = today - timedelta(days=13)
    note = "Handed in by Harbour Support for Victims, with our letter of support."
    bids.submit(session, sent.id, dara, on=on, note=note, now=now - timedelta(days=13))


def _opportunities(
    session: Session, office: Office, staff: Mapping[str, Person], *, today: date, now: datetime
) -> None:
    """A tender that the public page advertises, and a draft that it does not show yet."""
    olive = staff["U0OFFICER"]
    tender = opportunities.draft(
        session,
        Advert(
            OpportunityKind.TENDER,
            "Support after burglary",
            "A service for the whole county that helps people in the weeks after a burglary: somebody to talk to, and "
            "help with locks and lights.\nFor two years, and perhaps a third.",
            envelope=120_000_00,
            quality_share=70,
            cost_share=30,
            website="https://www.practice.example/tenders/support-after-burglary",
            portal="https://portal.practice.example/notices/17",
            opens_on=today - timedelta(days=6),
            closes_on=_works(office, today + timedelta(days=24)),
            owner_id=olive.id,
        ),
        olive,
        now=now - timedelta(days=10),
    )
    opportunities.advertise(session, tender.id, staff["U0DIRECTOR"], office=office, now=now - timedelta(days=6))
    opportunities.draft(
        session,
        Advert(
            OpportunityKind.QUOTES,
            "A survey of how safe residents feel",
            "Six hundred answers from across the county, by telephone and online, and a short report.",
            envelope=12_000_00,
            quality_share=None,
            cost_share=None,
            website="",
            portal="",
            opens_on=today + timedelta(days=12),
            closes_on=_works(office, today + timedelta(days=40)),
            owner_id=staff["U0GRANTS"].id,
        ),
        staff["U0GRANTS"],
        now=now - timedelta(days=2),
    )


def _meetings(session: Session, office: Office, staff: Mapping[str, Person], *, today: date, now: datetime) -> None:
    """One to which the recipient is invited, and one that was held and noted, of the first two duties to come (R2)."""
    olive = staff["U0OFFICER"]
    duties = select(Deadline).where(Deadline.kind == meetings.MEETING, Deadline.is_open, Deadline.due >= today)
    first_of: dict[int | None, Deadline] = {}
    for one in session.scalars(duties.order_by(Deadline.due, Deadline.id)):
        first_of.setdefault(one.award_id, one)
    coming, *others = first_of.values()
    soon = meetings.instant_of(_works(office, today + timedelta(days=8)), time(10, 30))
    place = "Their own rooms"
    if soon is not None:
        arranged = Arranged(soon, 60, place, "", AGENDA)
        meetings.invite(session, coming.id, olive, arranged, office=office, now=now - timedelta(days=4))
    day = previous_working_day(today - timedelta(days=7), office.closed_days)
    past = meetings.instant_of(day, time(14))
    if others and past is not None:
        arranged = Arranged(past, 45, place, "", AGENDA)
        invited_at = past - timedelta(days=21)
        held = meetings.invite(session, others[0].id, olive, arranged, office=office, now=invited_at)
        said = Notes(
            came=True,
            notes="The work is on course. The hall is dearer than planned; the rest of the budget covers it.",
            user_views="Two people who come told us what the evenings have changed for them.",
        )
        do = ToDo("Send the register of the spring", "The recipient", _works(office, today + timedelta(days=15)))
        meeting_notes.record(session, held.id, olive, said, [do], seen=0, share=True, now=past + timedelta(hours=2))


def _forum(session: Session, office: Office, staff: Mapping[str, Person], *, today: date, now: datetime) -> None:
    """The next one: its day is set, and every provider of victim services is invited (R4)."""
    dara = staff["U0DIRECTOR"]
    day = _works(office, today + timedelta(days=45))
    meant = Meant(day, time(10), 120, "Town Hall, Peterborough", "Bring what you would like others to know of.")
    forum = forums.plan(session, dara, meant, now=now - timedelta(days=8))
    forums.invite(session, forum.id, dara, now=now - timedelta(days=8))


def _works(office: Office, day: date) -> date:
    """The day, or the next on which people work."""
    return next_working_day(day, office.closed_days)
