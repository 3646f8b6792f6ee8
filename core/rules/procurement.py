"""How something is bought: the route by its value, quotes and tenders, single tender agreements, the Act (T1, T3).

The thresholds hold for what the office buys: contracts, paid invoices, and contributions to a co-commissioned contract
that it leads. A grant meets them only through its largest purchase from one supplier. How a tender is run is in
`core.rules.tendering`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from core.rules.facts import Facts, Finding, Stage, Verdict, advice, met
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Band, Kind, Notice, Policy, Route, SingleTenderReason, Threshold
from core.rules.words import listed

__all__ = [
    "Coverage",
    "Portal",
    "Procurement",
    "Route",
    "act_covers",
    "band_text",
    "buying_findings",
    "buying_value",
    "notices_due",
    "office_buys",
    "procurement",
]


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


@dataclass(frozen=True, slots=True)
class Coverage:
    """The threshold from which the Procurement Act 2023 covers a contract (T3, T8).

    `assumed`: nobody has said whether the contract is light-touch, and only the lower of the two thresholds is reached.
    """

    threshold: Threshold
    assumed: bool

    def because(self, value: int) -> str:
        """Why the Act covers a contract of this value in pence, as a sentence."""
        unknown = "; whether it is light-touch is not given, so the lower threshold is taken" if self.assumed else ""
        limit = display(self.threshold.value)
        return f"{display(value)} reaches {limit}, from which the Procurement Act 2023 covers the contract{unknown}."


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
# Where the Act allows a direct award: these are names of its sections, not figures of the office.
_DIRECT_AWARD: Final = re.compile(r"\b4[123]\b")
_DIRECT_AWARD_IN_WORDS: Final = "section 41, 42 or 43"


def procurement(facts: Facts, policy: Policy) -> Procurement:
    """The route for these facts, by the band of the value that `buying_value` names."""
    route = _route(facts, policy)
    tender = route is Route.TENDER
    portal = Portal.NO
    if tender:
        portal = Portal.REQUIRED if buying_value(facts) > policy.portal_over.value else Portal.ADVISED
    return Procurement(route, _QUOTES.get(route, 0), tender, portal, tender)


def office_buys(facts: Facts) -> bool:
    """Whether the office itself buys: not with a grant, and not where a partner leads the co-commissioned contract."""
    return facts.kind is not Kind.GRANT and not _partner_leads(facts)


def buying_value(facts: Facts) -> int:
    """The whole-life value in pence that the thresholds are held against, extensions and VAT included.

    For a grant it is its largest purchase from one supplier; for a contribution the whole contract, where that is more.
    """
    if facts.kind is Kind.GRANT:
        return facts.purchases
    if facts.kind is Kind.CO_COMMISSIONED:
        return max(facts.amount, facts.buying.whole_contract or 0)
    return facts.amount


def band_text(band: Band[Route]) -> str:
    """What a band asks for and which values it holds: "three written quotes (£5,000 to £49,999.99)"."""
    return f"{_IN_WORDS[band.name]} ({_range(band)})"


def act_covers(facts: Facts, policy: Policy, today: date) -> Coverage | None:
    """Which threshold of the Procurement Act 2023 the contract reaches on a day; None where the Act does not cover it.

    As long as nobody has said whether the contract is light-touch, the lower threshold is taken. What a grant's
    recipient buys, or a partner that leads, is not the office's contract.
    """
    if not office_buys(facts):
        return None
    ids = {True: ("light_touch",), False: ("goods_and_services",), None: ("goods_and_services", "light_touch")}
    begun = [policy.threshold(threshold, today) for threshold in ids[facts.buying.light_touch]]
    reached = [row for row in begun if row is not None and buying_value(facts) >= row.value]
    if not reached:
        return None
    return Coverage(min(reached, key=lambda row: row.value), assumed=len(reached) < len(begun))


def notices_due(facts: Facts, bought: Procurement, policy: Policy, today: date) -> tuple[Notice, ...]:
    """The statutory notices that fall due for a contract of this value and route (T8), in the order of the policy.

    Of several rows with one id the latest that has begun holds.
    """
    if not office_buys(facts):
        return ()
    notifiable = policy.threshold("notifiable", today)
    if act_covers(facts, policy, today):
        reached = "covered"
    elif notifiable is not None and buying_value(facts) >= notifiable.value:
        reached = "notifiable"
    else:
        return ()
    begun = sorted((row for row in policy.notices if row.since <= today), key=lambda row: row.since)
    in_force = {row.id: row for row in begun}
    return tuple(
        row
        for row in policy.notices
        if in_force.get(row.id) is row and row.threshold == reached and bought.route in row.routes
    )


def buying_findings(facts: Facts, bought: Procurement, policy: Policy, today: date) -> tuple[Finding, ...]:
    """T1, then T3 where it has something to say."""
    single = _t3(facts, bought, policy, today)
    return (_t1(facts, bought, single, policy), *((single,) if single else ()))


def _partner_leads(facts: Facts) -> bool:
    return facts.kind is Kind.CO_COMMISSIONED and facts.buying.partner_leads


def _buys(facts: Facts, policy: Policy) -> bool:
    """Whether the thresholds for buying apply at all: a grant that buys nothing needs no quote."""
    if facts.kind is Kind.GRANT:
        return policy.grant_quotes.value and facts.purchases > 0
    return office_buys(facts)


def _route(facts: Facts, policy: Policy) -> Route:
    if not _buys(facts, policy):
        return Route.NONE
    if facts.single_tender_reason is not None:
        return Route.SINGLE_TENDER
    route = policy.buying_band(buying_value(facts)).name
    if facts.kind is Kind.GRANT and route is Route.TENDER:
        return policy.grant_route_at_most.value
    return route


def _t1(facts: Facts, bought: Procurement, single: Finding | None, policy: Policy) -> Finding:
    if not _buys(facts, policy):
        return _nothing_bought(facts)
    band = policy.buying_band(buying_value(facts))
    what = _what(facts)
    if bought.route is Route.SINGLE_TENDER:
        because = f"{what}, which by its size needs {band_text(band)}; a single tender agreement takes its place"
        if single is not None and single.verdict is Verdict.MET:
            return met("T1", f"{because}, as rule T3 allows.")
        return advice("T1", f"{because} if rule T3 is satisfied.", "Give what rule T3 asks for.")
    because = f"{what}, so it needs {_IN_WORDS[bought.route]} ({_range(band)})."
    grant = facts.kind is Kind.GRANT
    if grant and band.name is Route.TENDER:
        because += " A grant never calls for a tender."
    offers = facts.buying.offers
    if offers is not None:
        because += f" Received: {offers}."
        if offers >= (bought.quotes or 1):
            return met("T1", because)
    if grant:
        remedy = "Quotes hold the payment, not the approval: the recipient sends them afterwards."
        return advice("T1", because, remedy, Stage.PAYMENT)
    return advice("T1", because, _T1_REMEDY[bought.route], Stage.APPROVAL)


_T1_REMEDY: Final = {
    Route.ONE_QUOTE: "Keep the written quote with the award: its net amount, VAT and gross amount.",
    Route.THREE_QUOTES: "Keep the three written quotes with the award: the net amount, VAT and gross amount of each.",
    Route.TENDER: "Run the tender before anything is awarded, and keep the net amount, VAT and gross amount of each.",
}


def _nothing_bought(facts: Facts) -> Finding:
    if _partner_leads(facts):
        because = (
            "A partner leads this co-commissioned contract, so its procurement is recorded instead of the office's"
        )
        if facts.buying.partner_procurement:
            return met("T1", f"{because}: it is on record.")
        return advice(
            "T1", f"{because}.", "Record who leads, and how they bought it, before anything is signed.", Stage.SIGNING
        )
    if facts.purchases > 0:
        return met("T1", "The office does not ask for quotes for what a recipient buys with a grant.")
    return met("T1", "The grant buys nothing from a supplier, so it needs no quote.")


def _what(facts: Facts) -> str:
    value = display(buying_value(facts))
    if facts.kind is Kind.GRANT:
        return f"The grant's largest purchase from one supplier is {value}"
    if buying_value(facts) > facts.amount:
        return f"The value of the whole contract, extensions and VAT included, is {value}"
    return f"The whole-life value, extensions and VAT included, is {value}"


def _range(band: Band[Route]) -> str:
    if band.below is None:
        return f"{display(band.lowest)} and above"
    return f"{display(band.lowest)} to {display(band.below - 1)}" if band.lowest else f"below {display(band.below)}"


def _t3(facts: Facts, bought: Procurement, policy: Policy, today: date) -> Finding | None:
    if bought.route is Route.NONE:
        return None
    if facts.single_tender_reason is not None:
        return _single_tender(facts, facts.single_tender_reason, bought, policy, today)
    missing = []
    if not facts.planned:
        missing.append("it was not planned in advance")
    if not facts.competed:
        missing.append("it was not opened to competition")
    if not missing:
        return None
    # What was not planned may still have been competed, as the band asks; then nothing waits for a reason.
    return advice(
        "T3",
        f"You say that {listed(missing)}, and give neither reason for a single tender agreement, "
        f"so it still needs {_IN_WORDS[bought.route]}.",
        f"Open it to competition, or show that {_REASONS[SingleTenderReason.BEST_OUTCOMES]} (best_outcomes) "
        f"or that {_REASONS[SingleTenderReason.PARTNERSHIP_BID]} (partnership_bid).",
        None if facts.competed else _held(facts),
    )


def _single_tender(
    facts: Facts, reason: SingleTenderReason, bought: Procurement, policy: Policy, today: date
) -> Finding:
    covered = act_covers(facts, policy, today)
    because = [f"A single tender agreement, because {_REASONS[reason]}."]
    if covered:
        because.append(covered.because(buying_value(facts)))
    parts = [_approver(facts), _evidence(facts)]
    if covered:
        parts += [_ground(facts), *_direct_award_notices(facts, bought, policy, today)]
    found = worst_of("T3", parts)
    return replace(found, because=" ".join([*because, found.because]))


def _approver(facts: Facts) -> Part:
    authorised = facts.buying.approver_authorised
    if authorised is None:
        return Part(
            Verdict.ADVICE,
            "No authorised approver is named.",
            f"Record the name of an authorised approver before {_BEFORE[_held(facts)]}.",
            _held(facts),
        )
    if authorised:
        return Part(Verdict.MET, "Its approver is authorised.")
    return Part(
        Verdict.NOT_MET, "Its approver is not authorised.", "Ask somebody who is authorised to make one to approve it."
    )


def _evidence(facts: Facts) -> Part:
    if facts.buying.single_tender_evidence:
        return Part(Verdict.MET, "The evidence is on record.")
    remedy = f"Record the evidence for that reason before {_BEFORE[_held(facts)]}."
    return Part(Verdict.ADVICE, "The evidence for that reason is not given.", remedy, _held(facts))


def _ground(facts: Facts) -> Part:
    """The section of the Act that allows a direct award; only its number is repeated, since the rest was typed."""
    given = facts.buying.ground
    section = _DIRECT_AWARD.search(given or "")
    if section:
        return Part(Verdict.MET, f"The ground is section {section.group()}.")
    if given:
        return Part(
            Verdict.NOT_MET,
            f"The ground given is not {_DIRECT_AWARD_IN_WORDS} of the Act.",
            "Name the section that allows a direct award, or open it to competition.",
        )
    return Part(
        Verdict.ADVICE,
        "No ground of the Act is given.",
        f"Give the ground too: {_DIRECT_AWARD_IN_WORDS} of the Act.",
        Stage.APPROVAL,
    )


def _direct_award_notices(facts: Facts, bought: Procurement, policy: Policy, today: date) -> Iterable[Part]:
    """The notices that only a direct award has, before anything is signed; T8 lists them with the rest."""
    for row in notices_due(facts, bought, policy, today):
        if row.before_signing and Route.TENDER not in row.routes:
            name = row.name.lower()
            if row.id in facts.buying.notices:
                yield Part(Verdict.MET, f"The {name} is on record.")
            else:
                remedy = f"Publish and record the {name} before anything is signed."
                yield Part(Verdict.ADVICE, f"The {name} is not on record.", remedy, Stage.SIGNING)


_BEFORE: Final = {Stage.APPROVAL: "it is approved", Stage.PAYMENT: "it is paid"}


def _held(facts: Facts) -> Stage:
    """Which step waits for how something is bought: approval, but only the payment for what a grant buys."""
    return Stage.PAYMENT if facts.kind is Kind.GRANT else Stage.APPROVAL
