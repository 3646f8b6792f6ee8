"""Does it fit the fund: its purposes, who may ask and for how much, and whether the money is there (F0–F6, T4)."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Final

from core.rules.calendar import date_text, financial_year, next_recurring, year_label
from core.rules.facts import Facts, Finding, Money, Stage, Verdict, advice, met, not_met
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import CrimeGround, CspRoute, Fund, OrganisationType, Policy, Purpose
from core.rules.words import counted, listed

__all__ = [
    "allocatable",
    "fund_findings",
    "historic_review_finding",
    "historic_review_on",
    "money_finding",
    "purpose_finding",
]

_PURPOSE: Final = {
    Purpose.CRIME_REDUCTION: "reducing crime",
    Purpose.VICTIM_SERVICES: "victim services",
    Purpose.ROAD_SAFETY: "road safety",
    Purpose.YOUNG_PEOPLE: "young people",
    Purpose.COMMUNITY_SAFETY: "community safety",
    Purpose.SAFER_STREETS: "safer streets",
    Purpose.RAPE_SUPPORT: "rape support",
}
_ORGANISATION: Final = {
    OrganisationType.CONSTITUTED_GROUP: "constituted groups",
    OrganisationType.CHARITY: "charities",
    OrganisationType.COMPANY: "companies",
    OrganisationType.STATUTORY: "statutory bodies",
    OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP: "Community Safety Partnerships",
}
_GROUND: Final = {
    CrimeGround.STATUTORY: "proven to reduce crime and disorder and the police's statutory responsibility",
    CrimeGround.PLAN: "contributes to the Plan",
    CrimeGround.DEMAND: "reduces police demand",
}


def allocatable(total: int, fund: Fund) -> int:
    """What of an allocation in pence can be awarded: all of it, less the share held for the Constabulary (F3).

    The held share is rounded up to a whole penny: of £100,000.00, £66,666.66 can be awarded.
    """
    share = fund.held_share.value if fund.held_share else Fraction(0)
    held = -(-total * share.numerator // share.denominator)
    return total - held


def purpose_finding(facts: Facts, policy: Policy) -> Finding:
    """F0: is the purpose one of the fund's, and which funds would it fit."""
    fund = policy.fund(facts.fund) if facts.fund else None
    if facts.purpose is None:
        if fund is None:
            return advice("F0", "Neither a fund nor a purpose is given.", "Say what it is for, to see which funds fit.")
        return advice(
            "F0", f"The purpose is not given. The {fund.name} is for {_purposes(fund)}.", "Say what it is for."
        )
    fitting = _names(policy.funds_for(facts.purpose))
    purpose = _PURPOSE[facts.purpose]
    if fund is None:
        return advice("F0", f"The purpose, {purpose}, fits the {fitting}.", "Choose the fund.")
    if facts.purpose in fund.purposes:
        return met("F0", f"The purpose, {purpose}, is one of the {fund.name}'s.")
    return advice("F0", f"The purpose, {purpose}, is not one of the {fund.name}'s. It fits the {fitting}.")


def fund_findings(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """The finding under the fund's own rule (F1 to F5); none where no fund is given."""
    fund = policy.fund(facts.fund) if facts.fund else None
    if fund is None:
        return ()
    parts = (_purpose_part(facts, fund, policy), _kind_part(facts, fund), *_PARTS[fund.rule](facts, fund, policy))
    return (worst_of(fund.rule, parts),)


def money_finding(facts: Facts, money: Money | None, policy: Policy, today: date) -> Finding | None:
    """F6: is the money there in the financial year of the start, or of today where no start is given."""
    fund = policy.fund(facts.fund) if facts.fund else None
    if money is None or fund is None:
        return None
    year = year_label(financial_year(facts.start or today))
    if money.allocated is None:
        return advice("F6", f"The {fund.name} has no allocation for {year} yet.", "It waits for the year's allocation.")
    available = money.available or 0
    needed = facts.amount if money.needed is None else money.needed
    if needed > available:
        return not_met(
            "F6",
            f"{display(needed)} is more than the {display(max(available, 0))} "
            f"that the {fund.name} has left for {year}.",
            f"Ask for {display(available)} or less, or wait for a further allocation."
            if available > 0
            else "Wait for a further allocation.",
        )
    return met(
        "F6",
        f"The {fund.name} has {display(available)} left for {year}; this leaves {display(available - needed)}.",
    )


def historic_review_on(looked_at: date, policy: Policy, agreed: date | None = None) -> date:
    """The day by which a historic award of the crime and disorder fund is reviewed (F3).

    So many months of the policy after it was last looked at (made or renewed, where it never was), unless another day
    was `agreed`.
    """
    return agreed or next_recurring(looked_at, policy.historic_review_months.value)


def historic_review_finding(looked_at: date, policy: Policy, today: date, agreed: date | None = None) -> Finding | None:
    """F3: a historic award whose review is past; None up to the day of the review itself."""
    due = historic_review_on(looked_at, policy, agreed)
    if today <= due:
        return None
    return advice(
        "F3",
        f"This historic award was to be reviewed by {date_text(due)}, {counted((today - due).days, 'day')} ago.",
        "Review it on its grounds, with evidence of the difference it makes, and set the next day.",
        Stage.REVIEW,
    )


def _purpose_part(facts: Facts, fund: Fund, policy: Policy) -> Part:
    if facts.purpose is None:
        return Part(
            Verdict.ADVICE,
            f"The purpose is not given; the {fund.name} is for {_purposes(fund)} only.",
            "Say what it is for.",
        )
    if facts.purpose in fund.purposes:
        return Part(Verdict.MET, f"It is for {_PURPOSE[facts.purpose]}, as the {fund.name} is.")
    fitting = _names(policy.funds_for(facts.purpose))
    return Part(
        Verdict.NOT_MET,
        f"The {fund.name} is for {_purposes(fund)} only, and this is for {_PURPOSE[facts.purpose]}.",
        f"Ask for it from the {fitting}." if fitting else "",
    )


def _kind_part(facts: Facts, fund: Fund) -> Part:
    if facts.kind in fund.kinds:
        return Part(Verdict.MET, "")
    kinds = listed([kind.value.replace("_", "-") for kind in fund.kinds], "and")
    return Part(Verdict.ADVICE, f"The {fund.name} is used for these kinds of award: {kinds}.", "Ask the office first.")


def _no_parts(_facts: Facts, _fund: Fund, _policy: Policy) -> tuple[Part, ...]:
    """F1, F2 and F4 ask for nothing but the purpose; no part of them can be overridden."""
    return ()


def _crime_and_disorder(facts: Facts, fund: Fund, _policy: Policy) -> tuple[Part, ...]:
    if facts.crime_grounds:
        grounds = listed([_GROUND[ground] for ground in facts.crime_grounds], "and")
        return (Part(Verdict.MET, f"Ground: {grounds}."),)
    held = fund.held_share.value if fund.held_share else Fraction(0)
    return (
        Part(
            Verdict.ADVICE,
            f"No ground is given yet; {held} of this fund is held for the Constabulary's statutory contributions.",
            f"State at least one ground, with its evidence: it is {listed(_GROUND.values(), 'or')}.",
            Stage.APPROVAL,
        ),
    )


def _local_fund(facts: Facts, fund: Fund, policy: Policy) -> tuple[Part, ...]:
    return (*_cap(facts, fund), _applicant(facts, fund, policy), *_age(facts, fund), _area(facts, policy))


def _cap(facts: Facts, fund: Fund) -> tuple[Part, ...]:
    if fund.cap is None:
        return ()
    cap = fund.cap.value
    if facts.amount > cap:
        return (
            Part(
                Verdict.NOT_MET,
                f"{display(facts.amount)} is over the {fund.name}'s limit of {display(cap)}.",
                f"Ask for {display(cap)} or less.",
            ),
        )
    return (Part(Verdict.MET, f"{display(facts.amount)} is within its limit of {display(cap)}."),)


def _applicant(facts: Facts, fund: Fund, policy: Policy) -> Part:
    allowed = listed([_ORGANISATION[kind] for kind in fund.organisation_types], "and")
    if facts.organisation_type is None:
        return Part(Verdict.ADVICE, f"It takes applications from {allowed}.", "Say what kind of organisation applies.")
    if facts.organisation_type in fund.organisation_types:
        return Part(Verdict.MET, f"It takes applications from {_ORGANISATION[facts.organisation_type]}.")
    if fund.csp_route is CspRoute.APPLICANT:
        remedy = "Ask the Community Safety Partnership of your area to apply."
    else:
        remedy = "Apply together with one of these."
    others = [
        other
        for other in policy.funds
        if other.id != fund.id
        and facts.organisation_type in other.organisation_types
        and facts.purpose in other.purposes
    ]
    if others:
        remedy += f" The {_names(tuple(others))} may fit."
    return Part(
        Verdict.NOT_MET,
        f"The {fund.name} takes applications from {allowed}, not from {_ORGANISATION[facts.organisation_type]}.",
        remedy,
    )


def _age(facts: Facts, fund: Fund) -> tuple[Part, ...]:
    if fund.ages is None:
        return ()
    ages = fund.ages.value
    range_ = f"ages {ages.lowest} to {ages.highest}, or to {ages.highest_with_send} with SEND"
    highest = ages.highest_with_send if facts.send is not False else ages.highest
    youngest = facts.age_from if facts.age_from is not None else facts.age_to
    oldest = facts.age_to if facts.age_to is not None else facts.age_from
    remedy = f"Plan it for {range_}."
    if (youngest is not None and youngest < ages.lowest) or (oldest is not None and oldest > highest):
        said = f"{youngest} to {oldest}" + (
            "" if facts.send is None else f", {'with' if facts.send else 'without'} SEND"
        )
        return (Part(Verdict.NOT_MET, f"It is for {range_}, and this is for ages {said}.", remedy),)
    if facts.age_from is None or facts.age_to is None:
        return (Part(Verdict.ADVICE, f"It is for {range_}.", "Say how old the young people are."),)
    if facts.age_to > ages.highest and facts.send is None:
        return (
            Part(
                Verdict.ADVICE,
                f"It is for {range_}, and this is for ages {youngest} to {oldest}.",
                "Say whether the young people have SEND.",
            ),
        )
    return (Part(Verdict.MET, f"Ages {youngest} to {oldest} are within {range_}."),)


def _area(facts: Facts, policy: Policy) -> Part:
    areas = listed(policy.csp_areas, "or")
    if facts.csp_area is None:
        return Part(Verdict.ADVICE, "The Community Safety Partnership's area is not given.", f"Name the area: {areas}.")
    if facts.csp_area in policy.csp_areas:
        return Part(Verdict.MET, f"Area: {facts.csp_area}.")
    return Part(
        Verdict.NOT_MET,
        f"{facts.csp_area} is not the area of one of the county's Community Safety Partnerships.",
        f"Name the area: {areas}.",
    )


_Parts = Callable[[Facts, Fund, Policy], tuple[Part, ...]]
_PARTS: Final[dict[str, _Parts]] = {
    "F1": _no_parts,
    "F2": _no_parts,
    "F3": _crime_and_disorder,
    "F4": _no_parts,
    "F5": _local_fund,
}


def _purposes(fund: Fund) -> str:
    return listed([_PURPOSE[purpose] for purpose in fund.purposes], "and")


def _names(funds: tuple[Fund, ...]) -> str:
    return listed([fund.name for fund in funds], "or the")
