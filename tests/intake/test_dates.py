"""Deadlines to put into a calendar, from the pages of an offer and of a return."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from icalendar import Calendar

from core.office import Office
from tests.intake.conftest import ACCEPT


def days(answer: Any) -> list[Any]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    entries: list[Any] = Calendar.from_ical(answer.get_data()).walk("VEVENT")
    return [entry["DTSTART"].dt for entry in entries]


def linked(page: str) -> list[str]:
    return re.findall(r'href="([^"]+\.ics)"', page)


def test_the_offers_day_then_the_days_of_its_returns(browser: Any, offered: Callable[..., str]) -> None:
    path = offered()
    (link,) = linked(browser.get(path).get_data(as_text=True))
    assert link == f"{path}/dates.ics"
    (accept_by,) = days(browser.get(link))
    assert browser.send(path, ACCEPT).status_code == 303
    (link,) = linked(browser.get(path).get_data(as_text=True))
    due = days(browser.get(link))
    assert len(due) == 2
    assert accept_by not in due


def test_a_refused_offer_has_no_days(browser: Any, offered: Callable[..., str]) -> None:
    path = offered()
    browser.send(path, {"decision": "refuse", "name": "Kim Archer"})
    assert linked(browser.get(path).get_data(as_text=True)) == []
    assert browser.get(f"{path}/dates.ics").status_code == 404


def test_a_returns_day_until_it_is_in(browser: Any, office: Office, return_paths: list[str]) -> None:
    path = return_paths[0]
    (link,) = linked(browser.get(path).get_data(as_text=True))
    assert link == f"{path}/date.ics"
    assert len(days(browser.get(link))) == 1
    fields = {"achieved-1": "Half", "spent": "100", "people": "3", "narrative": "It went well.", "views": "Good."}
    assert browser.send(path, fields).status_code == 303
    assert linked(browser.get(path).get_data(as_text=True)) == []
    assert browser.get(link).status_code == 404


def test_a_link_that_is_not_ours_has_no_days(browser: Any) -> None:
    for path in ("/offers/nothing/dates.ics", "/returns/nothing/date.ics"):
        assert browser.get(path).status_code == 404
