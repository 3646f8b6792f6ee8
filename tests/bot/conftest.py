"""An office with a record, a practice Slack and the bot's endpoint on a real port: nothing between them is patched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from slack_sdk import WebClient
from werkzeug.serving import make_server

from bot.action import MENU, chosen_action
from bot.app import build
from bot.application_card import message_for
from bot.endpoint import blueprint
from bot.practice.block_rules import elements_of
from bot.practice.people_side import Outcome as Seen
from bot.practice.server import PracticeSlack
from bot.practice.shapes import Installation
from bot.practice.workspace import TEAM_ID, PracticeChannel, PracticePerson, Workspace
from core import applications, deciding, funds, people
from core.office import Office
from core.records import Application, Person
from core.rules import questions
from core.rules.policy import Body, Delegation, Kind, Role
from tests.conftest import Clock
from tests.patience import patience

__all__ = ["patience"]

SECRET = "a-signing-secret"
TOKEN = "xoxb-bot-tests"
APPROVALS = "C0APPROVALS"
NOON = datetime(2026, 12, 3, 14, 2, tzinfo=UTC)

STAFF: dict[str, tuple[Role, Body]] = {
    "U0OFFICER": (Role.OFFICER, Body.OFFICE),
    "U0OFFICER2": (Role.OFFICER, Body.OFFICE),
    "U0DIRECTOR": (Role.DIRECTOR, Body.OFFICE),
    "U0DEPUTY": (Role.DEPUTY, Body.OFFICE),
    "U0CHIEF": (Role.CHIEF_EXECUTIVE, Body.OFFICE),
    "U0FINANCE": (Role.FINANCE, Body.OFFICE),
    "U0COMM": (Role.COMMISSIONER, Body.OFFICE),
    **{f"U0COMM{number}": (Role.COMMISSIONER, Body.OFFICE) for number in range(2, 13)},
    "U0PANEL": (Role.PANEL, Body.OFFICE),
    "U0AUDITOR": (Role.AUDITOR, Body.OFFICE),
    "U0FORCE": (Role.OFFICER, Body.CONSTABULARY),
    "U0FORCEDIR": (Role.DIRECTOR, Body.CONSTABULARY),
}
"""Slack accounts with what each person is. A role may have several holders: there are twelve who may approve."""

NOBODY = "U0NOBODY"

ANSWERS = {
    "organisation_name": "Ramsey Boxing Club",
    "organisation_type": "constituted_group",
    "postcode": "PE26 1AA",
    "contact_name": "Kim Archer",
    "contact_email": "kim@boxing.example",
    "title": "Friday night gym",
    "need": "Young people have nowhere to go on Friday evenings.",
    "existing_provision": "There is no other club within eight miles.",
    "plan_objective": "reduce-crime-and-disorder",
    "csp_area": "Huntingdonshire",
    "age_from": "10",
    "age_to": "17",
    "send": "no",
    "outcome-1": "Fewer calls about anti-social behaviour",
    "measure-1": "Calls on Fridays",
    "target-1": "A fifth fewer",
    "start": "2027-01-11",
    "end": "2027-07-10",
    "amount": "2000",
    "budget-item-1": "Coaches and hall hire",
    "buys": "no",
    "purpose": "young_people",
    "declaration": "yes",
}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def public_url() -> str:
    return "https://desk.example"


@pytest.fixture
def office(office: Office) -> Office:
    """An office with its people and £10,000 in the Youth Fund, once on SQLite and once on PostgreSQL."""
    with office.sessions.begin() as session:
        for user, (role, body) in STAFF.items():
            people.add(
                session,
                name=name_of(user),
                email=f"{user.lower()}@office.example",
                role=role,
                body=body,
                slack=(TEAM_ID, user),
                actor="tests",
                now=NOON,
            )
        funds.allocate(session, "youth-fund", 2026, 1_000_000, policy=office.policy, actor="tests", now=NOON)
    return office


def name_of(user: str) -> str:
    return f"{user.removeprefix('U0').title()} Person"


def delegated(office: Office, role: Role, upper_limit: int) -> Office:
    """The same office with one delegation for grants from every fund."""
    row = Delegation(role, (Kind.GRANT,), None, upper_limit, date(2026, 1, 1), "Scheme of governance, tests")
    return replace(office, policy=replace(office.policy, delegations=(row,)))


def submitted(office: Office, **changed: str) -> int:
    """Submit an application; answers with its row number."""
    raw = ANSWERS | changed
    raw["budget-amount-1"] = raw["amount"]
    fund = office.policy.fund("youth-fund")
    assert fund is not None
    facts, faults = questions.read_application(fund, raw, office.policy, office.today())
    assert facts is not None, faults
    now = office.clock()
    with office.sessions.begin() as session:
        draft = applications.start(session, fund.id, office=office, now=now)
        applications.save(session, draft, raw, now=now)
        applications.submit(session, draft, facts, office=office, by="applicant", now=now)
        return draft.id


def recommended(office: Office, application_id: int, by: str = "U0OFFICER", **given: Any) -> None:
    """Recommend an application in full, not through Slack."""
    with office.sessions.begin() as session:
        person = person_of(office, by)
        made = {"outcome": "approve", "amount": 200_000, "reasons": "It meets the need.", **given}
        deciding.recommend(session, application_id, session.merge(person), **made, office=office, now=office.clock())


def person_of(office: Office, user: str) -> Person:
    with office.reading() as session:
        person = people.by_slack(session, TEAM_ID, user)
    assert person is not None
    return person


def application_of(office: Office, application_id: int) -> Application:
    """The application with everything that tests look at loaded."""
    with office.reading() as session:
        application = applications.by_id(session, application_id)
        _ = (application.recommendation, application.decision, application.award)
        if application.decision is not None:
            _ = application.decision.person
        return application


@dataclass
class Desk:
    """The office with its bot listening and its Slack running."""

    office: Office
    slack: PracticeSlack
    client: WebClient
    clock: Clock
    flask: Flask

    def post_card(self, application_id: int) -> str:
        """Post an application's card; answers with its ts."""
        with self.office.reading() as session:
            application = applications.by_id(session, application_id)
            message = message_for(session, application, office=self.office)
        posted = self.client.chat_postMessage(channel=APPROVALS, text=message.text, blocks=message.blocks)
        return str(posted["ts"])

    def press(self, user: str, ts: str, action_id: str, **more: Any) -> Seen:
        return self.slack.press(user, APPROVALS, ts, action_id, **more)

    def choose(self, user: str, ts: str, action: str) -> Seen:
        """Choose an action from the menu of a card."""
        elements = [one for block in self.slack.workspace.message(APPROVALS, ts).blocks for one in elements_of(block)]
        options = [option["value"] for one in elements if one["type"] == "overflow" for option in one["options"]]
        return self.press(user, ts, MENU, chosen=next(one for one in options if chosen_action(one) == action))

    def told(self, user: str) -> list[str]:
        """What this person was told privately, oldest first."""
        return [message.text for message in self.slack.workspace.ephemerals(APPROVALS, user)]


@pytest.fixture
def desk(office: Office, clock: Clock) -> Iterator[Desk]:
    yield from serve(office, clock)


def serve(office: Office, clock: Clock) -> Iterator[Desk]:
    persons = [PracticePerson(user, name_of(user)) for user in (*STAFF, NOBODY)]
    everybody = frozenset(person.user_id for person in persons)  # guests too, once they are some
    channel = PracticeChannel(APPROVALS, "approvals", members=everybody)
    workspace = Workspace(persons, [channel], clock=clock.seconds, installation=Installation(commands=("/award-desk",)))
    with PracticeSlack(workspace, TOKEN, SECRET) as slack:
        client = WebClient(TOKEN, base_url=slack.api_url, timeout=30, retry_handlers=[])
        flask = Flask("desk-of-the-tests")
        flask.register_blueprint(blueprint(build(office, client=client, signing_secret=SECRET), office, SECRET))
        server = make_server("127.0.0.1", 0, flask, threaded=True)
        slack.request_url = f"http://127.0.0.1:{server.server_port}/slack/events"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Desk(office, slack, client, clock, flask)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    workspace.close()
