"""Every action by everybody in every state, of their own and of others', with an interest and without (A1 to A3).

What may be is written here by hand, apart from the code that decides it; whatever is not written here may not be.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core import applications, asking, deciding, taking, undoing
from core.errors import Refused
from core.office import Office
from core.records import Application, Interest, Person
from core.rules.policy import Body, Role
from tests.core.casework import (
    allocate,
    decide,
    drafted,
    person,
    recommend,
    someone,
    submitted,
)

STATES = ("draft", "submitted", "queried", "recommended", "approved", "declined", "withdrawn")
OWN = ("nothing", "recommended it", "decided it")
"""What the person has done with the application themselves."""

RECOMMENDERS = {Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE}
READERS = {Role.PANEL, Role.AUDITOR}

May = Callable[[Session, Application, Person, Office], Refused | None]
ACTIONS: dict[str, May] = {
    "recommend": lambda s, a, p, o: deciding.may(s, a, p, "recommend", office=o, now=o.clock()),
    "approve": lambda s, a, p, o: deciding.may(s, a, p, "approve", office=o, now=o.clock()),
    "decline": lambda s, a, p, o: deciding.may(s, a, p, "decline", office=o, now=o.clock()),
    "send_back": lambda s, a, p, _: asking.may(s, a, p, "query"),
    "work_on": lambda s, a, p, o: taking.may_work_on(s, a, p, office=o),
    "undo": lambda s, a, p, o: undoing.may(s, a, p, office=o, now=o.clock()),
}


def written(action: str, role: Role, body: Body, state: str, own: str, *, interest: bool) -> bool:
    """Whether it may be, with no delegation: the Commissioner alone decides."""
    if body is Body.CONSTABULARY or interest:
        return False
    if action == "recommend":
        return role in RECOMMENDERS and state == "submitted"
    if action in ("approve", "decline"):
        return role is Role.COMMISSIONER and state == "recommended" and own != "recommended it"
    if action == "send_back":
        return role not in READERS and state in ("submitted", "recommended")
    if action == "work_on":
        return role in RECOMMENDERS and state in ("submitted", "queried", "recommended")
    if action == "undo" and state == "recommended":
        return role in RECOMMENDERS and own == "recommended it"
    if action == "undo" and state in ("approved", "declined"):
        return role is Role.COMMISSIONER and own == "decided it"
    return False


@pytest.fixture
def office_with_money(office: Office) -> Office:
    allocate(office, "youth-fund", 100_000_00)
    return office


def brought_to(office: Office, state: str, recommender: int, decider: int) -> int:
    """An application in this state, by these two."""
    if state == "draft":
        return drafted(office)
    application = submitted(office)
    if state in ("recommended", "approved", "declined"):
        recommend(office, application, recommender)
    if state in ("approved", "declined"):
        decide(office, application, decider, outcome=state)  # type: ignore[arg-type]
    with office.sessions.begin() as session:
        found = applications.by_id(session, application)
        if state == "queried":
            asking.ask(session, found, someone(session, recommender), "Why?", office=office, now=office.clock())
        if state == "withdrawn":
            applications.withdraw(session, found, office=office, now=office.clock())
    return application


@pytest.mark.one_database
@pytest.mark.parametrize("state", STATES)
def test_who_may_do_what(office_with_money: Office, state: str) -> None:
    """The person takes every role in turn: what they did before, they did in one that could."""
    office = office_with_money
    wrong: list[Any] = []
    asked = 0
    for own in OWN:
        if own == "recommended it" and state not in ("queried", "recommended", "approved", "declined"):
            continue
        if own == "decided it" and state not in ("approved", "declined"):
            continue
        officer, boss = person(office), person(office, Role.COMMISSIONER)
        me = {"nothing": person(office), "recommended it": officer, "decided it": boss}[own]
        application = brought_to(office, state, officer, boss)
        for interest in (False, True):
            for role, body in itertools.product(Role, Body):
                with office.sessions() as session:  # nothing of it is committed
                    mine = someone(session, me)
                    mine.role, mine.body = role.value, body.value
                    if interest:
                        declared = {"application_id": application, "person_id": me, "declared_at": office.clock()}
                        session.add(Interest(reason="Kin.", **declared))
                    session.flush()
                    found = applications.by_id(session, application)
                    for action, may in ACTIONS.items():
                        asked += 1
                        expected = written(action, role, body, state, own, interest=interest)
                        if (may(session, found, mine, office) is None) != expected:
                            wrong.append((action, role.value, body.value, own, interest, expected))
                    mine.active = False
                    session.flush()
                    wrong += [
                        (action, "leaver")
                        for action, may in ACTIONS.items()
                        if may(session, found, mine, office) is None
                    ]
    assert wrong == []
    assert asked >= len(Role) * len(Body) * len(ACTIONS) * 2
