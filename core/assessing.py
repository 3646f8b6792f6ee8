"""From the record to the rules: an application's facts and its fund's money, assessed under the policy in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from core import funds, organisations
from core.office import Office
from core.records import Application
from core.rules.assessment import Assessment, Facts, Finding, Money, assess
from core.rules.calendar import financial_year
from core.rules.policy import CrimeGround, Kind, OrganisationType, Policy, Purpose
from core.rules.questions import history_facts, plan_facts
from core.rules.reviewing import return_finding, return_schedule


def facts_of(application: Application, amount: int | None = None) -> Facts:
    """A submitted application as the rules see it; `amount` where another one is being decided on."""
    extra = application.extra or {}
    grounds = extra.get("crime_grounds")
    purpose = Purpose(application.purpose) if application.purpose else None
    return Facts(
        kind=Kind(application.kind),
        amount=amount or application.amount or 0,
        fund=application.fund,
        purpose=purpose,
        purchases=application.purchases or 0,
        victim_service=application.victim_service,
        start=application.start_on,
        end=application.end_on,
        organisation_type=OrganisationType(application.organisation_type) if application.organisation_type else None,
        csp_area=application.csp_area,
        age_from=application.age_from,
        age_to=application.age_to,
        send=application.send,
        plan_objective=application.plan_objective,
        need=application.need,
        existing_provision=application.existing_provision,
        outcomes=len(application.outcomes),
        crime_grounds=(CrimeGround(grounds),) if grounds else None,
        plan=plan_facts(extra, purpose),
        history=history_facts(extra),
        application=True,
    )


def known_facts(
    session: Session,
    application: Application,
    *,
    office: Office,
    today: date,
    amount: int | None = None,
    told_to: str | None = None,
) -> Facts:
    """A submitted application with what only the record knows: other awards to the same organisation (R1, R2, T2).

    `told_to` is the key of the address that reads what comes of it, where that is nobody of the office.
    """
    facts = facts_of(application, amount)
    history = organisations.history_of(session, application, facts, policy=office.policy, today=today, told_to=told_to)
    return replace(facts, history=history)


def money_for(session: Session, facts: Facts, today: date, profile: Mapping[int, int] | None = None) -> Money | None:
    """What a fund has for what is described, in the financial year of its start (this year's without one) (F1, F6).

    Only what it may draw on counts: not what is ring-fenced for others. `profile` says how the amount falls over the
    years, in pence. None without a fund.
    """
    if facts.fund is None:
        return None
    start = facts.start or today
    year = financial_year(start)
    needed = facts.amount if profile is None else profile.get(year, 0)
    position = funds.left_for(
        session,
        facts.fund,
        year,
        needed,
        purpose=facts.purpose.value if facts.purpose else None,
        end=facts.end or start,
        this_year=financial_year(today),
    )
    if not position.known:
        return Money(allocated=None, available=None)
    return Money(position.allocated, position.available, None if profile is None else needed)


def assessment_of(
    session: Session,
    application: Application,
    *,
    office: Office,
    today: date,
    amount: int | None = None,
    profile: Mapping[int, int] | None = None,
    facts: Facts | None = None,
) -> Assessment:
    """Assess a submitted application as things stand, with the money that its fund has left for it.

    `profile` says how the amount falls over the financial years, in pence; all in that of the start unless given.
    `facts` are its `known_facts`, where the caller needs them too.
    """
    if facts is None:
        facts = known_facts(session, application, office=office, today=today, amount=amount)
    return assess(facts, office.policy, today, money_for(session, facts, today, profile), office.closed_days)


def schedule_of(application: Application, *, policy: Policy, today: date, amount: int) -> Assessment:
    """Assess what was awarded: for its returns and meetings. The fund's money is not asked, it is committed."""
    return assess(facts_of(application, amount), policy, today)


def finding_data(finding: Finding) -> dict[str, str]:
    """A finding as the record, the API and the card keep it."""
    return {
        "rule": finding.rule,
        "paragraph": finding.paragraph,
        "verdict": finding.verdict.value,
        "because": finding.because,
        "remedy": finding.remedy,
        "needed_by": finding.needed_by.value if finding.needed_by else "",
    }


def findings_told(
    session: Session,
    application: Application,
    findings: Sequence[dict[str, str]],
    address: str,
    *,
    found_on: date,
    office: Office,
) -> list[dict[str, str]]:
    """Findings that were kept on a day, as they are told to an address, by its key, and not to the office.

    Anybody can type an organisation's name and number, so R1 names of its overdue returns those alone that are asked of
    this address, as things stand today, and says what it says by itself where there are none.
    """
    facts = facts_of(application)

    def reporting(told: Facts, policy: Policy) -> dict[str, str]:
        return finding_data(return_finding(told, return_schedule(told, policy), policy))

    kept = [one for one in findings if one["rule"] == "R1"]
    if not kept or kept == [reporting(facts, office.policy)]:  # nothing was owed: no question to the record
        return list(findings)
    owed = organisations.owed(session, application, today=office.today(), told_to=address)
    told = replace(facts, history=replace(facts.history, overdue=owed))
    mine = reporting(told, office.in_force(session, on=found_on).policy)
    return [mine if one["rule"] == "R1" else one for one in findings]


def facts_data(facts: Facts) -> dict[str, Any]:
    """Facts, JSON-ready, for the trail (A4)."""
    plain: dict[str, Any] = _plain(facts)
    return plain


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
