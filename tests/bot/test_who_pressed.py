"""Slack's word on who pressed counts at the press and again at the submission, and a leaver finishes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.practice.faults import Fault
from core.leaving import leave
from tests.bot.conftest import NOBODY, Desk, application_of, person_of, recommended, submitted


def changed(desk: Desk, user: str, **flags: Any) -> None:
    desk.slack.workspace.put_person(replace(desk.slack.workspace.person(user), **flags))


def opened(desk: Desk, number: int, user: str, action: str) -> str:
    seen = desk.press(user, desk.post_card(number), action)
    assert seen.view is not None
    return seen.view.view_id


def test_a_guest_opens_nothing_and_is_told(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    changed(desk, "U0OFFICER", is_restricted=True)
    assert desk.press("U0OFFICER", ts, "recommend").view is None
    assert "a guest's" in desk.told("U0OFFICER")[-1]


def test_whoever_becomes_a_guest_sends_no_form_that_is_open(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    modal = opened(desk, number, "U0COMM", "approve")
    changed(desk, "U0COMM", is_restricted=True)
    desk.clock.forward(minutes=5)
    seen = desk.slack.submit_view("U0COMM", modal)
    assert "a guest's" in seen.errors["reasons"]
    assert application_of(desk.office, number).status == "recommended"
    changed(desk, "U0COMM", is_restricted=False)
    assert desk.slack.submit_view("U0COMM", modal).ok, "what was typed was not lost"


@pytest.mark.slacks_time
@pytest.mark.parametrize(
    "fault", [Fault.status(500), Fault.ratelimited(60), Fault.hang(30)], ids=["500", "429", "hangs"]
)
def test_slack_not_saying_who_it_is_refuses_in_time(desk: Desk, fault: Fault) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.slack.faults.add("users.info", fault)
    seen = desk.press("U0OFFICER", ts, "recommend")
    assert (seen.status, seen.view) == (200, None), "answered while Slack still waits"
    assert "Press again in a minute" in desk.told("U0OFFICER")[-1]
    assert desk.press("U0OFFICER", ts, "recommend").view is not None


def test_whom_the_record_refuses_costs_slack_nothing(desk: Desk) -> None:
    ts = desk.post_card(submitted(desk.office))
    desk.slack.faults.add("users.info", Fault.status(500), times=None)
    desk.press(NOBODY, ts, "recommend")
    assert "not linked" in desk.told(NOBODY)[-1]
    desk.press("U0FORCE", ts, "recommend")
    assert "Constabulary staff" in desk.told("U0FORCE")[-1]


@pytest.mark.parametrize("carried", ["", "[]", '{"application":"7"}', '{"application":999999,"version":1}'])
@pytest.mark.parametrize("known", [True, False], ids=["known", "asked of Slack first"])
def test_a_form_that_does_not_say_what_it_is_about_is_an_old_one(desk: Desk, known: bool, carried: str) -> None:
    """Slack sends back what the desk put into the form; one of another version of the desk may say something else."""
    number = submitted(desk.office)
    recommended(desk.office, number)
    modal = opened(desk, number, "U0COMM", "approve")
    desk.client.views_update(view_id=modal, view={**desk.slack.workspace.view(modal).body, "private_metadata": carried})
    if not known:
        desk.clock.forward(minutes=5)
    seen = desk.slack.submit_view("U0COMM", modal)
    assert "has changed since you opened this form" in seen.errors["reasons"]
    assert application_of(desk.office, number).status == "recommended"


def test_a_leaver_finishes_no_form_and_presses_nothing(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    modal = opened(desk, number, "U0COMM", "approve")
    with desk.office.sessions.begin() as session:
        leave(session, email=person_of(desk.office, "U0COMM").email, actor="tests", now=desk.clock())
    assert "staff list" in desk.slack.submit_view("U0COMM", modal).errors["reasons"]
    desk.slack.workspace.close_all("U0COMM")
    assert desk.press("U0COMM", ts, "decline").view is None
    assert "not linked" in desk.told("U0COMM")[-1]
    assert application_of(desk.office, number).status == "recommended"
    assert desk.slack.open_home("U0COMM").status == 200
    home = desk.slack.workspace.home("U0COMM")
    assert home is not None
    assert "Link my account" in str(home.blocks)
