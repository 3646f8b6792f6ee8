"""The application form: saved as one goes, faults kept and explained, submitted once."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from structlog.testing import capture_logs

from core.office import Office
from core.records import Application, OutboxMessage
from core.rules.policy import Window
from intake.app import create_app
from tests.broken_record import shut


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def only_application(office: Office) -> Application:
    with office.reading() as session:
        return session.scalars(select(Application)).one()


def test_start_shows_the_open_funds_with_their_money(browser: Any) -> None:
    page = text_of(browser.get("/"))
    assert "Youth Fund" in page
    assert "£50,000 left of £50,000 in 2026-27" in page
    assert "Up to £3,500 for each application" in page
    for fund in ("community-fund", "crime-and-disorder", "moj-victims"):
        assert f"/apply/{fund}" in page


def test_a_get_of_a_fund_starts_nothing(browser: Any, office: Office) -> None:
    for _ in range(3):
        assert browser.get("/apply/youth-fund").status_code == 200
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(Application)) == 0


@pytest.mark.parametrize("fund", ["moj-victims", "no-such-fund"])
def test_a_fund_that_takes_no_applications_has_no_form(by_invitation: Flask, fund: str) -> None:
    client = by_invitation.test_client()
    assert client.get(f"/apply/{fund}").status_code == 404
    assert f"/apply/{fund}" not in text_of(client.get("/"))


def test_the_whole_way_to_a_reference(
    browser: Any, office: Office, started: str, answers: dict[str, dict[str, str]]
) -> None:
    following = f"{started}/organisation"
    for slug, fields in answers.items():
        assert following == f"{started}/{slug}"
        answer = browser.send(following, fields)
        assert answer.status_code == 303, (slug, text_of(answer))
        following = answer.headers["Location"]
    assert following == f"{started}/check-answers"
    assert browser.send(following).headers["Location"] == started
    application = only_application(office)
    assert application.status == "submitted"
    assert application.amount == 2_000_00
    assert application.postcode == "PE26 1AA"
    assert application.start_on == date(2027, 1, 11)
    assert application.need == "Young people have nowhere to go.\n\nForty told us so."
    page = text_of(browser.get(started))
    assert application.reference is not None
    assert application.reference in page
    assert "Application sent" in page
    assert "Rule T1" in page


def test_what_is_wrong_is_kept_and_said_beside_its_field(browser: Any, office: Office, started: str) -> None:
    answer = browser.send(f"{started}/contact", {"contact_name": "Kim <b>", "contact_email": "kim at home"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert "<title>Error: Who should we contact?" in page
    assert 'href="#contact_email"' in page
    assert 'value="kim at home"' in page
    beside = page.split('id="contact_email-error"')[1].split("</p>")[0]
    assert "must be an e-mail address" in beside
    assert 'aria-describedby="contact_email-hint contact_email-error"' in page
    assert "&lt;b&gt;" in answer.get_data(as_text=True)
    assert only_application(office).answers["contact_email"] == "kim at home"
    assert 'value="kim at home"' in text_of(browser.get(f"{started}/contact"))


@pytest.mark.parametrize(
    "text", ["line one\r\n  indented\r\n\r\nlast", "a < b & c > d", "</textarea><script>x</script>"]
)
def test_long_answers_come_back_as_they_were_typed(browser: Any, started: str, text: str) -> None:
    browser.send(f"{started}/need", {"need": text})
    source = browser.get(f"{started}/need").get_data(as_text=True)
    shown = source.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0]
    assert unescape(shown).replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert "<script>x" not in source


def test_pages_appear_by_earlier_answers(browser: Any, started: str) -> None:
    assert browser.get(f"{started}/company-number").status_code == 404
    answer = browser.send(f"{started}/organisation-type", {"organisation_type": "company"})
    assert answer.headers["Location"].endswith("/company-number")


def test_changing_an_answer_returns_to_the_answers(
    browser: Any, filled: str, answers: dict[str, dict[str, str]]
) -> None:
    assert f"{filled}/amount?return=check" in text_of(browser.get(f"{filled}/check-answers"))
    answer = browser.send(
        f"{filled}/amount?return=check",
        {**answers["amount"], "amount": "1,999.50", "budget-amount-1": "1,499.50"},
        to=f"{filled}/amount",
    )
    assert answer.headers["Location"].endswith("/check-answers")
    assert "£1,999.50" in text_of(browser.get(f"{filled}/check-answers"))


def test_a_change_that_asks_something_new_goes_there_first(browser: Any, filled: str) -> None:
    answer = browser.send(
        f"{filled}/organisation-type?return=check", {"organisation_type": "company"}, to=f"{filled}/organisation-type"
    )
    assert answer.headers["Location"].endswith("/company-number?return=check")
    answer = browser.send(answer.headers["Location"], {"company_number": "01234567"}, to=f"{filled}/company-number")
    assert answer.headers["Location"].endswith("/check-answers")


def test_an_unfinished_application_is_not_sent(browser: Any, office: Office, started: str) -> None:
    answer = browser.send(f"{started}/check-answers")
    assert answer.status_code == 422
    assert "Enter the name of your organisation" in text_of(answer)
    assert f"{started}/organisation?return=check#organisation_name" in text_of(answer)
    assert only_application(office).status == "draft"


def test_the_page_of_a_draft_shows_what_is_left(browser: Any, started: str) -> None:
    browser.send(f"{started}/organisation", {"organisation_name": "Ramsey Boxing Club"})
    page = text_of(browser.get(started))
    assert "1 of 15 pages done" in page
    assert f"{started}/come-back" in page
    assert f'href="{started}/organisation-type"' in page


def test_what_fails_a_rule_is_said_before_it_is_sent(browser: Any, filled: str) -> None:
    browser.send(f"{filled}/amount", {"amount": "3500.01", "budget-item-1": "Coaches", "budget-amount-1": "3500.01"})
    page = text_of(browser.get(f"{filled}/check-answers"))
    assert "This cannot be approved as it stands" in page
    assert "Rule F5" in page
    browser.send(f"{filled}/amount", {"amount": "3500.00", "budget-item-1": "Coaches", "budget-amount-1": "3500"})
    assert "This cannot be approved as it stands" not in text_of(browser.get(f"{filled}/check-answers"))


def test_pressing_send_again_shows_the_same_page(browser: Any, office: Office, filled: str) -> None:
    page = browser.get(f"{filled}/check-answers").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    for _ in range(3):
        answer = browser.client.post(f"{filled}/check-answers", data={"csrf_token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, filled)
    with office.reading() as session:
        assert session.scalar(select(func.count()).where(OutboxMessage.kind == "receipt")) == 1
    assert browser.get(f"{filled}/amount").headers["Location"] == filled


def test_ten_presses_at_once_submit_once(app: Flask, browser: Any, office: Office, filled: str) -> None:
    page = browser.get(f"{filled}/check-answers").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    cookie = browser.client.get_cookie("award_desk", domain="localhost")
    together, statuses = threading.Barrier(10), []

    def press() -> None:
        client = app.test_client()
        client.set_cookie("award_desk", cookie.value)
        together.wait()
        statuses.append(client.post(f"{filled}/check-answers", data={"csrf_token": token}).status_code)

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 10
    with office.reading() as session:
        assert session.scalar(select(func.count()).where(OutboxMessage.kind == "receipt")) == 1


def test_a_lost_session_loses_nothing_that_was_typed(app: Flask, office: Office, started: str) -> None:
    answer = app.test_client().post(f"{started}/title", data={"title": "Typed for an hour", "csrf_token": "old"})
    page = text_of(answer)
    assert answer.status_code == 400
    assert 'value="Typed for an hour"' in page
    assert "Nothing that you typed is lost" in page
    assert "title" not in only_application(office).answers


@pytest.mark.parametrize("slug", ["title", "check-answers"])
def test_a_lost_session_after_submission_asks_for_nothing_again(app: Flask, submitted: str, slug: str) -> None:
    answer = app.test_client().post(f"{submitted}/{slug}", data={"title": "Another"})
    assert answer.status_code == 409
    assert "can no longer be changed" in text_of(answer)


def test_nothing_is_taken_without_a_form_token(app: Flask, office: Office) -> None:
    assert app.test_client().post("/apply/youth-fund").status_code == 400
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(Application)) == 0


@pytest.mark.parametrize(
    "path", ["/a/nonsense", "/a/MQ.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "/a/nonsense/title", "/offers/x", "/returns/x"]
)
def test_an_unknown_link_is_not_found(browser: Any, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/a/nonsense/title", "/a/nonsense/check-answers", "/offers/x", "/returns/x"])
def test_an_unknown_link_without_a_form_token_is_not_found(app: Flask, path: str) -> None:
    assert app.test_client().post(path).status_code == 404


def test_a_link_of_one_purpose_opens_no_other(browser: Any, started: str) -> None:
    token = started.removeprefix("/a/")
    assert browser.get(f"/offers/{token}").status_code == 404
    assert browser.get(f"/returns/{token}").status_code == 404


@pytest.fixture
def windowed(office: Office) -> Callable[[date], Office]:
    """The office with a Youth Fund that closes on a day."""

    def close(on: date) -> Office:
        window = Window(date(2026, 11, 1), on)
        funds = tuple(
            replace(fund, windows=(window,)) if fund.id == "youth-fund" else fund for fund in office.policy.funds
        )
        return replace(office, policy=replace(office.policy, funds=funds))

    return close


def test_a_closing_date_is_shown_and_holds_to_the_day(windowed: Callable[[date], Office], clock: Any) -> None:
    client = create_app(windowed(date(2026, 11, 23)), secret_key="x").test_client()
    assert "Apply by 23 November 2026" in text_of(client.get("/"))
    assert "Start now" in text_of(client.get("/apply/youth-fund"))
    clock.now += timedelta(days=1)
    assert "This fund is closed at the moment" in text_of(client.get("/apply/youth-fund"))
    assert "/apply/youth-fund" not in text_of(client.get("/"))


def test_a_draft_of_a_closed_fund_stays_and_is_not_sent(
    windowed: Callable[[date], Office], browser: Any, office: Office, filled: str
) -> None:
    closed = create_app(windowed(date(2026, 11, 22)), secret_key="a secret of the tests")
    other = type(browser)(closed.test_client())
    page = text_of(other.get(f"{filled}/check-answers"))
    assert "cannot be sent now" in page
    token = text_of(other.get(f"{filled}/title")).split('name="csrf_token" value="')[1].split('"')[0]
    answer = other.client.post(f"{filled}/check-answers", data={"csrf_token": token})
    assert answer.status_code == 422
    assert only_application(office).status == "draft"


def test_hostile_text_stays_text(browser: Any, filled: str) -> None:
    browser.send(f"{filled}/title", {"title": '"><img src=x onerror=alert(1)>{{ 7*7 }}'})
    browser.send(f"{filled}/check-answers")
    source = browser.get(filled).get_data(as_text=True)
    assert "<img" not in source
    assert "{{ 7*7 }}" in source


def test_every_open_fund_can_be_applied_to(browser: Any, office: Office) -> None:
    for fund in office.policy.funds:
        first = browser.send(f"/apply/{fund.id}").headers["Location"]
        assert browser.get(first).status_code == 200
        page = text_of(browser.get(first.rsplit("/", 1)[0]))
        for address in re.findall(r'href="(/a/[^"]+)" aria-describedby', page):
            assert browser.get(address).status_code == 200, address


def test_check_names_the_rule_and_the_fund_that_would_fit(browser: Any) -> None:
    query = "fund=youth-fund&amount=4500&organisation_type=community_safety_partnership&purpose=community_safety"
    page = text_of(browser.get(f"/check?{query}"))
    assert "could not be approved as you describe it" in page
    assert "Rule F5" in page
    assert "What would fit:" in page
    fitting = page.split("What would fit:")[1].split("</p>")[0]
    assert "/apply/community-fund" in fitting
    assert "/apply/moj-victims" not in fitting


def test_check_says_what_is_missing_beside_its_field(browser: Any) -> None:
    answer = browser.get("/check?fund=&amount=lots")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Select a fund" in page
    assert 'href="#amount"' in page
    assert 'value="lots"' in page


def test_check_shows_the_dates_of_returns(browser: Any) -> None:
    dates = "start-day=31&start-month=8&start-year=2026&end-day=31&end-month=8&end-year=2027"
    page = text_of(browser.get(f"/check?fund=youth-fund&amount=3000&buys=no&{dates}"))
    assert "28 February 2027, 31 August 2027" in page


def test_all_questions_can_be_read_before_starting(browser: Any, by_invitation: Flask) -> None:
    assert "/apply/youth-fund/questions" in text_of(browser.get("/apply/youth-fund"))
    page = text_of(browser.get("/apply/crime-and-disorder/questions"))
    for said in (
        "What is needed, and how do you know?",
        "Up to 300 words.",
        "Only if you answer “A charity” to “What kind of organisation is it?”. Optional.",
        "Only for £5,000 or more, and if you answer “No” to “Is it for people in the whole county?”. Up to 150 words.",
        "Only for £5,000 or more. Optional below £50,000. Up to 200 words.",
        "What it is for and its cost, up to 20 lines.",
        "It reduces demand on the police",
    ):
        assert said in page, said
    assert "Only if “Age of the oldest” is over 18." in text_of(browser.get("/apply/youth-fund/questions"))
    for fund in ("moj-victims", "no-such-fund"):
        assert by_invitation.test_client().get(f"/apply/{fund}/questions").status_code == 404


def test_the_list_of_pages_says_how_far_each_is(browser: Any, started: str) -> None:
    browser.send(f"{started}/organisation-type", {"organisation_type": "charity"})
    browser.send(f"{started}/contact", {"contact_name": "Kim"})
    rows = re.findall(r"task-list__item.*?</li>", text_of(browser.get(started)), re.DOTALL)
    told = {
        name: next((word for word in ("Done", "Optional", "To finish", "To do", "Cannot start yet") if word in row), "")
        for row in rows
        for name in ("What kind of organisation", "charity number", "postcode", "contact?", "Check your answers")
        if name in row
    }
    assert told == {
        "What kind of organisation": "Done",
        "charity number": "Optional",
        "postcode": "To do",
        "contact?": "To finish",
        "Check your answers": "Cannot start yet",
    }


def test_the_last_row_leads_to_the_answers_once_all_is_done(browser: Any, filled: str) -> None:
    page = text_of(browser.get(filled))
    assert "16 of 16 pages done." in page
    assert "Check your answers and send them" in page.split(f'href="{filled}/check-answers"')[2]


def test_what_was_funded_before_is_shown_with_its_fund(browser: Any, accepted: str) -> None:
    for path in ("/", "/apply/youth-fund"):
        page = text_of(browser.get(path))
        assert f'href="/awards/{accepted}"' in page
        assert "Ramsey Boxing Club" in page
    assert f'href="/awards/{accepted}"' not in text_of(browser.get("/apply/community-fund"))


def test_an_offer_that_is_not_accepted_is_not_what_was_funded(browser: Any, offered: Callable[..., str]) -> None:
    offered()
    assert "Ramsey Boxing Club" not in text_of(browser.get("/"))


def test_the_start_page_says_when_a_fund_opens(windowed: Callable[[date], Office], clock: Any) -> None:
    office = windowed(date(2026, 11, 25))
    clock.now -= timedelta(days=30)
    page = text_of(create_app(office, secret_key="x").test_client().get("/"))
    assert "Opens on 1 November 2026." in page


def test_what_was_checked_is_carried_into_the_application(browser: Any, office: Office) -> None:
    query = "fund=youth-fund&amount=2000&organisation_type=charity&age_from=8&age_to=17&buys=no&purchases=&q=1"
    answer = browser.send(f"/check?{query}", to="/apply/youth-fund")
    assert answer.status_code == 303
    draft = only_application(office)
    assert draft.answers == {
        "amount": "2000",
        "organisation_type": "charity",
        "age_from": "8",
        "age_to": "17",
        "buys": "no",
    }
    page = text_of(browser.get(answer.headers["Location"].replace("organisation", "amount")))
    assert 'value="2000"' in page


def test_what_could_not_be_approved_is_not_started_from_the_check(browser: Any) -> None:
    page = text_of(browser.get("/check?fund=youth-fund&amount=9000&buys=no"))
    assert "Start applying with these answers" not in page
    assert "What would fit" in page


def test_what_is_logged_of_a_fault_shows_nothing_that_was_typed(browser: Any, started: str, engine: Engine) -> None:
    with shut(engine, "application"), capture_logs() as lines:
        answer = browser.send(f"{started}/contact", {"contact_name": "Zoe Zebra", "contact_email": "zoe@zebra.example"})
    assert answer.status_code == 500
    (line,) = [one for one in lines if one["event"] == "request_failed"]
    assert line["reference"] in text_of(answer)
    logged = str(line) + "".join(traceback.format_exception(line["exc_info"]))
    assert "UPDATE application" in logged
    assert "zebra" not in logged.casefold()
