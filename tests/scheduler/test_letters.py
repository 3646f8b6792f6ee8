"""The letters: every kind is worded from the record, says what happens next, and holds the links that it should."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from sqlalchemy import delete, select

from core import applications, asking, awards, bank_details, funds, measures, outbox, outside, returns, undoing
from core.errors import Gone
from core.link_terms import link_to
from core.links import follow
from core.outside import OutsideAward
from core.records import Application, Link, MonitoringReturn, Person
from core.rules.banking import Account
from core.rules.policy import Kind, OrganisationType, Purpose, Role
from core.rules.questions import ReturnFacts
from scheduler import wording
from scheduler.mailbox import KeptMail
from scheduler.timetable import run_sweep
from scheduler.wording import WRITERS, texts
from tests.scheduler.practice_desk import PUBLIC_URL, Desk

LINK = re.compile(r"https?://[^\s\"<>]+")
LETTERS = Path(wording.__file__).parents[1] / "letters"
HOSTILE = 'Win <b>£1m</b> at https://evil.example/x or www.evil.example {{ 7*7 }} "quoted"\r\nBcc: all@example.org'


def links(text: str) -> list[str]:
    return LINK.findall(text)


def latest(desk: Desk) -> KeptMail:
    desk.deliver()
    assert not desk.open_messages()
    return desk.mailbox.mails()[0]


def by_subject(desk: Desk, words: str) -> KeptMail:
    desk.deliver()
    (found,) = [mail for mail in desk.mailbox.mails() if words in mail.subject]
    return found


def path_of(link: str) -> str:
    assert link.startswith(PUBLIC_URL + "/")
    return "/" + link.removeprefix(PUBLIC_URL + "/").split("/")[0]


def test_every_kind_of_mail_has_its_writer_and_its_three_texts() -> None:
    mails = {kind for kind, channel in outbox.MESSAGES.items() if channel == "mail"}
    assert set(WRITERS) == mails
    assert {folder.name for folder in LETTERS.iterdir() if folder.is_dir()} == mails
    for kind in mails:
        assert {file.name for file in (LETTERS / kind).iterdir()} == {"subject.txt", "body.txt", "body.html"}


def test_a_gap_in_a_letters_facts_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        texts().get_template("receipt/body.txt").render({"name": "Ada"})


def test_a_receipt(desk: Desk) -> None:
    application = desk.submit()
    mail = latest(desk)
    assert mail.to == "Ada Applicant <ada@riverside.example>"
    assert mail.subject == f"We have your application {application.reference}"
    assert "Dear Ada Applicant," in mail.text
    assert "Youth Fund on 23 November 2026" in mail.text
    assert "£2,000" in mail.text
    (link,) = links(mail.text)
    assert path_of(link) == "/a"
    assert links(mail.html) == [link]
    with desk.office.reading() as session:
        token = link.rsplit("/", 1)[1]
        assert follow(session, desk.office.signer, "application", token, now=desk.clock()) == application.id


def test_an_offer_holds_one_link_and_says_by_when(desk: Desk) -> None:
    award = desk.offered()
    mail = by_subject(desk, "We offer you")
    assert mail.subject == f"We offer you £2,000: please answer by 21 December 2026 ({award.reference})"
    (link,) = links(mail.text)
    assert path_of(link) == "/offers"
    assert links(mail.html) == [link]
    assert "21 December 2026" in mail.text
    assert "You asked for" not in mail.text
    assert "expires" in mail.text


def test_an_offer_of_less_says_so(desk: Desk) -> None:
    application = desk.submit()
    desk.recommend(application, "less", 150_000)
    desk.decide(application, amount=150_000)
    mail = by_subject(desk, "We offer you")
    assert "You asked for £2,000. We offer £1,500." in mail.text
    assert "You asked for £2,000. We offer £1,500." in mail.html


def test_a_refusal_to_fund_gives_the_reasons(desk: Desk) -> None:
    application = desk.submit()
    desk.recommend(application, "decline")
    desk.decide(application, "declined", reasons="Too far away.\n\nNo <plan> for safeguarding.")
    mail = by_subject(desk, "Our decision")
    assert "Too far away.\n\nNo <plan> for safeguarding." in mail.text
    assert "<p>No &lt;plan&gt; for safeguarding.</p>" in mail.html
    assert "sorry" in mail.text
    assert links(mail.text) == []


def proposed(desk: Desk, *, agree: bool) -> None:
    """A change of the measures of an offer, proposed by its applicant and answered by the officer."""
    award = desk.offered()
    wanted = [measures.Proposed(1, HOSTILE, "Five fewer")]
    with desk.office.sessions.begin() as session:
        number = measures.propose(session, award.id, name="Ada", wanted=wanted, why="x", now=desk.clock()).id
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        who = session.get_one(Person, officer.id)
        if agree:
            measures.agree(session, number, who, note="Sensible.", office=desk.office, now=desk.clock())
        else:
            measures.decline(
                session, number, who, reason="Too little.\n\nAsk us.", office=desk.office, now=desk.clock()
            )


def test_measures_that_were_agreed_are_listed_with_the_same_link(desk: Desk) -> None:
    proposed(desk, agree=True)
    mail = by_subject(desk, "We agree to your measures")
    (link,) = links(mail.text)
    assert path_of(link) == "/offers"
    assert links(mail.html) == [link]
    assert "Five fewer" in mail.text
    assert "Sensible." in mail.text
    assert "by 21 December 2026" in mail.text
    assert "<b>" not in mail.html


def test_measures_that_stay_are_told_with_the_reason(desk: Desk) -> None:
    proposed(desk, agree=False)
    mail = by_subject(desk, "The measures stay")
    assert "Too little.\n\nAsk us." in mail.text
    assert "Five fewer" not in mail.text
    assert len(links(mail.text)) == 1


def test_an_offer_that_stays_open_longer(desk: Desk) -> None:
    award = desk.offered()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        who, until = session.get_one(Person, officer.id), award.accept_by + timedelta(days=10)
        awards.extend_offer(session, award.id, who, until=until, reason="x", office=desk.office, now=desk.clock())
    assert len(links(by_subject(desk, "You have until 31 December 2026").text)) == 1


def test_bank_details_are_told_without_them_and_without_a_link(desk: Desk) -> None:
    award = desk.active()
    for number in ("73311942", "55779921"):
        account = Account("Riverside", "309430", number)
        with desk.office.sessions.begin() as session:
            bank_details.give(session, award.id, account, office=desk.office, now=desk.clock())
    first, second = (by_subject(desk, words) for words in ("We have your bank details", "award were changed"))
    for mail in (first, second):
        assert links(mail.text) == links(mail.html) == []
        assert not re.search("309430|73311942|55779921", mail.text + mail.html + mail.subject)
    assert "We pay nothing until we have checked the new details" in " ".join(second.text.split())
    told = [json.dumps(one.blocks) + one.text for one in desk.told()]
    assert ["CHANGED" in one for one in told] == [False, True]
    assert not re.search("309430|73311942|55779921", "".join(told))


def test_a_withdrawal(desk: Desk) -> None:
    application = desk.submit()
    with desk.office.sessions.begin() as session:
        applications.withdraw(
            session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
        )
    mail = by_subject(desk, "withdrawn")
    assert mail.subject == f"Your application {application.reference} is withdrawn"
    assert links(mail.text) == links(mail.html) == []


def test_an_award_that_starts_lists_what_falls_due(desk: Desk) -> None:
    award = desk.active()
    mail = by_subject(desk, "is agreed")
    dates = [f"- {due.day} {due:%B %Y}" for due in desk.returns_due(award)]
    assert len(dates) == 2
    assert f"{dates[0]}\n{dates[1]} (the last one)\n" in mail.text
    assert "28 days before" in mail.text
    assert "monitoring meeting" not in mail.text


def test_the_single_return_of_a_short_award(desk: Desk) -> None:
    start = date(2027, 1, 10)
    desk.active(start=start, end=start + timedelta(days=60))
    mail = by_subject(desk, "is agreed")
    assert "One monitoring return" in mail.text
    assert "- 11 March 2027\n" in mail.text


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_an_offer_that_ends(desk: Desk, how: str) -> None:
    award = desk.offered()
    if how == "refused":
        with desk.office.sessions.begin() as session:
            awards.refuse(session, awards.by_id(session, award.id), name="Ada", now=desk.clock())
        mail = by_subject(desk, "You refused our offer")
        assert mail.subject == f"You refused our offer {award.reference}"
    else:
        desk.clock.set_day(award.accept_by + timedelta(days=1))
        run_sweep(desk.office)
        mail = by_subject(desk, "has expired")
        assert "by 21 December 2026" in mail.text
    assert "gone back to the fund" in mail.text.replace("\n", " ")
    assert links(mail.text) == links(mail.html) == []


def test_a_return_that_came_in(desk: Desk) -> None:
    award = desk.active()
    first, second = desk.returns_due(award)
    for due, says in (
        (first, f"Your next return is due on {second.day} {second:%B %Y}."),
        (second, "No other return is due after this one."),
    ):
        desk.clock.set_day(due)
        facts = ReturnFacts(narrative="It went well.", people=3, spent=100, achieved=("12",), views="", answers={})
        with desk.office.sessions.begin() as session:
            returns.receive(
                session,
                awards.by_id(session, award.id),
                due,
                facts,
                source="recipient",
                now=desk.clock(),
            )
        mail = latest(desk)
        assert mail.subject.startswith("We have your monitoring return, thank you")
        assert says in mail.text
        assert says in mail.html
        assert f"{due.day} {due:%B %Y}" in mail.text


def queried(desk: Desk, question: str) -> int:
    """A question about a return that is in, put into the outbox; its row number."""
    award = desk.active()
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due)
    facts = ReturnFacts(narrative="It went well.", people=3, spent=100, achieved=("12",), views="", answers={})
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        came_in = returns.receive(session, found, due, facts, source="recipient", now=desk.clock())
        return asking.ask(session, came_in, officer, question, office=desk.office, now=desk.clock()).id


def test_a_question_about_a_return(desk: Desk) -> None:
    queried(desk, "You spent £1.\n\nOn <what>, and {{ 7*7 }} whom?")
    mail = by_subject(desk, "A question about your monitoring return")
    assert "You spent £1.\n\nOn <what>, and {{ 7*7 }} whom?\n" in mail.text
    assert "<p>On &lt;what&gt;, and {{ 7*7 }} whom?</p>" in mail.html
    assert "which we received on" in mail.text
    assert "To answer, please write to grants@practice.example" in mail.text
    assert "by 7 July 2027 if you can" in " ".join(mail.text.split())
    assert "send it again" in mail.text
    (link,) = links(mail.text)
    assert path_of(link) == "/returns"
    assert links(mail.html) == [link]
    assert max(map(len, mail.text.splitlines())) <= 80


def test_a_question_about_an_application(desk: Desk) -> None:
    application_id = desk.submit().id
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        about = applications.by_id(session, application_id)
        question = "Who owns the hall?\n\nAnd <who> {{ 7*7 }} pays?"
        asking.ask(session, about, officer, question, office=desk.office, now=desk.clock())
    mail = by_subject(desk, f"A question about your application {about.reference}")
    assert "Who owns the hall?\n\nAnd <who> {{ 7*7 }} pays?\n" in mail.text
    assert "<p>And &lt;who&gt; {{ 7*7 }} pays?</p>" in mail.html
    answer_by = desk.office.today() + timedelta(days=14)
    assert f"Answer it here, by {answer_by.day} {answer_by:%B %Y} if you can:" in mail.text
    (link,) = links(mail.text)
    assert path_of(link) == "/a"
    assert links(mail.html) == [link]
    assert max(map(len, mail.text.splitlines())) <= 80


@pytest.mark.parametrize("how", ["answered", "taken back"])
def test_a_question_that_has_ended_is_not_asked_any_more(desk: Desk, how: str) -> None:
    asked_id = queried(desk, "On what?")
    with desk.office.sessions.begin() as session:
        officer = session.scalars(select(Person).where(Person.role == Role.OFFICER.value)).one()
        if how == "answered":
            asked = asking.answer(session, asked_id, "On gloves.", source="by telephone", now=desk.clock())
        else:
            asked = asking.take_back(session, asked_id, officer, now=desk.clock())
        came_in = returns.by_id(session, asked.return_id or 0)
        asking.ask(session, came_in, officer, "And when?", office=desk.office, now=desk.clock())
    mail = by_subject(desk, "A question about your monitoring return")
    assert "And when?" in mail.text
    assert "On what?" not in mail.text
    assert desk.message(f"return_queried:{asked_id}").outcome == "withheld"


def test_a_nudge_that_goes_out_late_says_that_the_day_is_past(desk: Desk) -> None:
    award = desk.active()
    desk.quiet()
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due - timedelta(days=1))
    run_sweep(desk.office)
    desk.clock.set_day(due + timedelta(days=2))
    assert "was due on" in latest(desk).subject


def test_one_mail_covers_several_awards_with_a_link_each(desk: Desk) -> None:
    one, two = desk.active(), desk.active()
    desk.quiet()
    desk.clock.set_day(desk.returns_due(one)[0])
    run_sweep(desk.office)
    before = set(desk.mailbox.ids())
    desk.deliver()
    (new,) = set(desk.mailbox.ids()) - before
    mail = desk.mailbox.read(new)
    assert mail.subject.startswith("2 things that we need")
    assert one.reference in mail.text
    assert two.reference in mail.text
    found = links(mail.text)
    assert len(set(found)) == len(found) == 2
    assert {path_of(link) for link in found} == {"/returns"}
    assert links(mail.html) == found


def test_a_nudge_reaches_the_longest_address(desk: Desk) -> None:
    """An address may be 254 characters long (RFC 5321): nothing on the way may be shorter."""
    address = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.org"
    award = desk.active(contact_email=address)
    desk.quiet()
    desk.clock.set_day(desk.returns_due(award)[0])
    run_sweep(desk.office)
    assert address in latest(desk).to


def test_a_nudge_to_accept_leads_to_the_offer(desk: Desk) -> None:
    award = desk.offered()
    desk.quiet()
    desk.clock.set_day(award.accept_by - timedelta(days=7))
    run_sweep(desk.office)
    mail = latest(desk)
    assert mail.subject == f"Your answer to our offer is due on 21 December 2026 ({award.reference})"
    (link,) = links(mail.text)
    assert path_of(link) == "/offers"
    assert "no payment" not in mail.text


@pytest.mark.parametrize("put", [Desk.submit, Desk.offered, Desk.active], ids=["receipt", "offer", "award started"])
def test_hostile_words_stay_words(desk: Desk, put: Callable[..., object]) -> None:
    put(desk, title=HOSTILE, organisation_name=HOSTILE, contact_name=HOSTILE)
    desk.deliver()
    for mail in desk.mailbox.mails():
        assert all(link.startswith(PUBLIC_URL) for link in links(mail.text) + links(mail.html)), mail.subject
        assert "www.evil" not in mail.text
        assert "<b>" not in mail.html
        assert "{{ 7*7 }}" in mail.text
        assert "evil.example" not in mail.html
        assert mail.to.endswith("<ada@riverside.example>")


def test_letters_are_written_for_people(desk: Desk) -> None:
    """Short lines, no gap, no bracket of the template left, every letter greeted and signed."""
    award = desk.active()
    desk.clock.set_day(desk.returns_due(award)[0] + timedelta(days=14))
    run_sweep(desk.office)
    desk.deliver()
    mails: Sequence[KeptMail] = desk.mailbox.mails()
    assert len(mails) == 4
    for mail in mails:
        assert mail.text.startswith("Dear Ada Applicant,\n\n")
        assert mail.text.endswith(f"{desk.office.policy.office.name.value}\n")
        assert "\n\n\n" not in mail.text
        assert not re.search(r"[{}]|%\}|None|  ", mail.text), mail.text
        assert max(map(len, mail.text.splitlines())) <= 80
        assert "<style" not in mail.html
        assert '<html lang="en-GB">' in mail.html


def test_a_link_that_was_never_made_is_made_when_it_is_needed(desk: Desk) -> None:
    desk.submit()
    with desk.office.sessions.begin() as session:
        session.execute(delete(Link))
    assert len(links(latest(desk).text)) == 1


def test_a_question_long_after_the_award_leads_to_its_return_by_a_new_link(desk: Desk) -> None:
    queried(desk, "On what?")
    (old,) = links(by_subject(desk, "A question about your monitoring return").text)
    desk.clock.forward(days=3 * 366)
    with desk.office.sessions.begin() as session:
        (came_in,) = session.scalars(select(MonitoringReturn))
        (first,) = asking.questions(session, came_in)
        officer = session.get_one(Person, first.person_id)
        asking.take_back(session, first.id, officer, now=desk.clock())
        asking.ask(session, came_in, officer, "And when?", office=desk.office, now=desk.clock())
    (new,) = links(latest(desk).text)
    now, signer = desk.clock(), desk.office.signer
    with desk.office.reading() as session:
        deadline = returns.due_on(awards.by_id(session, came_in.award_id), came_in.due)
        assert follow(session, signer, "return", new.rsplit("/", 1)[1], now=now) == deadline.id
        with pytest.raises(Gone):
            follow(session, signer, "return", old.rsplit("/", 1)[1], now=now)


def test_an_offer_that_ran_out_is_not_opened_by_a_new_link(desk: Desk) -> None:
    award = desk.offered()
    desk.quiet()
    desk.clock.set_day(award.accept_by + timedelta(days=1))
    with desk.office.sessions.begin() as session:
        awards.expire_offers(session, today=desk.office.today(), now=desk.clock())
    by_subject(desk, "has expired")
    with desk.office.sessions.begin() as session:
        (link,) = session.scalars(select(Link).where(Link.purpose == "offer"))
        anew = link_to(session, "offer", award.id, policy=desk.office.policy, now=desk.clock())
        assert (anew, anew.revoked_at) == (link, None)
        with pytest.raises(Gone):
            follow(session, desk.office.signer, "offer", desk.office.signer.token("offer", anew), now=desk.clock())


def undone(desk: Desk, application: Application) -> None:
    with desk.office.sessions.begin() as session:
        boss = session.get_one(Person, desk.person(Role.COMMISSIONER).id)
        undoing.undo(session, application.id, boss, reason="A wrong press.", office=desk.office, now=desk.clock())


@pytest.mark.parametrize("again", [False, True])
def test_an_offer_that_is_withdrawn_is_taken_back_by_a_letter(desk: Desk, again: bool) -> None:
    application = desk.submit()
    desk.recommend(application)
    desk.decide(application)
    desk.deliver()
    undone(desk, application)
    if again:
        desk.decide(application, amount=150_000)
    mail = by_subject(desk, "We have withdrawn our offer")
    assert "On 23 November 2026 we offered you £2,000 from the Youth Fund" in mail.text
    assert "A wrong press" not in mail.text
    assert ("You need not do\nanything" in mail.text) != again
    (link,) = links(mail.text)
    assert path_of(link) == "/a"
    offers = [one for one in desk.mailbox.mails() if one.subject.startswith("We offer you")]
    assert len(offers) == (2 if again else 1)
    assert len({tuple(links(one.text)) for one in offers}) == len(offers)


def test_a_decline_that_is_undone_is_taken_back_by_a_letter(desk: Desk) -> None:
    application = desk.submit()
    desk.recommend(application)
    desk.decide(application, "declined")
    desk.deliver()
    undone(desk, application)
    mail = by_subject(desk, "We look at your application")
    assert "That decision was made in error" in mail.text
    assert [path_of(link) for link in links(mail.text)] == ["/a"]


@pytest.mark.parametrize("outcome", ["approved", "declined"])
def test_what_had_not_gone_out_is_neither_told_nor_taken_back(desk: Desk, outcome: str) -> None:
    application = desk.submit()
    desk.recommend(application)
    desk.deliver()
    before = len(desk.mailbox.mails())
    desk.decide(application, outcome)
    undone(desk, application)
    desk.deliver()
    assert len(desk.mailbox.mails()) == before


OUTSIDE = OutsideAward(
    kind=Kind.GRANT,
    fund="youth-fund",
    organisation_name="Riverside Boxing Club",
    organisation_type=OrganisationType.CHARITY,
    postcode="PE1 1AA",
    title="Gloves on, knives down",
    need="Nowhere to go.",
    purpose=Purpose.YOUNG_PEOPLE,
    plan_objective="",
    amount=2_000_00,
    start=date(2026, 5, 1),
    end=date(2027, 4, 30),
    outcome="Fewer call-outs",
    measure="Call-outs",
    target="Ten fewer",
    conditions="A return every six months.",
    reasons="A strong local need.",
    decided_by=HOSTILE,
    decided_role="Commissioner",
    decided_on=date(2026, 4, 1),
    document="Notice 17",
    accepted_on=date(2026, 4, 9),
    contact_email="ada@riverside.example",
)


def recorded_outside(desk: Desk, told: OutsideAward) -> None:
    officer = desk.person(Role.DEPUTY)
    with desk.office.sessions.begin() as session:
        now = desk.clock()
        funds.allocate(session, told.fund, 2026, 10_000_00, policy=desk.office.policy, actor="test", now=now)
        outside.record(session, told, session.merge(officer), office=desk.office, now=now)


def test_a_recipient_is_told_that_an_award_from_outside_is_on_record(desk: Desk) -> None:
    recorded_outside(desk, OUTSIDE)
    mail = by_subject(desk, "is on our record")
    for said in (mail.text, mail.html):
        words = " ".join(said.split())
        assert "(Commissioner) decided on 1 April 2026 to award you" in words
        assert "you accepted on 9 April 2026" in words
        assert "30 April 2027" in words
        assert "1 November 2026" not in words
        assert "Thank you for accepting" not in words
        assert [path_of(link) for link in links(said)] == ["/offers"]
    assert "Hello," in mail.text


def test_of_an_award_from_outside_that_is_over_nothing_is_asked(desk: Desk) -> None:
    recorded_outside(desk, replace(OUTSIDE, end=date(2026, 10, 31)))
    mail = by_subject(desk, "is on our record")
    assert "What you send us" not in mail.text
    assert "What you send us" not in mail.html


def test_without_an_address_nothing_is_mailed(desk: Desk) -> None:
    recorded_outside(desk, replace(OUTSIDE, contact_email=""))
    desk.deliver()
    assert desk.mailbox.mails() == []
    [card] = desk.cards()
    assert "Recorded: decided outside" in card.text
