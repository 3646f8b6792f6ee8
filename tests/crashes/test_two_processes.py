"""Two desks in processes of their own on one record, and many who press: one outcome, and everybody hears of it."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticeChannel, PracticePerson, Workspace
from core import database, events, people
from core.office import Office
from core.records import Application, Award, Decision, LedgerEntry, OutboxMessage
from core.rules.policy import Role
from tests.benchmarks.client import Connection, Sent, months_ahead, serving
from tests.benchmarks.server import APPROVALS, DEADLINES, SECRET, TOKEN, Served
from tests.conftest import Clock, office_on
from tests.core import casework
from tests.crashes.wire import slack_headers, submission
from tests.running import wait_for

OFFICER = "U0OFFICER"
COMMISSIONERS = tuple(f"U0COMM{number}" for number in range(8))
EACH = 4
"""How many applications are decided, each by all of them at once."""


def _staff(office: Office) -> None:
    with office.sessions.begin() as session:
        for user in (OFFICER, *COMMISSIONERS):
            role = Role.OFFICER if user == OFFICER else Role.COMMISSIONER
            people.add(
                session,
                name=f"{user.removeprefix('U0').title()} Person",
                email=f"{user.lower()}@office.example",
                role=role,
                slack=(TEAM_ID, user),
                actor="tests",
                now=office.clock(),
            )


def _recommended(office: Office) -> list[tuple[int, int]]:
    """Applications that wait for a decision, each with its version."""
    start, end = months_ahead()
    casework.allocate(office, "youth-fund", 10_000_00, _year(start))
    made = []
    with office.reading() as session:
        officer = people.by_slack(session, TEAM_ID, OFFICER)
        assert officer is not None
    for number in range(EACH):
        facts = casework.facts(start=start, end=end, organisation_name=f"Club {number}", title=f"Evenings {number}")
        application = casework.submitted(office, facts)
        casework.recommend(office, application, officer.id)
        made.append(application)
    with office.reading() as session:
        return [(one.id, one.version) for one in session.scalars(select(Application).where(Application.id.in_(made)))]


def _year(start: Any) -> int:
    return int(start.year if start.month >= 4 else start.year - 1)


def test_two_desks_and_many_who_decide_make_one_decision_each(database_url: str, tmp_path: Path) -> None:
    engine = database.open_database(database_url)
    office = office_on(engine, Clock(datetime.now(UTC)))
    _staff(office)
    applications = _recommended(office)
    everybody = [PracticePerson(user, user) for user in (OFFICER, *COMMISSIONERS)]
    channels = [PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines")]
    workspace = Workspace(everybody, channels)
    with ExitStack() as stack:
        stack.callback(workspace.close)
        slack = stack.enter_context(PracticeSlack(workspace, TOKEN, SECRET))
        served = Served(database_url, slack.api_url, str(tmp_path / "mail"), delivering=True)
        ports = [stack.enter_context(serving(served)) for _ in range(2)]

        def press(number: int) -> list[dict[str, Any]]:
            """One Commissioner decides each application, through one of the two desks."""
            connection = Connection(ports[number % 2])
            said = []
            for application_id, version in applications:
                approves = number % 4 != 3
                given = {"reasons": f"Reasons of {number}."}
                if approves:
                    given |= {"amount": "2000", "conditions": "A return every six months."}
                name = "approve" if approves else "decline"
                body = submission(COMMISSIONERS[number], APPROVALS, name, application_id, version, given)
                headers = slack_headers(SECRET, body, time.time())
                _, answer = connection.send(Sent("/slack/events", body, headers), 200)
                said.append(json.loads(answer) if answer else {})
            connection.close()
            return said

        with ThreadPoolExecutor(len(COMMISSIONERS)) as pool:
            answers = list(pool.map(press, range(len(COMMISSIONERS))))

        with office.reading() as session:
            decisions = session.scalars(select(Decision)).all()
            approved = [one for one in decisions if one.outcome == "approved"]
            assert len(decisions) == EACH, "one decision each"
            assert len(session.scalars(select(Award)).all()) == len(approved)
            spent = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.kind == "commitment")).all()
            assert sum(spent) == -2_000_00 * len(approved)
            assert events.broken_at(session) is None
            outcomes = {one.application_id: one.outcome for one in decisions}
        for position, (application_id, _) in enumerate(applications):
            told = [said[position] for said in answers]
            assert told.count({}) == 1, "one form closes"
            errors = [one["errors"]["reasons"] for one in told if one]
            assert len(errors) == len(COMMISSIONERS) - 1
            assert all(f"lready {outcomes[application_id]} by" in one or "changed since" in one for one in errors), (
                errors
            )

        def shown() -> bool:
            """Each application has one card, and each says how it was decided."""
            cards = [one for one in workspace.messages(APPROVALS) if one.thread_ts is None]
            return len(cards) == EACH and all("Approved" in one.text or "Declined" in one.text for one in cards)

        wait_for(shown, 60, "a card does not say how it was decided")
        wait_for(lambda: _waiting(office) == 0, 60, "something still waits to be sent")
        threads = defaultdict(list)
        for one in workspace.messages(APPROVALS):
            if one.thread_ts is not None:
                threads[one.thread_ts].append(one.text)
        assert len(threads) == EACH
        assert all(len(lines) == len(set(lines)) for lines in threads.values()), "a thread is told each thing once"
    engine.dispose()


def _waiting(office: Office) -> int:
    with office.reading() as session:
        return len(session.scalars(select(OutboxMessage.id).where(OutboxMessage.settled_at.is_(None))).all())
