"""An application is corrected for a question that allows it (A5): until then it stands, and nothing typed is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import applications, asking, audit, deciding, people
from core.errors import Refused
from core.office import Office
from core.records import Application, Asked, Correction, Event, OutboxMessage, Person
from core.rules.policy import Role
from scheduler.timetable import run_drafts
from tests.core.casework import at_once
from tests.intake.conftest import Browser, hidden
from tests.intake.mailed import letters

QUESTION = "Is the amount <right>?"


def officer(session: Any) -> Person:
    return people.holders(session, Role.OFFICER)[0]


def application(session: Any) -> Application:
    return session.scalars(select(Application).where(Application.reference.is_not(None))).one()  # type: ignore[no-any-return]


def ask(office: Office, *, may_correct: bool = True) -> int:
    with office.sessions.begin() as session:
        who, about = officer(session), application(session)
        now = office.clock()
        return asking.ask(session, about, who, QUESTION, office=office, now=now, may_correct=may_correct).id


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def stands(office: Office) -> tuple[str, str | None, str | None]:
    with office.reading() as session:
        mine = application(session)
        return mine.status, mine.title, mine.name_key


def corrections(office: Office) -> int:
    with office.reading() as session:
        return len(list(session.scalars(select(Correction))))


def lines(office: Office, kind: str) -> list[Event]:
    with office.reading() as session:
        return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.sequence)))


def sound(office: Office) -> bool:
    with office.reading() as session:
        assert audit.verify(session).faults == ()
        return True


@pytest.fixture
def asked(office: Office, submitted: str) -> str:
    """The address of an application that may be corrected."""
    ask(office)
    return submitted


def test_it_is_corrected_and_takes_the_place_of_what_was_sent(office: Office, browser: Browser, asked: str) -> None:
    before = stands(office)
    page = text_of(browser.get(asked))
    assert f'href="{asked}/check-answers">correct your application' in page
    check = text_of(browser.get(f"{asked}/check-answers"))
    assert "Send the corrected application" in check
    assert "Is the amount <right>?" in check
    answer = browser.send(f"{asked}/title?return=check", {"title": "Corrected title"}, to=f"{asked}/title")
    assert answer.headers["Location"] == f"{asked}/check-answers"
    browser.send(f"{asked}/organisation?return=check", {"organisation_name": "Ely Boxing Club"})
    assert stands(office) == ("queried", *before[1:]), "until it is sent what was sent stands"
    assert sound(office)
    assert "go on correcting your application" in text_of(browser.get(asked))
    assert browser.send(f"{asked}/check-answers").headers["Location"] == asked
    assert stands(office)[:2] == ("submitted", "Corrected title")
    assert stands(office)[2] != before[2], "the organisation's key follows"
    [line] = lines(office, "corrected")
    assert line.actor == "applicant"
    assert line.data["changed"] == ["organisation_name", "title"]
    assert line.data["after"] == {"organisation_name": "Ely Boxing Club", "title": "Corrected title"}
    assert line.data["before"]["title"] == before[1]
    assert line.data["facts"]["amount"] == lines(office, "submitted")[0].data["facts"]["amount"]
    with office.reading() as session:
        [question] = session.scalars(select(Asked))
        assert question.answer == "The application was corrected: organisation name and title."
        cards = session.scalars(select(OutboxMessage.key).where(OutboxMessage.kind == "card")).all()
        assert f"card:{application(session).id}:{application(session).version}" in cards
    [letter] = letters(office, "corrected")
    assert "Corrected title" in letter.text
    assert corrections(office) == 0
    assert sound(office)
    page = text_of(browser.get(asked))
    assert "You corrected the application" in page
    assert browser.get(f"{asked}/check-answers").headers["Location"] == asked
    assert browser.get(f"{asked}/title").headers["Location"] == asked


def test_personal_details_are_not_in_the_trail(office: Office, browser: Browser, asked: str) -> None:
    contact = {"contact_name": "Sam Newman", "contact_email": "sam@boxing.example"}
    browser.send(f"{asked}/contact?return=check", contact)
    assert browser.send(f"{asked}/check-answers").status_code == 303
    [line] = lines(office, "corrected")
    assert {"contact_name", "contact_email"} <= set(line.data["changed"])
    assert "sam@" not in str(line.data)
    assert "Sam Newman" not in str(line.data)
    [letter] = letters(office, "corrected")
    assert letter.to == "sam@boxing.example"


def test_without_leave_nothing_can_be_corrected(office: Office, browser: Browser, submitted: str) -> None:
    ask(office, may_correct=False)
    assert "correct your application" not in text_of(browser.get(submitted))
    assert browser.get(f"{submitted}/title").headers["Location"] == submitted
    assert browser.get(f"{submitted}/check-answers").headers["Location"] == submitted


def test_nothing_changed_is_said_and_what_is_wrong_too(office: Office, browser: Browser, asked: str) -> None:
    answer = browser.send(f"{asked}/check-answers")
    assert (answer.status_code, "Nothing is changed yet" in text_of(answer)) == (422, True)
    browser.send(f"{asked}/title", {"title": ""})
    answer = browser.send(f"{asked}/check-answers")
    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert stands(office)[0] == "queried"
    assert lines(office, "corrected") == []


def test_an_answer_changed_since_the_check_is_shown_first(browser: Browser, app: Flask, asked: str) -> None:
    browser.send(f"{asked}/title", {"title": "Mine"})
    shown = hidden(text_of(browser.get(f"{asked}/check-answers")))
    other = Browser(app.test_client())
    other.send(f"{asked}/title", {"title": "Theirs"})
    answer = browser.client.post(f"{asked}/check-answers", data=shown)
    assert (answer.status_code, "Theirs" in text_of(answer)) == (409, True)


def test_two_people_correct_one_page(browser: Browser, app: Flask, asked: str) -> None:
    mine = hidden(text_of(browser.get(f"{asked}/title")))
    Browser(app.test_client()).send(f"{asked}/title", {"title": "Theirs"})
    page = text_of(browser.client.post(f"{asked}/title", data={**mine, "title": "Mine"}))
    assert 'value="Mine"' in page
    assert "Theirs" in page.split("Saved now")[1]


def close(office: Office, how: str) -> None:
    with office.sessions.begin() as session:
        close_in(session, office, how)


def close_in(session: Session, office: Office, how: str) -> None:
    [question] = session.scalars(select(Asked).where(Asked.ended_at.is_(None)))
    now = office.clock()
    if how == "answered":
        asking.answer(session, question.id, "In words.", source="applicant", now=now)
    elif how == "withdrawn":
        applications.withdraw(session, application(session), office=office, now=now)
    else:
        asking.take_back(session, question.id, officer(session), now=now)
    if how in ("approved", "declined"):
        recommend(session, office, how)
        decide(session, office, how)


def recommend(session: Session, office: Office, how: str) -> None:
    deciding.recommend(
        session, application(session).id, officer(session), outcome="approve" if how == "approved" else "decline",
        amount=2_000_00, reasons="Others need it more.", office=office, now=office.clock(),
    )  # fmt: skip


def decide(session: Session, office: Office, how: str) -> None:
    deciding.decide(
        session, application(session).id, people.holders(session, Role.COMMISSIONER)[0],
        outcome="approved" if how == "approved" else "declined", amount=2_000_00 if how == "approved" else None,
        reasons="It was weighed.", conditions="Keep a register.", office=office, now=office.clock(),
    )  # fmt: skip


ENDS = {
    "taken back": "Our question was taken back on 23 November 2026 at midday.",
    "answered": "Our question was answered on 23 November 2026 at midday.",
    "withdrawn": "The application was withdrawn on 23 November 2026 at midday.",
    "approved": "We decided on the application on 23 November 2026 at midday.",
    "declined": "We decided on the application on 23 November 2026 at midday.",
}


@pytest.mark.one_database
@pytest.mark.parametrize("how", list(ENDS))
def test_what_comes_too_late_is_shown_to_be_copied(office: Office, browser: Browser, asked: str, how: str) -> None:
    browser.send(f"{asked}/title?return=check", {"title": "Typed <late>"})
    page, check = (hidden(text_of(browser.get(f"{asked}/{one}"))) for one in ("need", "check-answers"))
    before = stands(office)
    close(office, how)
    answer = browser.client.post(f"{asked}/check-answers", data=check)
    assert (answer.status_code, "Typed <late>" in text_of(answer)) == (409, True)
    assert f"{ENDS[how]} So we do not wait for a correction any more" in text_of(answer)
    for fields in (page, {**page, "csrf_token": "lost"}):
        answer = browser.client.post(f"{asked}/need", data={**fields, "need": "Typed later still"})
        assert (answer.status_code, "Typed later still" in text_of(answer)) == (409, True)
        assert f"{ENDS[how]} So we do not wait" in text_of(answer), "not that it was sent while the page was open"
    answer = browser.client.post(f"{asked}/check-answers", data={**check, "csrf_token": "lost"})
    assert (answer.status_code, "Typed <late>" in text_of(answer)) == (409, True)
    shown = text_of(browser.get(asked))
    assert "Typed <late>" in shown.split("What you changed was not sent")[1]
    assert stands(office)[1:] == before[1:]
    assert lines(office, "corrected") == []
    day = office.today()
    last = date(day.year + (day.month + 5) // 12, (day.month + 5) % 12 + 1, day.day)
    assert run_drafts(office, today=last).corrections == 0
    assert run_drafts(office, today=date.fromordinal(last.toordinal() + 1)).corrections == 1
    assert "What you changed was not sent" not in text_of(browser.get(asked))
    assert sound(office)


@pytest.mark.parametrize(
    ("step", "why"),
    [(recommend, "it waits for the applicant's answer to a question"), (decide, "A decision needs a recommendation")],
)
def test_nothing_is_decided_while_a_correction_is_waited_for(
    office: Office, browser: Browser, asked: str, step: Any, why: str
) -> None:
    browser.send(f"{asked}/title?return=check", {"title": "Half-way"})

    def early() -> None:
        with office.sessions.begin() as session:
            step(session, office, "declined")

    with pytest.raises(Refused, match=why):
        early()
    assert browser.send(f"{asked}/check-answers").headers["Location"] == asked
    assert stands(office)[:2] == ("submitted", "Half-way")


@pytest.mark.parametrize("how", list(ENDS))
@pytest.mark.parametrize(("path", "typed"), [("check-answers", {}), ("need", {"need": "Typed <late>"})])
def test_what_is_sent_at_the_moment_in_which_it_closes_is_shown_to_be_copied(
    office: Office, browser: Browser, asked: str, how: str, path: str, typed: dict[str, str]
) -> None:
    """The correction waits for whoever closes it, and then finds it closed: one of the two stands, and says so."""
    browser.send(f"{asked}/title?return=check", {"title": "Typed <late>"})
    shown = hidden(text_of(browser.get(f"{asked}/{path}")))
    before = stands(office)
    with ThreadPoolExecutor(1) as threads:
        with office.sessions.begin() as session:
            close_in(session, office, how)
            late = threads.submit(browser.client.post, f"{asked}/{path}", data={**shown, **typed})
            with pytest.raises(TimeoutError):
                late.result(timeout=0.3)
        answer = late.result()
    assert (answer.status_code, "Typed <late>" in text_of(answer)) == (409, True)
    assert ENDS[how] in text_of(answer)
    assert "Typed <late>" in text_of(browser.get(asked)).split("What you changed was not sent")[1]
    assert stands(office)[1:] == before[1:]
    assert lines(office, "corrected") == []
    assert sound(office)


def test_pressed_twice_at_once_it_is_sent_once(office: Office, app: Flask, browser: Browser, asked: str) -> None:
    browser.send(f"{asked}/title", {"title": "Once"})
    others = [Browser(app.test_client()) for _ in range(3)]
    shown = [hidden(text_of(one.get(f"{asked}/check-answers"))) for one in others]

    def press(one: Browser, fields: dict[str, str]) -> Any:
        return lambda: one.client.post(f"{asked}/check-answers", data=fields).status_code

    came = at_once([press(one, fields) for one, fields in zip(others, shown, strict=True)])
    assert came.done == [303, 303, 303]
    assert len(lines(office, "corrected")) == 1
    assert len(letters(office, "corrected")) == 1
    assert sound(office)


def test_a_lost_session_shows_what_was_typed(browser: Browser, asked: str) -> None:
    answer = browser.client.post(f"{asked}/title", data={"csrf_token": "no", "title": "Kept <here>"})
    assert (answer.status_code, "Kept <here>" in text_of(answer)) == (400, True)
    answer = browser.client.post(f"{asked}/check-answers", data={"csrf_token": "no"})
    assert (answer.status_code, "Send the corrected application" in text_of(answer)) == (400, True)


def test_outcomes_and_budget_are_put_in_the_place_of_the_old(office: Office, browser: Browser, asked: str) -> None:
    with office.reading() as session:
        told = {name: str(text) for name, text in application(session).answers.items() if name.startswith("outcome")}
    browser.send(f"{asked}/outcomes?return=check", {**_outcomes(office), "target-1": "Fifty"})
    assert browser.send(f"{asked}/check-answers").status_code == 303, told
    with office.reading() as session:
        assert next(one.target for one in application(session).outcomes) == "Fifty"
    assert "outcomes" in lines(office, "corrected")[0].data["changed"]
    assert sound(office)


def _outcomes(office: Office) -> dict[str, str]:
    with office.reading() as session:
        said = application(session).answers.items()
        return {name: str(text) for name, text in said if name.partition("-")[0] in ("outcome", "measure", "target")}
