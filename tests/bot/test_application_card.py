"""The card of a real record, from its submission to whatever becomes of the award."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.application_card import card_facts, message_for
from bot.cards import card
from bot.practice.block_rules import elements_of, faults
from core import applications, asking, awards, deciding, funds
from core.office import Office
from core.rules.policy import Role
from tests.bot.conftest import NOON, application_of, delegated, person_of, recommended, submitted
from tests.bot.test_cards import text_of

CONDITIONS = "Send the quotes first."


def decided(office: Office, number: int, outcome: str, amount: int | None = 150_000) -> None:
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            number,
            session.merge(person_of(office, "U0COMM")),
            outcome="approved" if outcome == "approved" else "declined",
            amount=amount if outcome == "approved" else None,
            reasons="It meets the need.",
            conditions=CONDITIONS,
            office=office,
            now=office.clock(),
        )


def shown(office: Office, number: int) -> tuple[str, str, list[str]]:
    """The card's text, all its words, and its buttons."""
    with office.reading() as session:
        message = message_for(session, applications.by_id(session, number), office=office)
    assert faults(message.blocks, "message") == []
    found = [element["action_id"] for block in message.blocks for element in elements_of(block)]
    return message.text, " ".join(text_of(message.blocks).split()), found


UNDECIDED = ["recommend", "approve", "decline", "take", "ask", "read", "menu"]
RECOMMENDED = ["recommend", "approve", "decline", "ask", "read", "menu"]
ASKED = ["recommend", "approve", "decline", "take_back", "read", "menu"]
ENDED = ["read", "menu"]


def test_a_new_application(office: Office) -> None:
    number = submitted(office)
    reference = application_of(office, number).reference
    text, words, buttons = shown(office, number)
    assert text.startswith(f"{reference}: Ramsey Boxing Club asks for £2,000 from the Youth Fund (Friday night gym).")
    for piece in (
        "Young people have nowhere to go on Friday evenings.",
        "Reduce crime and disorder",
        "Huntingdonshire",
        "11 January 2027 to 10 July 2027",
        "Fewer calls about anti-social behaviour – Calls on Fridays: A fifth fewer",
        "Youth Fund 2026-27: £10,000 left; this award of £2,000 would leave £8,000.",
        "A recommendation by the officer, director, deputy or chief executive; then a decision by someone else.",
        "The Commissioner may decide it.",
    ):
        assert piece in words
    assert buttons == UNDECIDED
    assert "kim@boxing.example" not in words, "Slack holds no more of a contact than a name (W4)"


def test_the_card_holds_the_findings_of_the_record(office: Office) -> None:
    number = submitted(office, amount="3600")
    with office.reading() as session:
        application = applications.by_id(session, number)
        facts = card_facts(session, application, office=office)
        assert application.findings is not None
        kept = [(finding["rule"], finding["verdict"], finding["because"]) for finding in application.findings]
    assert [(point.rule, point.verdict, point.because.text) for point in facts.points] == kept
    assert [point.rule for point in facts.of("not_met")] == ["F5"]
    assert "1 rule not met: it cannot be approved as it stands" in shown(office, number)[1]


def test_an_earlier_bid_that_looks_like_it_is_pointed_out_until_the_decision(office: Office) -> None:
    first = application_of(office, submitted(office)).reference
    number = submitted(office)
    _, words, _ = shown(office, number)
    assert f"Seen before? {first}, by the same organisation, is like this one in its title, amount and dates." in words
    recommended(office, number)
    decided(office, number, "declined")
    assert "Seen before?" not in shown(office, number)[1]


def test_a_recommendation(office: Office) -> None:
    office = delegated(office, Role.DIRECTOR, 300_000)
    number = submitted(office)
    recommended(office, number, outcome="less", amount=120_000, conditions=CONDITIONS)
    text, words, buttons = shown(office, number)
    assert "Recommended by Officer Person: approve less £1,200." in text
    for piece in (
        "Recommended: approve less, £1,200,",
        "It meets the need.",
        CONDITIONS,
        "this award of £1,200 would leave £8,800",
        "A decision, by somebody other than Officer Person.",
        "the Director",
        "With: Officer Person",
    ):
        assert piece in words
    assert buttons == RECOMMENDED


def test_a_question_and_what_came_of_it(office: Office) -> None:
    number = submitted(office)
    recommended(office, number)
    officer = person_of(office, "U0OFFICER2")
    with office.sessions.begin() as session:
        about = applications.by_id(session, number)
        asked = asking.ask(session, about, session.merge(officer), "Who owns the hall?", office=office, now=NOON)
    text, words, buttons = shown(office, number)
    assert "It waits for the applicant's answer." in text
    for piece in ("Officer2 Person", "Who owns the hall?", "by 17 December 2026 if they can"):
        assert piece in words
    assert "Recommended" not in words
    assert buttons == ASKED
    with office.sessions.begin() as session:
        asking.answer(session, asked.id, "The parish does.", source="applicant", now=NOON)
    text, words, _ = shown(office, number)
    assert "New: it waits for a recommendation." in text
    for piece in ("Who owns the hall?", "The applicant answered", "The parish does."):
        assert piece in words
    with office.sessions.begin() as session:
        about = applications.by_id(session, number)
        asked = asking.ask(session, about, session.merge(officer), "Since when?", office=office, now=NOON)
        asking.take_back(session, asked.id, session.merge(officer), now=NOON)
    _, words, _ = shown(office, number)
    assert "Since when?" in words
    assert "Taken back." in words
    assert "The parish does." not in words


def test_an_interest_names_the_person_and_not_the_reason(office: Office) -> None:
    number = submitted(office)
    with office.sessions.begin() as session:
        for user in ("U0OFFICER", *(f"U0COMM{n}" for n in range(2, 13)), "U0COMM"):
            person = session.merge(person_of(office, user))
            deciding.declare_interest(session, number, person, reason="A private matter.", now=NOON)
    _, words, buttons = shown(office, number)
    assert "Officer Person" in words
    assert "A private matter." not in words
    assert "waits for a delegation" in words
    assert buttons == UNDECIDED


def test_an_approval_and_what_becomes_of_it(office: Office) -> None:
    number = submitted(office)
    recommended(office, number)
    decided(office, number, "approved")
    text, words, buttons = shown(office, number)
    assert "Approved, offer sent: £1,500, by Comm Person on 3 December 2026 at 2:02pm, with conditions." in text
    for piece in ("Approved: £1,500 of £2,000", CONDITIONS, "until 31 December 2026 to accept it"):
        assert piece in words
    assert buttons == ENDED

    with office.sessions.begin() as session:
        award = awards.by_reference(session, str(application_of(office, number).reference))
        awards.accept(session, award, name="Kim Archer", office=office, now=office.clock())
    text, words, buttons = shown(office, number)
    assert "Approved, offer accepted" in text
    assert "is on the register" in words
    assert buttons == ["read", "open", "menu"]


@pytest.mark.parametrize("ending", ["refused", "expired"])
def test_an_offer_that_came_to_nothing(office: Office, ending: str) -> None:
    number = submitted(office)
    recommended(office, number)
    decided(office, number, "approved")
    with office.sessions.begin() as session:
        award = awards.by_reference(session, str(application_of(office, number).reference))
        if ending == "refused":
            awards.refuse(session, award, name="Kim Archer", now=office.clock())
        else:
            later = NOON + timedelta(days=60)
            assert awards.expire_offers(session, today=later.date(), now=later) == [award.reference]
    text, words, buttons = shown(office, number)
    assert f"offer {ending}" in text
    assert "its money is back in the fund" in words
    assert buttons == ENDED
    with office.reading() as session:
        assert funds.position(session, "youth-fund", 2026).available == 1_000_000, "and so it is"


def test_a_refusal_and_a_withdrawal(office: Office) -> None:
    number = submitted(office)
    recommended(office, number, outcome="decline")
    decided(office, number, "declined")
    text, words, buttons = shown(office, number)
    assert "Declined by Comm Person on 3 December 2026 at 2:02pm." in text
    assert "told by e-mail, with the reasons" in words
    assert buttons == ENDED

    number = submitted(office)
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, number), office=office, now=office.clock())
    text, words, buttons = shown(office, number)
    assert text.endswith("Withdrawn by the applicant.")
    assert buttons == ENDED


def test_a_decided_card_keeps_the_findings_that_it_was_decided_on(office: Office) -> None:
    """The fund is emptied afterwards; what the decision rested on stays as it was (A4)."""
    number = submitted(office)
    recommended(office, number)
    decided(office, number, "approved")
    with office.reading() as session:
        application = applications.by_id(session, number)
        assert application.decision is not None
        before = [finding["because"] for finding in application.decision.findings]
        facts = card_facts(session, application, office=office)
    assert [point.because.text for point in facts.points] == before
    assert card(facts).blocks
