"""Understand, Plan, Do, Review: what an award of each size records in each phase, and the plan of a large one (P0)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from core.rules.calendar import add_months, date_text, next_recurring, next_working_day
from core.rules.facts import Facts, Finding, Stage, advice, met
from core.rules.money import display
from core.rules.policy import Kind, Policy, Route, Tier
from core.rules.procurement import procurement

__all__ = ["Entry", "Phase", "PlannedPhase", "dated_plan", "is_complete", "phase_record", "tier_finding"]


class Phase(StrEnum):
    """A phase of the commissioning cycle (§5.1)."""

    UNDERSTAND = "understand"
    PLAN = "plan"
    DO = "do"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the record of a phase holds: its rule, what it is in words, and whether it is there.

    A phase is complete without the entries that are not `required`.
    """

    id: str
    phase: Phase
    rule: str
    what: str
    required: bool
    there: bool


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase of a dated plan: its first and its last day, both working days."""

    phase: Phase
    begins: date
    ends: date


# ------------------------------------------------------------------------------------------------- the record


def phase_record(
    phase: Phase, facts: Facts, policy: Policy, recorded: frozenset[str] = frozenset()
) -> tuple[Entry, ...]:
    """What the record of a phase holds for an award of this size and sort, in order, and which of it is there.

    Understand and Plan are read from the facts. What only the record knows (a decision, the returns) is there where
    its id is in `recorded`, which may name any entry.
    """
    tier = policy.tier(facts.amount)
    found = []
    for line in _LINES[phase]:
        required = _from(line.required, tier)
        if (required or _from(line.optional, tier)) and line.applies(facts, policy):
            there = line.id in recorded or line.given(facts)
            found.append(Entry(line.id, phase, line.rule, line.what, required, there))
    return tuple(found)


def is_complete(record: Iterable[Entry]) -> bool:
    """Whether all that is required of a phase is there."""
    return all(entry.there for entry in record if entry.required)


_DEPTH: Final = {tier: depth for depth, tier in enumerate(Tier)}


def _from(least: Tier | None, tier: Tier) -> bool:
    return least is not None and _DEPTH[tier] >= _DEPTH[least]


def _has(text: str | None) -> bool:
    return bool(text and text.strip())


def _says_where(facts: Facts) -> bool:
    return facts.plan.countywide is True or _has(facts.plan.local_need)


def _bought(facts: Facts, policy: Policy) -> bool:
    return procurement(facts, policy).route is not Route.NONE


def _tendered(facts: Facts, policy: Policy) -> bool:
    return procurement(facts, policy).route is Route.TENDER


class _Line(NamedTuple):
    """What a phase records: from which tier it must, from which it may, for which awards, and how facts show it."""

    id: str
    rule: str
    what: str
    required: Tier | None
    optional: Tier | None = None
    given: Callable[[Facts], bool] = lambda _facts: False
    applies: Callable[[Facts, Policy], bool] = lambda _facts, _policy: True


_LIGHT, _STANDARD, _FULL = Tier.LIGHT, Tier.STANDARD, Tier.FULL
_LINES: Final[dict[Phase, tuple[_Line, ...]]] = {
    Phase.UNDERSTAND: (
        _Line("need", "U1", "the evidence of need", _LIGHT, given=lambda facts: _has(facts.need)),
        _Line(
            "existing_provision", "U1", "the check of what is there already", _LIGHT,
            given=lambda facts: _has(facts.existing_provision),
        ),
        _Line(
            "needs_assessment", "U1", "a needs assessment", _FULL,
            given=lambda facts: _has(facts.plan.needs_assessment),
        ),
        _Line(
            "engagement", "U1", "what the public, service users and partners say", _FULL,
            given=lambda facts: _has(facts.plan.engagement),
        ),
        _Line("outcomes", "U2", "at least one outcome", _LIGHT, given=lambda facts: facts.outcomes > 0),
        _Line(
            "existing_service", "U2", "whether a service that is there could be re-commissioned or enhanced", _STANDARD,
            given=lambda facts: _has(facts.plan.existing_service),
        ),
        _Line(
            "partnership", "U3", "who else works for these outcomes, and whether it could be co-commissioned", _FULL,
            _STANDARD, lambda facts: _has(facts.plan.partnership),
        ),
        _Line(
            "pathways", "U4", "which services it depends on, and the pathways between them", _FULL, _STANDARD,
            lambda facts: _has(facts.plan.pathways),
        ),
        _Line(
            "service_user_voice", "U5", "how victims shape the service", _LIGHT,
            given=lambda facts: _has(facts.plan.service_user_voice), applies=lambda facts, _policy: facts.victim,
        ),
        _Line(
            "early_intervention", "U6", "whether it is early intervention or prevention", None, _STANDARD,
            lambda facts: facts.plan.early_intervention is not None,
        ),
    ),
    Phase.PLAN: (
        _Line(
            "plan_objective", "L4", "an objective of the Police and Crime Plan", _LIGHT,
            given=lambda facts: _has(facts.plan_objective),
        ),
        # A light award takes its local need from what it says of the need and its area (N1).
        _Line(
            "where", "N1", "that it is countywide, or why one area needs it", _LIGHT,
            given=lambda facts: _says_where(facts) or (_has(facts.need) and _has(facts.csp_area)),
            applies=lambda facts, policy: policy.tier(facts.amount) is _LIGHT,
        ),
        _Line(
            "countywide", "N1", "that it is countywide, or why one area needs it", _STANDARD, given=_says_where,
        ),
        _Line(
            "co_design", "N2", "who helped to design it, or why nobody could", _FULL, _STANDARD,
            lambda facts: _has(facts.plan.co_design),
        ),
        _Line("measures", "N3", "at least one measure with a target", _LIGHT, given=lambda facts: facts.outcomes > 0),
        _Line("dated_plan", "P0", "the dated plan", _FULL, given=lambda facts: facts.start is not None),
    ),
    Phase.DO: (
        _Line("bought", "T1", "how it was bought", _LIGHT, applies=_bought),
        _Line("advertised", "T4", "where it was advertised", _LIGHT, applies=_tendered),
        _Line("panel", "T6", "who was on the panel", _LIGHT, applies=_tendered),
        _Line(
            "local_supplier", "D1", "whether the supplier is local", None, _STANDARD,
            lambda facts: facts.plan.local_supplier is not None, lambda facts, _policy: facts.kind is not Kind.GRANT,
        ),
        _Line("decision", "A4", "the decision, with its reasons and conditions", _LIGHT),
        _Line("acceptance", "N3", "the recipient's acceptance of terms and measures", _LIGHT),
        _Line("payment_checks", "L5", "the checks before payment", _LIGHT),
    ),
    Phase.REVIEW: (
        _Line("returns", "R1", "every return, with what changed and how it is known", _LIGHT),
        _Line(
            "meetings", "R2", "the monitoring meetings, or the invitations to them", _LIGHT,
            applies=lambda facts, policy: facts.amount > policy.meetings_over.value,
        ),
        _Line("views", "R3", "what service users and partners say", _FULL, _LIGHT),
        _Line("annual_look", "R6", "whether to continue, amend or discontinue, with the money reconciled", _LIGHT),
    ),
}  # fmt: skip


# --------------------------------------------------------------------------------------------- the dated plan


def dated_plan(start: date, policy: Policy, holidays: frozenset[date] = frozenset()) -> tuple[PlannedPhase, ...]:
    """Understand, Plan and Do of a full award, worked back from its start (P0): they end before it.

    It is never longer than the months of the policy. A phase begins and ends on working days; one that has none is
    left out. Review begins with the award.
    """
    do = policy.full_plan_months_do.value
    plan = do + policy.full_plan_months_plan.value
    # Each is counted from the start itself, so that none drifts.
    cuts = [*(_months_before(start, months) for months in (policy.full_plan_months.value, plan, do)), start]
    found = []
    for phase, begins, until in zip((Phase.UNDERSTAND, Phase.PLAN, Phase.DO), cuts, cuts[1:], strict=False):
        working = next_working_day(begins, holidays)
        if working < until:
            found.append(PlannedPhase(phase, working, _last_working_day(until, holidays)))
    return tuple(found)


def _last_working_day(until: date, holidays: frozenset[date]) -> date:
    """The last day before this one on which people work."""
    day = until - timedelta(days=1)
    while next_working_day(day, holidays) != day:
        day -= timedelta(days=1)
    return day


def _months_before(start: date, months: int) -> date:
    try:
        return add_months(start, -months)
    except OverflowError:  # before the year 1 there are no days
        return date.min


def tier_finding(facts: Facts, policy: Policy, today: date, holidays: frozenset[date] = frozenset()) -> Finding:
    """P0: how deep the cycle goes at this size, and for a full award its plan, or from which start there is time."""
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
        return met("P0", f"{because}: it answers a few questions more than a small award.")
    months = policy.full_plan_months.value
    because += f": it has a dated plan of up to {months} months, worked back from the start"
    if facts.start is None:
        return advice("P0", f"{because}.", "Give the start, to see the plan's days.", Stage.RECOMMENDATION)
    plan = dated_plan(facts.start, policy, holidays)
    if _to_come(plan, today):
        days = ", ".join(f"{planned.phase.capitalize()} {date_text(planned.begins)}" for planned in plan)
        return met("P0", f"{because}. From: {days}; the award {date_text(facts.start)}.")
    earliest = _earliest_start(policy, today, holidays)
    return advice(
        "P0",
        f"{because}. For a start on {date_text(facts.start)} there are not {months} months left.",
        f"Start on {date_text(earliest)} or later, or agree a shorter plan and record why.",
    )


def _to_come(plan: tuple[PlannedPhase, ...], today: date) -> bool:
    return bool(plan) and plan[0].begins >= today


def _earliest_start(policy: Policy, today: date, holidays: frozenset[date]) -> date:
    """The first start for which the whole plan is still to come."""
    # A plan that begins on a weekend or at the end of a short month moves the answer by some days at most.
    day = next_recurring(today, policy.full_plan_months.value) - timedelta(days=14)
    while day < date.max and not _to_come(dated_plan(day, policy, holidays), today):
        day += timedelta(days=1)
    return day
