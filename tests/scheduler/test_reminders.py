"""Reminders by mail: each step of the shipped policy says what is due, when and what happens, and says it once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from core import asking, awards, deadlines, mail_refusals, returns, sweeping
from core.addressees import mail_subject
from core.office import Office
from core.records import Application, Deadline, Nudge, OutboxMessage
from core.rules.calendar import date_text
from core.rules.policy import NudgeStep, Role
from core.rules.questions import ReturnFacts
from scheduler.notify import body_of
from scheduler.wording import Letter, NothingLeft, texts, word
from tests.scheduler.practice_desk import PUBLIC_URL, Desk

ADA = "ada@riverside.example"
SAM = "sam@riverside.example"
SECOND = {"second_name": "Sam Second", "second_email": SAM}
JARGON = re.compile(
    r"\b(deadline|nudge|step|sweep|policy|recipient|addressee|second_contact|kind|payload|ladder|D0|R1|A5|A6|W6"
    r"|herewith|pursuant|kindly|failure to|outstanding|utilise|commence)\b"
)
"""Words of ours, and of letters from authorities, that no volunteer should have to read."""

LINK = re.compile(r"https?://[^\s\"<>]+")


def shipped(desk: Desk, kind: str) -> list[NudgeStep]:
    """The steps of a kind by which somebody is written to."""
    return [step for step in desk.office.policy.nudge_steps[kind] if not step.to_staff]


def with_steps(office: Office, kind: str, *steps: NudgeStep) -> Office:
    """The office, whose policy has these steps of a kind and no others."""
    nudges = tuple(
        (name, replace(figure, value=steps)) if name == kind else (name, figure)
        for name, figure in office.policy.nudges
    )
    return replace(office, policy=replace(office.policy, nudges=nudges))


# --------------------------------------------------------------------------------------------------------- what is due


def of_return(desk: Desk) -> Deadline:
    award = desk.active(**SECOND)
    return the_deadline(desk, "return", award.application_id)


def of_offer(desk: Desk) -> Deadline:
    return the_deadline(desk, "acceptance", desk.offered(**SECOND).application_id)


def of_question(desk: Desk) -> Deadline:
    application = desk.submit(**SECOND)
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        found = session.get_one(Application, application.id)
        asking.ask(session, found, officer, "Who owns the hall?", office=desk.office, now=desk.clock())
    return the_deadline(desk, "answer", application.id)


def of_agreement(desk: Desk) -> Deadline:
    """As a contract has it; here of an award at hand."""
    award = desk.active(**SECOND)
    with desk.office.sessions.begin() as session:
        deadlines.set_deadline(
            session,
            subject=f"award:{award.id}",
            reference=award.reference,
            kind="agreement",
            due=award.offered_at.date() + timedelta(days=28),
            now=desk.clock(),
            award_id=award.id,
        )
    return the_deadline(desk, "agreement", award.application_id)


DUE: dict[str, Callable[[Desk], Deadline]] = {
    "return": of_return,
    "acceptance": of_offer,
    "answer": of_question,
    "agreement": of_agreement,
}
LEADS_TO = {"return": "/returns/", "acceptance": "/offers/", "answer": "/a/", "agreement": "/a/"}
CALLED = {
    "return": "monitoring return",
    "acceptance": "answer to our offer",
    "answer": "answer to our question",
    "agreement": "signed agreement",
}


def the_deadline(desk: Desk, kind: str, application_id: int) -> Deadline:
    with desk.office.reading() as session:
        found = [
            one
            for one in session.scalars(select(Deadline).where(Deadline.kind == kind).order_by(Deadline.due))
            if one.application is not None and one.application.id == application_id
        ]
        return found[0]


def swept(desk: Desk, on: date, office: Office | None = None) -> dict[str, OutboxMessage]:
    """What a sweep on this day mails, by the address that it goes to."""
    office = office or desk.office
    with office.reading() as session:
        last = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id.desc())).first() or 0
    desk.clock.set_day(on)
    with office.sessions.begin() as session:
        sweeping.sweep(session, office=office, today=on, now=desk.clock())
    with office.reading() as session:
        new = session.scalars(select(OutboxMessage).where(OutboxMessage.id > last, OutboxMessage.kind == "nudge"))
        found = {one.subject: one for one in new}
        return {address: found[mail_subject(address)] for address in (ADA, SAM) if mail_subject(address) in found}


def worded(desk: Desk, message: OutboxMessage, office: Office | None = None) -> Letter:
    office = office or desk.office
    with office.reading() as session:
        return word(session, session.merge(message, load=False), office, texts())


def flat(text: str) -> str:
    """The words of either text, on one line."""
    text = unescape(re.sub(r"<[^>]+>", " ", text.partition("</h1>")[2] or text))
    return re.sub(r"\s+([,.)])", r"\1", " ".join(text.split()))


def sentences(letter: Letter) -> Iterator[str]:
    yield from (one for one in re.split(r"(?<=[.!?])\s+", flat(letter.text)) if len(one.split()) > 3)


def check(letter: Letter) -> None:
    """What holds of every reminder."""
    for text in (letter.subject, letter.text, flat(letter.html)):
        assert not re.search(r"None|[{}]|«|\[\]|undefined", text), text
        assert not JARGON.search(text), JARGON.search(text)
    said = list(sentences(letter))
    assert len(said) == len(set(said)), said
    assert len(letter.subject) <= 78
    assert max(map(len, letter.text.splitlines())) <= 80
    assert "\n\n\n" not in letter.text
    assert LINK.findall(letter.text) == LINK.findall(letter.html) == LINK.findall(body_of(letter.html))
    assert all(one.startswith(PUBLIC_URL) for one in LINK.findall(letter.text))
    assert "write to grants@practice.example" in flat(letter.text)


@pytest.mark.one_database
@pytest.mark.parametrize("kind", DUE)
def test_each_step_of_the_shipped_policy_says_its_own_text_its_day_and_where_to_go(desk: Desk, kind: str) -> None:
    due = DUE[kind](desk)
    desk.quiet()
    told = []
    for step in shipped(desk, kind):
        if (step.days, step.to) in told:
            continue
        on = due.due + timedelta(days=step.days)
        for address, message in swept(desk, on).items():
            to = "second_contact" if address == SAM else "recipient"
            (said,) = [one for one in shipped(desk, kind) if (one.days, one.to) == (step.days, to)]
            letter = worded(desk, message)
            check(letter)
            verb = "was due on" if step.days > 0 else "is due today," if step.days == 0 else "is due on"
            assert letter.subject == f"Your {CALLED[kind]} {verb} {date_text(due.due)} ({due.reference})"
            for text in (flat(letter.text), flat(letter.html)):
                assert said.says
                assert said.says in text
                assert said.otherwise in text
                assert text.index(said.says) < text.index(due.reference) < text.rindex(said.otherwise or "Questions?")
                assert f"{verb.removeprefix('is ').capitalize()} {date_text(due.due)}" in text
                assert due.reference in text
                assert ("You get this because you are the second person" in text) == (to == "second_contact")
                assert ("Please see to it together: the link is for you too." in text) == (to == "second_contact")
            assert letter.to_name == ("Sam Second" if to == "second_contact" else "Ada Applicant")
            (link,) = LINK.findall(letter.text)
            assert link.startswith(PUBLIC_URL + LEADS_TO[kind])
            told.append((step.days, to))
    assert sorted(told) == sorted((step.days, step.to) for step in shipped(desk, kind))


@pytest.mark.one_database
@pytest.mark.parametrize("kind", DUE)
def test_a_policy_without_texts_has_the_desks_own_words_for_each_tone(desk: Desk, kind: str) -> None:
    due = DUE[kind](desk)
    desk.quiet()
    days = (-7, 0) if kind == "acceptance" else (-7, 0, 9)  # an offer has expired by then
    office = with_steps(desk.office, kind, *(NudgeStep(day, "recipient") for day in days))
    said = set()
    for day in days:
        letter = worded(desk, swept(desk, due.due + timedelta(days=day), office)[ADA], office)
        check(letter)
        assert date_text(due.due) in flat(letter.text)
        said.add(next(one for one in sentences(letter) if "Dear" in one))
    assert len(said) == len(days), "each tone begins in its own words"


def test_whatever_else_an_office_tells_recipients_of_reads_well(desk: Desk) -> None:
    award = desk.active()
    desk.quiet()
    office = with_steps(desk.office, "payment", *(NudgeStep(day, "recipient") for day in (-7, 0, 7)))
    due = desk.office.today() + timedelta(days=60)
    with office.sessions.begin() as session:
        deadlines.set_deadline(
            session,
            subject=f"award:{award.id}",
            reference=award.reference,
            kind="payment",
            due=due,
            now=desk.clock(),
            award_id=award.id,
        )
    for day in (-7, 0, 7):
        letter = worded(desk, swept(desk, due + timedelta(days=day), office)[ADA], office)
        check(letter)
        assert letter.subject.startswith("Your payment planned ")


@pytest.mark.one_database
@pytest.mark.parametrize(("step", "late"), [(-7, 2), (-7, 8), (-1, 1), (-1, 3), (0, 1), (7, 1)])
def test_a_mail_that_goes_out_late_says_no_tomorrow_that_has_passed(desk: Desk, step: int, late: int) -> None:
    due = of_return(desk)
    desk.quiet()
    message = swept(desk, due.due + timedelta(days=step))[ADA]
    desk.clock.forward(days=late)
    letter = worded(desk, message)
    check(letter)
    assert not re.search("tomorrow|today|in a week|a week has passed", flat(letter.text), re.IGNORECASE) or (
        step + late == 0
    ), letter.text
    when = step + late
    verb = "was due on" if when > 0 else "is due today," if when == 0 else "is due on"
    assert f"{verb} {date_text(due.due)}" in letter.subject
    (planned,) = [one for one in shipped(desk, "return") if (one.days, one.to) == (step, "recipient")]
    same = (step < 0) == (when < 0) and (step == 0) == (when == 0)
    assert (planned.otherwise in flat(letter.text)) == same or "We make no payment" in planned.otherwise


def test_the_sweep_of_a_day_to_come_says_what_that_day_says(desk: Desk) -> None:
    """As a rehearsal has it: the clock stays where it is."""
    due = of_return(desk)
    desk.quiet()
    with desk.office.sessions.begin() as session:
        sweeping.sweep(session, office=desk.office, today=due.due + timedelta(days=7), now=desk.clock(), ordered=True)
    with desk.office.reading() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "nudge")).first()
    assert message is not None
    letter = worded(desk, message)
    assert "A week has passed" in letter.text
    assert "was due on" in letter.subject


def test_an_offer_that_has_expired_meanwhile_is_not_asked_after(desk: Desk) -> None:
    due = of_offer(desk)
    desk.quiet()
    message = swept(desk, due.due - timedelta(days=1))[ADA]
    desk.clock.forward(days=2)
    with pytest.raises(NothingLeft, match="expired"):
        worded(desk, message)


@pytest.mark.one_database
def test_what_has_more_time_meanwhile_is_not_asked_for(desk: Desk) -> None:
    """Between the sweep and the mail; what else the mail is about is still in it."""
    due, other = of_return(desk), of_return(desk)
    desk.quiet()
    message = swept(desk, due.due)[ADA]
    with desk.office.sessions.begin() as session:
        moved = session.get_one(Deadline, due.id)
        until, now = due.due + timedelta(days=5), desk.clock()
        deadlines.extend(session, moved, until, today=due.due, now=now)
    text = worded(desk, message).text
    assert other.reference in text
    assert due.reference not in text
    with desk.office.sessions.begin() as session:
        deadlines.meet(session, session.get_one(Deadline, other.id), now=now)
    with pytest.raises(NothingLeft, match="has been done, has ended, or has more time"):
        worded(desk, message)


@pytest.mark.one_database
@pytest.mark.parametrize("moved", [True, False])
def test_what_the_second_contact_was_told_before_keeps_no_refused_mail_from_them(desk: Desk, moved: bool) -> None:
    """They heard that the return was late; then the mail of a later step, or of one of its new day, is refused."""
    due = of_return(desk)
    office = with_steps(
        desk.office, "return", *(NudgeStep(days, "recipient") for days in (-1, 7, 10)), NudgeStep(7, "second_contact")
    )
    desk.quiet()
    today, until = due.due + timedelta(days=7), due.due + timedelta(days=20)
    assert set(swept(desk, today, office)) == {ADA, SAM}
    if moved:
        with desk.office.sessions.begin() as session:
            found = session.get_one(Deadline, due.id)
            deadlines.extend(session, found, until, today=today, now=desk.clock())
    sent = swept(desk, until - timedelta(days=1) if moved else due.due + timedelta(days=10), office)
    assert set(sent) == {ADA}
    with desk.office.sessions.begin() as session:
        mail_refusals.note(session, session.get_one(OutboxMessage, sent[ADA].id), by="x", code="550", now=desk.clock())
    with desk.office.reading() as session:
        [onward] = mail_refusals.passed_on(session, sent[ADA])
    letter = worded(desk, onward, office)
    assert letter.to == SAM
    assert due.reference in letter.text


def test_a_reminder_to_answer_about_a_return_leads_to_the_return(desk: Desk) -> None:
    award = desk.active()
    day = desk.returns_due(award)[0]
    officer = desk.person(Role.OFFICER)
    facts = ReturnFacts(narrative="Well.", people=1, spent=0, achieved=("2",), views="Good.", answers={})
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        about = returns.receive(session, found, day, facts, source="recipient", now=desk.clock())
        asking.ask(session, about, officer, "On what?", office=desk.office, now=desk.clock())
    desk.quiet()
    due = the_deadline(desk, "answer", award.application_id).due
    letter = worded(desk, swept(desk, due - timedelta(days=3))[ADA])
    check(letter)
    assert f"Answer to our question about the return due on {date_text(day)}" in flat(letter.text)
    (link,) = LINK.findall(letter.text)
    assert link.startswith(f"{PUBLIC_URL}/returns/")
    assert b"/returns/" in letter.calendar.replace(b"\r\n ", b"")


# -------------------------------------------------------------------------------------------------- several in one mail


def test_several_things_are_each_said_with_their_day_and_nothing_twice(desk: Desk) -> None:
    """Two returns of one day, an older one, and a question: one mail."""
    one, two = desk.active(), desk.active()
    asked = of_question(desk)
    desk.quiet()
    due = desk.returns_due(one)[0]
    assert desk.returns_due(two)[0] == due
    with desk.office.sessions.begin() as session:
        for held in session.scalars(select(Deadline).where(Deadline.kind == "answer")):
            held.due, held.next_step_on = due - timedelta(days=3), due + timedelta(days=4)
    assert asked.reference
    message = swept(desk, due + timedelta(days=7))[ADA]
    letter = worded(desk, message)
    check(letter)
    text = flat(letter.text)
    first = due - timedelta(days=3)
    assert letter.subject == f"3 things are overdue: the first was due on {date_text(first)}"
    assert "Here is what we need from you. Please see to what is overdue now" in text
    for reference in (one.reference, two.reference, asked.reference):
        assert text.count(reference) == 1
    assert text.count("Was due on") == 3
    assert text.count("A week has passed, and we have not had your monitoring return.") == 1
    assert text.count("We make no payment that depends on a return until we have it.") == 1
    assert text.index(one.reference) < text.index("We make no payment")
    assert text.index(two.reference) < text.index("We make no payment")
    assert len(set(LINK.findall(letter.text))) == 3
    assert len(re.findall("<a href", letter.html)) == 3
    labels = re.findall(r"<a href=\"[^\"]+\">(.*?)</a>", letter.html, re.DOTALL)
    assert len({flat(one) for one in labels}) == 3, "each link says where it leads"
    assert "quote" not in text


def test_what_is_said_of_one_thing_stands_with_that_thing(desk: Desk) -> None:
    """A last reminder and a first one in one mail: the last is said of the one that is late."""
    first, later = desk.active(), desk.active()
    desk.quiet()
    due = desk.returns_due(first)[0]
    with desk.office.sessions.begin() as session:
        held = session.scalars(
            select(Deadline).where(Deadline.award_id == later.id, Deadline.kind == "return", Deadline.due == due)
        ).one()
        held.due, held.next_step_on = due + timedelta(days=56), due + timedelta(days=28)
    letter = worded(desk, swept(desk, due + timedelta(days=28))[ADA])
    check(letter)
    text = flat(letter.text)
    assert letter.subject == f"2 things that we need: the first was due on {date_text(due)}"
    order = ["Four weeks have passed", first.reference, "This is our last reminder", "There is plenty", later.reference]
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)


def test_who_is_first_for_one_award_and_second_for_another_is_told_for_which(desk: Desk) -> None:
    mine = desk.active(contact_name="Sam Second", contact_email=SAM)
    theirs = desk.active(**SECOND, organisation_name="Dance [Ely] www.evil.example")
    desk.quiet()
    letter = worded(desk, swept(desk, desk.returns_due(mine)[0] + timedelta(days=7))[SAM])
    check(letter)
    assert f"the second person whom Dance [Ely] www. evil. example gave us for {theirs.reference}." in flat(letter.text)
    assert "www.evil" not in letter.html


# ------------------------------------------------------------------------------------------------- the texts are inert


def test_a_text_of_the_policy_is_no_template_and_no_markup(desk: Desk) -> None:
    due = of_return(desk)
    desk.quiet()
    says = 'Now {{ office.name }} & <b onclick="x">you</b> {% if %} **all**.'
    office = with_steps(desk.office, "return", NudgeStep(-7, "recipient", says, "Else <i>we</i> {{ 7*'no' }}."))
    letter = worded(desk, swept(desk, due.due - timedelta(days=7), office)[ADA], office)
    assert says in letter.text
    assert "Else <i>we</i> {{ 7*'no' }}." in letter.text
    assert "<b onclick" not in letter.html
    assert "&lt;b onclick" in letter.html
    assert "nono" not in letter.text
    assert r"\*\*all\*\*" in body_of(letter.html)


def test_the_nudges_of_a_mail_are_those_of_its_steps(desk: Desk) -> None:
    """A step that the policy has no more is worded by the desk."""
    due = of_return(desk)
    desk.quiet()
    message = swept(desk, due.due - timedelta(days=7))[ADA]
    office = with_steps(desk.office, "return", NudgeStep(-5, "recipient", "Five days are left."))
    letter = worded(desk, message, office)
    check(letter)
    assert "This is to remind you of your monitoring return." in letter.text
    with desk.office.reading() as session:
        assert [one.step for one in session.scalars(select(Nudge).where(Nudge.message_id == message.id))] == [-7]
