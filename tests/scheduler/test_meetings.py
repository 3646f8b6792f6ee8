"""Monitoring meetings on their way: invitations that calendars act on, to the recipient; and to the office in Slack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot.practice.block_rules import faults
from core import awards, events, funds, meeting_answers, meeting_notes, meetings
from core.meeting_notes import Notes, ToDo
from core.meetings import Arranged
from core.office import LONDON
from core.records import Award, Deadline, OutboxMessage
from core.rules.policy import Purpose, Role
from scheduler.mail import Mail, compose
from scheduler.mailbox import KeptMail
from tests.scheduler.practice_desk import PUBLIC_URL, Desk
from tests.scheduler.test_letters import HOSTILE, by_subject, links, path_of

WHEN = datetime(2027, 6, 20, 9, 30, tzinfo=UTC)
ARRANGED = Arranged(WHEN, 60, "Ramsey library", "https://meet.example/r?x=1", "1. How it goes\n2. Money")
Meet = Callable[..., int]


@pytest.fixture
def award(desk: Desk) -> Award:
    """An award of £30,000 that runs."""
    with desk.office.sessions.begin() as session:
        given: dict[str, Any] = {"policy": desk.office.policy, "actor": "test", "note": "", "now": desk.clock()}
        funds.allocate(session, "crime-and-disorder", 2026, 90_000_000, **given)
    about = {"fund": "crime-and-disorder", "purpose": Purpose.CRIME_REDUCTION, "amount": 3_000_000}
    application = desk.submit(**about, answers={"crime_grounds": "plan", "at_risk": "no"})
    desk.recommend(application, amount=3_000_000)
    desk.decide(application, amount=3_000_000)
    with desk.office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        awards.accept(session, found, name="Ada Applicant", office=desk.office, now=desk.clock())
    desk.quiet()
    return found


def invite(desk: Desk, award: Award, arranged: Arranged = ARRANGED) -> int:
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        due = select(Deadline.id).where(Deadline.award_id == award.id, Deadline.kind == meetings.MEETING)
        number = session.scalars(due).first() or 0
        return meetings.invite(session, number, officer, arranged, office=desk.office, now=desk.clock()).id


def move(desk: Desk, meeting: int, seen: int = 0, **changes: Any) -> None:
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        arranged = replace(meetings.arranged_of(meetings.by_id(session, meeting)), **changes)
        meetings.move(session, meeting, officer, arranged, seen=seen, office=desk.office, now=desk.clock())


def cancel(desk: Desk, meeting: int, seen: int = 0, reason: str = "Olive is ill.") -> None:
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        meetings.cancel(session, meeting, officer, reason=reason, seen=seen, office=desk.office, now=desk.clock())


def entry(mail: KeptMail, method: str) -> Any:
    calendar = Calendar.from_ical(mail.calendar)
    assert str(calendar["METHOD"]) == mail.calendar_method == method
    (found,) = calendar.walk("VEVENT")
    return found


def by_hand(mail: KeptMail) -> dict[str, str]:
    """The file read without a library: its unfolded lines, by what stands before the colon."""
    text = mail.calendar.decode()
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    return dict(line.split(":", 1) for line in text.replace("\r\n ", "").split("\r\n") if ":" in line)


def test_an_invitation_is_one_that_calendars_act_on(desk: Desk, award: Award) -> None:
    invite(desk, award)
    mail = by_subject(desk, "Please meet us on 20 June 2027 at 10:30am")
    assert mail.to == "Ada Applicant <ada@riverside.example>"
    found = entry(mail, "REQUEST")
    assert found["DTSTART"].dt == WHEN
    assert found["DTEND"].dt == WHEN + timedelta(hours=1)
    assert found["SEQUENCE"] == 0
    assert str(found["STATUS"]) == "CONFIRMED"
    assert str(found["ORGANIZER"]) == "mailto:grants@practice.example"
    assert str(found["ATTENDEE"]) == "mailto:ada@riverside.example"
    assert found["ATTENDEE"].params["RSVP"] == "FALSE"
    assert str(found["LOCATION"]) == "Ramsey library, https://meet.example/r?x=1"
    (link,) = [one for one in links(mail.text) if one.startswith(PUBLIC_URL)]
    assert path_of(link) == "/meetings"
    assert str(found["URL"]) == link
    assert "Money" not in mail.calendar.decode()  # a calendar is often shared
    assert "2. Money" in mail.text
    assert "With Officer Person" not in mail.text
    assert "monitoring meeting with Officer Person" in " ".join(mail.text.split())
    read = by_hand(mail)
    assert (read["DTSTART"], read["DTEND"]) == ("20270620T093000Z", "20270620T103000Z")
    assert (read["METHOD"], read["SEQUENCE"]) == ("REQUEST", "0")


def test_a_second_contact_has_the_same_invitation_and_each_address_one_mail(desk: Desk, award: Award) -> None:
    with desk.office.sessions.begin() as session:
        application = awards.by_id(session, award.id).application
        application.second_name, application.second_email = "Bo Second", "bo@riverside.example"
        told = {"second": True}
        events.append(session, "contact_changed", award.reference, "test", told, now=desk.clock())
    meeting = invite(desk, award)
    desk.quiet()
    found = {one.to: one for one in desk.mailbox.mails() if "Please meet us" in one.subject}
    assert set(found) == {"Ada Applicant <ada@riverside.example>", "Bo Second <bo@riverside.example>"}
    for mail in found.values():
        attendees = [str(one) for one in entry(mail, "REQUEST")["ATTENDEE"]]
        assert attendees == ["mailto:ada@riverside.example", "mailto:bo@riverside.example"]
        assert f"Dear {mail.to.split(' <')[0]}," in mail.text
    with desk.office.sessions.begin() as session:
        application = awards.by_id(session, award.id).application
        application.second_email = "ADA@riverside.example"  # the same address, written otherwise
        events.append(session, "contact_changed", award.reference, "test", told, now=desk.clock())
    cancel(desk, meeting)
    desk.quiet()
    assert [one.to for one in desk.mailbox.mails() if "Cancelled" in one.subject] == [
        "Ada Applicant <ada@riverside.example>"
    ]


def test_a_change_moves_the_same_entry_and_a_cancellation_takes_it_out(desk: Desk, award: Award) -> None:
    meeting = invite(desk, award)
    first = entry(by_subject(desk, "Please meet us"), "REQUEST")
    desk.clock.forward(hours=1)
    move(desk, meeting, starts_at=WHEN + timedelta(days=1))
    mail = by_subject(desk, "Our meeting is changed: now 21 June 2027 at 10:30am")
    second = entry(mail, "REQUEST")
    assert "what we wrote to you before no longer holds" in " ".join(mail.text.split())
    desk.clock.forward(hours=1)
    cancel(desk, meeting, seen=1, reason="Olive is <ill>.\nSorry.")
    mail = by_subject(desk, "Cancelled: our meeting on 21 June 2027")
    last = entry(mail, "CANCEL")
    assert "Olive is <ill>.\n\nSorry." in mail.text
    assert {str(one["UID"]) for one in (first, second, last)} == {f"meeting-{meeting}@desk.example.org"}
    assert [one["SEQUENCE"] for one in (first, second, last)] == [0, 1, 2]
    assert first["DTSTAMP"].dt < second["DTSTAMP"].dt < last["DTSTAMP"].dt
    assert second["DTSTART"].dt == WHEN + timedelta(days=1)
    assert str(last["STATUS"]) == "CANCELLED"
    assert not last.walk("VALARM")


def test_of_several_changes_only_the_last_is_told_and_nothing_of_what_nobody_heard(desk: Desk, award: Award) -> None:
    meeting = invite(desk, award)
    move(desk, meeting, starts_at=WHEN + timedelta(days=1))
    move(desk, meeting, seen=1, starts_at=WHEN + timedelta(days=2))
    before = len(desk.mailbox.mails())
    desk.quiet()
    (mail,) = desk.mailbox.mails()[: len(desk.mailbox.mails()) - before]
    assert mail.subject.startswith("Please meet us on 22 June 2027")  # the first that they hear of it
    assert "invite you to a monitoring meeting" in " ".join(mail.text.split())
    assert entry(mail, "REQUEST")["SEQUENCE"] == 2


def test_what_was_called_off_before_anybody_heard_is_told_to_nobody(desk: Desk, award: Award) -> None:
    before = len(desk.mailbox.mails())
    cancel(desk, invite(desk, award))
    desk.quiet()
    assert len(desk.mailbox.mails()) == before
    with desk.office.reading() as session:
        kinds = OutboxMessage.kind.startswith("meeting_")
        assert set(session.scalars(select(OutboxMessage.outcome).where(kinds))) == {"withheld"}


@pytest.mark.parametrize(
    ("when", "written", "said"),
    [
        (datetime(2026, 12, 1, 10, tzinfo=UTC), "20261201T100000Z", "1 December 2026 at 10am"),
        (datetime(2027, 3, 27, 10, tzinfo=UTC), "20270327T100000Z", "27 March 2027 at 10am"),
        (datetime(2027, 3, 28, 9, tzinfo=UTC), "20270328T090000Z", "28 March 2027 at 10am"),
    ],
)
def test_the_clocks_go_forward_and_ten_stays_ten(
    desk: Desk, award: Award, when: datetime, written: str, said: str
) -> None:
    invite(desk, award, replace(ARRANGED, starts_at=when))
    mail = by_subject(desk, "Please meet us")
    assert f"When: {said}, 60 minutes" in mail.text
    assert by_hand(mail)["DTSTART"] == written
    london = entry(mail, "REQUEST")["DTSTART"].dt.astimezone(LONDON)
    assert (london.hour, london.minute) == (10, 0)


def test_the_mail_holds_the_invitation_among_its_texts_and_as_a_file(desk: Desk) -> None:
    mail = Mail(
        to="ada@riverside.example", to_name="", subject="s", text="t", html="<p>t</p>", message_id="<1@x.example>",
        made_at=desk.clock(), calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", calendar_method="REQUEST",
    )  # fmt: skip
    raw = compose(mail, "grants@desk.example.org").as_bytes()
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    parts = [part for part in read.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    assert [part.is_attachment() for part in parts] == [False, False, False, True]
    for part in parts[2:]:
        assert part.get_param("method") == "REQUEST"
        assert part.get_payload(decode=True) == mail.calendar
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().strip() == "t"


def test_a_proposal_is_told_in_the_deadlines_channel_and_answered_by_mail(desk: Desk, award: Award) -> None:
    meeting = invite(desk, award)
    desk.deliver()
    with desk.office.sessions.begin() as session:
        at, now = WHEN + timedelta(days=1), desk.clock()
        proposal = meeting_answers.propose(session, meeting, at, "<!channel> " + HOSTILE, now=now)
    desk.deliver()
    message = desk.told()[-1]
    assert message.text == (
        f"Another time for a meeting: {award.reference}. The recipient proposes 21 June 2027 at 10:30am, instead of "
        "20 June 2027 at 10:30am."
    )
    assert faults(message.blocks, "message") == []
    assert "ada@riverside.example" not in json.dumps(message.blocks)
    (button,) = message.blocks[-1]["elements"]
    assert button["url"].startswith(f"{PUBLIC_URL}/desk/meetings/")
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        answer = "We are <away>.\nSorry."
        meeting_answers.decline(session, proposal.id, officer, answer=answer, now=desk.clock())
    mail = by_subject(desk, "About another time for our meeting")
    assert "We are <away>.\n\nSorry." in mail.text
    assert "When: 20 June 2027 at 10:30am" in mail.text
    assert mail.calendar == b""


def test_notes_are_mailed_with_who_does_what(desk: Desk, award: Award) -> None:
    meeting = invite(desk, award)
    desk.deliver()
    desk.clock.set_day(date(2027, 6, 21))
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        said = Notes(True, "It goes well.\nVery.", "They like it.", "")
        do = [ToDo("Send the register", "Kim", date(2027, 7, 9)), ToDo(HOSTILE, "Olive")]
        meeting_notes.record(session, meeting, officer, said, do, seen=0, share=True, now=desk.clock())
    mail = by_subject(desk, "What we noted of our meeting on 20 June 2027")
    assert "It goes well.\n\nVery.\n" in mail.text
    assert "- Kim: Send the register, by 9 July 2027" in mail.text
    assert "What partners say" not in mail.text
    assert [path_of(one) for one in links(mail.text)] == ["/meetings"]
    assert mail.calendar == b""


@pytest.mark.one_database
@pytest.mark.parametrize("share", [True, False])
def test_notes_that_are_put_right_before_they_went_out_are_mailed_as_they_are_now(
    desk: Desk, award: Award, share: bool
) -> None:
    meeting = invite(desk, award)
    desk.deliver()
    desk.clock.set_day(date(2027, 6, 21))
    officer = desk.person(Role.OFFICER)
    for seen, said, shared in ((0, "They may lose it.", True), (1, "It goes well.", share)):
        with desk.office.sessions.begin() as session:
            notes = Notes(True, said)
            meeting_notes.record(session, meeting, officer, notes, seen=seen, share=shared, now=desk.clock())
    desk.deliver()
    mails = [mail for mail in desk.mailbox.mails() if mail.subject.startswith("What we noted")]
    assert ["It goes well." in mail.text for mail in mails] == ([True] if share else [])


def test_a_withdrawn_offer_takes_its_day_out_of_the_calendar(desk: Desk) -> None:
    award = desk.offered()
    offered = by_subject(desk, "We offer you")
    with desk.office.sessions.begin() as session:
        awards.withdraw_offer(session, award.id, actor="test", office=desk.office, now=desk.clock())
    off = entry(by_subject(desk, "We have withdrawn our offer"), "CANCEL")
    was = entry(offered, "PUBLISH")
    assert str(off["UID"]) == str(was["UID"])
    assert off["SEQUENCE"] > was["SEQUENCE"]
    assert str(off["STATUS"]) == "CANCELLED"
    assert "URL" not in off
