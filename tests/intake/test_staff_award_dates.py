"""What staff do at `/desk` with what falls due in an award: its agreement, its payments, looking at it, deleting it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from core import applications, award_checks, awards
from core.office import Office
from core.records import Agreement, AwardLook, Deadline, Payment, Person
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.applying import TODAY, applied, changed
from tests.core.casework import accept, contracted, decide, facts, offered, person, recommended
from tests.intake.conftest import Browser
from tests.intake.test_staff_awards import kinds, only, post, text_of

SignedIn = Callable[..., Browser]
START, END = date(2027, 1, 1), date(2029, 12, 31)
SIGNED = {
    "signed_by": "Grace <Treasurer>", "signed-day": "23", "signed-month": "11", "signed-year": "2026",
    "document": "Contracts 12", "passes_on": "yes",
}  # fmt: skip
SENT = {"sent-day": "23", "sent-month": "11", "sent-year": "2026", "words": ""}
PLANNED = {"amount": "£500", "planned-day": "1", "planned-month": "3", "planned-year": "2027"}


def page_of(office: Office, award_id: int) -> str:
    with office.reading() as session:
        return f"/desk/awards/{awards.by_id(session, award_id).reference}"


@pytest.fixture
def contract(office: Office) -> str:
    """The address of a contract of three years that is still to be signed."""
    return page_of(office, contracted(office, facts(start=START, end=END)))


def due(office: Office, kind: str) -> list[tuple[str, bool]]:
    with office.reading() as session:
        mine = select(Deadline).where(Deadline.kind == kind).order_by(Deadline.due)
        return [(one.due.isoformat(), one.is_open) for one in session.scalars(mine)]


def test_an_agreement_is_sent_and_signed_once(signed_in: SignedIn, office: Office, contract: str) -> None:
    browser, other = signed_in(), signed_in(name="Otto Other")
    page = text_of(browser.get(contract))
    assert "It is still a draft. It is to be signed by 21 December 2026" in re.sub(r"<[^>]*>", "", page)
    assert post(browser, contract, "sign-agreement", SIGNED).status_code == 409
    assert post(browser, contract, "send-agreement", {**SENT, "sent-day": "24"}).status_code == 422
    assert post(browser, contract, "send-agreement", SENT).status_code == 303
    assert "It was sent on 23 November 2026" in text_of(browser.get(contract))
    for wrong, at in (
        ({"signed_by": " "}, "signed_by"),
        ({"signed-day": "30"}, "signed-day"),
        ({"signed-day": ""}, "signed-day"),
    ):
        answer = post(browser, contract, "sign-agreement", {**SIGNED, **wrong})
        assert answer.status_code == 422, wrong
        assert f'href="#sign-agreement-{at}"' in text_of(answer)
        assert f'id="sign-agreement-{at}"' in text_of(answer)
        assert "Contracts 12" in text_of(answer)
    assert post(browser, contract, "sign-agreement", SIGNED).status_code == 303
    assert post(other, contract, "sign-agreement", SIGNED).status_code == 409
    signed = only(office, Agreement)
    assert (signed.status, signed.signed_by, signed.signed_on) == ("signed", "Grace <Treasurer>", date(2026, 11, 23))
    html = browser.get(contract).get_data(as_text=True)
    assert "Grace &lt;Treasurer&gt;, 23 November 2026" in html
    assert "It passes to that body." in html
    assert [one for one in kinds(office) if one.startswith("agreement")] == ["agreement_sent", "agreement_signed"]
    assert due(office, "agreement") == [("2026-12-21", False)]


def test_one_that_was_sent_is_drafted_anew_for_a_reason(signed_in: SignedIn, office: Office, contract: str) -> None:
    browser = signed_in()
    assert post(browser, contract, "send-agreement", SENT).status_code == 303
    assert post(browser, contract, "redraft-agreement", {"words": " "}).status_code == 422
    assert post(browser, contract, "redraft-agreement", {"words": "Another hall."}).status_code == 303
    assert only(office, Agreement).status == "drafted"
    assert due(office, "agreement") == [("2026-12-21", True)]


def test_a_grant_has_no_agreement_to_sign(signed_in: SignedIn, accepted: str) -> None:
    browser = signed_in()
    assert "Its agreement" not in text_of(browser.get(f"/desk/awards/{accepted}"))
    answer = post(browser, f"/desk/awards/{accepted}", "send-agreement", SENT)
    assert answer.status_code == 422
    assert "its terms were accepted online" in text_of(answer)


def test_a_payment_is_planned_moved_held_released_and_cancelled(
    signed_in: SignedIn, office: Office, accepted: str
) -> None:
    award, browser = f"/desk/awards/{accepted}", signed_in()
    for wrong, at in (
        ({"amount": "much"}, "amount"),
        ({"amount": "9,000"}, "amount"),
        ({"planned-month": "13"}, "planned-day"),
        ({"return_due": "2027-07-12"}, "return_due"),
    ):
        answer = post(browser, award, "plan-payment", {**PLANNED, **wrong})
        assert answer.status_code == 422, wrong
        assert f'href="#plan-payment-{at}"' in text_of(answer)
        assert f'id="plan-payment-{at}"' in text_of(answer)
    assert post(browser, award, "plan-payment", {**PLANNED, "return_due": "2027-07-11"}).status_code == 303
    page = text_of(browser.get(award))
    assert "Payment 1: £500, planned" in page
    assert "It waits for the return due on 11 July 2027." in page
    assert due(office, "payment") == [("2027-03-01", True)]
    moved = {**PLANNED, "id": "1", "planned-day": "15", "words": "They asked."}
    assert post(browser, award, "move-payment", {**moved, "words": ""}).status_code == 422
    assert post(browser, award, "move-payment", moved).status_code == 303
    assert due(office, "payment") == [("2027-03-15", True)]
    for action, state in (("hold", "held"), ("release", "planned"), ("cancel", "cancelled")):
        assert post(browser, award, f"{action}-payment", {"id": "1", "words": ""}).status_code == 422, action
        assert post(browser, award, f"{action}-payment", {"id": "1", "words": "Because."}).status_code == 303, action
        assert only(office, Payment).status == state
    assert post(browser, award, "cancel-payment", {"id": "1", "words": "Because."}).status_code == 409
    assert post(browser, award, "cancel-payment", {"id": "2", "words": "Because."}).status_code == 404
    assert due(office, "payment") == [("2027-03-15", False)]


def test_a_payment_is_approved_by_one_person_and_made_by_another(
    signed_in: SignedIn, office: Office, accepted: str
) -> None:
    award, browser, other = f"/desk/awards/{accepted}", signed_in(), signed_in(Role.FINANCE, name="Fay Finance")
    today = {"planned-day": "23", "planned-month": "11", "planned-year": "2026"}
    assert post(browser, award, "plan-payment", {**PLANNED, **today}).status_code == 303
    answer = post(browser, award, "approve-payment", {"id": "1"})
    assert answer.status_code == 422
    assert "bank details have not been verified" in text_of(answer)
    with office.sessions.begin() as session:
        found, who = awards.by_reference(session, accepted), session.scalars(select(Person)).all()[-1]
        award_checks.verify_bank_details(session, found.id, who, note="By the number we have.", now=office.clock())
        award_checks.see_safeguarding_policy(session, found.id, who, note="Seen.", now=office.clock())
        award_checks.collect_quotes(session, found.id, who, quotes=3, note="Three.", now=office.clock())
    answer = post(browser, award, "approve-payment", {"id": "1"})
    assert answer.status_code == 303
    assert only(office, Payment).status == "approved"
    assert post(browser, award, "pay-payment", {"id": "1"}).status_code == 422
    assert post(other, award, "pay-payment", {"id": "1"}).status_code == 303
    assert "Paid on" in text_of(browser.get(award))
    assert due(office, "payment") == [("2026-11-23", False)]


def test_the_chief_finance_officer_checks_a_payment_where_the_policy_asks_for_it(
    signed_in: SignedIn, office: Office, accepted: str
) -> None:
    applied(office, changed('chief_finance_over = { value = ""', 'chief_finance_over = { value = "499.99"'), TODAY)
    award, browser, finance = f"/desk/awards/{accepted}", signed_in(), signed_in(Role.FINANCE, name="Fay Finance")
    assert post(browser, award, "plan-payment", PLANNED).status_code == 303
    assert post(browser, award, "plan-payment", {**PLANNED, "amount": "£499.99"}).status_code == 303
    assert "£500 is over £499.99, and the chief finance officer has not checked it." in text_of(browser.get(award))
    assert "I have checked payment" not in text_of(browser.get(award))
    page = text_of(finance.get(award))
    assert ("I have checked payment 1" in page, "I have checked payment 2" in page) == (True, False)
    assert post(browser, award, "check-payment", {"id": "1"}).status_code == 422
    assert post(finance, award, "check-payment", {"id": "1"}).status_code == 303
    again = post(finance, award, "check-payment", {"id": "1"})
    assert (again.status_code, "This payment has been checked already." in text_of(again)) == (409, True)
    assert "I have checked payment" not in text_of(finance.get(award))
    with office.reading() as session:
        checked = session.scalars(select(Payment).order_by(Payment.number)).all()
        assert [one.chief_finance_id is not None for one in checked] == [True, False]
    assert kinds(office).count("payment_checked") == 1


def test_a_look_is_recorded_once_and_the_next_is_set(
    signed_in: SignedIn, office: Office, clock: Clock, contract: str
) -> None:
    clock.set_day(date(2028, 1, 3))
    browser, other = signed_in(), signed_in(name="Otto Other")
    assert "It was to be looked at by 1 January 2028" in re.sub(r"<[^>]*>", "", text_of(browser.get(contract)))
    look = {"due": "2028-01-01", "outcome": "continue", "reconciled": "yes", "words": "It <works>."}
    for wrong, at in (({"outcome": ""}, "outcome"), ({"words": " "}, "words"), ({"due": "soon"}, "words")):
        answer = post(browser, contract, "look", {**look, **wrong})
        assert answer.status_code == 422, wrong
        assert f'href="#look-{at}"' in text_of(answer)
        assert f'id="look-{at}"' in text_of(answer)
    assert post(browser, contract, "look", look).status_code == 303
    answer = post(other, contract, "look", {**look, "words": "I think not."})
    assert answer.status_code == 409
    assert "I think not." in text_of(answer)
    assert "recorded already" in text_of(answer)
    held = only(office, AwardLook)
    assert (held.held_on, held.outcome, held.reconciled, held.note) == (
        date(2028, 1, 3),
        "continue",
        True,
        "It <works>.",
    )
    assert "It &lt;works&gt;." in browser.get(contract).get_data(as_text=True)
    assert due(office, "review") == [("2028-01-01", False), ("2029-01-01", True)]
    moved = {"due": "2029-01-01", "until-day": "1", "until-month": "2", "until-year": "2029", "words": "They move."}
    for wrong in ({"until-year": "2030"}, {"until-year": "2027"}, {"words": ""}):
        assert post(browser, contract, "move-look", {**moved, **wrong}).status_code == 422, wrong
    assert post(browser, contract, "move-look", moved).status_code == 303
    assert due(office, "review") == [("2028-01-01", False), ("2029-02-01", True)]
    assert kinds(office).count("looked_at") == kinds(office).count("look_moved") == 1


@pytest.mark.one_database
def test_whoever_has_an_interest_sees_no_form_and_changes_nothing(
    signed_in: SignedIn, office: Office, contract: str
) -> None:
    browser = signed_in()
    assert post(browser, contract, "declare-interest", {"words": "My brother works there."}).status_code == 303
    page = text_of(browser.get(contract))
    assert "It was sent" not in page
    assert "Plan a payment" not in page
    assert "Record this look" not in page
    before = kinds(office)
    look = {"due": "2028-01-01", "outcome": "continue", "words": "Fine."}
    for action, fields in (("send-agreement", SENT), ("plan-payment", PLANNED), ("look", look)):
        assert post(browser, contract, action, fields).status_code == 422, action
    assert kinds(office) == before


@pytest.mark.one_database
def test_an_auditor_changes_nothing_of_it(signed_in: SignedIn, office: Office, contract: str) -> None:
    browser, before = signed_in(Role.AUDITOR), kinds(office)
    for action, fields in (("send-agreement", SENT), ("plan-payment", PLANNED)):
        assert post(browser, contract, action, fields).status_code in (403, 422), action
    assert [one for one in kinds(office) if one != "person_added"] == [one for one in before if one != "person_added"]


def test_an_offer_that_is_not_accepted_shows_none_of_it(signed_in: SignedIn, office: Office) -> None:
    number = offered(office)
    page = page_of(office, number)
    assert "Payments" not in text_of(signed_in().get(page))
    accept(office, number)
    assert "Payments" in text_of(signed_in(name="Otto Other").get(page))


def test_what_was_deleted_by_hand_is_recorded_when_its_day_has_come(
    signed_in: SignedIn, office: Office, clock: Clock
) -> None:
    number = recommended(office)
    decide(office, number, person(office, Role.COMMISSIONER), outcome="declined", amount=None)
    with office.reading() as session:
        page = f"/desk/applications/{applications.by_id(session, number).reference}"
    browser = signed_in()
    assert "it may be deleted from 24 November 2028 on" in text_of(browser.get(page))
    assert "Record what was deleted" not in text_of(browser.get(page))
    answer = post(browser, page, "record-deletion", {"words": "All of it."})
    assert answer.status_code == 422
    assert "All of it." in text_of(answer)
    clock.set_day(date(2028, 11, 24))
    browser = signed_in(name="Otto Other")
    assert post(browser, page, "record-deletion", {"words": " "}).status_code == 422
    assert post(browser, page, "record-deletion", {"words": "The <paper> file."}).status_code == 303
    assert post(browser, page, "record-deletion", {"words": "Again."}).status_code == 409
    assert due(office, "retention") == [("2028-11-24", False)]
    assert "The &lt;paper&gt; file." in browser.get(page).get_data(as_text=True)
