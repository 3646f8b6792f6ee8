"""What the rules say about an award: its tier, how it is bought, its returns and meetings, and a finding for each rule.

The form, the check page, the card, the API and the command line all render what `assess` answers.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.calendar import add_months, date_text, meeting_dates, return_dates
from core.rules.facts import Facts, Finding, Money, Verdict, advice, met, not_met
from core.rules.fund_rules import fund_findings, money_finding, purpose_finding
from core.rules.money import display
from core.rules.policy import Kind, Policy, Tier
from core.rules.procurement import Portal, Procurement, buying_findings, procurement

__all__ = ["Assessment", "Facts", "Finding", "Money", "Schedule", "Verdict", "assess", "has_meetings"]

ORDER: Final = (
    "P0", "V1", "F0", "F1", "F2", "F3", "F4", "F5", "F6", "L1", "L2", "L3", "L4", "L5",
    "U1", "U2", "U3", "U4", "U5", "U6", "N1", "N2", "N3", "D1",
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "R1", "R2", "R3", "R4", "R6", "W1", "W2",
)  # fmt: skip
"""The order of the findings; there is at most one for each rule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often something is due and on which days; None: not at all."""

    every_months: int | None
    due: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything the rules say about one set of facts."""

    tier: Tier
    procurement: Procurement
    returns: Schedule
    meetings: Schedule
    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings with which it cannot be approved (A5)."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.NOT_MET)


def assess(facts: Facts, policy: Policy, today: date, money: Money | None = None) -> Assessment:
    """What the rules say; the same facts, policy, day and money give the same answer.

    `money` is the fund's position in the financial year of the start; without it F6 is not looked at. Facts are valid
    where amounts are not negative and the end is not before the start; on those it never raises.
    """
    bought = procurement(facts, policy)
    returns = _returns(facts, policy)
    meetings = _meetings(facts, policy)
    found = [
        _p0(facts, policy),
        purpose_finding(facts, policy),
        *fund_findings(facts, policy),
        money_finding(facts, money, policy, today),
        _l2(facts),
        *(_application(facts, policy) if facts.application else ()),
        *buying_findings(facts, bought, policy),
        _t4(facts, bought, policy, today),
        _t7(facts, policy),
        _r1(facts, returns, policy),
        _r2(facts, meetings, policy),
    ]
    findings = sorted((finding for finding in found if finding), key=lambda finding: ORDER.index(finding.rule))
    return Assessment(policy.tier(facts.amount), bought, returns, meetings, tuple(findings))


def has_meetings(amount: int, policy: Policy) -> bool:
    """Whether an award of this whole-life total in pence has monitoring meetings (R2): over the limit, not at it."""
    return amount > policy.meetings_over.value


def _returns(facts: Facts, policy: Policy) -> Schedule:
    every = policy.return_months.value
    if facts.start is None or facts.end is None:
        return Schedule(every, ())
    return Schedule(every, return_dates(facts.start, facts.end, every, policy.final_return_grace.value))


def _meetings(facts: Facts, policy: Policy) -> Schedule:
    if not has_meetings(facts.amount, policy):
        return Schedule(None, ())
    every = (policy.meeting_months_victims if facts.victim else policy.meeting_months).value
    if facts.start is None or facts.end is None:
        return Schedule(every, ())
    return Schedule(every, meeting_dates(facts.start, facts.end, every))


def _p0(facts: Facts, policy: Policy) -> Finding:
    band = next(band for band in policy.tiers if band.holds(facts.amount))
    if band.below is None:
        range_ = f"{display(band.lowest)} and above"
    elif band.lowest:
        range_ = f"from {display(band.lowest)}, below {display(band.below)}"
    else:
        range_ = f"below {display(band.below)}"
    because = f"{display(facts.amount)} is in the {band.name} tier ({range_})"
    if band.name is Tier.LIGHT:
        return met("P0", f"{because}: the application's answers are enough to understand and plan it.")
    if band.name is Tier.STANDARD:
        return met("P0", f"{because}: the office adds a few answers of its own before it recommends.")
    months = policy.full_plan_months.value
    return advice(
        "P0",
        f"{because}: it goes through Understand, Plan, Do and Review with a dated plan of up to {months} months.",
        f"Make the plan, worked back from the start, {months} months ahead if you can.",
    )


def _l2(facts: Facts) -> Finding | None:
    if not facts.victim:
        return None
    return met(
        "L2",
        "It is a victim service: spent under section 143 of the Anti-social Behaviour, Crime and Policing Act 2014.",
    )


def _application(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """What only an application knows: its objective, its need, its outcomes and their measures."""
    return (_l4(facts, policy), _u1(facts), *_outcomes(facts))


def _l4(facts: Facts, policy: Policy) -> Finding:
    if not facts.plan_objective:
        return advice(
            "L4",
            "No objective of the Police and Crime Plan is named.",
            "Name at least one: without it the application cannot be recommended.",
        )
    objective = policy.objective(facts.plan_objective)
    if objective is None:
        known = ", ".join(objective.text for objective in policy.plan_objectives)
        return not_met(
            "L4", f"“{facts.plan_objective}” is not an objective of the Plan in force.", f"Name one of: {known}."
        )
    return met("L4", f"It contributes to the Plan's objective “{objective.text}”.")


def _u1(facts: Facts) -> Finding:
    missing = []
    if not facts.need:
        missing.append("the evidence of need")
    if not facts.existing_provision:
        missing.append("the check of what is there already")
    if missing:
        named = " and ".join(missing)
        return advice("U1", f"Not given: {named}.", f"Add {named} before it is recommended.")
    return met("U1", "It says what is needed, and what is there already.")


def _outcomes(facts: Facts) -> tuple[Finding, Finding]:
    if facts.outcomes < 1:
        remedy = "Add at least one outcome, with how it is measured and the target."
        return (
            advice("U2", "No outcome is given.", remedy),
            advice("N3", "No measure with a target is given.", remedy),
        )
    one = facts.outcomes == 1
    return (
        met("U2", f"It names {'one outcome' if one else f'{facts.outcomes} outcomes'} to be achieved."),
        met(
            "N3",
            f"{'The outcome has a measure' if one else 'Each outcome has a measure'} with a target, "
            "which the recipient accepts with the offer.",
        ),
    )


def _t4(facts: Facts, bought: Procurement, policy: Policy, today: date) -> Finding | None:
    if facts.kind is Kind.GRANT:
        return _fund_advertised(facts, policy, today)
    if bought.portal is Portal.NO:
        return None
    limit = display(policy.portal_over.value)
    if bought.portal is Portal.REQUIRED:
        portal = f"and, because {display(facts.amount)} exceeds {limit}, on the procurement portal"
    else:
        portal = f"and preferably on the procurement portal, which is required only where the value exceeds {limit}"
    return advice(
        "T4",
        f"The opportunity is advertised on the website {portal}.",
        "Show the funding envelope and the split of quality and cost.",
    )


def _fund_advertised(facts: Facts, policy: Policy, today: date) -> Finding | None:
    fund = policy.fund(facts.fund) if facts.fund else None
    if fund is None:
        return None
    if fund.is_open(today):
        return met("T4", f"The {fund.name} is advertised on the website while it is open.")
    if not fund.open_to_applications:
        because = f"The {fund.name} is not open to applications: it makes awards by invitation."
    else:
        because = f"The {fund.name} is closed to applications today."
    opens = [window.opens for window in fund.windows if window.opens > today]
    if fund.open_to_applications and opens:
        because += f" It opens on {date_text(min(opens))}."
    return advice("T4", because, "Ask the office before you apply.")


def _t7(facts: Facts, policy: Policy) -> Finding | None:
    if facts.kind not in (Kind.CONTRACT, Kind.CO_COMMISSIONED) or facts.start is None or facts.end is None:
        return None
    months = policy.multi_year_months.value
    if _lasts(facts.start, facts.end, months):
        return met("T7", f"The contract runs for {months} months or more.")
    return advice(
        "T7",
        f"The contract runs for less than {months} months, and short-term funding makes it hard to recruit.",
        "Make it a multi-year contract, or record why it cannot be one.",
    )


def _lasts(start: date, end: date, months: int) -> bool:
    """Whether a term is so many whole months: 1 April to 31 March is twelve, since its last day counts."""
    try:
        return end.toordinal() + 1 >= add_months(start, months).toordinal()
    except OverflowError:
        return False


def _r1(facts: Facts, returns: Schedule, policy: Policy) -> Finding:
    every = f"a monitoring return every {_months(policy.return_months.value)}"
    if returns.due:
        return met("R1", f"The recipient sends {every} and a final one at the end: {_times(returns.due)}.")
    if facts.kind is Kind.INVOICE:
        after = policy.return_without_term_months.value
        return advice("R1", f"A paid invoice without a term has one monitoring return, {after} months after it.")
    return advice(
        "R1", f"The recipient sends {every} and a final one at the end.", "Give the start and the end to see the days."
    )


def _r2(facts: Facts, meetings: Schedule, policy: Policy) -> Finding:
    limit = display(policy.meetings_over.value)
    if meetings.every_months is None:
        return met("R2", f"{display(facts.amount)} is not over {limit}, so no monitoring meetings are required.")
    kind = " for victim services" if facts.victim else ""
    because = (
        f"{display(facts.amount)} is over {limit}, so the recipient is invited to a monitoring meeting "
        f"every {_months(meetings.every_months)}{kind}"
    )
    if meetings.due:
        return met("R2", f"{because}: {_times(meetings.due)}.")
    return advice("R2", f"{because}.", "Give the start and the end to see the days.")


def _months(count: int) -> str:
    return {1: "month", 3: "three months", 6: "six months"}.get(count, f"{count} months")


def _times(days: tuple[date, ...]) -> str:
    first, last = date_text(days[0]), date_text(days[-1])
    return f"one, on {first}" if len(days) == 1 else f"{len(days)}, from {first} to {last}"
