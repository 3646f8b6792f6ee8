"""The lines of a budget on the form and through the JSON API."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core.office import Office
from core.records import Application
from tests.intake.conftest import ANSWERS, hidden


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def stored(office: Office) -> dict[str, Any]:
    with office.reading() as session:
        return session.scalars(select(Application)).one().answers


LINES = {f"budget-{part}-{row}": f"{part} {row}" for row in range(1, 4) for part in ("item", "amount")}


def test_another_line_saves_what_is_typed_and_shows_one_more(browser: Any, office: Office, started: str) -> None:
    page = f"{started}/amount"
    assert 'name="budget-item-4"' not in text_of(browser.get(page))
    answer = browser.send(page, {"amount": "no idea", **LINES, "add": "line"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{page}?lines=4#budget-item-4"
    assert {name: stored(office)[name] for name in LINES} == LINES
    again = text_of(browser.get(answer.headers["Location"]))
    assert 'value="item 3"' in again
    assert 'name="budget-item-4"' in again
    assert "There is a problem" not in again
    answer = browser.send(f"{page}?lines=4&return=check", {**LINES, "budget-item-4": "", "add": "line"}, to=page)
    assert answer.headers["Location"] == f"{page}?lines=5&return=check#budget-item-5"


def test_blank_lines_that_were_added_stay_while_something_is_wrong(browser: Any, started: str) -> None:
    blank = {f"budget-{part}-{row}": "" for row in range(1, 6) for part in ("item", "amount")}
    answer = browser.send(f"{started}/amount?lines=5", {**blank, "amount": "20"}, to=f"{started}/amount")
    assert answer.status_code == 422
    assert 'name="budget-item-5"' in text_of(answer)


def test_there_is_an_end_to_lines(browser: Any, started: str) -> None:
    last = browser.send(f"{started}/amount", {"budget-item-20": "Pens", "budget-amount-20": "2", "add": "line"})
    page = text_of(browser.get(last.headers["Location"]))
    assert 'value="Pens"' in page
    assert "budget-item-21" not in page
    assert "Add another line" not in page
    for lines in ("21", "999", "-3", "x", "٣", ""):
        page = text_of(browser.get(f"{started}/amount?lines={lines}"))
        assert "budget-item-21" not in page


def test_how_far_it_is_out_is_said_once_above_the_lines(browser: Any, started: str) -> None:
    fields = {"amount": "2,000", "budget-item-1": "Coaches", "budget-amount-1": "1,800"}
    answer = browser.send(f"{started}/amount", fields)
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'href="#budget-item-1"' in page
    beside = page.split('id="budget-error"')[1].split("</p>")[0]
    assert "Your lines add up to £1,800, which is £200 less than the £2,000" in beside
    assert 'id="budget-item-1-error"' not in page
    assert 'aria-describedby="budget-error"' in page
    tasks = text_of(browser.get(started))
    assert re.search(r"What will it cost\?\s*</a>.*?To do", tasks, re.DOTALL)


def test_the_lines_are_seen_wherever_the_application_is(browser: Any, filled: str) -> None:
    for path in (f"{filled}/check-answers",):
        assert "Coaches: £1,500" in text_of(browser.get(path))
    browser.send(f"{filled}/check-answers")
    assert "Coaches: £1,500" in text_of(browser.get(filled))


def test_a_change_of_the_amount_alone_does_not_get_through(browser: Any, filled: str) -> None:
    answer = browser.send(f"{filled}/amount", {**ANSWERS["amount"], "amount": "1900"})
    assert answer.status_code == 422
    page = text_of(browser.send(f"{filled}/check-answers"))
    assert "£100 more than the £1,900" in page


def _post(browser: Any, body: dict[str, Any], key: str = "1") -> Any:
    headers = {"Authorization": "Bearer key-of-a-portal", "Idempotency-Key": key}
    return browser.client.post("/api/v1/applications", json=body, headers=headers)


def test_a_program_sends_lines(browser: Any, office: Office, body: dict[str, Any]) -> None:
    body["budget"] = [{"item": "Coaches", "amount": "1500"}, {"item": "=Gloves", "amount": "500.00"}]
    answer = _post(browser, body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    with office.reading() as session:
        kept = session.scalars(select(Application)).one().budget_lines
        assert [(one.position, one.item, one.pence) for one in kept] == [
            (1, "Coaches", 150_000),
            (2, "=Gloves", 50_000),
        ]
    told = browser.client.get(
        f"/api/v1/applications/{answer.json['reference']}", headers={"Authorization": "Bearer key-of-a-portal"}
    )
    assert told.json["budget"] == [{"item": "Coaches", "amount": "1500.00"}, {"item": "=Gloves", "amount": "500.00"}]


@pytest.mark.parametrize("budget", [None, []])
def test_a_program_may_leave_lines_out(browser: Any, office: Office, body: dict[str, Any], budget: Any) -> None:
    answer = _post(browser, {**body, "budget": budget})
    assert answer.status_code == 201
    with office.reading() as session:
        assert session.scalars(select(Application)).one().budget_lines == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("budget", "pointers"),
    [
        ([{"item": "Coaches", "amount": "1999.99"}], ["/budget"]),
        ([{"item": "Coaches", "amount": "2000.00"}, {"item": "", "amount": "1"}], ["/budget/1/item"]),
        ([{"item": "Coaches", "amount": 2000}], ["/budget/0/amount"]),
        ([{"item": "Coaches"}], ["/budget/0/amount"]),
        ([{"item": "Coaches", "amount": "2000.00", "vat": "0"}], ["/budget/0/vat"]),
        ("Coaches", ["/budget"]),
        ([{"item": "Pens", "amount": "95.24"}] * 21, ["/budget"]),
    ],
)
def test_a_program_is_told_which_line_is_wrong(
    browser: Any, body: dict[str, Any], budget: Any, pointers: list[str]
) -> None:
    answer = _post(browser, {**body, "budget": budget})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == pointers


def test_a_lost_session_keeps_the_lines(browser: Any, started: str) -> None:
    sent = hidden(text_of(browser.get(f"{started}/amount")))
    fields = {**sent, **LINES, "budget-item-7": "The last", "csrf_token": "another"}
    answer = browser.client.post(f"{started}/amount", data=fields)
    assert answer.status_code == 400
    page = text_of(answer)
    assert 'value="item 2"' in page
    assert 'value="The last"' in page
