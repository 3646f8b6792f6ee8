"""Who may do what in Slack, as tables written by hand: action, person, state, own or another's, interest, account.

What is not in a table is refused: a new action lets nobody do anything until it has a row here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.access import permit, refuse_strangers, vouched_for
from bot.accounts import Accounts
from bot.actions import ACTIONS
from bot.actions.applications import APPLICATION
from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticePerson, Workspace
from core import applications, asking, deciding, people
from core.errors import Refused
from core.leaving import leave
from core.office import Office
from core.records import Interest
from core.rules.policy import Role
from tests.bot.conftest import SECRET, TOKEN, delegated, name_of, person_of, recommended, submitted
from tests.conftest import Clock

PEOPLE: Mapping[str, str] = {
    "r": "U0OFFICER",  # an officer: whoever recommended it, once it is recommended
    "o": "U0OFFICER2",  # another officer
    "d": "U0DIRECTOR",
    "p": "U0DEPUTY",
    "e": "U0CHIEF",
    "f": "U0FINANCE",
    "c": "U0COMM",
    "n": "U0PANEL",
    "a": "U0AUDITOR",
    "k": "U0FORCE",  # constabulary, an officer
    "q": "U0FORCEDIR",  # constabulary, a director
}

STATES = ("submitted", "queried", "recommended", "approved", "declined", "withdrawn")

EVERYBODY = "rodpefcnakq"
OFFICE = "rodpefcna"
ACTS = "rodpefc"  # of the office, and not there to read alone
WORKS = "rodpe"  # who may recommend

UNDECIDED = ("submitted", "queried", "recommended")
READING: Mapping[str, Mapping[str, str]] = {
    "read": dict.fromkeys(STATES, OFFICE),
    "documents": dict.fromkeys(STATES, ACTS),
    "open": dict.fromkeys(STATES, EVERYBODY),
}
"""What is read: an interest keeps nobody from that."""

MAY: Mapping[str, Mapping[str, str]] = {
    "recommend": {"submitted": "rodpe"},
    "approve": {"recommended": "c"},
    "decline": {"recommended": "c"},
    "interest": {"submitted": OFFICE, "queried": OFFICE, "recommended": OFFICE, "approved": OFFICE},
    "ask": {"submitted": ACTS, "recommended": ACTS},
    "send_back": {"submitted": ACTS, "recommended": ACTS},
    "take_back": {"queried": ACTS},
    "take": dict.fromkeys(UNDECIDED, WORKS),
    "take_over": dict.fromkeys(UNDECIDED, WORKS),
    "put_on_list": dict.fromkeys(UNDECIDED, WORKS),
    "take_off_list": dict.fromkeys(UNDECIDED, WORKS),
    "undo": {"recommended": "r"},
    "give_award": {"approved": ACTS},
    **READING,
}
"""By action and state, whom it is open to as shipped: no delegation, and no interest of theirs."""

WITH_DELEGATION: Mapping[Role, Mapping[str, Mapping[str, str]]] = {
    Role.DIRECTOR: {"approve": {"recommended": "cd"}, "decline": {"recommended": "cd"}},
    Role.OFFICER: {"approve": {"recommended": "co"}, "decline": {"recommended": "co"}},
    Role.FINANCE: {"approve": {"recommended": "cf"}, "decline": {"recommended": "cf"}},
}
"""What is otherwise under a delegation for a role: never for whoever recommended it, never for the constabulary."""

WITH_INTEREST = READING
"""What is open to somebody who has declared an interest: to read it."""

BARRED: Mapping[str, Mapping[str, Any]] = {
    "guest": {"is_restricted": True},
    "guest of one channel": {"is_ultra_restricted": True},
    "stranger": {"is_stranger": True},
    "deactivated": {"deleted": True},
    "bot": {"is_bot": True},
    "of another workspace": {"team_id": "T0ELSEWHERE"},
    "with an unconfirmed address": {"is_email_confirmed": False},
}
"""Accounts, by what Slack says of them, to which nothing is open, whoever's they are."""


@pytest.fixture
def slack(clock: Clock) -> Iterator[PracticeSlack]:
    workspace = Workspace([PracticePerson(user, name_of(user)) for user in PEOPLE.values()], [], clock=clock.seconds)
    with PracticeSlack(workspace, TOKEN, SECRET) as running:
        yield running
    workspace.close()


def brought_to(office: Office, state: str) -> int:
    """An application in this state; where it is recommended, by U0OFFICER."""
    number = submitted(office)
    now = office.clock()
    if state in ("recommended", "approved", "declined"):
        recommended(office, number)
    with office.sessions.begin() as session:
        application = applications.by_id(session, number)
        if state == "queried":
            asker = session.merge(person_of(office, "U0OFFICER2"))
            asking.ask(session, application, asker, question="How many come?", office=office, now=now)
        elif state == "withdrawn":
            applications.withdraw(session, application, office=office, now=now)
        elif state in ("approved", "declined"):
            deciding.decide(
                session,
                number,
                session.merge(person_of(office, "U0COMM2")),
                outcome="approved" if state == "approved" else "declined",
                amount=200_000,
                reasons="It meets the need.",
                conditions="A return every six months.",
                office=office,
                now=now,
            )
    return number


def let(session: Session, accounts: Accounts, office: Office, number: int, action: str, user: str) -> bool:
    """Whether this is permitted: what a press and a submission ask, in their order."""
    now = office.clock()
    application = applications.by_id(session, number)

    def on_record(_session: Session) -> None:
        refuse_strangers(session, application, action, team=TEAM_ID, user=user, office=office, now=now)

    try:
        account = vouched_for(office, accounts, TEAM_ID, user, on_record)
        permit(session, application, action, account, office=office, now=now)
    except Refused:
        return False
    return True


def differing(
    office: Office, slack: PracticeSlack, number: int, state: str, table: Mapping[str, Mapping[str, str]], **given: bool
) -> list[tuple[str, str, bool]]:
    """Who is let do what the table does not say, or not let do what it says."""
    accounts = Accounts(WebClient(TOKEN, base_url=slack.api_url), office.clock)
    about_applications = [name for name, action in ACTIONS.items() if action.subject is APPLICATION]
    found = []
    for letter, user in PEOPLE.items():
        with office.sessions() as session:  # rolled back: each person's interest is tried alone
            if given.get("interested"):
                who = person_of(office, user)
                session.add(Interest(application_id=number, person_id=who.id, reason="x", declared_at=office.clock()))
                session.flush()
            for action in (*about_applications, "unheard-of"):
                may = let(session, accounts, office, number, action, user)
                if may != (letter in table.get(action, {}).get(state, "")):
                    found.append((action, user, may))
    return found


@pytest.mark.one_database
@pytest.mark.parametrize("state", STATES)
def test_as_shipped(office: Office, slack: PracticeSlack, state: str) -> None:
    number = brought_to(office, state)
    assert differing(office, slack, number, state, MAY) == []


@pytest.mark.one_database
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.OFFICER, Role.FINANCE], ids=str)
def test_under_a_delegation(office: Office, slack: PracticeSlack, role: Role, state: str) -> None:
    office = delegated(office, role, 300_000)
    number = brought_to(office, state)
    assert differing(office, slack, number, state, {**MAY, **WITH_DELEGATION[role]}) == []


@pytest.mark.one_database
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", [None, Role.DIRECTOR], ids=["shipped", "delegated"])
def test_with_an_interest(office: Office, slack: PracticeSlack, role: Role | None, state: str) -> None:
    office = delegated(office, role, 300_000) if role is not None else office
    number = brought_to(office, state)
    assert differing(office, slack, number, state, WITH_INTEREST, interested=True) == []


@pytest.mark.one_database
@pytest.mark.parametrize("kind", BARRED)
@pytest.mark.parametrize("state", ["submitted", "recommended"])
def test_of_an_account_that_slack_does_not_vouch_for(
    office: Office, slack: PracticeSlack, state: str, kind: str
) -> None:
    number = brought_to(office, state)
    for user in PEOPLE.values():
        slack.workspace.put_person(replace(slack.workspace.person(user), **BARRED[kind]))
    assert differing(office, slack, number, state, {}) == []


@pytest.mark.one_database
@pytest.mark.parametrize("state", ["submitted", "recommended"])
@pytest.mark.parametrize("gone", ["unlinked", "left", "back, and not linked"])
def test_of_an_account_that_is_nobodys_any_more(office: Office, slack: PracticeSlack, state: str, gone: str) -> None:
    number = brought_to(office, state)
    for user in PEOPLE.values():
        who = person_of(office, user)
        with office.sessions.begin() as session:
            if gone == "unlinked":
                found = session.merge(who)
                found.slack_team, found.slack_user = TEAM_ID, f"{user}NEW"
                people.add(session, name=who.name, email=who.email, role=Role(who.role), actor="t", now=office.clock())
                continue
            leave(session, email=who.email, actor="t", now=office.clock())
            if gone != "left":
                people.add(session, name=who.name, email=who.email, role=Role(who.role), actor="t", now=office.clock())
    assert differing(office, slack, number, state, {}) == []
