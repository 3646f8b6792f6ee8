"""The page of bank details: asked after acceptance, shown masked, changed in plain sight, never lost, never echoed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from core import awards, bank_details, events
from core.field_cipher import FieldCipher
from core.office import Office
from core.records import Award, BankDetails, OutboxMessage
from core.rules.banking import Account
from tests.conftest import Clock

TYPED = {
    "account_name": "Ramsey Boxing",
    "own_name": "yes",
    "sort_code": "30-94-30",
    "account_number": "7331 1942",
    "roll_number": "",
}
OTHER = {**TYPED, "account_number": "55779921", "own_name": "no"}


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


@pytest.fixture
def offer(browser: Any, offered: Callable[..., str], acceptance: dict[str, str]) -> str:
    """The address of an offer that was accepted."""
    path = offered()
    assert browser.send(path, acceptance).status_code == 303
    return path


def path_of(offer: str) -> str:
    return f"{offer}/bank-details"


def kept(office: Office) -> list[BankDetails]:
    with office.reading() as session:
        return list(session.scalars(select(BankDetails)))


def test_they_are_asked_for_only_after_acceptance(browser: Any, offered: Callable[..., str]) -> None:
    path = offered()
    assert "bank-details" not in text_of(browser.get(path))
    answer = browser.get(path_of(path))
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    page = browser.get(path).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    refused = browser.client.post(path_of(path), data={**TYPED, "csrf_token": token})
    assert refused.status_code == 409
    assert "Accept the offer first" in text_of(refused)


def test_given_they_are_shown_masked_and_the_offer_says_that_we_have_them(
    browser: Any, office: Office, offer: str
) -> None:
    assert "Give us your bank details" in text_of(browser.get(offer))
    page = text_of(browser.get(path_of(offer)))
    assert page.count("<form") == 1
    answer = browser.send(path_of(offer), TYPED)
    assert (answer.status_code, answer.headers["Location"]) == (303, path_of(offer))
    page = text_of(browser.get(path_of(offer)))
    assert "••••••42" in page
    assert "ends in 42" in page
    assert "<form" not in page
    for hidden in ("73311942", "7331", "309430", "30-94-30", "Ramsey Boxing<"):
        assert hidden not in page
    assert "the account that ends in 42" in text_of(browser.get(offer))
    assert browser.get(path_of(offer)).headers["Cache-Control"] == "no-store"
    assert [one.version for one in kept(office)] == [1]


def test_changed_they_warn_first_and_stand_in_the_place_of_the_earlier(
    browser: Any, office: Office, offer: str
) -> None:
    browser.send(path_of(offer), TYPED)
    change = f"{path_of(offer)}?change=yes"
    assert "we pay nothing until we have checked the new ones" in text_of(browser.get(change))
    assert browser.send(change, OTHER, to=path_of(offer)).status_code == 303
    page = text_of(browser.get(path_of(offer)))
    assert "••••••21" in page
    assert "Not the organisation’s" in page
    with office.reading() as session:
        notices = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "award_notice")).all()
    assert [one.payload["what"] for one in notices] == ["bank_details_given", "bank_details_changed"]


@pytest.mark.one_database
@pytest.mark.parametrize("field", ["account_name", "own_name", "sort_code", "account_number"])
def test_what_is_missing_is_said_beside_its_field_and_the_rest_stays(
    browser: Any, office: Office, offer: str, field: str
) -> None:
    answer = browser.send(path_of(offer), {**TYPED, field: ""})
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    if field != "account_number":
        assert 'value="7331 1942"' in page
    assert kept(office) == []


def test_a_lost_session_shows_what_was_typed_to_whoever_typed_it_and_to_nobody_else(
    app: Any, office: Office, offer: str
) -> None:
    answer = app.test_client().post(path_of(offer), data=TYPED)
    page = text_of(answer)
    assert answer.status_code == 400
    assert "Nothing that you typed is lost" in page
    assert 'value="7331 1942"' in page
    assert "7331" not in str(answer.headers)
    assert "7331" not in text_of(app.test_client().get(path_of(offer)))
    assert kept(office) == []


def test_of_two_people_at_once_the_second_is_told_and_loses_nothing(
    browser: Any, app: Any, office: Office, offer: str
) -> None:
    second = type(browser)(app.test_client())
    page = second.get(path_of(offer)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    browser.send(path_of(offer), TYPED)
    answer = second.client.post(path_of(offer), data={**hidden, **OTHER})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody changed the bank details" in page
    assert 'value="55779921"' in page
    assert "••••••42" in page
    assert [one.version for one in kept(office)] == [1]
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.get_data(as_text=True)))
    assert second.client.post(path_of(offer), data={**again, **OTHER}).status_code == 303


def test_pressed_twice_it_is_one_change(browser: Any, office: Office, offer: str) -> None:
    page = browser.get(path_of(offer)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for _ in range(2):
        assert browser.client.post(path_of(offer), data={**hidden, **TYPED}).status_code == 303
    assert [one.version for one in kept(office)] == [1]


def test_too_often_in_a_day_is_refused_with_words(browser: Any, offer: str) -> None:
    change = f"{path_of(offer)}?change=yes"
    for number in range(5):
        assert (
            browser.send(change, {**TYPED, "account_number": f"7331194{number}"}, to=path_of(offer)).status_code == 303
        )
    answer = browser.send(change, OTHER, to=path_of(offer))
    assert answer.status_code == 429
    assert "5 times within a day" in text_of(answer)
    assert 'value="55779921"' in text_of(answer)


def test_once_everything_is_paid_they_are_shown_and_not_asked(browser: Any, office: Office, offer: str) -> None:
    browser.send(path_of(offer), TYPED)
    with office.sessions.begin() as session:
        session.execute(update(Award).values(paid=Award.amount))
        events.append(session, "paid", "x", "tests", {}, now=office.clock())
    page = text_of(browser.get(f"{path_of(offer)}?change=yes"))
    assert "All of this award has been paid" in page
    assert "<form" not in page
    assert "••••••42" in page


def test_once_purged_the_page_says_when(browser: Any, office: Office, clock: Clock, offer: str) -> None:
    browser.send(path_of(offer), TYPED)
    with office.sessions.begin() as session:
        session.execute(update(Award).values(status="completed"))
        events.append(session, "completed", "x", "tests", {}, now=office.clock())
        bank_details.purge_due(session, office=office, today=date(2027, 1, 1), now=clock.now)
    page = text_of(browser.get(path_of(offer)))
    assert "We deleted your bank details on 23 November 2026" in page
    assert "<form" not in page
    assert "bank details" not in text_of(browser.get(offer)).split("What happens next")[1].split("The offer")[0]


def test_without_the_key_the_page_stands_and_says_that_we_have_them(app: Any, browser: Any, offer: str) -> None:
    browser.send(path_of(offer), TYPED)
    app.extensions["office"] = replace(app.extensions["office"], cipher=FieldCipher())
    page = text_of(browser.get(path_of(offer)))
    assert "Hidden" in page
    answer = browser.send(f"{path_of(offer)}?change=yes", OTHER, to=path_of(offer))
    assert "We cannot take bank details at the moment" in text_of(answer)


def test_an_error_on_our_side_logs_no_digit(app: Any, office: Office, browser: Any, offer: str) -> None:
    class Broken(FieldCipher):
        def lock(self, text: str, about: str) -> str:
            raise RuntimeError(f"no room for {len(text)} characters about {about}")

    app.extensions["office"] = replace(office, cipher=Broken({"k": bytes(32)}))
    with structlog.testing.capture_logs(processors=[structlog.processors.format_exc_info]) as logs:
        assert browser.send(path_of(offer), TYPED).status_code == 500
    assert "RuntimeError" in repr(logs)
    for digits in ("73311942", "7331 1942", "309430", "30-94-30"):
        assert digits not in repr(logs)
    assert repr(Account("n", "309430", "73311942")) == "Account(…)"


@pytest.mark.parametrize("path", ["nonsense/bank-details"])
def test_a_link_that_is_none(browser: Any, path: str) -> None:
    assert browser.get(f"/offers/{path}").status_code == 404


@pytest.mark.one_database
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({name: st.text(max_size=40) for name in (*TYPED, "seen")}))
def test_it_takes_anything_without_failing(browser: Any, offer: str, fields: dict[str, str]) -> None:
    assert browser.send(path_of(offer), fields).status_code in (303, 409, 422, 429)


def test_an_award_keeps_its_link_for_them(browser: Any, office: Office, offer: str, clock: Clock) -> None:
    clock.forward(days=200)
    assert browser.send(path_of(offer), TYPED).status_code == 303
    with office.reading() as session:
        award = session.scalars(select(Award)).one()
        assert bank_details.shown(session, awards.by_id(session, award.id), office).held
