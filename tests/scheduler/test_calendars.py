"""Deadlines as calendar files: attached to the mails that carry a deadline, with one entry a deadline for ever."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from core import awards, chasing
from core.calendar_files import calendar_file
from core.chasing import MoreTime
from core.links import follow
from core.records import Deadline, Link, Person
from core.rules.policy import Role
from scheduler.mail import Mail, compose
from scheduler.mailbox import KeptMail
from scheduler.timetable import run_sweep
from tests.scheduler.practice_desk import PUBLIC_URL, Desk


def entries(text: bytes) -> list[Any]:
    calendar = Calendar.from_ical(text)
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert str(calendar["VERSION"]) == "2.0"
    return list(calendar.walk("VEVENT"))


def mail_of(desk: Desk, words: str) -> KeptMail:
    desk.deliver()
    (found,) = [mail for mail in desk.mailbox.mails() if words in mail.subject]
    return found


def test_an_offer_carries_the_day_by_which_to_answer(desk: Desk) -> None:
    award = desk.offered(title="http://evil.example BEGIN:VEVENT", organisation_name="DTSTART:20260101")
    mail = mail_of(desk, "We offer you")
    (entry,) = entries(mail.calendar)
    assert entry["DTSTART"].dt == award.accept_by
    assert entry["DTEND"].dt == award.accept_by + timedelta(days=1)
    assert not isinstance(entry["DTSTART"].dt, type(desk.clock()))  # a whole day, whatever the reader's zone
    assert str(entry["SUMMARY"]) == f"Last day to answer our offer of £2,000 ({award.reference})"
    assert str(entry["URL"]).startswith(f"{PUBLIC_URL}/offers/")
    assert str(entry["URL"]) in mail.text
    assert "grants@practice.example" in str(entry["DESCRIPTION"])
    (alarm,) = entry.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(days=-7, hours=9)
    assert b"evil" not in mail.calendar


def test_an_award_that_starts_carries_the_day_of_every_return(desk: Desk) -> None:
    award = desk.active()
    mail = mail_of(desk, "is agreed")
    found = entries(mail.calendar)
    assert [entry["DTSTART"].dt for entry in found] == desk.returns_due(award)
    assert [str(entry["SUMMARY"]).split(" (")[0] for entry in found] == [
        "Monitoring return due",
        "Final monitoring return due",
    ]
    assert len({str(entry["UID"]) for entry in found}) == 2
    assert all(str(entry["URL"]).startswith(f"{PUBLIC_URL}/returns/") for entry in found)


def test_a_nudge_carries_what_it_is_about_and_nothing_that_is_done(desk: Desk) -> None:
    award = desk.active()
    started = mail_of(desk, "is agreed")
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due - timedelta(days=7))
    run_sweep(desk.office)
    (entry,) = entries(mail_of(desk, "is due on").calendar)
    assert entry["DTSTART"].dt == due
    assert str(entry["UID"]) == str(entries(started.calendar)[0]["UID"])
    assert mail_of(desk, "We have your application").calendar == b""


def test_an_entry_that_moves_stays_the_same_entry(desk: Desk) -> None:
    award = desk.active()

    def entry() -> Any:
        with desk.office.reading() as session:
            deadline = session.scalars(select(Deadline).where(Deadline.award_id == award.id, Deadline.final)).one()
            (found,) = entries(calendar_file(session, [deadline], office=desk.office))
            return found

    before = entry()
    assert entry().to_ical() == before.to_ical()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        number = session.scalars(select(Deadline.id).where(Deadline.award_id == award.id, Deadline.final)).one()
        given = MoreTime(before["DTSTART"].dt + timedelta(days=14), "Ill.", "Dev")
        who = session.get_one(Person, officer.id)
        chasing.extend(session, number, who, given, office=desk.office, now=desk.clock())
    after = entry()
    assert str(after["UID"]) == str(before["UID"])
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == before["DTSTART"].dt + timedelta(days=14)


def test_an_offer_that_stays_open_longer_moves_its_entry(desk: Desk) -> None:
    award = desk.offered()
    (before,) = entries(mail_of(desk, "We offer you").calendar)
    officer, until = desk.person(Role.OFFICER), award.accept_by + timedelta(days=10)
    with desk.office.sessions.begin() as session:
        who = session.get_one(Person, officer.id)
        awards.extend_offer(session, award.id, who, until=until, reason="x", office=desk.office, now=desk.clock())
    (after,) = entries(mail_of(desk, "You have until").calendar)
    assert str(after["UID"]) == str(before["UID"])
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == until
    assert str(after["URL"]) == str(before["URL"])


def test_an_entry_leads_to_the_page_though_the_link_had_run_out(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due - timedelta(days=7))
    with desk.office.sessions.begin() as session:
        session.execute(update(Link).where(Link.purpose == "return").values(expires_at=desk.clock()))
    with desk.office.reading() as session:
        deadlines = session.scalars(select(Deadline).where(Deadline.award_id == award.id, Deadline.due == due)).all()
        (bare,) = entries(calendar_file(session, deadlines, office=desk.office))
    assert "URL" not in bare  # a page that is only read makes no link, and gives none that leads nowhere
    run_sweep(desk.office)
    mail = mail_of(desk, "is due on")
    (entry,) = entries(mail.calendar)
    assert str(entry["URL"]) in mail.text
    with desk.office.reading() as session:
        token = str(entry["URL"]).rsplit("/", 1)[1]
        assert follow(session, desk.office.signer, "return", token, now=desk.clock()) == deadlines[0].id


def test_nothing_is_attached_once_nothing_is_due(desk: Desk) -> None:
    award = desk.active()
    with desk.office.sessions.begin() as session:
        found = list(session.scalars(select(Deadline).where(Deadline.award_id == award.id)))
        for deadline in found:
            deadline.met_at = desk.clock()
        assert calendar_file(session, found, office=desk.office) == b""


@pytest.mark.one_database
def test_the_file_is_an_attachment_beside_both_texts(desk: Desk) -> None:
    mail = Mail(
        to="ada@riverside.example",
        to_name="",
        subject="s",
        text="t",
        html="<p>t</p>",
        message_id="<1@desk.example.org>",
        made_at=desk.clock(),
        calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    )
    made = compose(mail, "grants@desk.example.org")
    (attached,) = made.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_filename() == "dates.ics"
    assert (attached.get_param("method"), attached.get_param("charset")) == ("PUBLISH", "utf-8")
    assert attached.get_payload(decode=True) == mail.calendar
    plain, html = made.get_body(("plain",)), made.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert str(plain.get_content()).strip() == "t"


def test_lines_are_folded_as_the_standard_has_it(desk: Desk) -> None:
    desk.offered()
    text = mail_of(desk, "We offer you").calendar
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert max(len(line) for line in text.split(b"\r\n")) <= 75
    assert date.fromisoformat("2026-12-21").strftime("DTSTART;VALUE=DATE:%Y%m%d").encode() in text
