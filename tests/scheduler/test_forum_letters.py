"""The letter about a Provider Forum (R4): an invitation, each change of it, its end; each with its calendar entry."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from core import contacts, forums
from core.forums import Meant
from core.records import Application, Person
from scheduler.mailbox import KeptMail
from tests.core.test_forums import provider
from tests.scheduler.practice_desk import Desk

DAY = date(2027, 2, 10)
PLACE = "Town hall, see www.evil.example or https://evil.example/x"


def meant(day: date = DAY, place: str = PLACE) -> Meant:
    return Meant(day, time(10), 120, place, "Waiting lists.\nAnd who comes next.")


def do(desk: Desk, what: Any, *given: Any, **more: Any) -> Any:
    """Do it as an officer."""
    with desk.office.sessions.begin() as session:
        person = session.scalars(select(Person).where(Person.role == "officer").order_by(Person.id)).first()
        return what(session, *given, person=person, now=desk.clock(), **more)


def planned(desk: Desk) -> int:
    provider(desk.office, "Safe Homes")
    desk.deliver()
    number: int = do(desk, forums.plan, meant=meant()).id
    do(desk, forums.invite, number)
    return number


def mails(desk: Desk) -> list[KeptMail]:
    """The letters about the forum."""
    desk.deliver()
    return [mail for mail in desk.mailbox.mails() if "Provider Forum" in mail.subject]


def entry(mail: KeptMail) -> tuple[str, Any]:
    calendar = Calendar.from_ical(mail.calendar)
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


def test_the_invitation_says_when_and_where_and_puts_it_into_a_calendar(desk: Desk) -> None:
    number = planned(desk)
    (mail,) = mails(desk)
    assert mail.to == "Ada Lovelock <safe@provider.example>"
    assert mail.subject == "Please come to our Provider Forum on 10 February 2027"
    for words in ("Safe Homes", "10 February 2027", "10am to midday", "Waiting lists.", "And who comes next."):
        assert words in mail.text
        assert words in mail.html
    assert "https://evil" not in mail.text + mail.html
    assert "www.evil.example" not in mail.text + mail.html
    method, event = entry(mail)
    assert method == "REQUEST"
    assert (str(event["UID"]), event["SEQUENCE"]) == (f"forum-{number}@desk.example.org", 0)
    assert event["DTSTART"].dt == datetime(2027, 2, 10, 10, 0, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2027, 2, 10, 12, 0, tzinfo=UTC)
    assert str(event["ATTENDEE"]) == "mailto:safe@provider.example"
    assert dict(event["ATTENDEE"].params) == {
        "CUTYPE": "INDIVIDUAL",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "FALSE",
    }
    assert str(event["ORGANIZER"]) == "mailto:grants@practice.example"


def test_a_change_moves_the_entry_and_a_cancellation_takes_it_out(desk: Desk) -> None:
    number = planned(desk)
    assert len(mails(desk)) == 1
    do(desk, forums.change, number, meant=meant(date(2027, 7, 7), "Library"))
    (changed,) = [mail for mail in mails(desk) if mail.subject == "The Provider Forum is now on 7 July 2027 at 10am"]
    method, event = entry(changed)
    assert (method, str(event["UID"]), event["SEQUENCE"]) == ("REQUEST", f"forum-{number}@desk.example.org", 1)
    assert event["DTSTART"].dt == datetime(2027, 7, 7, 9, 0, tzinfo=UTC)  # ten o'clock in London's summer
    do(desk, forums.cancel, number, reason="Snow.")
    (off,) = [mail for mail in mails(desk) if mail.subject == "The Provider Forum of 7 July 2027 is cancelled"]
    assert "Snow." in off.text
    method, event = entry(off)
    assert (method, event["SEQUENCE"], str(event["STATUS"])) == ("CANCEL", 2, "CANCELLED")
    assert len(mails(desk)) == 3


def test_what_changed_before_it_went_out_is_one_invitation(desk: Desk) -> None:
    number = planned(desk)
    do(desk, forums.change, number, meant=meant(place="Library"))
    (mail,) = mails(desk)
    assert mail.subject == "Please come to our Provider Forum on 10 February 2027"
    assert "Library" in mail.text
    assert entry(mail)[1]["SEQUENCE"] == 1


def test_whoever_heard_of_nothing_is_told_of_no_cancellation(desk: Desk) -> None:
    number = planned(desk)
    do(desk, forums.cancel, number, reason="Snow.")
    assert mails(desk) == []


def written_to(desk: Desk, name: str, email: str) -> None:
    """Change the first contact of the provider, as the office."""
    with desk.office.sessions.begin() as session:
        about = session.scalars(select(Application).where(Application.organisation_name == "Safe Homes")).one()
        officer = session.scalars(select(Person).where(Person.role == "officer").order_by(Person.id)).first()
        assert officer is not None
        contacts.change(
            session, about.id, officer, contacts.Contacts(name, email), reason="She rang.", office=desk.office,
            now=desk.clock(),
        )  # fmt: skip


@pytest.mark.one_database
def test_whoever_is_written_to_from_now_on_is_invited_to_the_forum_to_come(desk: Desk) -> None:
    number = planned(desk)
    assert len(mails(desk)) == 1
    written_to(desk, "Ada King", "safe@provider.example")
    assert len(mails(desk)) == 1, "another name, and the same address"
    written_to(desk, "Bea New", "bea@provider.example")
    [mail] = [one for one in mails(desk) if "bea@provider.example" in one.to]
    assert mail.subject == "Please come to our Provider Forum on 10 February 2027"
    method, event = entry(mail)
    assert (method, str(event["UID"]), event["SEQUENCE"]) == ("REQUEST", f"forum-{number}@desk.example.org", 0)
    assert str(event["ATTENDEE"]) == "mailto:bea@provider.example"
    do(desk, forums.change, number, meant=meant(date(2027, 7, 7)))
    [changed] = [one for one in mails(desk) if one.subject == "The Provider Forum is now on 7 July 2027 at 10am"]
    assert "bea@provider.example" in changed.to


@pytest.mark.one_database
def test_an_invitation_that_has_not_gone_out_goes_to_the_new_address_and_once(desk: Desk) -> None:
    planned(desk)
    written_to(desk, "Bea New", "bea@provider.example")
    [mail] = mails(desk)
    assert "bea@provider.example" in mail.to


@pytest.mark.one_database
def test_nobody_is_invited_to_a_forum_that_has_been(desk: Desk) -> None:
    planned(desk)
    assert len(mails(desk)) == 1
    desk.clock.set_day(date(2027, 2, 11))
    written_to(desk, "Bea New", "bea@provider.example")
    assert len(mails(desk)) == 1
