"""Who has an interest is out of it (A2): every action that decides about an application or its award, by every role.

Each row of the table is tried by everybody of the staff list: once without an interest, once with one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import (
    applications,
    asking,
    audit,
    audit_story,
    award_checks,
    awards,
    deciding,
    issues,
    measures,
    more_time,
    people,
    returns,
)
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Person
from core.rules.policy import Body, Role
from tests.core.casework import (
    accept,
    active,
    allocate,
    award_of,
    decide,
    facts,
    person,
    recommend,
    returned,
    someone,
    submitted,
    trail,
)

DUE = date(2027, 7, 1)
STAFF = frozenset(Role) - {Role.PANEL, Role.AUDITOR}
RECOMMENDERS = frozenset({Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE})

Act = Callable[[Session, Person, int], object]


@dataclass(frozen=True)
class Action:
    """Something that decides: who may do it, how far the award has come, what comes before, and the deed itself."""

    name: str
    roles: frozenset[Role]
    stage: str
    before: Callable[[Office, int], int]
    do: Callable[[Office], Act]


def _nothing(_office: Office, award_id: int) -> int:
    return award_id


def _came_in(office: Office, award_id: int) -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        return returns.receive(session, award, DUE, returned(), source="the recipient", now=office.clock()).id


def _asked(office: Office, award_id: int) -> int:
    return_id, asker = _came_in(office, award_id), person(office)
    with office.sessions.begin() as session:
        about = returns.by_id(session, return_id)
        return asking.ask(session, about, someone(session, asker), "Why?", office=office, now=office.clock()).id


def _time_asked(office: Office, award_id: int) -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        until = DUE + timedelta(days=14)
        found = returns.due_on(award, DUE)
        return more_time.ask(session, award, found, until, "We wait.", office=office, now=office.clock()).id


def _raised(office: Office, award_id: int) -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        return issues.raise_issue(session, award, "The hall shuts.", source="recipient", now=office.clock()).id


def _proposed(office: Office, award_id: int) -> int:
    with office.sessions.begin() as session:
        wanted = [measures.Proposed(1, "Call-outs a month", "Five fewer"), measures.Proposed(2, "Names", "40")]
        return measures.propose(session, award_id, name="Ada", wanted=wanted, why="x", now=office.clock()).id


def _given(office: Office) -> dict[str, Any]:
    return {"office": office, "now": office.clock()}


ACTIONS = (
    Action("accept a return", STAFF, "active", _came_in,
           lambda office: lambda s, who, n: returns.accept(s, n, who, now=office.clock())),
    Action("ask about a return", STAFF, "active", _came_in,
           lambda office: lambda s, who, n: asking.ask(s, returns.by_id(s, n), who, "Why?", **_given(office))),
    Action("take back a question", STAFF, "active", _asked,
           lambda office: lambda s, who, n: asking.take_back(s, n, who, now=office.clock())),
    Action("agree to more time", STAFF, "active", _time_asked,
           lambda office: lambda s, who, n: more_time.agree(s, n, who, **_given(office))),
    Action("decline more time", STAFF, "active", _time_asked,
           lambda office: lambda s, who, n: more_time.decline(s, n, who, reason="No.", now=office.clock())),
    Action("close an issue", STAFF, "active", _raised,
           lambda office: lambda s, who, n: issues.close(s, n, who, outcome="Done.", now=office.clock())),
    Action("look after an issue", STAFF, "active", _raised,
           lambda office: lambda s, who, n: issues.take_over(s, n, who, now=office.clock())),
    Action("verify a check", STAFF, "active", _nothing,
           lambda office: lambda s, who, n: award_checks.see_safeguarding_policy(
               s, n, who, note="Seen.", now=office.clock())),
    Action("extend an offer", RECOMMENDERS, "offered", _nothing,
           lambda office: lambda s, who, n: awards.extend_offer(
               s, n, who, until=date(2027, 1, 20), reason="x", **_given(office))),
    Action("agree to measures", RECOMMENDERS, "offered", _proposed,
           lambda office: lambda s, who, n: measures.agree(s, n, who, **_given(office))),
    Action("decline measures", RECOMMENDERS, "offered", _proposed,
           lambda office: lambda s, who, n: measures.decline(s, n, who, reason="x", **_given(office))),
    Action("ask about an application", STAFF, "submitted", _nothing,
           lambda office: lambda s, who, n: asking.ask(s, applications.by_id(s, n), who, "Why?", **_given(office))),
    Action("recommend", RECOMMENDERS, "submitted", _nothing,
           lambda office: lambda s, who, n: deciding.recommend(
               s, n, who, outcome="approve", amount=2_000_00, reasons="x", conditions="", **_given(office))),
    Action("decide", frozenset({Role.COMMISSIONER}), "recommended", _nothing,
           lambda office: lambda s, who, n: deciding.decide(
               s, n, who, outcome="declined", amount=None, reasons="x", conditions="", **_given(office))),
)  # fmt: skip


class Undone(Exception):  # noqa: N818 - how a test takes back what it has shown to be possible
    """It could be done."""


def refusal(office: Office, do: Act, who: int, about: int) -> Refused | None:
    """Why this person may not; None where they may. Nothing is left of either."""
    try:
        with office.sessions.begin() as session:
            do(session, someone(session, who), about)
            raise Undone
    except Undone:
        return None
    except Refused as refused:
        return refused


def declared(office: Office, application_id: int, *who: int) -> None:
    for one in who:
        with office.sessions.begin() as session:
            deciding.declare_interest(
                session, application_id, someone(session, one), reason="My sister's club.", now=office.clock()
            )


def staged(office: Office, stage: str, *, late: bool = False) -> tuple[int, dict[Role, tuple[int, int]]]:
    """A case at a stage (an application, or its award), and of each role one without an interest and one with.

    `late`: they declare it when the award is there.
    """
    application_id = submitted(office, facts())
    who = {role: (person(office, role), person(office, role)) for role in Role}
    interested = [one for _, one in who.values()]
    if not late:
        declared(office, application_id, *interested)
    if stage == "submitted":
        return application_id, who
    recommend(office, application_id)
    if stage == "recommended":
        return application_id, who
    allocate(office, "youth-fund", 100_000_00)
    decide(office, application_id, who[Role.COMMISSIONER][0])
    award_id = award_of(office, application_id)
    if stage == "active":
        accept(office, award_id)
    if late:
        declared(office, application_id, *interested)
    return award_id, who


TRIED = [
    pytest.param(action, late, id=f"{action.name.replace(' ', '-')}{'-declared-after-the-decision' if late else ''}")
    for action in ACTIONS
    for late in (False, True)
    if not late or action.stage in ("offered", "active")
]


@pytest.mark.one_database
@pytest.mark.parametrize(("action", "late"), TRIED)
def test_whoever_has_an_interest_does_not_decide_whatever_their_role(
    office: Office, action: Action, late: bool
) -> None:
    number, who = staged(office, action.stage, late=late)
    about, do = action.before(office, number), action.do(office)
    may = {role for role, (clear, _) in who.items() if refusal(office, do, clear, about) is None}
    assert may == action.roles
    for role, (_, interested) in who.items():
        refused = refusal(office, do, interested, about)
        assert refused is not None, role
        if role in action.roles:
            assert "You have declared an interest" in refused.reason
            # A Commissioner's own interest waits for a delegation, which is rule A1.
            assert refused.rule == ("A1" if action.name == "decide" else "A2")
    force = person(office, Role.OFFICER, Body.CONSTABULARY)
    assert refusal(office, do, force, about) is not None


def test_an_interest_declared_after_the_decision_undoes_nothing(office: Office) -> None:
    """Not even whoever decided it is asked back: the decision stands, and they are out of what follows."""
    boss, award_id = person(office, Role.COMMISSIONER), 0
    application_id = submitted(office)
    recommend(office, application_id)
    allocate(office, "youth-fund", 100_000_00)
    decide(office, application_id, boss)
    award_id = award_of(office, application_id)
    before = len(trail(office, "approved", "offered"))
    declared(office, application_id, boss, boss)
    [line] = trail(office, "interest_declared")
    assert line.data == {"person": boss, "reason": "My sister's club.", "after": "approved"}
    assert len(trail(office, "approved", "offered")) == before
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        assert (award.status, award.application.status) == ("offered", "approved")
        assert award.application.decision is not None
        assert award.application.decision.undone_at is None
        assert audit.verify(session).sound
        told = audit_story.happened(session, award.application, office=office, today=london_day(office.clock()))
        assert "Declared an interest, and takes no part in this from now on; the decision stands" in [
            entry.what for entry in told
        ]


@pytest.mark.one_database
@pytest.mark.parametrize("how", ["completed", "refused", "expired", "decommissioned"])
def test_of_an_award_that_is_over_nobody_is_kept_out(office: Office, how: str) -> None:
    award_id, officer = active(office), person(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        award.status = how
        with pytest.raises(Conflict, match=f"The award is {how}. There is nothing left to be kept out of."):
            deciding.declare_interest(
                session, award.application_id, someone(session, officer), reason="x", now=office.clock()
            )


def test_a_refusal_says_why_and_who_may_instead(office: Office) -> None:
    application_id = submitted(office)
    out = person(office, Role.DIRECTOR, name="Dee Director")
    with office.sessions.begin() as session:
        deciding.declare_interest(session, application_id, someone(session, out), reason="x", now=office.clock())

    def said() -> str:
        with office.reading() as session:
            return people.why_out(session, application_id, someone(session, out), "accept a return")

    why = "You have declared an interest in this, so you do not accept a return. "
    assert said() == why + "Nobody else of the office can: ask it to add somebody."
    person(office, Role.AUDITOR, name="Al Auditor")
    person(office, Role.OFFICER, Body.CONSTABULARY, name="Pat Constable")
    person(office, Role.OFFICER, name="Olive Officer")
    assert said() == why + "Olive Officer may."
    for name in ("Cam", "Ed", "Flo"):
        person(office, Role.FINANCE, name=name)
    assert said() == why + "Olive Officer, Cam, Ed or somebody else of the office may."


@pytest.mark.one_database
def test_an_issue_is_given_to_nobody_who_is_out_of_its_award(office: Office) -> None:
    application_id = submitted(office)
    officer, other = person(office), person(office)
    recommend(office, application_id, officer)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, application_id, someone(session, officer), reason="x", now=office.clock())
    allocate(office, "youth-fund", 100_000_00)
    decide(office, application_id, person(office, Role.COMMISSIONER))
    award_id = award_of(office, application_id)
    accept(office, award_id)
    with office.reading() as session:
        owner = issues.owner_for(session, awards.by_id(session, award_id))
        assert owner is not None
        assert owner.id == other


def test_an_interest_is_in_one_application_and_in_no_other(office: Office) -> None:
    out = person(office)
    elsewhere, award_id = submitted(office), active(office)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, elsewhere, someone(session, out), reason="x", now=office.clock())
    return_id = _came_in(office, award_id)
    assert refusal(office, lambda s, who, n: returns.accept(s, n, who, now=office.clock()), out, return_id) is None
    with office.reading() as session:
        assert list(session.scalars(select(Person.id).where(Person.id.in_(people.interested(session, elsewhere))))) == [
            out
        ]
