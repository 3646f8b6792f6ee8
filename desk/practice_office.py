"""The practice office: made-up people with roles, allocations, and a year of accepted awards to look at.

Everything goes through the core's own functions at past instants, so practice data obeys every rule that real data
does. Nothing of that past is ever sent, and what fell due in it never nudges.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.manifest import manifest
from bot.practice.workspace import TEAM_ID, Installation, PracticeChannel, PracticePerson
from core import (
    applications,
    asking,
    award_checks,
    awards,
    deciding,
    funds,
    outbox,
    payments,
    people,
    return_drafts,
    returns,
    taking,
)
from core.links import link_for
from core.office import Office
from core.records import Application, Award, Deadline, MonitoringReturn, Person, ReturnDraft
from core.rules.calendar import add_months, financial_year
from core.rules.lifecycle import ReturnState
from core.rules.money import pence_from_api
from core.rules.policy import Body, OrganisationType, Purpose, Role, Tier
from core.rules.questions import ApplicationFacts, BudgetLine, Outcome, ReturnFacts
from desk import practice_dates

ACTOR = "the practice office"
APPROVALS = "C0APPROVALS"
DEADLINES = "C0DEADLINES"


@dataclass(frozen=True)
class Practised:
    """Somebody who can be played in the practice Slack."""

    user_id: str
    name: str
    email: str
    role: Role
    body: Body = Body.OFFICE

    @property
    def title(self) -> str:
        """What the practice Slack shows beside the name."""
        told = self.role.value.replace("_", " ").capitalize()
        return told if self.body is Body.OFFICE else f"{told}, constabulary"


PEOPLE = (
    Practised("U0OFFICER", "Olive Officer", "olive@practice.example", Role.OFFICER),
    Practised("U0GRANTS", "Gwen Grants", "gwen@practice.example", Role.OFFICER),
    Practised("U0DIRECTOR", "Dara Director", "dara@practice.example", Role.DIRECTOR),
    Practised("U0DEPUTY", "Devi Deputy", "devi@practice.example", Role.DEPUTY),
    Practised("U0CHIEF", "Chris Chief", "chris@practice.example", Role.CHIEF_EXECUTIVE),
    Practised("U0FINANCE", "Finn Finance", "finn@practice.example", Role.FINANCE),
    Practised("U0PCC", "Cam Commissioner", "cam@practice.example", Role.COMMISSIONER),
    Practised("U0PANEL", "Pat Panel", "pat@practice.example", Role.PANEL),
    Practised("U0SECOND", "Perry Panel", "perry@practice.example", Role.PANEL),
    Practised("U0AUDIT", "Ada Auditor", "ada@practice.example", Role.AUDITOR),
    Practised("U0FORCE", "Frankie Force", "frankie@practice.example", Role.OFFICER, Body.CONSTABULARY),
)

QUIET_DAYS = 11
"""How many days before a whole number of months ago an award began, so that nothing falls due on the first day."""

ALLOCATIONS: Mapping[str, str] = {
    "youth-fund": "60000.00",
    "community-fund": "40000.00",
    "crime-and-disorder": "1800000.00",
    "moj-victims": "2400000.00",
    "safer-streets": "750000.00",
    "rape-support": "420000.00",
    "casualty-reduction": "600000.00",
}
"""Pounds a year in the practice office: made up, and enough to try every size of award."""

QUESTION = "All of the award has been spent. What was it spent on, and what happens to the project now?"
"""What the practice office has asked about one return."""

READ_WITHIN = timedelta(days=50)
"""How long a return of the past waited at most before it was read and accepted: what came in since then waits."""

HALF_FILLED: Mapping[str, str] = {
    "narrative": "Twelve sessions so far. The register shows that most of them come back every week.",
    "people": "34",
}
"""What somebody has typed into another, before they were called away."""

OBJECTIVES: Mapping[str, str] = {"moj-victims": "support-victims", "casualty-reduction": "promote-road-safety"}


def slack_people() -> list[PracticePerson]:
    """Everybody in the practice Slack: the office, and people who may do nothing here, each for another reason."""
    staff = [PracticePerson(one.user_id, one.name, one.title, one.email) for one in PEOPLE]
    return [
        *staff,
        PracticePerson("U0VISITOR", "Val Visitor", "Not on the staff list", "val@elsewhere.example"),
        PracticePerson("U0GUEST", "Gus Guest", "Not on the staff list", is_restricted=True, in_open_channels=True),
        PracticePerson(
            "U0STRANGER",
            "Sam Stranger",
            "Not on the staff list",
            team_id="TOTHER",
            is_stranger=True,
            in_open_channels=True,
        ),
        PracticePerson("U0LEAVER", "Lee Leaver", "Has left", "lee@practice.example", deleted=True),
    ]


def slack_app() -> Installation:
    """What the practice Slack has installed of the desk: the manifest, with its scopes and none more."""
    return Installation.of_manifest(manifest())


def slack_channels() -> list[PracticeChannel]:
    """The two channels of the practice Slack."""
    return [
        PracticeChannel(APPROVALS, "approvals", "Applications to recommend and decide"),
        PracticeChannel(DEADLINES, "deadlines", "What falls due"),
    ]


def furnish(session: Session, office: Office, *, now: datetime) -> bool:
    """Set the practice office up in an empty record. False, and nothing done, where there is somebody already."""
    if people.count(session):
        return False
    staff = {one.user_id: _person(session, one, now) for one in PEOPLE}
    today = office.today()
    this_year = financial_year(today)
    for year in range(this_year - 2, this_year + 2):
        budgeted = min(now, datetime(year, 2, 1, 9, tzinfo=UTC))
        for fund, amount in ALLOCATIONS.items():
            funds.allocate(
                session,
                fund,
                year,
                pence_from_api(amount),
                policy=office.policy,
                actor=ACTOR,
                note="practice",
                now=budgeted,
            )
    for number, told in enumerate(_told()["award"]):
        _award(session, office, told, number, staff, today=today, now=now)
    practice_dates.put(session, office, staff, today=today, now=now)
    outbox.withhold(session, now=now)
    session.execute(update(Deadline).values(silent_before=today))
    return True


def leave_waiting(session: Session, office: Office, *, now: datetime) -> None:
    """Applications that came in lately: their cards are the first that somebody sees, and nobody was mailed of them."""
    staff = {one.user_id: people.by_email(session, one.email) for one in PEOPLE}
    start = add_months(office.today(), 2)
    told = _told()
    for number, one in enumerate(told["waiting"], start=len(told["award"])):
        came_in = now - timedelta(days=int(one["came_in_days_ago"]), minutes=11 * number)
        application = applications.start(session, one["fund"], office=office, now=came_in, by_invitation=True)
        facts = _facts(office, one, number, start)
        applications.submit(session, application, facts, office=office, by="applicant", now=came_in)
        outbox.withhold_untried(session, subject=f"application-mail:{application.id}", kinds=["receipt"], now=came_in)
        if "recommended" in one:
            deciding.recommend(
                session,
                application.id,
                staff["U0GRANTS"],
                outcome="approve",
                amount=facts.amount,
                reasons=one["recommended"],
                conditions="A monitoring return every six months.",
                office=office,
                now=came_in + timedelta(days=5),
            )


def _told() -> dict[str, Any]:
    return tomllib.loads((resources.files("desk") / "practice_awards.toml").read_text(encoding="utf-8"))


def returns_to_try(session: Session, office: Office) -> list[tuple[str, str]]:
    """A return that is half filled in, one with a question and one that is overdue, where there are: name and address.

    As their recipients see them. Their links are made here where nobody was mailed one.
    """
    due = select(Deadline).where(Deadline.kind == returns.RETURN, Deadline.closed_at.is_(None)).order_by(Deadline.due)
    ours = (MonitoringReturn.award_id == Deadline.award_id) & (MonitoringReturn.due == Deadline.due)
    queried = due.join(MonitoringReturn, ours).where(MonitoringReturn.status == ReturnState.QUERIED.value)
    unmet = due.where(Deadline.met_at.is_(None))
    named = {
        "half filled in": unmet.join(ReturnDraft, ReturnDraft.deadline_id == Deadline.id),
        "with a question": queried,
        "overdue": unmet.where(Deadline.due < office.today()),
    }
    found = []
    for name, query in named.items():
        deadline = session.scalars(query).first()
        if deadline is not None:
            link = link_for(session, "return", deadline.id, now=office.clock())
            found.append((name, office.signer.address("return", link)))
    return found


def _person(session: Session, one: Practised, now: datetime) -> Person:
    return people.add(
        session,
        name=one.name,
        email=one.email,
        role=one.role,
        body=one.body,
        slack=(TEAM_ID, one.user_id),
        actor=ACTOR,
        now=now,
    )


def _award(
    session: Session,
    office: Office,
    told: Mapping[str, Any],
    number: int,
    staff: Mapping[str, Person],
    *,
    today: date,
    now: datetime,
) -> None:
    """One award, lived through: applied for seven weeks before its start, decided, accepted, its past returns in."""
    start = add_months(today, -int(told["started_months_ago"])) - timedelta(days=QUIET_DAYS)
    facts = _facts(office, told, number, start)

    def before(days: int) -> datetime:
        return now - (today - start) - timedelta(days=days, minutes=7 * number)

    application = applications.start(session, told["fund"], office=office, now=before(52), by_invitation=True)
    applications.submit(session, application, facts, office=office, by="applicant", now=before(49))
    officer = staff["U0OFFICER" if number % 2 else "U0GRANTS"]
    if number % 3:  # of three awards one is nobody's, until somebody recommends on it
        taking.take(session, application.id, officer, office=office, now=before(45))
    deciding.recommend(
        session,
        application.id,
        officer,
        outcome="approve",
        amount=facts.amount,
        reasons="The need is shown, nothing near does the same, and the measure can be checked.",
        conditions="A monitoring return every six months.",
        office=office,
        now=before(40),
    )
    deciding.decide(
        session,
        application.id,
        staff["U0PCC"],
        outcome="approved",
        amount=facts.amount,
        reasons=f"It contributes to securing crime and disorder reduction. What it is to bring: {told['outcome']}.",
        conditions="A monitoring return every six months. Spend the money only on this project.",
        office=office,
        now=before(33),
    )
    award = session.get_one(Award, application.award.id if application.award else 0)
    awards.accept(session, award, name=facts.contact_name, office=office, now=before(25))
    _checks(session, award, staff, now=before(20))
    light = office.policy.tier(award.amount) is Tier.LIGHT
    _pay(session, office, award, staff, award.amount if light else award.amount // 2, start, None, now=before(7))
    _returns(session, award, today, now, overdue=told.get("a_return_is") == "overdue")
    _read(session, award, officer, now)
    if told.get("a_return_is") == "queried":
        asking.ask(session, award.returns[-1], officer, QUESTION, office=office, now=now - timedelta(days=2))
    elif told.get("a_return_is") == "half_filled":
        ahead = min((one for one in award.deadlines if one.kind == returns.RETURN and one.met_at is None), key=_due)
        return_drafts.save(session, ahead, HALF_FILLED, "", now=now - timedelta(days=1))
    first = min((one for one in award.deadlines if one.kind == returns.RETURN), key=lambda one: one.due)
    if not light and first.met_at is not None:
        rest = award.amount - award.paid
        _pay(session, office, award, staff, rest, first.due, first.due, now=first.met_at + timedelta(days=2))


def _facts(office: Office, told: Mapping[str, Any], number: int, start: date) -> ApplicationFacts:
    fund = office.policy.fund(told["fund"])
    if fund is None:
        raise LookupError(f"the practice office needs the fund {told['fund']}, which the policy has not got")
    ages = told.get("ages")
    objective = OBJECTIVES.get(fund.id, "reduce-crime-and-disorder")
    known = {one.id for one in office.policy.plan_objectives}
    purpose = Purpose.CRIME_REDUCTION if Purpose.CRIME_REDUCTION in fund.purposes else fund.purposes[0]
    return ApplicationFacts(
        fund=fund.id,
        organisation_name=told["organisation"],
        organisation_type=OrganisationType(told["type"]),
        charity_number=told.get("charity_number"),
        company_number="19904471" if told["type"] == "company" else None,
        postcode="PE1 1AA",
        contact_name=f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}",
        contact_email=f"contact{number + 1}@practice.example",
        second_name=f"{_FIRST[(number + 3) % len(_FIRST)]} {_LAST[(number + 5) % len(_LAST)]}" if number % 2 else None,
        second_email=f"second{number + 1}@practice.example" if number % 2 else None,
        title=told["title"],
        need=told["need"],
        existing_provision=told["existing_provision"],
        plan_objective=objective if objective in known else office.policy.plan_objectives[0].id,
        csp_area=told["area"],
        age_from=ages[0] if ages else None,
        age_to=ages[1] if ages else None,
        send=ages[1] > 18 if ages else None,
        outcomes=(Outcome(told["outcome"], told["measure"], told["target"]),),
        start=start,
        end=add_months(start, int(told["months"])) - timedelta(days=1),
        amount=pence_from_api(told["amount"]),
        purchases=pence_from_api(told.get("purchases", "0.00")),
        purpose=purpose,
        answers={"crime_grounds": "plan"} if fund.rule == "F3" else {},
        budget=tuple(BudgetLine(line["item"], pence_from_api(line["amount"])) for line in told.get("budget", ())),
    )


def _checks(session: Session, award: Award, staff: Mapping[str, Person], *, now: datetime) -> None:
    """What the office looks at before money leaves (L5, T1)."""
    officer, director = staff["U0GRANTS"], staff["U0DIRECTOR"]
    application: Application = award.application
    award_checks.see_safeguarding_policy(session, award.id, officer, note="The policy of this year, signed.", now=now)
    award_checks.verify_bank_details(session, award.id, director, note="Called the number on its last letter.", now=now)
    if application.purchases:
        award_checks.collect_quotes(session, award.id, officer, quotes=3, note="Three written quotes.", now=now)
    award_checks.look_at_subsidy(
        session,
        award.id,
        officer,
        enterprise=application.organisation_type == OrganisationType.COMPANY,
        assistance=0,
        letters=True,
        note="Asked its treasurer.",
        now=now,
    )


def _pay(
    session: Session,
    office: Office,
    award: Award,
    staff: Mapping[str, Person],
    amount: int,
    planned_on: date,
    return_due: date | None,
    *,
    now: datetime,
) -> None:
    """A stage of an award's payments: planned, approved by the Director, paid by finance (F7)."""
    stage = payments.plan(
        session,
        award.id,
        staff["U0GRANTS"],
        amount=amount,
        planned_on=planned_on,
        return_due=return_due,
        now=now,
    )
    payments.approve(session, award.id, stage.number, staff["U0DIRECTOR"], office=office, now=now)
    payments.pay(session, award.id, stage.number, staff["U0FINANCE"], office=office, now=now)


def _read(session: Session, award: Award, officer: Person, now: datetime) -> None:
    """Accept the returns that came in a while ago, each some days after it did."""
    for number, came_in in enumerate(award.returns):
        if came_in.received_at < now - READ_WITHIN:
            read_at = came_in.received_at + timedelta(days=4 + number, hours=2)
            returns.accept(session, came_in.id, officer, now=read_at)


_FIRST = ("Alex", "Bilal", "Cerys", "Dominika", "Eddie", "Farah", "Grace")
_LAST = ("Ahmed", "Barker", "Clarke", "Dobrowolska", "Evans")


def _due(deadline: Deadline) -> date:
    return deadline.due


def _returns(session: Session, award: Award, today: date, now: datetime, *, overdue: bool) -> None:
    """The returns that fell due before today came in, a few days early; each thing met that day is met.

    With `overdue` the last of them did not.
    """
    application: Application = award.application
    past = [one for one in award.deadlines if one.kind == returns.RETURN and one.due < today]
    missing = max(past, key=_due) if overdue else None
    for deadline in list(award.deadlines):
        if deadline.met_at is not None or deadline.due >= today or deadline is missing:
            continue
        came_in = now - (today - deadline.due) - timedelta(days=3)
        if deadline.kind != returns.RETURN:
            deadline.met_at, deadline.next_step_on = came_in, None
            continue
        share = 100 if deadline.final else 55
        returns.receive(
            session,
            award,
            deadline.due,
            ReturnFacts(
                narrative="Attendance grew after the first month. The register shows it, and people tell us so.",
                people=20 + application.id,
                spent=award.amount * share // 100,
                achieved=("On course" if share < 100 else application.outcomes[0].target,),
                views="Those who came asked for it to go on.",
                answers={},
            ),
            source="applicant",
            now=came_in,
        )
