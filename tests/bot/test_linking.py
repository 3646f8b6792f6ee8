"""Somebody links their own Slack account, from the press that is refused to the press that is allowed."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from bot.linking import LINK
from bot.practice.faults import Fault
from bot.practice.people_side import Outcome as Seen
from bot.practice.workspace import TEAM_ID, View
from core import people
from core.leaving import leave
from core.links import CODE_DIGITS
from core.office import Office
from core.records import OutboxMessage, SlackCode
from core.rules.policy import Role
from scheduler.wording import NothingLeft, texts, word
from tests.bot.conftest import APPROVALS, NOBODY, Desk, submitted
from tests.conftest import Clock

ADDRESS = "ada@office.example"


@pytest.fixture
def listed(desk: Desk) -> Desk:
    """The desk, with Ada on its staff list, whose Slack account nobody knows yet."""
    with desk.office.sessions.begin() as session:
        people.add(session, name="Ada", email=ADDRESS, role=Role.OFFICER, actor="tests", now=desk.clock())
    return desk


def refused_press(desk: Desk, user: str = NOBODY) -> str:
    """A press that is refused; answers the ts of the private message with the button that begins the linking."""
    desk.slack.workspace.close_all(user)
    assert desk.press(user, desk.post_card(submitted(desk.office)), "recommend").view is None
    return desk.slack.workspace.ephemerals(APPROVALS, user)[-1].ts


def opened(desk: Desk, user: str = NOBODY) -> View:
    seen = desk.press(user, refused_press(desk, user), LINK)
    assert seen.view is not None, seen
    return seen.view


def given_address(desk: Desk, address: str = ADDRESS, user: str = NOBODY) -> Seen:
    return desk.slack.submit_view(user, opened(desk, user).view_id, {"address": address})


def letters(office: Office, kind: str) -> list[Any]:
    """The letters of a kind that go out, as they are worded now."""
    with office.reading() as session:
        found = []
        for message in session.scalars(select(OutboxMessage).where(OutboxMessage.kind == kind)):
            try:
                found.append(word(session, message, office, texts()))
            except NothingLeft:
                continue
        return found


def code_in(text: str) -> str:
    [line] = [line for line in text.splitlines() if line.replace(" ", "").isdigit()]
    assert len(line.replace(" ", "")) == CODE_DIGITS
    return line


def test_from_a_refused_press_to_one_that_is_allowed(listed: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk = listed
    with caplog.at_level(logging.DEBUG):
        seen = given_address(desk)
        assert seen.view is not None
        assert "If that address is on the office's staff list" in str(seen.view.blocks)
        [letter] = letters(desk.office, "slack_code")
        assert (letter.to, letter.to_name) == (ADDRESS, "Ada")
        code = code_in(letter.text)
        assert code in letter.html
        assert code not in letter.subject
        done = desk.slack.submit_view(NOBODY, seen.view.view_id, {"code": code})
    assert done.ok
    assert done.view is not None
    assert "Your Slack account is linked to Ada." in str(done.view.blocks)
    assert desk.press(NOBODY, desk.post_card(submitted(desk.office)), "recommend").view is not None
    told = letters(desk.office, "slack_linked")
    assert ADDRESS in {one.to for one in told}
    assert "u0officer@office.example" in {one.to for one in told}, "the office's officers are told"
    assert "linked to you" in next(one.text for one in told if one.to == ADDRESS)
    assert "linked to Ada" in next(one.text for one in told if one.to != ADDRESS)
    for secret in (code, code.replace(" ", ""), ADDRESS):
        assert secret not in caplog.text


def test_an_address_that_nobody_has_looks_the_same_and_is_mailed_nothing(listed: Desk) -> None:
    shown = []
    for address in (ADDRESS, "nobody@elsewhere.example"):
        seen = given_address(listed, address)
        assert seen.view is not None
        wrong = listed.slack.submit_view(NOBODY, seen.view.view_id, {"code": "0" * CODE_DIGITS})
        shown.append((seen.view.blocks[0]["text"], wrong.errors))
    assert shown[0] == shown[1]
    assert "not the code" in shown[0][1]["code"]
    assert letters(listed.office, "slack_code") == [], "the earlier code of the account is good no more"


def test_what_is_no_address_and_too_many_are_said_beside_the_field(listed: Desk) -> None:
    view = opened(listed).view_id
    wrong = listed.slack.submit_view(NOBODY, view, {"address": "ada@office"})
    assert not wrong.ok
    for _ in range(listed.office.policy.slack_codes_an_hour.value):
        assert given_address(listed).ok
    assert "too often" in given_address(listed).errors["address"]


def test_a_code_that_has_run_out_is_said_beside_the_field(listed: Desk, clock: Clock) -> None:
    seen = given_address(listed)
    assert seen.view is not None
    code = code_in(letters(listed.office, "slack_code")[0].text)
    clock.forward(minutes=15)
    late = listed.slack.submit_view(NOBODY, seen.view.view_id, {"code": code})
    assert "has run out" in late.errors["code"]


def test_a_code_of_somebody_who_has_left_links_nothing(listed: Desk) -> None:
    seen = given_address(listed)
    assert seen.view is not None
    code = code_in(letters(listed.office, "slack_code")[0].text)
    with listed.office.sessions.begin() as session:
        leave(session, email=ADDRESS, actor="tests", now=listed.clock())
    gone = listed.slack.submit_view(NOBODY, seen.view.view_id, {"code": code})
    assert "no code that waits" in gone.errors["code"]
    assert letters(listed.office, "slack_code") == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"is_restricted": True}, "a guest's"),
        ({"is_ultra_restricted": True}, "a guest's"),
        ({"is_bot": True}, "a bot's"),
        ({"is_stranger": True}, "another organisation"),
        ({"team_id": "T0PARTNER"}, "another workspace"),
        ({"is_email_confirmed": False}, "has not been confirmed"),
    ],
    ids=["guest", "single channel", "bot", "stranger", "partner", "unconfirmed"],
)
def test_who_may_not_link_at_all(listed: Desk, flags: dict[str, Any], said: str) -> None:
    """By any step: the button, the form that is open, the code that waits."""
    workspace = listed.slack.workspace
    member = workspace.person(NOBODY)
    asked = given_address(listed)
    assert asked.view is not None
    code = code_in(letters(listed.office, "slack_code")[0].text)
    listed.clock.forward(minutes=6)
    workspace.put_person(replace(member, **flags))
    assert said in listed.slack.submit_view(NOBODY, asked.view.view_id, {"code": code}).errors["code"]
    workspace.put_person(member)
    ts, view = refused_press(listed), opened(listed).view_id
    workspace.put_person(replace(member, **flags))
    listed.clock.forward(minutes=6)
    assert said in listed.slack.submit_view(NOBODY, view, {"address": ADDRESS}).errors["address"]
    workspace.close_all(NOBODY)
    assert listed.press(NOBODY, ts, LINK).view is None
    assert said in listed.told(NOBODY)[-1]
    with listed.office.reading() as session:
        assert len(session.scalars(select(SlackCode)).all()) == 1
        assert people.by_slack(session, TEAM_ID, NOBODY) is None


def test_slack_being_away_links_nobody(listed: Desk) -> None:
    ts = refused_press(listed)
    listed.slack.faults.add("users.info", Fault.status(500), times=None)
    assert listed.press(NOBODY, ts, LINK).view is None
    assert "Slack could not tell us who you are" in listed.told(NOBODY)[-1]


def test_whoever_is_linked_already_has_nothing_to_do(desk: Desk) -> None:
    ts = refused_press(desk)
    with desk.office.sessions.begin() as session:
        people.add(
            session, name="Ada", email=ADDRESS, role=Role.OFFICER, slack=(TEAM_ID, NOBODY), actor="t", now=desk.clock()
        )
    assert desk.press(NOBODY, ts, LINK).view is None
    assert "linked to Ada already" in desk.told(NOBODY)[-1]


def test_home_tells_how_and_begins_it(listed: Desk) -> None:
    seen = listed.slack.open_home(NOBODY)
    assert seen.status == 200
    assert listed.slack.workspace.home(NOBODY) is not None
    assert listed.slack.press_in_view(NOBODY, _home(listed).view_id, LINK).view is not None
    listed.slack.workspace.put_person(replace(listed.slack.workspace.person(NOBODY), is_restricted=True))
    listed.clock.forward(minutes=6)
    refused = listed.slack.press_in_view(NOBODY, _home(listed).view_id, LINK).view
    assert refused is not None
    assert "a guest's" in str(refused.blocks)


def _home(desk: Desk) -> View:
    found = desk.slack.workspace.home(NOBODY)
    assert found is not None
    return found


def test_the_command_tells_how(listed: Desk) -> None:
    seen = listed.slack.people.command(NOBODY, APPROVALS, "/award-desk help")
    assert seen.status == 200
    message = listed.slack.workspace.ephemerals(APPROVALS, NOBODY)[-1]
    assert "Link my account" in str(message.blocks)
    assert listed.press(NOBODY, message.ts, LINK).view is not None
