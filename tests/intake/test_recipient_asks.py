"""What a recipient may do from a return's link beside sending it: ask for more time, raise an issue."""

from __future__ import annotations

from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, issues, more_time, people, returns
from core.office import Office
from core.records import Deadline, Issue, TimeRequest
from core.rules.policy import Role
from core.rules.return_forms import ReturnFacts

DUE = date(2027, 7, 11)
ASKED = {"until-day": "25", "until-month": "July", "until-year": "2027", "reason": "Our treasurer is <b>ill</b>."}


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def rows(office: Office, table: Any) -> list[Any]:
    with office.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_more_time_is_asked_for_from_the_return_and_the_day_stands(
    browser: Any, office: Office, return_paths: list[str]
) -> None:
    path = f"{return_paths[0]}/more-time"
    assert f'href="{path}"' in text_of(browser.get(return_paths[0]))
    assert "At the latest 8 August 2027" in text_of(browser.get(path))
    assert browser.send(path, ASKED).headers["Location"] == return_paths[0]
    page = text_of(browser.get(return_paths[0]))
    assert "you asked to send it by 25 July 2027" in page
    assert "it stays due on 11 July 2027" in page
    assert f'href="{path}"' not in page
    assert browser.get(path).status_code == 303  # there is one before the office already
    with office.sessions.begin() as session:
        officer = people.holders(session, Role.OFFICER)[0]
        [request] = session.scalars(select(TimeRequest))
        more_time.agree(session, request.id, officer, office=office, now=office.clock())
    page = text_of(browser.get(return_paths[0]))
    assert "We agreed that it is due on 25 July 2027, not on 11 July 2027." in page
    assert "Due on <strong>25 July 2027</strong>" in page


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changed", "said", "field"),
    [
        ({"until-day": "", "until-month": "", "until-year": ""}, "Enter the day on which you can send it", "until-day"),
        ({"until-day": "11"}, "The new day must be 12 July 2027 or later", "until-day"),
        ({"until-month": "8", "until-day": "9"}, "The new day must be 8 August 2027 or earlier", "until-day"),
        ({"until-day": "31", "until-month": "June"}, "must be a real date", "until-day"),
        ({"reason": " "}, "Say why you need more time", "reason"),
        ({"reason": "x" * 3_001}, "must be 3,000 characters or fewer", "reason"),
    ],
)
def test_a_request_that_cannot_be_put_is_shown_again(
    browser: Any, office: Office, return_paths: list[str], changed: dict[str, str], said: str, field: str
) -> None:
    answer = browser.send(f"{return_paths[0]}/more-time", {**ASKED, **changed})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'href="#{field}"' in text_of(answer)
    assert rows(office, TimeRequest) == []


def test_declined_the_reason_is_on_the_page(browser: Any, office: Office, return_paths: list[str]) -> None:
    browser.send(f"{return_paths[0]}/more-time", ASKED)
    with office.sessions.begin() as session:
        officer = people.holders(session, Role.OFFICER)[0]
        [request] = session.scalars(select(TimeRequest))
        more_time.decline(session, request.id, officer, reason="The Ministry <waits>.", now=office.clock())
    answer = browser.get(return_paths[0])
    assert "We could not agree: The Ministry &lt;waits&gt;." in answer.get_data(as_text=True)
    assert "Ask for more time" in text_of(answer)


def test_pressed_twice_it_is_asked_once(browser: Any, office: Office, return_paths: list[str]) -> None:
    path = f"{return_paths[0]}/more-time"
    token = browser.get(path).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    for _ in range(2):
        assert browser.client.post(path, data={**ASKED, "csrf_token": token}).status_code == 303
    assert len(rows(office, TimeRequest)) == 1


def test_what_is_asked_after_another_asked_is_shown_again(
    browser: Any, office: Office, return_paths: list[str]
) -> None:
    path = f"{return_paths[0]}/more-time"
    token = browser.get(path).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    browser.client.post(path, data={**ASKED, "csrf_token": token})
    other = {**ASKED, "until-day": "1", "until-month": "8", "reason": "The hall <floods>.", "csrf_token": token}
    answer = browser.client.post(path, data=other)
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "We have a request of yours already. We answer it by e-mail." in page
    assert "The hall &lt;floods&gt;." in page
    assert "1 August 2027" in page
    assert len(rows(office, TimeRequest)) == 1


@pytest.mark.parametrize("day", ["25", "x"], ids=["a day", "no day"])
def test_what_is_asked_after_the_return_came_in_is_shown_again(
    browser: Any, office: Office, accepted: str, return_paths: list[str], day: str
) -> None:
    path = f"{return_paths[0]}/more-time"
    token = browser.get(path).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    with office.sessions.begin() as session:
        award = awards.by_reference(session, accepted)
        said = ReturnFacts(narrative="Calls fell.", people=3, spent=100, achieved=("12",), views="", answers={})
        returns.receive(session, award, DUE, said, source="recipient", now=office.clock())
    answer = browser.client.post(path, data={**ASKED, "until-day": day, "csrf_token": token})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "This return is in, or is not expected any more. It needs no more time." in page
    assert "Our treasurer is &lt;b&gt;ill&lt;/b&gt;." in answer.get_data(as_text=True)
    assert ("25 July 2027" if day == "25" else "x July 2027") in page
    assert "was due on <strong>11 July 2027</strong>" in page
    assert '<form method="post"' not in page
    assert rows(office, TimeRequest) == []
    assert browser.client.post(path, data={"csrf_token": token}).status_code == 303  # nothing was typed


def test_where_no_time_is_left_the_page_says_so(browser: Any, clock: Any, return_paths: list[str]) -> None:
    clock.set_day(date(2027, 8, 8))
    page = text_of(browser.get(f"{return_paths[0]}/more-time"))
    assert "We cannot move it any further from here" in page
    assert "<form" not in page


def test_an_issue_is_raised_at_any_time_and_its_answer_is_shown(
    browser: Any, office: Office, return_paths: list[str]
) -> None:
    path = f"{return_paths[0]}/issue"
    assert browser.send(path, {"issue": " "}).status_code == 422
    text = "The <hall> shuts.\r\nMay we move?"
    assert browser.send(path, {"issue": text}).headers["Location"] == return_paths[0]
    page = browser.get(return_paths[1]).get_data(as_text=True)  # of the same award
    assert "The &lt;hall&gt; shuts." in page
    assert "Olive Officer looks after it" in page
    with office.sessions.begin() as session:
        [issue] = session.scalars(select(Issue))
        officer = people.holders(session, Role.OFFICER)[0]
        issues.close(session, issue.id, officer, outcome="Yes, to the school.", now=office.clock())
    page = text_of(browser.get(return_paths[0]))
    assert "Closed on" in page
    assert "Yes, to the school." in page


@pytest.mark.parametrize(("page", "typed"), [("more-time", ASKED), ("issue", {"issue": "The hall <shuts>."})])
def test_a_lost_session_loses_nothing(
    app: Any, office: Office, return_paths: list[str], page: str, typed: dict[str, str]
) -> None:
    answer = app.test_client().post(f"{return_paths[0]}/{page}", data=typed)
    assert answer.status_code == 400
    for said in typed.values():
        assert said in text_of(answer)
    assert (rows(office, TimeRequest), rows(office, Issue)) == ([], [])


def test_looking_asks_for_nothing(browser: Any, office: Office, return_paths: list[str]) -> None:
    for page in ("more-time", "issue"):
        browser.get(f"{return_paths[0]}/{page}")
        browser.client.head(f"{return_paths[0]}/{page}")
        assert browser.get(f"/returns/nonsense/{page}").status_code == 404
    assert (rows(office, TimeRequest), rows(office, Issue)) == ([], [])
    assert {one.first_due for one in rows(office, Deadline)} == {None}
