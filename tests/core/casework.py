"""The steps of a case, short, for tests of the record: each in a transaction of its own, as an edge would take it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import applications, awards, deciding, funds, people, sweeping
from core.errors import Refused
from core.office import LONDON, Office
from core.records import Application, Award, Event, OutboxMessage, Person
from core.rules.answers import Outcome
from core.rules.calendar import financial_year
from core.rules.policy import Body, Delegation, Kind, OrganisationType, Purpose, Role
from core.rules.questions import ApplicationFacts, ReturnFacts
from core.sweeping import SentStep

START, END = date(2027, 1, 1), date(2027, 10, 31)
YEAR = 2026
"""The financial year in which START falls."""

CONDITIONS = "A monitoring return every six months."
T = TypeVar("T")
_numbers = itertools.count(1)


def facts(fund: str = "youth-fund", **changes: Any) -> ApplicationFacts:
    """A whole application that fails no rule, with what is changed."""
    given = ApplicationFacts(
        fund=fund,
        organisation_name="Riverside Boxing Club",
        organisation_type=OrganisationType.CHARITY,
        charity_number="1234567",
        company_number=None,
        postcode="PE1 9ZZ",
        contact_name="Ada Lovelock",
        contact_email="ada@riverside.example",
        title="Gloves on, knives down",
        need="Young people have nowhere to go on Friday nights.",
        existing_provision="None within five miles.",
        plan_objective="reduce-crime-and-disorder",
        csp_area="Peterborough",
        age_from=10,
        age_to=16,
        send=False,
        outcomes=(
            Outcome("Fewer call-outs", "Call-outs a month", "Ten fewer"),
            Outcome("More young people come", "Names in the book", "40"),
        ),
        start=START,
        end=END,
        amount=2_000_00,
        purchases=0,
        purpose=Purpose.YOUNG_PEOPLE,
        answers={},
    )
    return replace(given, **changes)


def victims(**changes: Any) -> ApplicationFacts:
    """A victim service of £30,000, by invitation."""
    return facts("moj-victims", **{"amount": 30_000_00, "purpose": Purpose.VICTIM_SERVICES, **changes})


def reducing_crime(**changes: Any) -> ApplicationFacts:
    """A project of the crime and disorder fund, which has no cap, by invitation."""
    given = {
        "amount": 30_000_00,
        "purpose": Purpose.CRIME_REDUCTION,
        "answers": {"crime_grounds": "plan", "at_risk": "no"},
    }
    return facts("crime-and-disorder", **{**given, **changes})


def drafted(office: Office, fund: str = "youth-fund") -> int:
    """A draft; answers its id."""
    with office.sessions.begin() as session:
        return applications.start(session, fund, office=office, now=office.clock(), by_invitation=True).id


def submit(office: Office, application_id: int, given: ApplicationFacts | None = None) -> str:
    """Submit a draft; answers its reference."""
    with office.sessions.begin() as session:
        application = applications.by_id(session, application_id)
        applications.submit(session, application, given or facts(), office=office, by="applicant", now=office.clock())
        return str(application.reference)


def submitted(office: Office, given: ApplicationFacts | None = None) -> int:
    """A submitted application; answers its id."""
    given = given or facts()
    application_id = drafted(office, given.fund)
    submit(office, application_id, given)
    return application_id


def person(office: Office, role: Role = Role.OFFICER, body: Body = Body.OFFICE, name: str | None = None) -> int:
    """Somebody new on the staff list; answers their id."""
    number = next(_numbers)
    with office.sessions.begin() as session:
        return people.add(
            session,
            name=name or f"{role.value.title()} {number}",
            email=f"person{number}@office.example",
            role=role,
            body=body,
            actor="test",
            now=office.clock(),
        ).id


def recommend(
    office: Office,
    application_id: int,
    person_id: int | None = None,
    *,
    outcome: Literal["approve", "less", "decline"] = "approve",
    amount: int | None = None,
    reasons: str = "It fits the Plan.",
    conditions: str = "",
) -> int:
    """Recommend, by a new officer if nobody is named; answers who did."""
    person_id = person_id or person(office)
    with office.sessions.begin() as session:
        asked = applications.by_id(session, application_id).amount or 0
        deciding.recommend(
            session,
            application_id,
            someone(session, person_id),
            outcome=outcome,
            amount=asked if amount is None else amount,
            reasons=reasons,
            conditions=conditions,
            office=office,
            now=office.clock(),
        )
    return person_id


def decide(
    office: Office,
    application_id: int,
    person_id: int,
    *,
    outcome: Literal["approved", "declined"] = "approved",
    amount: int | None = None,
    reasons: str = "A strong local need.",
    conditions: str = CONDITIONS,
) -> None:
    """Approve (all that was asked for, unless told otherwise) or decline."""
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            application_id,
            someone(session, person_id),
            outcome=outcome,
            amount=amount,
            reasons=reasons,
            conditions=conditions,
            office=office,
            now=office.clock(),
        )


def someone(session: Session, person_id: int) -> Person:
    found = session.get(Person, person_id)
    assert found is not None
    return found


def allocate(office: Office, fund: str, amount: int, year: int = YEAR) -> None:
    with office.sessions.begin() as session:
        funds.allocate(session, fund, year, amount, policy=office.policy, actor="test", now=office.clock())


def recommended(office: Office, given: ApplicationFacts | None = None) -> int:
    """A recommended application; answers its id."""
    application_id = submitted(office, given)
    recommend(office, application_id)
    return application_id


def offered(office: Office, given: ApplicationFacts | None = None) -> int:
    """An award on offer, on a fund that has ten times the money; answers the award's id."""
    given = given or facts()
    application_id = recommended(office, given)
    allocate(office, given.fund, given.amount * 10, financial_year(given.start))
    decide(office, application_id, person(office, Role.COMMISSIONER))
    return award_of(office, application_id)


def award_of(office: Office, application_id: int) -> int:
    with office.reading() as session:
        standing = select(Award.id).where(Award.application_id == application_id, Award.withdrawn_at.is_(None))
        return session.scalars(standing).one()


def accept(office: Office, award_id: int, name: str = "Grace Treasurer") -> None:
    with office.sessions.begin() as session:
        awards.accept(session, awards.by_id(session, award_id), name=name, office=office, now=office.clock())


def active(office: Office, given: ApplicationFacts | None = None) -> int:
    """An accepted award; answers its id."""
    award_id = offered(office, given)
    accept(office, award_id)
    return award_id


def contracted(office: Office, given: ApplicationFacts | None = None) -> int:
    """A contract that was offered and accepted, and is still to be signed; answers the award's id."""
    given = given or facts()
    application_id = drafted(office, given.fund)
    with office.sessions.begin() as session:
        applications.by_id(session, application_id).kind = Kind.CONTRACT.value
    submit(office, application_id, given)
    recommend(office, application_id)
    allocate(office, given.fund, given.amount * 10, financial_year(given.start))
    decide(office, application_id, person(office, Role.COMMISSIONER))
    award_id = award_of(office, application_id)
    accept(office, award_id)
    return award_id


def returned(**changes: Any) -> ReturnFacts:
    """A monitoring return on two measures."""
    given = ReturnFacts(
        narrative="Two fewer call-outs a month.",
        people=31,
        spent=900_00,
        achieved=("Two fewer", "31"),
        views="They want Saturdays too.",
        answers={},
    )
    return replace(given, **changes)


def bare_awards(session: Session, office: Office, count: int, **columns: Any) -> list[Award]:
    """Award rows with nothing around them, for the ledger and the deadlines alone."""
    version = office.policy_version(session, now=office.clock())
    made = []
    for _ in range(count):
        number = next(_numbers)
        application = Application(
            reference=f"YF-2026-{number}",
            fund="youth-fund",
            kind="grant",
            status="approved",
            started_at=office.clock(),
            saved_at=office.clock(),
            contact_email=columns.get("contact_email", "ada@riverside.example"),
        )
        made.append(
            Award(
                application=application,
                reference=f"YF-2026-{number}",
                fund="youth-fund",
                kind="grant",
                status="active",
                amount=1,
                conditions="",
                start_on=START,
                end_on=END,
                offered_at=office.clock(),
                accept_by=START,
                policy_version_id=version.id,
            )
        )
    session.add_all(made)
    session.flush()
    return made


def london(day: date, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """An instant, by the clock on a London wall."""
    return datetime.combine(day, time(hour, minute, second), tzinfo=LONDON).astimezone(UTC)


def sweep(office: Office, day: date) -> tuple[SentStep, ...]:
    with office.sessions.begin() as session:
        return sweeping.sweep(session, office=office, today=day, now=london(day))


def told(steps: Sequence[SentStep]) -> list[tuple[int, str]]:
    """What a sweep sent: the step and to whom, in order of both."""
    return sorted((step.step, step.to) for step in steps)


def delegated(office: Office, *rows: tuple[Role, int], fund: str | None = None, since: date = START) -> Office:
    """The office under a policy with these delegations (A1)."""
    made = tuple(
        Delegation(role, (Kind.GRANT,), (fund,) if fund else None, limit, since, "Scheme of governance")
        for role, limit in rows
    )
    return replace(office, policy=replace(office.policy, delegations=made))


def messages(office: Office, *kinds: str) -> list[OutboxMessage]:
    with office.reading() as session:
        query = select(OutboxMessage).order_by(OutboxMessage.id)
        return list(session.scalars(query.where(OutboxMessage.kind.in_(kinds)) if kinds else query))


def trail(office: Office, *kinds: str) -> list[Event]:
    with office.reading() as session:
        query = select(Event).order_by(Event.sequence)
        return list(session.scalars(query.where(Event.kind.in_(kinds)) if kinds else query))


@dataclass(frozen=True)
class AtOnce:
    """What came of actions that were started at the same moment."""

    done: list[Any]
    refused: list[Refused]


def at_once(actions: Sequence[Callable[[], Any]]) -> AtOnce:
    """Run actions in as many threads, all let go together. A refusal is an answer; anything else raised is raised."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return action()
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as threads:
        answers = list(threads.map(run, actions))
    return AtOnce(
        done=[answer for answer in answers if not isinstance(answer, Refused)],
        refused=[answer for answer in answers if isinstance(answer, Refused)],
    )


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
