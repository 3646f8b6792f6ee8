"""The page of an application that was sent: each state of it, the question and its answer, withdrawing, the copy."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any, Literal

import pytest
from sqlalchemy import select

from core import applications, asking, awards, deciding, people, undoing
from core.office import Office
from core.records import Application, Asked, Decision, OutboxMessage, Person
from core.rules.policy import Role, Window
from intake.app import create_app

QUESTION = "Who owns the <hall>?\n\nAnd who pays for it?"


def words(answer: Any) -> str:
    """What a page says, without its markup."""
    said = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(unescape(said).split())


def person(session: Any, role: Role) -> Person:
    return people.holders(session, role)[0]


def ask(office: Office, question: str = QUESTION) -> int:
    with office.sessions.begin() as session:
        about = session.scalars(select(Application).where(Application.reference.is_not(None))).one()
        officer = person(session, Role.OFFICER)
        return asking.ask(session, about, officer, question, office=office, now=office.clock()).id


def take_back(office: Office, asked: int) -> None:
    with office.sessions.begin() as session:
        asking.take_back(session, asked, person(session, Role.OFFICER), now=office.clock())


def recommend(office: Office, outcome: Literal["approve", "decline"] = "approve") -> None:
    with office.sessions.begin() as session:
        number = session.scalars(select(Application.id)).one()
        deciding.recommend(
            session,
            number,
            person(session, Role.OFFICER),
            outcome=outcome,
            amount=2_000_00,
            reasons="As I see it.",
            office=office,
            now=office.clock(),
        )


def decide(office: Office, outcome: Literal["approved", "declined"], reasons: str = "Others need it more.") -> None:
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            session.scalars(select(Application.id)).one(),
            person(session, Role.COMMISSIONER),
            outcome=outcome,
            amount=2_000_00 if outcome == "approved" else None,
            reasons=reasons,
            conditions="Keep a register.",
            office=office,
            now=office.clock(),
        )


def status_of(office: Office) -> str:
    with office.reading() as session:
        return session.scalars(select(Application.status)).one()


def asked_of(office: Office) -> list[Asked]:
    with office.reading() as session:
        return list(session.scalars(select(Asked).order_by(Asked.id)))


def declined(office: Office) -> None:
    recommend(office, "decline")
    decide(office, "declined")


def approved(office: Office) -> None:
    recommend(office)
    decide(office, "approved")


# ---------------------------------------------------------------------------------------------- where it stands


def test_just_sent(browser: Any, submitted: str) -> None:
    page = words(browser.get(submitted))
    for said in (
        "Application sent Your reference is YF-2026-",
        "You sent the application 23 November 2026 Done",
        "We read it and decide We aim for 21 December 2026 Now",
        "We aim to tell you by 21 December 2026.",
        "Who to talk to",
        "Please quote YF-2026-",
        "Withdraw this application",
    ):
        assert said in page


def test_an_applicant_is_not_told_of_a_recommendation(browser: Any, office: Office, submitted: str) -> None:
    def seen() -> str:
        return re.sub(r'(nonce|csrf_token" value)="[^"]*"', "", browser.get(submitted).get_data(as_text=True))

    before = seen()
    recommend(office, "decline")
    assert status_of(office) == "recommended"
    assert seen() == before


def test_the_day_of_the_decision_moves_by_the_days_of_asking_and_is_not_named_once_past(
    browser: Any, office: Office, clock: Any, submitted: str
) -> None:
    asked = ask(office)
    clock.forward(days=6)
    take_back(office, asked)
    assert "We aim to tell you by 27 December 2026." in words(browser.get(submitted))
    clock.set_day(date(2026, 12, 27))
    assert "We aim to tell you by 27 December 2026." in words(browser.get(submitted))
    clock.set_day(date(2026, 12, 28))
    assert "We aim" not in words(browser.get(submitted))


def test_withdrawn_offered_and_run_out(browser: Any, office: Office, clock: Any, submitted: str) -> None:
    approved(office)
    page = words(browser.get(submitted))
    assert "You accept or refuse the offer By 21 December 2026 Your turn" in page
    assert "Reasons Others need it more. Conditions Keep a register." in page
    assert "/offers/" not in browser.get(submitted).get_data(as_text=True)
    assert "Withdraw this application" not in page
    clock.set_day(date(2026, 12, 22))
    with office.sessions.begin() as session:
        assert awards.expire_offers(session, today=office.today(), now=clock.now, office=office)
    assert "The offer ran out 21 December 2026 Ended" in words(browser.get(submitted))


def undone(office: Office) -> None:
    with office.sessions.begin() as session:
        decision = session.scalars(select(Decision)).one()
        undoing.undo(
            session,
            decision.application_id,
            decision.person,
            reason="Pressed wrongly.",
            office=office,
            now=office.clock(),
        )


def test_an_offer_that_we_took_back_did_not_run_out(browser: Any, office: Office, submitted: str) -> None:
    approved(office)
    assert "Get your links again" in words(browser.get(submitted))
    undone(office)
    page = words(browser.get(submitted))
    assert "We took the offer back" in page
    assert "We took our offer back: it was made in error. Its link no longer works." in page
    assert "We read it and decide" in page
    assert "Pressed wrongly" not in page
    assert "Others need it more" not in page
    assert "ran out" not in page
    assert "Get your links again" not in page.partition("Who to talk to")[0]


def test_a_decline_that_we_took_back_is_decided_again(browser: Any, office: Office, submitted: str) -> None:
    declined(office)
    undone(office)
    page = words(browser.get(submitted))
    assert "We decide on it again" in page
    assert "We took our decision back: it was made in error." in page
    assert "What would help" not in page
    assert "Not funded" not in page


def test_declined_says_why_and_what_would_help(browser: Any, office: Office, submitted: str) -> None:
    declined(office)
    page = words(browser.get(submitted))
    for said in ("Not funded", "We decided not to fund it 23 November 2026 Ended", "Reasons Others need it more."):
        assert said in page
    helps = page.split("What would help")[1]
    assert "No rule stood against your application" in helps
    assert "The Youth Fund is open now." in helps
    assert "Keep a register." not in page  # conditions are of an award


def test_declined_for_a_rule_names_its_remedy_and_the_fund_that_would_fit(
    browser: Any, office: Office, submitted: str, clock: Any
) -> None:
    """£3,500 is the most of the Youth Fund; the crime and disorder fund has no cap and the same purpose."""
    with office.sessions.begin() as session:
        application = session.scalars(select(Application)).one()
        applications.tell(session, application, "varied_by_test", "test", {}, now=clock.now)
        application.amount = 3_600_00
    with office.sessions.begin() as session:
        number = session.scalars(select(Application.id)).one()
        deciding.recommend(
            session,
            number,
            person(session, Role.OFFICER),
            outcome="decline",
            amount=3_600_00,
            reasons="Too much.",
            office=office,
            now=clock.now,
        )
    decide(office, "declined")
    window = Window(date(2027, 2, 1), date(2027, 2, 26))
    funds = tuple(replace(one, windows=(window,)) if one.id == "youth-fund" else one for one in office.policy.funds)
    seasonal = create_app(replace(office, policy=replace(office.policy, funds=funds)), secret_key="x").test_client()
    source = seasonal.get(submitted).get_data(as_text=True)
    helps = words(seasonal.get(submitted)).split("What would help")[1]
    assert "£3,600 is over the Youth Fund" in helps
    assert 'href="/apply/crime-and-disorder"' in source
    assert "The Youth Fund opens again on 1 February 2027." in helps


# ---------------------------------------------------------------------------------------------- the question


def test_a_question_is_shown_with_the_day_and_answered(
    browser: Any, office: Office, clock: Any, submitted: str
) -> None:
    ask(office)
    source, page = browser.get(submitted).get_data(as_text=True), words(browser.get(submitted))
    assert "Who owns the &lt;hall&gt;?" in source
    for said in ("We have a question", "Please answer by 7 December 2026 if you can.", "You answer our question"):
        assert said in page
    clock.forward(days=1)
    answer = browser.send(submitted, {"answer": " The parish.\r\nIt pays too. "}, to=f"{submitted}/answer")
    assert (answer.status_code, answer.headers["Location"]) == (303, submitted)
    [asked] = asked_of(office)
    assert (asked.answer, asked.ended_by, asked.ended_at) == ("The parish.\nIt pays too.", "applicant", clock.now)
    assert status_of(office) == "submitted"
    page = words(browser.get(submitted))
    assert "What we asked Who owns the <hall>? And who pays for it? The parish. It pays too." in page
    assert "You answered our question" in page
    assert "Your answer" not in page


@pytest.mark.parametrize(("typed", "says"), [(" \n ", "Write your answer"), ("x" * 3_001, "3,000 characters")])
def test_what_is_wrong_with_an_answer_is_said_and_what_was_typed_stays(
    browser: Any, office: Office, submitted: str, typed: str, says: str
) -> None:
    ask(office)
    answer = browser.send(submitted, {"answer": typed}, to=f"{submitted}/answer")
    assert answer.status_code == 422
    source = answer.get_data(as_text=True)
    assert says in source
    assert 'href="#answer"' in source
    assert typed.strip() in source
    assert status_of(office) == "queried"


def test_an_answer_whose_session_was_lost_is_shown_again(
    app: Any, browser: Any, office: Office, submitted: str
) -> None:
    asked = ask(office)
    stranger = app.test_client()
    answer = stranger.post(f"{submitted}/answer", data={"answer": "The parish.", "question": str(asked)})
    assert answer.status_code == 400
    assert "Nothing that you typed is lost" in words(answer)
    assert ">The parish.</textarea>" in answer.get_data(as_text=True)
    assert asked_of(office)[0].answer is None


def test_the_second_of_two_answers_is_told_and_keeps_its_text(browser: Any, office: Office, submitted: str) -> None:
    asked = ask(office)
    page = browser.get(submitted).get_data(as_text=True)
    fields = {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0], "question": str(asked)}
    first = browser.client.post(f"{submitted}/answer", data={**fields, "answer": "The parish."})
    again = browser.client.post(f"{submitted}/answer", data={**fields, "answer": "The parish."})
    assert (first.status_code, again.status_code) == (303, 303)  # pressed twice
    second = browser.client.post(f"{submitted}/answer", data={**fields, "answer": "The <council>."})
    assert second.status_code == 409
    assert "This question was answered on 23 November 2026" in words(second)
    assert "The &lt;council&gt;." in second.get_data(as_text=True)
    assert [one.answer for one in asked_of(office)] == ["The parish."]
    ask(office, "Since when?")  # what was typed for the old question is not put into the box of the new one
    late = browser.client.post(f"{submitted}/answer", data={**fields, "answer": "The council."})
    assert late.status_code == 409
    assert "What you wrote was not sent The council." in words(late)
    assert "The council.</textarea>" not in late.get_data(as_text=True)


def test_a_question_that_was_taken_back_waits_for_no_answer(browser: Any, office: Office, submitted: str) -> None:
    asked = ask(office)
    source = browser.get(submitted).get_data(as_text=True)
    fields = {"csrf_token": source.split('name="csrf_token" value="')[1].split('"')[0], "question": str(asked)}
    take_back(office, asked)
    answer = browser.client.post(f"{submitted}/answer", data={**fields, "answer": "The parish."})
    assert answer.status_code == 409
    assert "none is needed any more" in words(answer)
    assert "No answer is needed any more." in words(browser.get(submitted))


def test_a_question_of_another_application_is_not_answered_here(browser: Any, office: Office, submitted: str) -> None:
    asked = ask(office)
    for number in (str(asked + 1), "", "x", "-1", "9" * 40):
        fields = {"answer": "The parish.", "question": number}
        assert browser.send(submitted, fields, to=f"{submitted}/answer").status_code == 404
    assert status_of(office) == "queried"


# ---------------------------------------------------------------------------------------------- withdrawing


@pytest.mark.parametrize("state", ["submitted", "queried", "recommended"])
def test_it_is_withdrawn_once_after_being_asked(browser: Any, office: Office, submitted: str, state: str) -> None:
    if state == "queried":
        ask(office)
    elif state == "recommended":
        recommend(office)
    page = words(browser.get(f"{submitted}/withdraw"))
    assert "Do you want to withdraw this application?" in page
    assert status_of(office) == state
    for _ in range(2):
        with browser.client.session_transaction():
            pass
        source = browser.get("/apply/youth-fund").get_data(as_text=True)
        token = source.split('name="csrf_token" value="')[1].split('"')[0]
        answer = browser.client.post(f"{submitted}/withdraw", data={"csrf_token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, submitted)
    assert status_of(office) == "withdrawn"
    with office.reading() as session:
        mails = session.scalars(select(OutboxMessage.kind).where(OutboxMessage.kind == "withdrawn")).all()
    assert mails == ["withdrawn"]
    page = words(browser.get(submitted))
    assert "You withdrew it 23 November 2026 Ended" in page
    assert "Withdraw this application" not in page
    assert browser.get(f"{submitted}/withdraw").status_code == 303


def test_what_was_decided_is_not_withdrawn(browser: Any, office: Office, submitted: str) -> None:
    source = browser.get(f"{submitted}/withdraw").get_data(as_text=True)
    declined(office)
    fields = {"csrf_token": source.split('name="csrf_token" value="')[1].split('"')[0]}
    answer = browser.client.post(f"{submitted}/withdraw", data=fields)
    assert answer.status_code == 409
    assert "cannot be withdrawn" in words(answer)
    assert "Cara" not in words(answer)
    assert status_of(office) == "declined"


def test_a_withdrawal_whose_session_was_lost_is_asked_again(app: Any, office: Office, submitted: str) -> None:
    answer = app.test_client().post(f"{submitted}/withdraw")
    assert answer.status_code == 400
    assert "Yes, withdraw it" in words(answer)
    assert status_of(office) == "submitted"


def test_a_draft_has_nothing_of_this(browser: Any, started: str) -> None:
    token = browser.get(f"{started}/title").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    assert browser.get(f"{started}/withdraw").status_code == 404
    assert browser.get(f"{started}/copy.pdf").status_code == 404
    for path in ("withdraw", "answer"):
        assert browser.client.post(f"{started}/{path}", data={"csrf_token": token}).status_code == 404
