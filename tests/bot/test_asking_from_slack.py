"""Asking the applicant, sending back, taking a question back: who may, what goes out, what is refused."""

from __future__ import annotations

import pytest

from core import asking
from core.office import Office
from core.records import Application, Asked, OutboxMessage
from tests.bot.conftest import Desk, application_of, recommended, submitted
from tests.bot.test_listeners import opened


def questions(office: Office, number: int) -> list[Asked]:
    with office.reading() as session:
        return list(asking.questions(session, session.get_one(Application, number)))


def mails(office: Office) -> list[str]:
    with office.reading() as session:
        return [one.kind for one in session.query(OutboxMessage).filter_by(channel="mail").order_by(OutboxMessage.id)]


def test_a_question_goes_out_by_mail_and_the_application_waits(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    modal = opened(desk.press("U0OFFICER", ts, "ask"))
    seen = desk.slack.submit_view("U0OFFICER", modal, {"question": "Who owns the hall?", "answer_by": "2026-12-10"})
    assert seen.ok, seen
    (asked,) = questions(desk.office, number)
    assert (asked.question, str(asked.answer_by), asked.may_correct) == ("Who owns the hall?", "2026-12-10", None)
    assert application_of(desk.office, number).status == "queried"
    assert mails(desk.office)[-1] == "question"


def test_the_day_is_the_usual_one_unless_somebody_chooses(desk: Desk) -> None:
    number = submitted(desk.office)
    modal = opened(desk.press("U0OFFICER", desk.post_card(number), "ask"))
    assert desk.slack.submit_view("U0OFFICER", modal, {"question": "Who owns the hall?"}).ok
    assert str(questions(desk.office, number)[0].answer_by) == "2026-12-17"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "wrong", "said"),
    [
        ({"question": " ", "answer_by": "2026-12-10"}, "question", "Write your question"),
        ({"question": "x", "answer_by": "2026-12-03"}, "answer_by", "after today"),
        ({"question": "x", "answer_by": "1999-01-01"}, "answer_by", "after today"),
        ({"question": "x", "answer_by": "9999-12-31"}, "answer_by", "up to 31 December 2100"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(
    desk: Desk, given: dict[str, str], wrong: str, said: str
) -> None:
    number = submitted(desk.office)
    modal = opened(desk.press("U0OFFICER", desk.post_card(number), "ask"))
    seen = desk.slack.submit_view("U0OFFICER", modal, dict(given))
    assert list(seen.errors) == [wrong]
    assert said in seen.errors[wrong]
    assert questions(desk.office, number) == []


def test_sending_back_starts_from_what_is_not_met_and_sets_a_recommendation_aside(desk: Desk) -> None:
    number = submitted(desk.office, amount="3600")
    recommended(desk.office, number, outcome="decline", amount=360_000)
    ts = desk.post_card(number)
    seen = desk.choose("U0DIRECTOR", ts, "send_back")
    assert seen.view is not None
    (box,) = [block for block in seen.view.blocks if block.get("block_id") == "question"]
    start = box["element"]["initial_value"]
    assert start.startswith("Please put this right")
    assert "£3,500" in start
    assert "set aside" in str(seen.view.blocks)
    assert desk.slack.submit_view("U0DIRECTOR", seen.view.view_id, {}).ok
    (asked,) = questions(desk.office, number)
    assert asked.may_correct is True
    after = application_of(desk.office, number)
    assert (after.status, after.recommendation) == ("queried", None)


def test_a_question_is_taken_back_at_a_press(desk: Desk) -> None:
    number = submitted(desk.office)
    modal = opened(desk.press("U0OFFICER", desk.post_card(number), "ask"))
    assert desk.slack.submit_view("U0OFFICER", modal, {"question": "Who owns the hall?"}).ok
    ts = desk.post_card(number)
    seen = desk.press("U0OFFICER2", ts, "take_back")
    assert seen.status == 200
    assert application_of(desk.office, number).status == "submitted"
    assert "taken back" in desk.told("U0OFFICER2")[-1]
    assert desk.press("U0OFFICER2", ts, "take_back").status == 200
    assert len(desk.told("U0OFFICER2")) == 2, "the second press is told that there is nothing to take back"


@pytest.mark.one_database
@pytest.mark.parametrize("action", ["ask", "send_back"])
@pytest.mark.parametrize("user", ["U0FORCE", "U0PANEL", "U0AUDITOR"])
def test_who_may_not_ask_gets_no_form(desk: Desk, user: str, action: str) -> None:
    ts = desk.post_card(submitted(desk.office))
    seen = desk.press(user, ts, "ask") if action == "ask" else desk.choose(user, ts, action)
    assert seen.view is None
    assert len(desk.told(user)) == 1


def test_two_who_ask_at_once_leave_one_question_and_the_other_is_told(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    first, second = (opened(desk.press(user, ts, "ask")) for user in ("U0OFFICER", "U0OFFICER2"))
    assert desk.slack.submit_view("U0OFFICER", first, {"question": "One?"}).ok
    seen = desk.slack.submit_view("U0OFFICER2", second, {"question": "Two?"})
    assert not seen.ok
    assert [one.question for one in questions(desk.office, number)] == ["One?"]


def test_a_choice_that_no_menu_has_is_refused(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    message = desk.slack.workspace.message("C0APPROVALS", ts)
    menu = next(one for block in message.blocks for one in block.get("elements", []) if one["type"] == "overflow")
    menu["options"][0]["value"] = menu["options"][0]["value"].replace("documents", "rule_the_world")
    desk.client.chat_update(channel="C0APPROVALS", ts=ts, text=message.text, blocks=message.blocks)
    assert desk.press("U0OFFICER", ts, "menu", chosen=menu["options"][0]["value"]).view is None
    assert "not known any more" in desk.told("U0OFFICER")[-1]
