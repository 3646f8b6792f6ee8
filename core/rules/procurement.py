"""How something is bought: quotes, tender, advertising, portal, single tender, panel (T1, T3, T4, T6)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.rules.facts import Facts, Finding, advice, met
from core.rules.money import display
from core.rules.policy import Band, Kind, Policy, Route, SingleTenderReason

__all__ = ["Portal", "Procurement", "Route", "buying_findings", "procurement"]


class Portal(StrEnum):
    """Whether an opportunity is advertised on the procurement portal (T4)."""

    REQUIRED = "required"
    ADVISED = "advised"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Procurement:
    """How an award, or what it buys, is bought."""

    route: Route
    quotes: int
    website: bool
    portal: Portal
    independent_panel_member: bool


_QUOTES: Final = {Route.ONE_QUOTE: 1, Route.THREE_QUOTES: 3}
_IN_WORDS: Final = {
    Route.ONE_QUOTE: "one written quote",
    Route.THREE_QUOTES: "three written quotes",
    Route.TENDER: "a competitive tender",
}
_REASONS: Final = {
    SingleTenderReason.BEST_OUTCOMES: "a single provider has been proven to deliver the best outcomes",
    SingleTenderReason.PARTNERSHIP_BID: "the bid was developed in partnership",
}


def procurement(facts: Facts, policy: Policy) -> Procurement:
    """The route for these facts, by the band of the amount; for a grant, of its largest purchase from one supplier."""
    route = _route(facts, policy)
    tender = route is Route.TENDER
    portal = Portal.NO
    if tender:
        portal = Portal.REQUIRED if facts.amount > policy.portal_over.value else Portal.ADVISED
    return Procurement(route, _QUOTES.get(route, 0), tender, portal, tender)


def buying_findings(facts: Facts, bought: Procurement, policy: Policy) -> tuple[Finding, ...]:
    """T1, then T3 and T6 where they apply."""
    findings = [_t1(facts, bought, policy)]
    single = _t3(facts, bought)
    if single:
        findings.append(single)
    if bought.independent_panel_member:
        findings.append(
            advice(
                "T6",
                "A tender's evaluation panel needs an independent member: not of the office, the force or a bidder.",
                "Name the independent member, and invite service users where possible, before bids are opened.",
            )
        )
    return tuple(findings)


def _buys(facts: Facts, policy: Policy) -> bool:
    """Whether the thresholds for buying apply at all: a grant that buys nothing needs no quote."""
    return facts.kind is not Kind.GRANT or (policy.grant_quotes.value and facts.purchases > 0)


def _value(facts: Facts) -> int:
    return facts.purchases if facts.kind is Kind.GRANT else facts.amount


def _route(facts: Facts, policy: Policy) -> Route:
    if not _buys(facts, policy):
        return Route.NONE
    if facts.single_tender_reason is not None:
        return Route.SINGLE_TENDER
    route = policy.buying_band(_value(facts)).name
    if facts.kind is Kind.GRANT and route is Route.TENDER:
        return policy.grant_route_at_most.value
    return route


def _t1(facts: Facts, bought: Procurement, policy: Policy) -> Finding:
    if not _buys(facts, policy):
        if facts.purchases > 0:
            return met("T1", "The office does not ask for quotes for what a recipient buys with a grant.")
        return met("T1", "The grant buys nothing from a supplier, so it needs no quote.")
    band = policy.buying_band(_value(facts))
    grant = facts.kind is Kind.GRANT
    what = (
        f"The grant's largest purchase from one supplier is {display(facts.purchases)}"
        if grant
        else f"The whole-life value is {display(facts.amount)}"
    )
    if bought.route is Route.SINGLE_TENDER:
        return advice(
            "T1",
            f"{what}, which by its size needs {_IN_WORDS[band.name]} ({_range(band)}); "
            "a single tender agreement takes its place if rule T3 is satisfied.",
        )
    because = f"{what}, so it needs {_IN_WORDS[bought.route]} ({_range(band)})."
    if grant:
        if band.name is Route.TENDER:
            because += " A grant never calls for a tender."
        return advice("T1", because, "Quotes hold the payment, not the approval: the recipient sends them afterwards.")
    return advice("T1", because, _T1_REMEDY[bought.route])


_T1_REMEDY: Final = {
    Route.ONE_QUOTE: "Keep the written quote with the award.",
    Route.THREE_QUOTES: "Keep the three written quotes with the award.",
    Route.TENDER: "Run the tender before anything is awarded.",
}


def _range(band: Band[Route]) -> str:
    if band.below is None:
        return f"{display(band.lowest)} and above"
    return f"{display(band.lowest)} to {display(band.below - 1)}" if band.lowest else f"below {display(band.below)}"


def _t3(facts: Facts, bought: Procurement) -> Finding | None:
    if bought.route is Route.NONE:
        return None
    if facts.single_tender_reason is not None:
        return advice(
            "T3",
            f"A single tender agreement, because {_REASONS[facts.single_tender_reason]}.",
            "Record the evidence for that reason and the name of an authorised approver before anything is signed.",
        )
    missing = []
    if not facts.planned:
        missing.append("it was not planned in advance")
    if not facts.competed:
        missing.append("it was not opened to competition")
    if not missing:
        return None
    return advice(
        "T3",
        f"You say that {' and '.join(missing)}, and give neither reason for a single tender agreement, "
        f"so it still needs {_IN_WORDS[bought.route]}.",
        f"Open it to competition, or show that {_REASONS[SingleTenderReason.BEST_OUTCOMES]} (best_outcomes) "
        f"or that {_REASONS[SingleTenderReason.PARTNERSHIP_BID]} (partnership_bid).",
    )
