"""An award that was made outside, recorded from the global shortcut: the form, its faults, what is said afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from slack_sdk import WebClient

from bot import outside_form
from bot.access import permit, refuse_strangers, vouched_for
from bot.accounts import Accounts
from bot.actions import ACTIONS
from bot.actions.outside import NOTHING
from bot.application_card import message_for
from bot.outside_form import Recorded
from bot.practice.block_rules import faults, view_faults
from bot.practice.people_side import Outcome
from bot.practice.shapes import Installation, Shortcut
from bot.practice.workspace import TEAM_ID
from bot.words import Typed
from core import applications, publication
from core.errors import Refused
from core.office import Office
from tests.bot.conftest import NOBODY, STAFF, Desk

NAME = "record_outside"
GIVEN: Mapping[str, Any] = {
    "kind": "grant",
    "fund": "youth-fund",
    "organisation_name": "March Youth Café",
    "organisation_type": "charity",
    "postcode": "PE15 8NQ",
    "title": "Thursday evenings",
    "need": "Nowhere to go on a Thursday.",
    "amount": "2000",
    "start": "2026-11-02",
    "end": "2027-11-01",
    "outcome": "Fewer calls on Thursdays",
    "measure": "Calls a month",
    "target": "Five fewer",
    "decided_by": "Darryl Preston",
    "decided_on": "2026-10-05",
    "document": "CPCC 2026-031",
    "accepted_on": "2026-10-12",
    "reasons": "The partnership asked for it.",
}
HOSTILE = "<!channel> <@U0PCC> *bold* <https://evil.example|here> \u202e"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    shortcut = Shortcut(NAME, "Record an award")
    desk.slack.workspace.installation = Installation(commands=("/award-desk",), shortcuts=(shortcut,))
    return desk


def opened(desk: Desk, user: str = "U0OFFICER") -> str:
    view = desk.slack.shortcut(user, NAME).view
    assert view is not None
    return view.view_id


def recorded(desk: Desk, user: str = "U0OFFICER", **changed: Any) -> Outcome:
    return desk.slack.people.submit_view(user, opened(desk, user), {**GIVEN, **changed})


def references(office: Office) -> list[str]:
    with office.reading() as session:
        return [one.reference for one in publication.register(session, office=office)]


def test_an_officer_records_an_award(desk: Desk) -> None:
    seen = recorded(desk)
    [reference] = references(desk.office)
    assert seen.ok
    assert seen.errors == {}
    assert seen.view is not None
    said = str(seen.view.body)
    for part in (reference, "£2,000", "Darryl Preston (Police and Crime Commissioner)", "5 October 2026",
                 "The next return is due on 2 May 2027", "Nobody is mailed"):  # fmt: skip
        assert part in said
    with desk.office.reading() as session:
        application = applications.by_reference(session, reference)
        message = message_for(session, application, office=desk.office)
        assert application.decision is not None
        assert application.decision.conditions
    assert faults(message.blocks) == []
    assert message.text.endswith(
        "Recorded: decided outside by Darryl Preston (Police and Crime Commissioner) on 5 October 2026."
    )
    shown = str(message.blocks)
    for part in ("Recorded: decided outside", "CPCC 2026-031", "Officer Person", "Awarded:"):
        assert part in shown
    for button in ("recommend", "approve", "decline"):
        assert f"'action_id': '{button}'" not in shown


def test_errors_stand_beside_their_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    form = opened(desk)
    wrong: dict[str, dict[str, Any]] = {
        "postcode": {"postcode": "Peterborough"},
        "end": {"end": "2026-11-01"},
        "decided_on": {"decided_on": "2027-01-01"},
        "accepted_on": {"accepted_on": "2026-10-01"},
        "amount": {"amount": "20000"},
        "purpose": {"fund": "crime-and-disorder"},
    }
    for field, changed in wrong.items():
        seen = desk.slack.people.submit_view("U0OFFICER", form, {**GIVEN, **changed})
        assert list(seen.errors) == [field]
        assert seen.view is not None
    assert references(desk.office) == []
    assert desk.slack.people.submit_view("U0OFFICER", form, dict(GIVEN)).errors == {}
    assert len(references(desk.office)) == 1


def test_what_is_on_record_already_is_pointed_out_first(desk: Desk) -> None:
    recorded(desk)
    [reference] = references(desk.office)
    form = opened(desk, "U0DIRECTOR")
    seen = desk.slack.people.submit_view("U0DIRECTOR", form, dict(GIVEN))
    assert list(seen.errors) == ["all_the_same"]
    assert reference in seen.errors["all_the_same"]
    assert desk.slack.people.submit_view("U0DIRECTOR", form, {"all_the_same": ["yes"]}).errors == {}
    assert len(references(desk.office)) == 2


MAY = {"U0OFFICER", "U0OFFICER2", "U0DIRECTOR", "U0DEPUTY", "U0CHIEF"}
"""Who may: whoever may recommend, of the office. Nobody else of the staff list, and nobody who is not on it."""


@pytest.mark.one_database
def test_the_shortcut_opens_the_form_for_those_alone_who_may(desk: Desk) -> None:
    for user in (*STAFF, NOBODY):
        seen = desk.slack.shortcut(user, NAME)
        assert seen.ok
        assert seen.view is not None
        assert (seen.view.body.get("callback_id") == NAME) == (user in MAY), user
        if user not in MAY:
            assert "submit" not in seen.view.body
            assert seen.view.body["title"]["text"] == "Nothing was done"
        desk.slack.people.close_view(user, seen.view.view_id)


@pytest.mark.one_database
@pytest.mark.parametrize("user", [*STAFF, NOBODY])
def test_a_submission_asks_again(desk: Desk, user: str) -> None:
    """As if the form had been opened while they might: no form asks nobody."""
    with desk.office.reading() as session:
        accounts = Accounts(WebClient(desk.client.token, base_url=desk.client.base_url), desk.clock)

        def on_record(_session: Any) -> None:
            refuse_strangers(session, "", NAME, team=TEAM_ID, user=user, office=desk.office, now=desk.clock())

        try:
            account = vouched_for(desk.office, accounts, TEAM_ID, user, on_record)
            permit(session, "", NAME, account, office=desk.office, now=desk.clock())
            allowed = True
        except Refused:
            allowed = False
    assert allowed == (user in MAY)


BARRED: Mapping[str, Mapping[str, Any]] = {
    "guest": {"is_restricted": True},
    "guest of one channel": {"is_ultra_restricted": True},
    "stranger": {"is_stranger": True},
    "bot": {"is_bot": True},
    "of another workspace": {"team_id": "T0ELSEWHERE"},
    "with an unconfirmed address": {"is_email_confirmed": False},
}


@pytest.mark.one_database
@pytest.mark.parametrize("kind", BARRED)
def test_no_account_that_slack_does_not_vouch_for(desk: Desk, kind: str) -> None:
    for user in MAY:
        desk.slack.workspace.put_person(replace(desk.slack.workspace.person(user), **BARRED[kind]))
        seen = desk.slack.shortcut(user, NAME)
        assert seen.view is None or seen.view.body.get("callback_id") != NAME


@pytest.mark.one_database
def test_it_is_the_one_action_about_nothing_on_record() -> None:
    assert [name for name, action in ACTIONS.items() if action.shortcut] == [NAME]
    assert [name for name, action in ACTIONS.items() if action.subject is NOTHING] == [NAME]


@pytest.mark.one_database
def test_form_and_answer_obey_slacks_limits_and_nothing_typed_is_live(office: Office) -> None:
    view = outside_form.form(office.policy)
    assert view_faults(view) == []
    required = [block["block_id"] for block in view["blocks"] if block["type"] == "input" and not block.get("optional")]
    assert len(required) <= 20
    long = Typed(HOSTILE + "x" * 5_000)
    told = Recorded(
        reference="YF-2026-7K4MPX",
        amount=200_000,
        fund="Youth Fund",
        organisation=long,
        decided_by=long,
        decided_on=date(2026, 1, 1),
        register_url="https://desk.example/awards/YF-2026-7K4MPX",
        returns=tuple(date(2020 + number // 2, 1 + 6 * (number % 2), 1) for number in range(20)),
        meetings=(date(2030, 1, 1),),
        mailed=True,
        notice_days=28,
        advice=tuple((f"R{number}", long) for number in range(40)),
    )
    after = outside_form.recorded(told, date(2026, 12, 3))
    assert view_faults(after) == []
    assert "mrkdwn" not in str(after)
