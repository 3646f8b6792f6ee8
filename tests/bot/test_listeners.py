"""Signed presses over real HTTP: who may, what happens, and what everybody else is told."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from sqlalchemy import Engine
from sqlalchemy import text as sql

from bot.action import MENU
from bot.actions import ACTIONS
from bot.app import build
from bot.linking import ADDRESS, CODE, LINK
from bot.practice.faults import Fault
from bot.practice.people_side import Outcome as Seen
from bot.presser import Presser
from core import deciding
from core.office import Office
from core.records import Decision
from core.rules.policy import Role
from tests.bot.conftest import (
    NOBODY,
    SECRET,
    STAFF,
    TOKEN,
    Desk,
    application_of,
    delegated,
    person_of,
    recommended,
    serve,
    submitted,
)
from tests.broken_record import shut
from tests.conftest import Clock

REASONS = "It meets a need that nobody else meets."


def opened(seen: Seen) -> str:
    """The id of the modal that a press opened."""
    assert seen.trouble is None
    assert seen.view is not None
    return seen.view.view_id


def test_the_whole_way_from_a_press_to_a_decision(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    modal = opened(desk.press("U0OFFICER", ts, "recommend"))
    seen = desk.slack.submit_view("U0OFFICER", modal, {"recommendation": "approve", "reasons": REASONS})
    assert seen.ok, seen
    assert seen.view is None
    assert application_of(desk.office, number).status == "recommended"

    ts = desk.post_card(number)
    modal = opened(desk.press("U0COMM", ts, "approve"))
    seen = desk.slack.submit_view("U0COMM", modal, {"amount": "1500.50"})
    assert seen.ok, seen
    after = application_of(desk.office, number)
    assert after.status == "approved"
    assert after.decision is not None
    assert after.award is not None
    assert (after.decision.amount, after.award.amount) == (150_050, 150_050)
    assert after.decision.reasons == REASONS, "the approval starts from the recommendation's reasons"
    assert after.decision.conditions == desk.office.policy.terms.value[0]
    assert desk.told("U0COMM") == []


def test_the_power_and_why_it_reduces_crime_go_from_the_recommendation_to_the_decision(desk: Desk) -> None:
    number = submitted(desk.office)
    seen = desk.press("U0OFFICER", desk.post_card(number), "recommend")
    why = "Boxing keeps them off the street."
    given = {"recommendation": "approve", "reasons": REASONS, "contribution": why}
    assert desk.slack.submit_view("U0OFFICER", opened(seen), given).ok
    seen = desk.press("U0COMM", desk.post_card(number), "approve")
    assert seen.view is not None
    found = {block["block_id"]: block["element"] for block in seen.view.blocks if block["type"] == "input"}
    assert found["contribution"]["initial_value"] == why
    power = found["legal_power"]["initial_option"]["value"]
    assert "What waits for a later step" in str(seen.view.blocks)
    assert "To be weighed" not in str(seen.view.blocks), "nothing is, of this one"
    assert desk.slack.submit_view("U0COMM", seen.view.view_id).ok
    decision = application_of(desk.office, number).decision
    assert decision is not None
    assert decision.contribution == why
    assert decision.legal_power
    assert power
    assert not decision.suggested, "what stood in the form and was sent was given, not only suggested"


def test_less_and_declined(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    modal = opened(desk.press("U0OFFICER", ts, "recommend"))
    wrong = desk.slack.submit_view("U0OFFICER", modal, {"recommendation": "less", "reasons": REASONS})
    assert set(wrong.errors) == {"amount"}
    assert "£2,000" in wrong.errors["amount"]
    right = {"recommendation": "less", "amount": "1200", "reasons": REASONS}
    assert desk.slack.submit_view("U0OFFICER", modal, right).ok

    ts = desk.post_card(number)
    modal = opened(desk.press("U0COMM", ts, "decline"))
    assert desk.slack.submit_view("U0COMM", modal, {"reasons": "Not this year. Do ask again."}).ok
    after = application_of(desk.office, number)
    assert after.status == "declined"
    assert after.award is None


def test_an_amount_does_not_stop_a_recommendation_to_decline(desk: Desk) -> None:
    number = submitted(desk.office)
    modal = opened(desk.press("U0OFFICER", desk.post_card(number), "recommend"))
    given = {"recommendation": "decline", "amount": "1", "reasons": REASONS}
    assert desk.slack.submit_view("U0OFFICER", modal, given).ok


@pytest.mark.parametrize("action", ["approve", "decline"])
def test_too_early_is_refused_without_a_modal(desk: Desk, action: str) -> None:
    ts = desk.post_card(submitted(desk.office))
    seen = desk.press("U0COMM", ts, action)
    assert seen.status == 200
    assert seen.view is None
    (told,) = desk.told("U0COMM")
    assert "recommendation by someone else" in told


def test_whoever_recommended_does_not_decide(office: Office, clock: Clock) -> None:
    """The director has a delegation, and still not for what the director recommended (A2)."""
    office = delegated(office, Role.DIRECTOR, 300_000)
    for desk in serve(office, clock):
        number = submitted(office)
        recommended(office, number, by="U0DIRECTOR")
        ts = desk.post_card(number)
        assert desk.press("U0DIRECTOR", ts, "approve").view is None
        assert "You recommended this" in desk.told("U0DIRECTOR")[0]
        assert "(Rule A2)" in desk.told("U0DIRECTOR")[0]


def test_the_submission_is_judged_anew(desk: Desk) -> None:
    """A modal opened while it was allowed is no permission: the person has left the office since."""
    number = submitted(desk.office)
    recommended(desk.office, number)
    modal = opened(desk.press("U0COMM", desk.post_card(number), "approve"))
    with desk.office.sessions.begin() as session:
        session.execute(sql("UPDATE person SET active = false WHERE slack_user = 'U0COMM'"))
    seen = desk.slack.submit_view("U0COMM", modal)
    assert set(seen.errors) == {"reasons"}
    assert "staff list" in seen.errors["reasons"]
    assert application_of(desk.office, number).status == "recommended"


def test_the_second_of_two_open_modals_is_told_who_was_first(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    approving, declining = opened(desk.press("U0COMM2", ts, "approve")), opened(desk.press("U0COMM", ts, "decline"))
    assert desk.slack.submit_view("U0COMM", declining, {"reasons": REASONS}).ok
    seen = desk.slack.submit_view("U0COMM2", approving)
    assert set(seen.errors) == {"reasons"}
    assert "Already declined by Comm Person on 3 December 2026 at 2:02pm" in seen.errors["reasons"]


def test_a_second_press_on_a_card_that_is_out_of_date_is_told_who_was_first(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    modal = opened(desk.press("U0COMM", ts, "approve"))
    assert desk.slack.submit_view("U0COMM", modal).ok
    assert desk.press("U0COMM", ts, "decline").view is None
    assert desk.told("U0COMM")[0].startswith("Already approved by Comm Person")


def test_what_was_not_seen_is_not_decided(desk: Desk) -> None:
    """Somebody declares an interest while the form is open: the decision waits until the card has been read again."""
    number = submitted(desk.office)
    recommended(desk.office, number)
    modal = opened(desk.press("U0COMM", desk.post_card(number), "approve"))
    with desk.office.sessions.begin() as session:
        recommender = session.merge(person_of(desk.office, "U0OFFICER"))
        deciding.declare_interest(session, number, recommender, reason="My brother.", now=desk.clock())
    seen = desk.slack.submit_view("U0COMM", modal)
    assert "has changed since you opened this form" in seen.errors["reasons"]
    assert application_of(desk.office, number).status == "recommended"


def test_an_interest_puts_a_person_out(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    modal = opened(desk.choose("U0OFFICER", ts, "interest"))
    assert desk.slack.submit_view("U0OFFICER", modal, {"reasons": "My daughter boxes there."}).ok
    assert desk.press("U0OFFICER", ts, "recommend").view is None
    assert "declared an interest" in desk.told("U0OFFICER")[0]
    assert desk.choose("U0OFFICER", ts, "interest").view is None
    opened(desk.press("U0OFFICER2", ts, "recommend"))


def test_a_failed_rule_is_said_beside_the_amount(desk: Desk) -> None:
    number = submitted(desk.office, amount="3600")
    recommended(desk.office, number, amount=360_000)
    modal = opened(desk.press("U0COMM", desk.post_card(number), "approve"))
    seen = desk.slack.submit_view("U0COMM", modal)
    assert set(seen.errors) == {"amount"}
    assert "F5" in seen.errors["amount"]
    assert desk.slack.submit_view("U0COMM", modal, {"amount": "3500"}).ok


@pytest.mark.one_database
@pytest.mark.parametrize("action", ["recommend", "approve", "decline", "interest"])
def test_an_account_that_is_nobodys_can_do_nothing(desk: Desk, action: str) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    seen = desk.choose(NOBODY, ts, action) if action == "interest" else desk.press(NOBODY, ts, action)
    assert seen.view is None
    (told,) = desk.told(NOBODY)
    assert f"TPRACTICE/{NOBODY}" in told


def test_the_same_user_id_in_another_workspace_is_somebody_else() -> None:
    """In a shared channel the payload's team is the channel's; the person's own is what counts."""
    body = {"team": {"id": "TOURS"}, "user": {"id": "U1", "team_id": "TSTRANGER"}, "channel": {"id": "C1"}}
    assert Presser.of(body) == Presser("TSTRANGER", "U1", "C1")
    assert Presser.of({"team": None, "user": {"id": "U1", "team_id": "TORG"}}, "C2") == Presser("TORG", "U1", "C2")
    assert Presser.of({"team": {"id": "TOURS"}, "user": {"id": "U1"}}) == Presser("TOURS", "U1", "")


def test_many_at_once_make_one_decision(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    crowd = [user for user, (role, _body) in STAFF.items() if role is Role.COMMISSIONER]
    actions = ("approve", "decline") * (len(crowd) // 2)
    modals = [opened(desk.press(user, ts, action)) for user, action in zip(crowd, actions, strict=True)]
    with ThreadPoolExecutor(len(crowd)) as pool:
        seen = list(
            pool.map(lambda user, modal: desk.slack.submit_view(user, modal, {"reasons": REASONS}), crowd, modals)
        )
    assert sum(one.ok for one in seen) == 1
    assert all("Already" in one.errors["reasons"] for one in seen if not one.ok)
    with desk.office.reading() as session:
        assert session.query(Decision).count() == 1


def test_a_submission_delivered_twice_is_done_once(desk: Desk) -> None:
    number = submitted(desk.office)
    modal = opened(desk.press("U0OFFICER", desk.post_card(number), "recommend"))
    given = {"recommendation": "approve", "reasons": REASONS}
    seen = desk.slack.submit_view("U0OFFICER", modal, given, deliveries=2)
    assert [(answer.status, answer.body) for answer in seen.answers] == [(200, ""), (200, "")]


def test_a_refused_press_delivered_twice_is_told_once(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.press("U0COMM", ts, "approve", deliveries=2)
    assert len(desk.told("U0COMM")) == 1


def test_a_modal_that_slack_does_not_open_is_no_trouble(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.slack.workspace.faults.add("views.open", Fault.status(500))
    with caplog.at_level(logging.WARNING):
        seen = desk.press("U0OFFICER", ts, "recommend")
    assert seen.status == 200
    assert seen.view is None
    assert "views.open" in caplog.text


def test_an_expired_trigger_is_told(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.slack.workspace.faults.add("views.open", Fault.error("expired_trigger_id"))
    assert desk.press("U0OFFICER", ts, "recommend").status == 200
    assert "Press the button again" in desk.told("U0OFFICER")[0]


@pytest.mark.slacks_time
def test_a_slack_that_hangs_does_not_hold_up_the_answer(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.slack.workspace.faults.add("chat.postEphemeral", Fault.hang(30))
    seen = desk.press(NOBODY, ts, "approve")
    assert seen.trouble is None, "answered within Slack's three seconds"


def test_a_fault_of_ours_is_answered_with_a_reference(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The record is broken: press and submission are both answered, and what is told can be found in the log."""
    number = submitted(desk.office)
    ts = desk.post_card(number)
    modal = opened(desk.press("U0OFFICER", ts, "recommend"))
    with desk.office.sessions.begin() as session:
        session.execute(sql("ALTER TABLE interest RENAME TO interest_gone"))
    with caplog.at_level(logging.ERROR):
        pressed = desk.press("U0OFFICER", ts, "recommend")
        sent = desk.slack.submit_view("U0OFFICER", modal, {"recommendation": "approve", "reasons": REASONS})
    assert pressed.status == 200
    assert sent.trouble is None
    for told in (desk.told("U0OFFICER")[0], sent.errors["reasons"]):
        reference = told.partition("fault ")[2][:8]
        assert f"fault {reference}" in caplog.text
    with desk.office.sessions.begin() as session:
        session.execute(sql("ALTER TABLE interest_gone RENAME TO interest"))
    assert desk.slack.submit_view("U0OFFICER", modal, {"recommendation": "approve", "reasons": REASONS}).ok


def test_what_is_logged_of_a_fault_shows_nothing_that_was_typed(
    desk: Desk, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    ts = desk.post_card(submitted(desk.office))
    modal = opened(desk.press("U0OFFICER", ts, "recommend"))
    with shut(engine, "recommendation"), caplog.at_level(logging.DEBUG):
        desk.slack.submit_view("U0OFFICER", modal, {"recommendation": "approve", "reasons": "Zebras in confidence"})
    assert "INSERT INTO recommendation" in caplog.text
    assert "Zebras" not in caplog.text


def test_home_is_ignored_kindly(desk: Desk) -> None:
    seen = desk.slack.open_home("U0OFFICER", deliveries=2)
    assert [answer.status for answer in seen.answers] == [200, 200]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch, office: Office) -> dict[str, list[Any]]:
    seen: dict[str, list[Any]] = {"action": [], "view": []}
    for kind in seen:
        original = getattr(App, kind)

        def remember(self: App, constraint: Any, *rest: Any, _kind: str = kind, _original: Any = original) -> Any:
            seen[_kind].append(constraint)
            return _original(self, constraint, *rest)

        monkeypatch.setattr(App, kind, remember)
    build(office, client=WebClient(TOKEN), signing_secret=SECRET)
    return seen


def test_every_listener_has_an_access_rule(registered: dict[str, list[Any]]) -> None:
    """Only the menu, whose choices are actions, linking, and the catch-all, which comes last, are without."""
    *named, last = registered["action"]
    assert set(named) == {*ACTIONS, MENU, LINK}, "linking is for whoever is on nobody's record"
    assert last.pattern == ".*"
    *named, last = registered["view"]
    assert set(named) == {name for name, action in ACTIONS.items() if action.submits or action.each} | {ADDRESS, CODE}
    assert last.pattern == ".*"


def test_every_action_is_of_one_sort() -> None:
    """A form with what its submission does, a window to read, something done at once, or a link: nothing is half."""
    for name, action in ACTIONS.items():
        assert name == action.name
        assert action.submits is None or action.opens is not None, name
        assert action.opens is None or action.does is None, name
    windows = {name for name, action in ACTIONS.items() if action.opens and not (action.submits or action.each)}
    assert windows == {"read", "documents", "round_ranking", "round_score"}, "the last opens the form of round_sheet"


def test_building_asks_nobody_anything(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call, and nothing of bolt's own settings from the environment."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-another-app")
    app = build(office, client=WebClient(TOKEN, base_url="http://127.0.0.1:9/api/"), signing_secret=SECRET)
    assert app.process_before_response
