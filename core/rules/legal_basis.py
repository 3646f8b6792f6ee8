"""What an award is, under which power it is made, and what is checked before money leaves (V1, L1, L2, L3, L5)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.calendar import date_text, interval_text
from core.rules.checks import Checks, checks_finding
from core.rules.facts import Facts, Finding, Stage, Verdict, met
from core.rules.parts import Part, worst_of
from core.rules.policy import CrimeGround, Figure, Fund, Kind, Policy, Purpose, SingleTenderReason, Tier
from core.rules.words import counted

__all__ = ["Power", "contribution_of", "legal_findings", "powers_for"]


@dataclass(frozen=True, slots=True)
class Power:
    """A power under which awards are made, as the policy has it: from which day, by which source, for which rule."""

    id: str
    text: str
    rule: str
    source: str
    since: date


_KIND: Final = {
    Kind.GRANT: "a grant",
    Kind.CONTRACT: "a contract",
    Kind.CO_COMMISSIONED: "a contribution to a co-commissioned contract",
    Kind.INVOICE: "a paid invoice",
}


def legal_findings(facts: Facts, policy: Policy, today: date) -> tuple[Finding, ...]:
    """V1 and L5 always, L1 or L2 for the power, and L3 where the recipient was named in a sponsored bid."""
    found = [met("V1", f"It is {_KIND[facts.kind]}."), _before_payment(facts, policy)]
    if facts.victim:
        found.append(met("L2", f"It is a victim service: spent under {policy.power_victims.value}."))
    elif facts.kind is Kind.GRANT:
        found.append(_crime_reduction_grant(policy))
    if facts.plan.named_in_bid:
        found.append(_sponsored_bid(facts, policy, today))
    return tuple(found)


def powers_for(kind: Kind, policy: Policy, *, victim: bool) -> tuple[Power, ...]:
    """The powers under which an award of this kind can be made (L1, L2), the one to suggest first.

    A victim service has a power of its own, whatever its kind. None for what the source names no power for: a contract
    or an invoice that is no victim service; there the office says under which it acts.
    """
    if victim:
        return (_power("power_victims", policy.power_victims),)
    return (_power("power_grants", policy.power_grants),) if kind is Kind.GRANT else ()


def _power(name: str, figure: Figure[str]) -> Power:
    return Power(name, figure.value, figure.rule, figure.source, figure.since)


_GROUNDS: Final = {
    CrimeGround.STATUTORY: "It is proven to reduce crime and disorder and the police's statutory responsibility.",
    CrimeGround.PLAN: "It contributes to the Plan.",
    CrimeGround.DEMAND: "It reduces demand on the police.",
}


def contribution_of(facts: Facts, fund: Fund | None, objective: str) -> str:
    """Why an award secures or contributes to crime and disorder reduction (L1): from what it is for, in our words.

    "" for a victim service, whose power asks for no such reasons, and where neither purpose nor objective is known.
    """
    if facts.victim:
        return ""
    said = []
    if facts.purpose is not None:
        name = f", the purpose of the {fund.name}" if fund is not None and facts.purpose in fund.purposes else ""
        said.append(f"It is for {facts.purpose.value.replace('_', ' ')}{name}.")
    if objective:
        said.append(f"It contributes to this objective of the Police and Crime Plan: {objective}.")
    said += [_GROUNDS[ground] for ground in facts.crime_grounds or () if ground is not CrimeGround.PLAN]
    return " ".join(said)


def _crime_reduction_grant(policy: Policy) -> Finding:
    return met(
        "L1",
        f"A crime and disorder reduction grant, under {policy.power_grants.value}. The decision records the recipient, "
        "the reasons why it secures or contributes to that, and the conditions: at least a return "
        f"every {interval_text(policy.return_months.value)}.",
    )


# ---------------------------------------------------------------------------------------------------------- L3


def _sponsored_bid(facts: Facts, policy: Policy, today: date) -> Finding:
    return worst_of("L3", (_competition(facts), _elapsed(facts, policy, today)))


def _competition(facts: Facts) -> Part:
    named = "The recipient was named in a bid that the Commissioner sponsors"
    still = "Outcomes, agreement and monitoring hold as ever."
    if facts.kind is Kind.GRANT:
        return Part(Verdict.MET, f"{named}, so the grant needs no competition. {still}")
    if facts.kind is Kind.CO_COMMISSIONED and facts.buying.partner_leads:
        return Part(Verdict.MET, f"{named}, and a partner buys the service. {still}")
    if facts.single_tender_reason is SingleTenderReason.PARTNERSHIP_BID:
        return Part(Verdict.MET, f"{named}, and it is a single tender agreement for that reason (T3). {still}")
    return Part(
        Verdict.ADVICE,
        f"{named}. That by itself does not free a {'purchase' if facts.kind is Kind.INVOICE else 'contract'} from "
        "competition.",
        "Compete it, or make it a single tender agreement (T3) because the bid was developed in partnership.",
        Stage.SIGNING,
    )


def _elapsed(facts: Facts, policy: Policy, today: date) -> Part:
    """How long ago the bid was won, since its money should reach the recipient quickly."""
    won = facts.plan.bid_won_on
    if won is None:
        # Nothing more is asked of a light award (P0).
        light = policy.tier(facts.amount) is Tier.LIGHT
        said = "" if light else "The day on which the bid was won is not given."
        return Part(Verdict.MET if light else Verdict.ADVICE, said, "Give the day, so that the days since it show.")
    days = (today - won).days
    if days < 0:
        return Part(Verdict.ADVICE, f"The bid is said to be won on {date_text(won)}, which is to come.", "Correct it.")
    return Part(
        Verdict.MET,
        f"The bid was won today, {date_text(won)}."
        if days == 0
        else f"The bid was won on {date_text(won)}, {counted(days, 'day')} ago.",
    )


# ---------------------------------------------------------------------------------------------------------- L5


def _before_payment(facts: Facts, policy: Policy) -> Finding:
    """What is checked before money leaves, as far as it is known while the award is only an idea."""
    plan = facts.plan
    checks = Checks(
        kind=facts.kind,
        amount=facts.amount,
        # Young people are children at risk, whatever the answer to the question was.
        at_risk=True if facts.purpose is Purpose.YOUNG_PEOPLE else plan.at_risk,
        safeguarding_seen=plan.safeguarding_seen is True,
        bank_verified=plan.bank_verified is True,
        enterprise=plan.enterprise,
        assistance=facts.history.assistance,
        letters=plan.subsidy_letters is True,
    )
    return checks_finding(checks, policy, paying=False)
