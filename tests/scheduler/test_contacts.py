"""An address that refuses our mail: told once, passed on to the second contact; and the letters of a change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot.words import day
from core import (
    applications,
    awards,
    contacts,
    events,
    forums,
    link_mail,
    mail_refusals,
    meetings,
    payments,
    people,
    sweeping,
    taking,
    undoing,
)
from core.contacts import Contacts
from core.meetings import Arranged
from core.office import london_day
from core.records import Application, Award, OutboxMessage, RefusedMail
from core.rules.policy import Role
from scheduler.delivery import Delivery
from scheduler.mail import Mail
from scheduler.mail_courier import MailCourier
from scheduler.mailbox import KeptMail
from scheduler.trouble import Unsendable
from scheduler.wording import Letter, NothingLeft, texts, word
from tests.core.casework import active, reducing_crime
from tests.core.test_forums import provider
from tests.scheduler import test_forum_letters as forum_letters
from tests.scheduler.practice_desk import Desk

ADA, SAM, BEA = "ada@riverside.example", "sam@riverside.example", "bea@riverside.example"
SECOND = {"second_name": "Sam Second", "second_email": SAM}


class Refusing:
    """A mail server that has no such mailbox for some addresses, and keeps what it takes."""

    name = "the mail server"
    tells_later = False

    def __init__(self, desk: Desk, *refused: str) -> None:
        self.desk = desk
        self.refused = set(refused)
        self.taken: list[Mail] = []

    def find(self, mail: Mail) -> bool:
        return False

    def send(self, mail: Mail) -> None:
        if mail.to in self.refused:
            raise Unsendable("answered 550 No such user", "550")
        self.taken.append(mail)

    def deliver(self) -> list[tuple[str, str]]:
        """Deliver all mail; to whom went what subject."""
        before = len(self.taken)
        Delivery(self.desk.office, MailCourier(self.desk.office, self)).deliver_all()
        return [(mail.to, mail.subject) for mail in self.taken[before:]]


def told(desk: Desk) -> list[str]:
    """What the deadlines channel was told of refused mail, whole."""
    desk.slack_delivery().deliver_all()
    refused = [one for one in desk.told() if "did not arrive" in one.text]
    return [f"{one.text} {json.dumps(one.blocks, ensure_ascii=False)}" for one in refused]


def standing(desk: Desk, application: Application) -> dict[str, int]:
    """How many mails each contact's address refuses, as it stands."""
    with desk.office.reading() as session:
        found = applications.by_id(session, application.id)
        refusing = mail_refusals.refusing(session, [found]).get(application.id, [])
    return {one.whose: len(one.mails) for one in refusing}


def sweep(desk: Desk, days: int) -> None:
    """A sweep so many days from now."""
    desk.clock.forward(days=days)
    with desk.office.sessions.begin() as session:
        sweeping.sweep(session, office=desk.office, today=london_day(desk.clock()), now=desk.clock())


def change(desk: Desk, application: Application, wanted: Contacts) -> None:
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        contacts.change(
            session, application.id, officer, wanted, reason="They rang.", office=desk.office, now=desk.clock()
        )


def running(desk: Desk, **more: Any) -> tuple[Award, Application]:
    """An award that runs, with all that was mailed so far delivered."""
    award = desk.active(**more)
    desk.quiet()
    with desk.office.reading() as session:
        return award, applications.by_id(session, award.application_id)


def to_the_first_nudge(desk: Desk, award: Award) -> int:
    """Days until the first reminder of the first return."""
    first = min(step.days for step in desk.office.policy.nudge_steps["return"])
    return (desk.returns_due(award)[0] + timedelta(days=first) - london_day(desk.clock())).days


def changed_letters(desk: Desk) -> dict[str, Letter]:
    """The letters of the latest change, by whom they are for."""
    found: dict[str, Letter] = {}
    with desk.office.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.kind == contacts.LINE).order_by(OutboxMessage.id)
        for message in session.scalars(query):
            try:
                found[str(message.payload["to"])] = word(session, message, desk.office, texts())
            except NothingLeft:
                found.pop(str(message.payload["to"]), None)
    return found


# --------------------------------------------------------------------------------------------------- refused addresses


def test_an_address_is_told_of_once_and_each_mail_is_in_the_trail(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award, application = running(desk)
    sweep(desk, to_the_first_nudge(desk, award))
    server.deliver()
    (said,) = told(desk)
    assert all(word in said for word in (award.reference, "Riverside", "Ada Applicant", "monitoring return due on"))
    assert "nobody of theirs gets our mail" in said
    assert f"/desk/contacts/{award.reference}" in said
    assert ADA not in said
    for days in (21, 6, 1):
        sweep(desk, days)
        server.deliver()
    assert len(told(desk)) == 1
    assert standing(desk, application) == {"first": 4}
    with desk.office.reading() as session:
        lines = [one for one in events.history(session, award.reference) if one.kind == "mail_refused"]
        assert len(lines) == 4
        assert events.broken_at(session) is None


def test_it_is_told_at_night_too_and_names_whose_it_is(desk: Desk) -> None:
    application = desk.submit()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        taking.take(
            session, application.id, people.by_email(session, officer.email), office=desk.office, now=desk.clock()
        )
    desk.clock.forward(hours=13)  # 23:00
    Refusing(desk, ADA).deliver()
    (said,) = told(desk)
    assert officer.name in said


def test_each_further_award_of_the_address_is_told_once(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    first = desk.submit()
    second = desk.submit(title="Another")
    server.deliver()
    said = told(desk)
    assert [str(first.reference) in said[0], str(second.reference) in said[1]] == [True, True]
    assert str(first.reference) not in said[1]


def test_one_nudge_about_several_awards_is_one_message(desk: Desk) -> None:
    award, _ = running(desk)
    other, _ = running(desk, title="Another")
    sweep(desk, to_the_first_nudge(desk, award))
    Refusing(desk, ADA).deliver()
    (said,) = told(desk)
    assert award.reference in said
    assert other.reference in said
    assert said.count("/desk/contacts/") == 2


def test_what_the_first_address_refuses_goes_on_to_the_second_contact(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award, application = running(desk, **SECOND)
    sweep(desk, to_the_first_nudge(desk, award))
    sent = server.deliver()
    assert [to for to, _ in sent] == [SAM]
    assert award.reference in sent[0][1]
    assert server.taken[-1].to_name == "Sam Second"
    (said,) = told(desk)
    assert "Meanwhile it goes on to the second contact" in said
    assert "Sam Second" in said
    assert standing(desk, application) == {"first": 1}


def test_an_offer_goes_on_to_the_second_contact_with_its_one_link(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award = desk.offered(**SECOND)
    sent = server.deliver()
    assert [to for to, _ in sent] == [SAM, SAM]  # the receipt, the offer
    offer = server.taken[-1]
    assert offer.text.count("/offers/") == 1
    assert "Dear Sam Second" in offer.text
    assert len(told(desk)) == 1
    assert award.reference in offer.subject


def test_a_second_contact_is_refused_for_itself(desk: Desk) -> None:
    server = Refusing(desk, ADA, SAM)
    application = desk.submit(**SECOND)
    assert server.deliver() == []
    said = told(desk)
    assert len(said) == 2
    assert "to the second contact" in said[1]
    assert standing(desk, application) == {"first": 1, "second": 1}
    desk.recommend(application)
    desk.decide(application)
    assert server.deliver() == []
    assert len(told(desk)) == 2
    assert standing(desk, application) == {"first": 2, "second": 1}  # it is not passed on where it is refused as well


def test_a_forum_s_invitation_that_is_refused_is_told_and_goes_on_to_the_second_contact(desk: Desk) -> None:
    provider(desk.office, "Safe Homes", **SECOND)
    desk.quiet()
    number = forum_letters.do(desk, forums.plan, meant=forum_letters.meant()).id
    forum_letters.do(desk, forums.invite, number)
    server = Refusing(desk, "safe@provider.example")
    assert server.deliver() == [(SAM, "Please come to our Provider Forum on 10 February 2027")]
    assert "mailto:sam@riverside.example" in str(Calendar.from_ical(server.taken[-1].calendar).walk("VEVENT")[0])
    (said,) = told(desk)
    assert all(word in said for word in ("the invitation to a Provider Forum", "Safe Homes", "Ada Lovelock"))
    assert "Meanwhile it goes on to the second contact" in said
    forum_letters.do(desk, forums.cancel, number, reason="Snow.")
    assert server.deliver() == [(SAM, "The Provider Forum of 10 February 2027 is cancelled")]
    assert len(told(desk)) == 1


def test_an_address_that_takes_mail_again_refuses_no_more(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    application = desk.submit()
    server.deliver()
    assert standing(desk, application) == {"first": 1}
    server.refused.clear()
    desk.recommend(application)
    desk.decide(application)
    assert [to for to, _ in server.deliver()] == [ADA]
    assert standing(desk, application) == {}
    server.refused.add(ADA)
    with desk.office.sessions.begin() as session:
        award = session.scalars(select(Award)).one()
        awards.accept(session, award, name="Ada", office=desk.office, now=desk.clock())
    server.deliver()
    assert len(told(desk)) == 2  # it is news again


def test_a_changed_address_is_told_of_anew(desk: Desk) -> None:
    server = Refusing(desk, ADA, BEA)
    application = desk.submit()
    server.deliver()
    change(desk, application, Contacts("Bea Newman", BEA))
    server.deliver()
    assert standing(desk, application) == {"first": 1}  # the letter to Bea; that to Ada is expected
    said = told(desk)
    assert len(said) == 2
    assert "Bea Newman" in said[1]
    with desk.office.reading() as session:
        rows = list(session.scalars(select(RefusedMail).order_by(RefusedMail.id)))
        assert (rows[0].address, rows[0].ended_at is None) == (ADA, False)


def test_a_receipt_of_a_service_names_the_address_that_it_tried(desk: Desk) -> None:
    application = desk.submit()
    message = desk.message(f"receipt:{application.id}")
    desk.mail_delivery().deliver_all()
    change(desk, application, Contacts("Bea Newman", BEA))
    with desk.office.sessions.begin() as session:
        stored = session.get_one(OutboxMessage, message.id)
        for _ in range(2):
            mail_refusals.note(session, stored, by="GOV.UK Notify", code="temporary-failure", now=desk.clock(), to=ADA)
    assert standing(desk, application) == {}
    assert told(desk) == []
    with desk.office.reading() as session:
        lines = [one for one in events.history(session, str(application.reference)) if one.kind == "mail_refused"]
        assert [line.data["to"] for line in lines] == ["former"]


def test_a_withdrawn_decline_reaches_whoever_got_it_instead(desk: Desk) -> None:
    """The first contact never heard of it, the second did."""
    server = Refusing(desk, ADA)
    application = desk.submit(**SECOND)
    desk.recommend(application, "decline")
    desk.decide(application, "declined")
    server.deliver()
    commissioner = desk.person(Role.COMMISSIONER)
    with desk.office.sessions.begin() as session:
        undoing.undo(session, application.id, commissioner, reason="Wrong one.", office=desk.office, now=desk.clock())
    assert [to for to, _ in server.deliver()] == [SAM]


# ------------------------------------------------------------------------------------------------ letters of a change


def test_whoever_is_written_to_no_more_gets_no_link_and_no_new_address(desk: Desk) -> None:
    application = desk.submit()
    change(desk, application, Contacts("Bea Newman", BEA))
    letter = changed_letters(desk)["first_was"]
    assert (letter.to, letter.to_name) == (ADA, "Ada Applicant")
    assert "http" not in letter.text
    assert "Bea" not in letter.text
    assert "no longer" in letter.subject
    assert "tell us at once" in letter.text


def test_the_new_address_gets_links_to_all_that_waits(desk: Desk) -> None:
    award, application = running(desk)
    desk.clock.forward(days=40 + (desk.returns_due(award)[0] - london_day(desk.clock())).days)
    change(desk, application, Contacts("Bea Newman", BEA))
    letter = changed_letters(desk)["first"]
    assert letter.to == BEA
    assert letter.text.count("/returns/") == letter.html.count("/returns/") == 2  # the overdue one, and the next
    assert "it is overdue" in letter.text
    assert letter.text.count("/a/") == 1


def test_the_new_address_and_whoever_asks_for_links_get_the_meeting_to_come(desk: Desk) -> None:
    with desk.office.reading() as session:
        award = session.get_one(Award, active(desk.office, reducing_crime(contact_email=ADA)))
        application, due = award.application, next(one for one in award.deadlines if one.kind == meetings.MEETING)
    officer = desk.person(Role.OFFICER)
    arranged = Arranged(datetime(2027, 6, 28, 22, 45, tzinfo=UTC), 60, "Ramsey library", "", "1. How it goes")
    with desk.office.sessions.begin() as session:
        meetings.invite(session, due.id, officer, arranged, office=desk.office, now=desk.clock())
    desk.quiet()
    change(desk, application, Contacts("Bea Newman", BEA))
    letter = changed_letters(desk)["first"]
    assert "Our monitoring meeting on 28 June 2027." in letter.text
    assert letter.text.count("/meetings/") == letter.html.count("/meetings/") == 1
    today = london_day(desk.clock())
    with desk.office.reading() as session:
        found = link_mail.has(session, BEA, policy=desk.office.policy, today=today)
        assert [(one.purpose, one.day) for one in found if one.purpose == "meeting"] == [("meeting", date(2027, 6, 28))]
        after = link_mail.has(session, BEA, policy=desk.office.policy, today=date(2027, 6, 29))
        assert "meeting" not in [one.purpose for one in after]
    with desk.office.sessions.begin() as session:
        link_mail.ask(session, "list", BEA, policy=desk.office.policy, now=desk.clock())
        wanted_list = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "link_list")).one()
    with desk.office.reading() as session:
        listed = word(session, wanted_list, desk.office, texts())
    assert f"Monitoring meeting about {award.reference} on 28 June 2027" in listed.text
    assert listed.text.count("/meetings/") == listed.html.count("/meetings/") == 1
    with desk.office.sessions.begin() as session:
        meeting = meetings.of_award(session, award)[0]
        meetings.cancel(session, meeting.id, officer, reason="Ill.", seen=0, office=desk.office, now=desk.clock())
        assert "meeting" not in [one.purpose for one in link_mail.waits_of(session, application, today=today)]


def test_an_offer_that_could_not_be_delivered_reaches_the_new_address(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award = desk.offered()
    server.deliver()
    with desk.office.reading() as session:
        application = applications.by_id(session, award.application_id)
    change(desk, application, Contacts("Bea Newman", BEA))
    assert (BEA, f"From now on we write to you about {award.reference}") in server.deliver()
    mail = server.taken[-1]
    assert mail.text.count("/offers/") == 1
    assert "please answer by" in mail.text


def test_a_second_contact_is_told_what_it_is(desk: Desk) -> None:
    application = desk.submit()
    change(desk, application, Contacts("Ada Applicant", ADA, "Sam Second", SAM))
    letters = changed_letters(desk)
    assert letters["second"].to == SAM
    assert "you are its second contact" in " ".join(letters["second"].text.split())
    assert "http" not in letters["second"].text
    assert "is now Sam Second" in letters["first"].text
    change(desk, application, Contacts("Ada Applicant", ADA))
    letters = changed_letters(desk)
    assert letters["second_was"].to == SAM
    assert "no second contact" in letters["first"].text
    assert "second" not in letters  # it is changed again


@pytest.mark.one_database
def test_an_invitation_to_a_meeting_that_is_refused_is_no_second_one_to_the_second_contact(desk: Desk) -> None:
    number = active(desk.office, reducing_crime(contact_email=ADA, **SECOND))
    desk.quiet()
    with desk.office.sessions.begin() as session:
        due = next(one for one in awards.by_id(session, number).deadlines if one.kind == meetings.MEETING)
        arranged = Arranged(datetime(2027, 6, 28, 9, tzinfo=UTC), 60, "Ramsey library", "", "1. How it goes")
        officer = people.holders(session, Role.OFFICER)[0]
        meetings.invite(session, due.id, officer, arranged, office=desk.office, now=desk.clock())
    assert [to for to, _ in Refusing(desk, ADA).deliver()] == [SAM]


@pytest.mark.one_database
def test_the_letter_of_a_change_that_the_new_address_refuses_goes_on_to_nobody(desk: Desk) -> None:
    application = desk.submit(**SECOND)
    desk.quiet()
    change(desk, application, Contacts("Bea Newman", BEA, "Sam Second", SAM))
    assert [to for to, _ in Refusing(desk, BEA).deliver()] == [ADA]
    (said,) = told(desk)
    assert "Bea Newman" in said


@pytest.mark.one_database
def test_a_second_contact_is_told_of_another_name_and_of_nothing_else(desk: Desk) -> None:
    application = desk.submit(**SECOND)
    change(desk, application, Contacts("Ada Applicant", ADA, "Samuel Second", SAM))
    told = " ".join(changed_letters(desk)["second"].text.split())
    assert "Dear Samuel Second," in told
    assert "Your name as the second contact" in told
    change(desk, application, Contacts("Ada Lovelock", ADA, "Samuel Second", SAM))
    with desk.office.reading() as session:
        mails = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == contacts.LINE)).all()
    assert [one.payload["to"] for one in mails] == ["first", "second", "first"]


def test_a_letter_holds_nothing_that_a_stranger_typed_as_a_link(desk: Desk) -> None:
    application = desk.submit()
    change(desk, application, Contacts("Ada Applicant", ADA, "see http://evil.example/x", SAM))
    for letter in changed_letters(desk).values():
        assert "http://evil" not in letter.text + letter.html
        assert "evil.example" not in letter.subject


@pytest.mark.one_database
@pytest.mark.parametrize("role", ["first", "second", "second_was", "first_was"])
def test_both_texts_of_each_letter_say_the_same(desk: Desk, role: str) -> None:
    _, application = running(desk, **SECOND)
    change(desk, application, Contacts("Bea Newman", BEA, "Di Other", "di@riverside.example"))
    letter = changed_letters(desk)[role]
    for wanted in ("tell us at once", "Gloves on, knives down"):
        assert wanted in " ".join(letter.text.split())
        assert wanted in letter.html


def mails_to(desk: Desk, address: str) -> list[KeptMail]:
    return [mail for mail in desk.mailbox.mails() if address in mail.to]


def test_it_goes_out_to_everybody_concerned_once(desk: Desk) -> None:
    _, application = running(desk, **SECOND)
    change(desk, application, Contacts("Bea Newman", BEA))
    desk.mail_delivery().deliver_all()
    about = {
        address: len([mail for mail in mails_to(desk, address) if "write" in mail.subject])
        for address in (ADA, SAM, BEA)
    }
    assert about == {ADA: 1, SAM: 1, BEA: 1}


# ------------------------------------------------------------------------------------------------ several people told


def test_one_address_is_refused_while_the_other_gets_its_own_reminder(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award, application = running(desk, **SECOND)
    sweep(desk, (desk.returns_due(award)[0] - london_day(desk.clock())).days + 7)
    assert [to for to, _ in server.deliver()] == [SAM]  # its own, and not the first one's as well
    assert standing(desk, application) == {"first": 1}
    assert len(told(desk)) == 1


def test_the_second_contacts_reminder_goes_to_the_second_contact(desk: Desk) -> None:
    server = Refusing(desk)
    award, _ = running(desk, **SECOND)
    sweep(desk, (desk.returns_due(award)[0] - london_day(desk.clock())).days + 7)
    assert sorted(to for to, _ in server.deliver()) == [ADA, SAM]
    assert {mail.to: mail.to_name for mail in server.taken} == {ADA: "Ada Applicant", SAM: "Sam Second"}


def test_a_second_contact_that_refuses_is_named_as_that(desk: Desk) -> None:
    server = Refusing(desk, SAM)
    award, application = running(desk, **SECOND)
    sweep(desk, (desk.returns_due(award)[0] - london_day(desk.clock())).days + 7)
    assert [to for to, _ in server.deliver()] == [ADA]
    assert standing(desk, application) == {"second": 1}
    (said,) = told(desk)
    assert "second contact:" in said
    assert "The first contact still gets our mail" in said


def test_an_address_that_is_first_of_one_award_and_second_of_another(desk: Desk) -> None:
    server = Refusing(desk, SAM)
    one, first = running(desk, contact_name="Sam Second", contact_email=SAM)
    _, second = running(desk, title="Another", **SECOND)
    sweep(desk, (desk.returns_due(one)[0] - london_day(desk.clock())).days + 7)
    assert [to for to, _ in server.deliver()] == [ADA]
    assert standing(desk, first) == {"first": 1}
    assert standing(desk, second) == {"second": 1}


def test_a_reminder_that_waits_does_not_follow_one_award_to_a_new_address(desk: Desk) -> None:
    """One mail is for two awards of one address; the address of one is changed before it goes out."""
    server = Refusing(desk)
    kept, _ = running(desk)
    moved, application = running(desk, title="Another")
    sweep(desk, to_the_first_nudge(desk, kept))
    change(desk, application, Contacts("Bea Newman", BEA))
    server.deliver()
    (reminder,) = [mail for mail in server.taken if "return" in mail.subject]
    assert reminder.to == ADA
    assert kept.reference in reminder.text
    assert moved.reference not in reminder.text


def test_staff_are_told_beside_the_deadline_that_the_address_refuses(desk: Desk) -> None:
    server = Refusing(desk, ADA)
    award, _ = running(desk)
    sweep(desk, to_the_first_nudge(desk, award))
    server.deliver()
    told(desk)
    sweep(desk, 21)
    desk.slack_delivery().deliver_all()
    assert "Their address refuses our mail: ring them" in json.dumps(desk.told()[-1].blocks)


def test_a_reminder_names_the_payment_that_waits_for_the_return(desk: Desk) -> None:
    award, _ = running(desk)
    due = desk.returns_due(award)[0]
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        payments.plan(
            session, award.id, officer, amount=500_00, planned_on=due + timedelta(days=9), return_due=due,
            now=desk.clock(),
        )  # fmt: skip
    sweep(desk, to_the_first_nudge(desk, award))
    server = Refusing(desk)
    server.deliver()
    mail = server.taken[-1]
    wanted = f"We can pay £500, planned for {day(due + timedelta(days=9))}, only once we have it."
    assert wanted in " ".join(mail.text.split())
    assert wanted in " ".join(mail.html.split())
