"""A question about a return, answered on its own page; figures corrected with it, the earlier ones in the trail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from core import asking, people
from core.office import Office
from core.records import Asked, Event, MonitoringReturn
from core.rules.policy import Role
from tests.intake.test_return_page import RETURN, Person, came_in, left_over, text_of

QUESTION = "How many <of them> came twice?\nAnd on what was it spent?"


def officer_asks(office: Office, question: str = QUESTION) -> int:
    with office.sessions.begin() as session:
        officer = people.holders(session, Role.OFFICER)[0]
        [found] = session.scalars(select(MonitoringReturn))
        return asking.ask(session, found, officer, question, office=office, now=office.clock()).id


def lines(office: Office, kind: str) -> list[dict[str, Any]]:
    with office.reading() as session:
        return [dict(one.data) for one in session.scalars(select(Event).where(Event.kind == kind))]


@pytest.fixture
def asked(app: Any, office: Office, return_paths: list[str]) -> Person:
    """Somebody whose return is in, at its page, with a question open."""
    one = Person(app, return_paths[0])
    one.fields.update({**RETURN, "spending-1": "450", "spending-2": "500"})
    assert one.post().status_code == 303
    officer_asks(office)
    one.open()
    return one


def send(one: Person, **more: str) -> Any:
    return one.client.post(f"{one.path}/answer", data={**one.fields, **more})


def test_the_question_is_on_the_page_with_a_box_and_the_figures(asked: Person) -> None:
    page = asked.open()
    assert "We have a question" in page
    assert "How many <of them> came twice?" in page
    assert "by <strong>7 December 2026</strong>" in page
    for name, value in {
        "people": "23",
        "spent": "950.00",
        "spending-1": "450.00",
        "achieved-1": "A tenth fewer",
    }.items():
        assert asked.fields[name] == value
    assert asked.fields["answer"] == ""


def test_an_answer_alone_changes_no_figure(office: Office, asked: Person) -> None:
    assert send(asked, answer="About <half>.").headers["Location"] == asked.path
    [found] = came_in(office)
    assert (found.status, found.spent, found.people) == ("received", 950_00, 23)
    assert lines(office, "return_corrected") == []
    page = asked.open()
    assert "Return received" in page
    assert "About <half>." in page


def test_a_bare_answer_is_enough(office: Office, asked: Person) -> None:
    data = {"csrf_token": asked.fields["csrf_token"], "answer": "Half."}
    assert asked.client.post(f"{asked.path}/answer", data=data).status_code == 303
    assert came_in(office)[0].status == "received"


def test_corrected_figures_stand_and_the_trail_keeps_the_earlier_ones(office: Office, asked: Person) -> None:
    changed = {"people": "25", "spent": "960", "spending-2": "510", "achieved-1": "An eighth fewer"}
    assert send(asked, answer="We had forgotten two.", **changed).status_code == 303
    [found] = came_in(office)
    assert (found.people, found.spent, found.measures[0]["achieved"]) == (25, 960_00, "An eighth fewer")
    assert [line["spent"] for line in found.budget or ()] == [450_00, 510_00]
    [line] = lines(office, "return_corrected")
    assert line["was"] == {
        "spent": 950_00, "people": 23, "achieved": ["A tenth fewer"], "budget": [450_00, 500_00], "over": "",
    }  # fmt: skip
    assert (line["spent"], line["people"]) == (960_00, 25)
    assert "£960" in asked.open()


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"answer": " "}, "answer"),
        ({"answer": "x" * 3_001}, "answer"),
        ({"answer": "Half.", "people": "some"}, "people"),
        ({"answer": "Half.", "spent": "960"}, "spending-1"),
        ({"answer": "Half.", "spent": "2100", "spending-1": "1600"}, "over"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    office: Office, asked: Person, typed: dict[str, str], field: str
) -> None:
    answer = send(asked, **typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in text_of(answer)
    assert '<details class="govuk-details" open>' in text_of(answer), "what is wrong can be seen"
    assert typed["answer"] in text_of(answer)
    [found] = came_in(office)
    assert (found.status, found.spent) == ("queried", 950_00)


def test_answered_twice_the_first_answer_stands(office: Office, asked: Person) -> None:
    assert send(asked, answer="First.").status_code == 303
    assert send(asked, answer="First.").status_code == 303  # pressed twice
    late = send(asked, answer="<Second>.", people="99", **{"achieved-1": "Half <as> many", "spending-1": "45O"})
    left = left_over(late)
    for mine in ("<Second>.", "99", "Half <as> many", "45O"):
        assert mine in left
    for untouched in ("950.00", "500.00"):
        assert untouched not in left, "nobody typed it"
    assert "This question was answered on 23 November 2026 at midday." in text_of(late)
    with office.reading() as session:
        assert session.scalars(select(Asked.answer)).all() == ["First."]
    assert came_in(office)[0].people == 23


def test_an_answer_to_an_earlier_question_is_not_one_to_the_next(office: Office, asked: Person) -> None:
    send(asked, answer="First.")
    officer_asks(office, "And when?")
    late = send(asked, answer="For the first.")  # from the page that showed the first one
    assert "For the first." in left_over(late)
    assert "And when?" in text_of(late)
    assert came_in(office)[0].status == "queried"


def test_an_answer_whose_session_is_lost_is_shown_again(app: Any, office: Office, asked: Person) -> None:
    asked.client = app.test_client()
    answer = send(asked, answer="Half <of them>.", people="25")
    assert answer.status_code == 400
    page = text_of(answer)
    assert "Half <of them>." in page
    assert 'value="25"' in page
    assert came_in(office)[0].people == 23


def test_figures_alone_that_come_too_late_are_shown_again(office: Office, asked: Person) -> None:
    assert send(asked, answer="Same.").status_code == 303
    left = left_over(send(asked, answer="Same.", people="24"))
    assert "24" in left
    assert "Same." not in left, "it is kept: it was pressed twice"


def test_an_answer_given_at_the_moment_in_which_the_question_is_taken_back_is_shown_again(
    office: Office, asked: Person
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with office.sessions.begin() as session:
            [question] = session.scalars(select(Asked))
            asking.take_back(session, question.id, people.holders(session, Role.OFFICER)[0], now=office.clock())
            late = threads.submit(send, asked, answer="Half <of them>.", people="25")
            with pytest.raises(TimeoutError):
                late.result(timeout=0.5)
        left = left_over(late.result())
    assert "Half <of them>." in left
    assert "25" in left
    assert "was closed on 23 November 2026 at midday without an answer" in text_of(late.result())
    assert came_in(office)[0].people == 23
    assert lines(office, "return_corrected") == []


def test_a_lost_session_shows_what_came_too_late(app: Any, office: Office, asked: Person) -> None:
    other = Person(app, asked.path)
    send(other, answer="First.")
    asked.client = app.test_client()
    left = left_over(send(asked, answer="Second.", people="99"))
    assert "Second." in left
    assert "99" in left


def test_nothing_is_corrected_while_nothing_is_asked(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    token = one.fields["csrf_token"]
    data = {"csrf_token": token, "answer": "Early.", "people": "1"}
    assert one.client.post(f"{one.path}/answer", data=data).status_code == 303
    one.fields.update(RETURN)
    one.post()
    assert one.client.post(f"{one.path}/answer", data=data).status_code == 409
    assert [(found.people, found.status) for found in came_in(office)] == [(23, "received")]
