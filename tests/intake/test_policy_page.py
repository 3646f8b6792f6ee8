"""The policy for the public: the table, another day, what changed, and nobody's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from html import unescape
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import text

from core.office import Office, fingerprint_of
from core.policies import Proposal
from core.policy_table import lines
from core.rules.calendar import date_text
from intake import pages
from tests.conftest import Clock
from tests.core.applying import APRIL, HIGHER, SHORTER, TEXT, applied

Apply = Callable[..., Proposal]


@pytest.fixture
def apply(office: Office) -> Apply:
    """Apply a policy, as the command does."""
    return partial(applied, office, by="command line: ada", note="Ada asked Bo")


def text_of(answer: Any) -> str:
    """What a person reads: without marks, blanks as one."""
    page = re.sub(r"<script.*?</script>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def rows_of(answer: Any) -> dict[str, str]:
    """The tables' rows by what they begin with."""
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)<p>.*?</th>\s*<td[^>]*>(.*?)</td>', answer.text, re.DOTALL)
    return {unescape(what): " ".join(unescape(re.sub(r"<[^>]+>", " ", value)).split()) for what, value in rows}


def test_every_line_of_the_table_is_on_the_page_with_its_rule_and_source(browser: Any, office: Office) -> None:
    answer = browser.get("/policy")
    page = text_of(answer)
    for line in lines(office.policy):
        assert line.label in page or line.key.endswith(".name"), line
        for value in line.value:
            assert value in page, line
        assert f"{line.rule}, {line.paragraph}" in page, line
        if not line.shares:
            assert f"Set by: {line.source}, since {date_text(line.since)}" in page, line
    rows = rows_of(answer)
    assert rows["Monitoring meetings over"] == "£10,000"
    assert rows["Delegations"] == "None: the Commissioner alone decides."
    assert "Monitoring meetings (R2, §5.2 REVIEW)" in page


def test_a_record_without_a_policy_shows_the_file(browser: Any) -> None:
    page = text_of(browser.get("/policy"))
    assert "This is in force today, 23 November 2026." in page
    assert "It holds from" not in page
    assert "Earlier and later versions" not in page


def test_the_next_request_has_the_policy_that_was_applied(browser: Any, apply: Apply) -> None:
    assert "£3,500" in text_of(browser.get("/apply/youth-fund"))
    apply(HIGHER)
    assert "£4,000" in text_of(browser.get("/apply/youth-fund"))
    answer = browser.get("/api/v1/requirements?kind=grant&amount=4000.01&fund=youth-fund&purpose=young_people")
    assert "£4,000.01 is over the Youth Fund's limit of £4,000." in answer.text
    assert rows_of(browser.get("/policy"))["At most"] == "£5,000"  # the last of that name, the Community Fund's
    assert "It holds from 23 November 2026 until it is changed." in text_of(browser.get("/policy"))


def test_a_request_has_one_policy_from_its_beginning_to_its_end(app: Flask, apply: Apply) -> None:
    with app.test_request_context("/"):
        first = pages.office()
        apply(HIGHER)
        assert pages.office() is first
        assert g.office is first
    with app.test_request_context("/"):
        assert pages.office().policy_text == HIGHER


def test_what_held_and_what_will_hold(browser: Any, apply: Apply, clock: Clock) -> None:
    apply(SHORTER, APRIL)
    later = browser.get("/policy?on=2027-04-01")
    assert rows_of(later)["An offer is open for"] == "14 days"
    assert "This is what will hold on 1 April 2027, as far as it is decided today." in text_of(later)
    before = browser.get("/policy?on=2027-03-31")
    assert rows_of(before)["An offer is open for"] == "28 days"
    assert "It holds from 23 November 2026 to 31 March 2027." in text_of(before)
    clock.set_day(date(2027, 5, 1))
    assert rows_of(browser.get("/policy"))["An offer is open for"] == "14 days"
    assert "This is what held on 31 March 2027." in text_of(browser.get("/policy?on=2027-03-31"))


def test_versions_say_what_changed_the_latest_first(browser: Any, apply: Apply) -> None:
    apply(HIGHER, APRIL)
    page = text_of(browser.get("/policy"))
    listed = page.partition("Earlier and later versions")[2].partition("Earlier and later versions")[2]
    assert listed.index("To come: from 1 April 2027") < listed.index("From 23 November 2026 to 31 March 2027")
    assert "Youth Fund: At most: £3,500 → £4,000 (F5, §6.1)" in listed
    assert "The first version on record." in listed
    assert 'href="/policy?on=2027-04-01"' in browser.get("/policy").text


def test_a_version_that_was_replaced_on_its_day_says_so_and_leads_nowhere(browser: Any, apply: Apply) -> None:
    apply(HIGHER)
    page = browser.get("/policy")
    assert "Replaced on the same day." in text_of(page)
    assert page.text.count('href="/policy?on=2026-11-23"') == 1


def test_nobodys_name_is_shown_in_public(browser: Any, apply: Apply) -> None:
    apply(HIGHER)
    for path in ("/policy", "/policy.json"):
        said = browser.get(path).text
        for name in ("command line", "ada", "Ada", "Bo"):
            assert not re.search(rf"\b{name}\b", said), (path, name)


def test_a_day_before_the_record_gets_an_honest_answer(browser: Any, apply: Apply) -> None:
    apply(HIGHER)
    answer = browser.get("/policy?on=2026-03-01")
    assert answer.status_code == 200
    assert "The record of the policy begins on 23 November 2026, so it cannot say what held on 1 March 2026" in (
        text_of(answer)
    )
    assert "<table" not in answer.text


@pytest.mark.one_database
@pytest.mark.parametrize("typed", ["2027-03-01", "1 March 2027", "1/3/2027", "01.03.2027", " 1 mar 2027 "])
def test_a_day_as_people_type_it(browser: Any, typed: str) -> None:
    answer = browser.get("/policy", query_string={"on": typed})
    assert answer.status_code == 200
    assert "what will hold on 1 March 2027" in text_of(answer)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("31 February 2027", "The day must be a real date"),
        ("tomorrow", "Enter a day such as 23 November 2026"),
        ("2027-13-01", "Enter a day such as 23 November 2026"),
        ('"><script>', "Enter a day such as 23 November 2026"),
        ("1 March 9999", "The day must"),
    ],
)
def test_a_day_that_is_none_is_an_error_that_keeps_what_was_typed(browser: Any, typed: str, said: str) -> None:
    answer = browser.get("/policy", query_string={"on": typed})
    assert answer.status_code == 422
    assert "Error: " in re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)[1]  # type: ignore[index]
    assert text_of(answer).count(said) == 2  # in the summary, and beside the field
    assert 'href="#on"' in answer.text
    kept = re.search(r'<input[^>]*name="on"[^>]*value="([^"]*)"', answer.text)
    assert kept is not None
    assert unescape(kept[1]) == typed
    assert "<script>" not in answer.text


def test_the_same_for_programs(browser: Any, apply: Apply) -> None:
    apply(HIGHER, APRIL)
    answer = browser.get("/policy.json")
    assert answer.mimetype == "application/json"
    assert answer.json["on"] == "2026-11-23"
    assert {"id": "support-victims", "text": "Support victims of crime"} in answer.json["plan_objectives"]
    assert answer.json["csp_areas"][4] == "Peterborough"
    assert answer.json["version"] == {
        "fingerprint": fingerprint_of(TEXT),
        "from": "2026-11-23",
        "until": "2027-03-31",
        "how": "file",
        "put_at": "2026-11-23T12:00:00+00:00",
    }
    assert browser.get("/policy.json?on=2027-04-01").json["funds"][0]["cap"]["value"] == "4000.00"


@pytest.mark.one_database
@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "2027-04-01", "1 April 2027", "1/4/2027", "2027-02-31", "31-02-2027", "tomorrow", "20270401"),
        *("2027-W13-4", "1 April 9999", "9999-12-31", "0001-01-01", "2027-04-01T00:00:00", "\u0661 April 2027"),
        "1 April 2027 " + "x" * 40,
    ],
)
def test_a_program_and_a_person_get_the_same_answer_of_the_same_day(browser: Any, apply: Apply, typed: str) -> None:
    apply(SHORTER, APRIL)
    page = browser.get("/policy", query_string={"on": typed})
    data = browser.get("/policy.json", query_string={"on": typed})
    if page.status_code == 422:
        assert data.status_code == 422
        (error,) = data.json["errors"]
        assert error["pointer"] == "on"
        assert error["detail"].removesuffix(".") in text_of(page)
    elif data.status_code == 404:
        assert data.json["detail"] in text_of(page)
    else:
        assert rows_of(page)["An offer is open for"] == f"{data.json['figures']['acceptance_days']['value']} days"
        shown = date.fromisoformat(data.json["on"])
        assert f"{shown.day} {shown:%B %Y}" in text_of(page) or not typed.strip()


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "status"), [("on=31-02-2027", 422), ("on=1&on=2", 422), ("day=1", 422), ("on=2020-01-01", 404)]
)
def test_a_wrong_question_of_a_program_is_a_problem_document(
    browser: Any, apply: Apply, query: str, status: int
) -> None:
    apply(HIGHER)
    answer = browser.get(f"/policy.json?{query}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.one_database
def test_every_page_leads_to_it(browser: Any) -> None:
    for path in ("/", "/awards", "/apply/youth-fund", "/nowhere"):
        assert '<a class="govuk-link" href="/policy">Our policy</a>' in browser.get(path).text


@pytest.mark.one_database
def test_reading_it_changes_nothing_and_takes_no_post(browser: Any) -> None:
    assert browser.client.post("/policy").status_code in (400, 405)
    assert browser.client.post("/policy.json").status_code in (400, 405)


@pytest.mark.one_database
def test_a_page_that_says_that_the_record_is_away_still_names_the_office(browser: Any, office: Office) -> None:
    with office.sessions.begin() as session:
        session.execute(text("ALTER TABLE policy_in_force RENAME TO gone"))
    answer = browser.get("/awards")
    assert answer.status_code == 500
    assert "Sorry, something went wrong" in text_of(answer)
    assert office.policy.office.name.value in text_of(answer)
    assert browser.get("/health/ready").status_code == 503
