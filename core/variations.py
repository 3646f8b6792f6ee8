"""Variations (F6): the amount of an award that runs is changed by somebody who may decide it, and its money follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import awards, commitments, deadlines, events, guarded, meetings, people, written, year_end
from core.assessing import facts_data, finding_data, known_facts, schedule_of
from core.cases import case_of, decider_of
from core.errors import Conflict, Refused
from core.meetings import MEETING
from core.office import Office, london_day
from core.records import Award, Deadline, Person, Variation
from core.rules.assessment import assess
from core.rules.authority import may_decide
from core.rules.calendar import financial_year
from core.rules.lifecycle import AwardState
from core.rules.money import display


def vary(
    session: Session,
    award_id: int,
    person: Person,
    *,
    was: int,
    amount: int,
    profile: Mapping[int, int] | None = None,
    reasons: str,
    office: Office,
    now: datetime,
) -> Award:
    """Change the amount of an award that runs, in pence, from what it `was`: a decision, with its reasons (A4).

    More is committed under the same guard as the award was, less is released; `profile` says how the new amount falls
    over the financial years. Whoever decides must be one who may decide the larger of the two amounts (A1, A2), and
    the award must fail no rule with the new one (A5). Meetings follow the new amount (R2).

    Raises Refused (A1, A2, A5, F6, F7), and Conflict where the award is not what it was thought to be.
    """
    award = commitments.held_award(session, award_id)
    today = london_day(now)
    if award.status != AwardState.ACTIVE:
        raise Conflict(f"{award.reference} is not an award that has been accepted and still runs.", "A3")
    if award.amount != was:
        raise Conflict(f"{award.reference} is {display(award.amount)} now, not {display(was)}. Look at it again.", "A3")
    _check_decider(session, award, person, max(was, amount), office=office, today=today)
    said = written.words(reasons, "Give your reasons: they go on the record.", "F7")
    if amount <= 0 or amount == was:
        raise Refused("Enter the award's new amount: over zero, and another than it has.", "F6")
    fund = office.policy.fund(award.fund)
    if fund is None:
        raise Refused(f"The policy in force has no fund '{award.fund}'. The office must put it back first.")
    facts = known_facts(session, award.application, office=office, today=today, amount=amount)
    assessment = assess(facts, office.policy, today)
    if assessment.blocking and amount > was:  # less may be agreed whatever has changed since
        first = assessment.blocking[0]
        raise Refused(f"This fails {first.rule}: {first.because} {first.remedy}".strip(), first.rule)
    by_year = _new_profile(award, amount, profile)
    actor = people.actor_of(person)
    year_end.hold_years(session, fund, commitments.years_of(session, award) | set(by_year), today)
    freed, taken = commitments.rearrange(
        session, fund, award, by_year, this_year=financial_year(today), actor=actor, note="variation", now=now
    )
    year_end.settle(session, fund, freed, policy=office.policy, today=today, actor=actor, now=now)
    _change_amount(session, award, was, amount, by_year)
    award.conditions = "\n".join([award.conditions, *awards.unfunded(by_year, taken)])
    variation = Variation(
        award_id=award.id,
        person_id=person.id,
        before=was,
        after=amount,
        reasons=said,
        facts=facts_data(facts),
        findings=[finding_data(finding) for finding in assessment.findings],
        policy_version_id=office.policy_version(session, now=now).id,
        made_at=now,
    )
    session.add(variation)
    _follow_meetings(session, award, today=today, office=office, actor=actor, now=now)
    told = {
        "before": was,
        "after": amount,
        "years": awards.years_data(by_year, taken),
        "reasons": said,
        "facts": variation.facts,
        "findings": variation.findings,
        "policy": office.policy_version(session, now=now).fingerprint,
        "person": person.id,
    }
    events.append(session, "varied", award.reference, actor, told, now=now)
    return award


def _check_decider(session: Session, award: Award, person: Person, amount: int, *, office: Office, today: date) -> None:
    """Raises Refused where this person may not decide an award of this amount: the first decision's gate (A1, A2)."""
    if not person.active:
        raise Refused("You are not on the office's staff list, so you cannot do this.", "A1")
    case = case_of(session, award.application, amount=amount)
    decider = decider_of(person)
    refusal = may_decide(decider, case, office.policy, today)
    if refusal is not None:
        raise Refused(refusal.reason, refusal.rule)


def _new_profile(award: Award, amount: int, profile: Mapping[int, int] | None) -> dict[int, int]:
    years = commitments.profile_of(award)
    if profile is None and len(years) > 1:
        raise Refused(f"The award falls in {len(years)} financial years: say how the new amount falls over them.", "F6")
    if profile is None:
        return dict.fromkeys(years, amount)
    return commitments.checked_profile(profile, amount, award.start_on, award.end_on)


def _change_amount(session: Session, award: Award, was: int, amount: int, by_year: Mapping[int, int]) -> None:
    """Change an award's amount by one conditional update: from what it was, and never under what has been paid."""
    as_it_was = Award.status == AwardState.ACTIVE.value, Award.amount == was
    profile = commitments.profile_data(by_year)
    if not guarded.change(session, award, *as_it_was, Award.paid <= amount, amount=amount, profile=profile):
        raise Refused(f"{display(award.paid)} of {award.reference} has been paid: it cannot be less than that.", "F7")


def _follow_meetings(session: Session, award: Award, *, today: date, office: Office, actor: str, now: datetime) -> None:
    """An award that is now over the limit for meetings has those to come; one that no longer is has none (R2)."""
    policy = office.policy_under(award.policy_version)
    due = schedule_of(award.application, policy=policy, today=today, amount=award.amount).meetings.due
    if not due:
        deadlines.close(session, subject=awards.subject(award), kinds=[MEETING], now=now)
        limit = display(policy.meetings_over.value)
        why = f"The award is {display(award.amount)} now. We hold these meetings for awards over {limit}."
        meetings.cancel_coming(session, award, why=why, actor=actor, now=now)
        return
    stored = select(Deadline).where(Deadline.award_id == award.id, Deadline.kind == MEETING)
    known = {one.due: one for one in session.scalars(stored)}
    coming = [day for day in due if day >= today]
    for day in coming:
        again = known.get(day)
        if again is not None and again.met_at is None and again.closed_at is not None:
            deadlines.reopen(session, again, office=office, today=today, now=now)
    awards.store_due(session, award, MEETING, [day for day in coming if day not in known], office=office, now=now)
