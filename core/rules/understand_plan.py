"""What an award shows before it is recommended: need, outcomes, partners, users, place (L4, U1–U6, N1–N4, D1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.calendar import date_text
from core.rules.cycle import Entry, Phase, phase_record
from core.rules.facts import Facts, Finding, Stage, advice, met, not_met
from core.rules.policy import OrganisationType, Policy, Tier
from core.rules.words import counted, listed

__all__ = ["BidFacts", "bid_deadline_finding", "plan_findings", "supplier_flags"]


def plan_findings(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """L4, U1 to U6, N1 to N3 and D1, as far as they apply at this size.

    Of an application they say what is there and what is missing; of a bare question what will be asked, and nothing
    at all for a light one. No finding of a light award asks for more than its application does (P0).
    """
    found = [_supplier(facts, policy)]
    if facts.application or policy.tier(facts.amount) is not Tier.LIGHT:
        entries = [entry for phase in (Phase.UNDERSTAND, Phase.PLAN) for entry in phase_record(phase, facts, policy)]
        for rule, say in _RULES:
            own = [entry for entry in entries if entry.rule == rule]
            found.append(say(rule, own, facts, policy) if own else None)
    return tuple(finding for finding in found if finding)


# ---------------------------------------------------------------------------------------- what the record shows


_ADD: Final = "Add this before it is recommended."


def _shown(rule: str, entries: list[Entry], facts: Facts, said: str) -> Finding:
    """The finding of a rule by what its record has: `said` where all is there."""
    lacking = [entry.what for entry in entries if entry.required and not entry.there]
    if lacking and not facts.application:
        return advice(rule, f"Asked for at this size: {listed(lacking)}.", needed_by=Stage.RECOMMENDATION)
    if lacking:
        return advice(rule, f"Not given: {listed(lacking)}.", _ADD, Stage.RECOMMENDATION)
    if all(entry.there for entry in entries):
        return met(rule, said)
    return advice(rule, f"Optional at this size: {listed(entry.what for entry in entries if not entry.there)}.")


def _objective(rule: str, entries: list[Entry], facts: Facts, policy: Policy) -> Finding:
    if not facts.plan_objective:
        return _shown(rule, entries, facts, "")
    objective = policy.objective(facts.plan_objective)
    if objective is None:
        known = ", ".join(objective.text for objective in policy.plan_objectives)
        return not_met(
            rule,
            f"“{facts.plan_objective}” is not an objective of the Plan in force.",
            f"Name one of: {known}.",
            Stage.RECOMMENDATION,
        )
    return met(rule, f"It contributes to the Plan's objective “{objective.text}”.")


def _need(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    more = ", with a needs assessment and what people say" if len(entries) > 2 else ""
    return _shown(rule, entries, facts, f"It says what is needed, and what is there already{more}.")


def _outcomes(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    count = "one outcome" if facts.outcomes == 1 else counted(facts.outcomes, "outcome")
    more = " It says whether a service that is there could do it." if len(entries) > 1 else ""
    return _shown(rule, entries, facts, f"It names {count} to be achieved.{more}")


def _partnership(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    return _shown(rule, entries, facts, "It says who else works for these outcomes.")


def _pathways(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    return _shown(rule, entries, facts, "It says which services it depends on.")


def _voice(rule: str, entries: list[Entry], facts: Facts, policy: Policy) -> Finding:
    if policy.tier(facts.amount) is Tier.LIGHT and not all(entry.there for entry in entries):
        # The application has asked; nothing else is asked of a light award before it is recommended (P0).
        return advice(
            rule, "Not given: how victims shape the service. Its returns say what they think of it.", "", Stage.REVIEW
        )
    return _shown(rule, entries, facts, "It says how victims shape the service.")


def _prevention(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    is_ = "It is" if facts.plan.early_intervention else "It is not"
    return _shown(rule, entries, facts, f"{is_} early intervention or prevention, as it says; this is reported on.")


def _where(rule: str, entries: list[Entry], facts: Facts, policy: Policy) -> Finding | None:
    if facts.plan.countywide:
        return met(rule, "It is for people in the whole county.")
    if all(entry.there for entry in entries):
        return met(rule, "It is for one area, and says why it is needed there.")
    if policy.tier(facts.amount) is Tier.LIGHT:
        return None  # the need or the area is missing, and their own rules say so
    if facts.plan.countywide is False:
        return advice(
            rule,
            "It is for one area, and does not say why it is needed there.",
            "Say what is different there before it is recommended.",
            Stage.RECOMMENDATION,
        )
    return _shown(rule, entries, facts, "")


def _co_design(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    return _shown(rule, entries, facts, "It says who helped to design it, or why nobody could.")


def _measures(rule: str, entries: list[Entry], facts: Facts, _policy: Policy) -> Finding:
    each = "The outcome has a measure" if facts.outcomes == 1 else "Each outcome has a measure"
    return _shown(rule, entries, facts, f"{each} with a target, which the recipient accepts with the offer.")


_RULES: Final[tuple[tuple[str, Callable[[str, list[Entry], Facts, Policy], Finding | None]], ...]] = (
    ("L4", _objective), ("U1", _need), ("U2", _outcomes), ("U3", _partnership), ("U4", _pathways), ("U5", _voice),
    ("U6", _prevention), ("N1", _where), ("N2", _co_design), ("N3", _measures),
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- D1


_THIRD_SECTOR: Final = frozenset({OrganisationType.CHARITY, OrganisationType.CONSTITUTED_GROUP})
_FLAGS: Final = {"local": "local", "third_sector": "of the third sector"}


def supplier_flags(facts: Facts) -> frozenset[str]:
    """What is reported of the recipient or supplier (D1): "local", "third_sector", both or neither."""
    flags = {"local"} if facts.plan.local_supplier else set()
    return frozenset(flags | ({"third_sector"} if facts.organisation_type in _THIRD_SECTOR else set()))


def _supplier(facts: Facts, policy: Policy) -> Finding | None:
    """D1: flagged and reported, never a score; None where nothing is known, or nothing is to be said of a light one."""
    flags = supplier_flags(facts)
    if flags:
        named = listed(text for flag, text in _FLAGS.items() if flag in flags)
        return met("D1", f"The recipient is {named}: this is reported, and raises no score.")
    known = [
        *(["not local"] if facts.plan.local_supplier is False else []),
        *(["not of the third sector"] if facts.organisation_type is not None else []),
    ]
    if not known or policy.tier(facts.amount) is Tier.LIGHT:
        return None
    return advice("D1", f"The recipient is {listed(known)}: this is reported, and is no bar.")


# ---------------------------------------------------------------------------------------------------------- N4


@dataclass(frozen=True, slots=True)
class BidFacts:
    """A bid for new money that the office leads or supports: to which stream, and the last day on which it may be sent.

    `sent_on` None: not sent yet. `dropped`: the office decided not to bid, with its reason on record.
    """

    stream: str
    closes: date
    led: bool = True
    sent_on: date | None = None
    dropped: bool = False


def bid_deadline_finding(bid: BidFacts, today: date) -> Finding:
    """N4: where a bid of the register stands on a day: sent in time, still to be sent, or past its deadline."""
    what = f"The bid to {bid.stream} that the office {'leads' if bid.led else 'supports'}"
    closes = date_text(bid.closes)
    if bid.sent_on is not None and bid.sent_on <= today:
        if bid.sent_on <= bid.closes:
            return met("N4", f"{what} was sent on {date_text(bid.sent_on)}, in time for {closes}.")
        return advice(
            "N4",
            f"{what} was sent on {date_text(bid.sent_on)}, after it closed on {closes}.",
            "Ask the funder whether it counts.",
        )
    if bid.dropped:
        return met("N4", f"{what} was dropped, with the reason on record.")
    days = (bid.closes - today).days
    if days < 0:
        return advice(
            "N4",
            f"{what} closed on {closes}, {counted(-days, 'day')} ago, and was not sent.",
            "Record that it was sent, or was dropped.",
        )
    left = f"in {counted(days, 'day')}" if days else "today"
    return advice("N4", f"{what} closes on {closes}, {left}.", "Send it by then, or drop it and record why.")
