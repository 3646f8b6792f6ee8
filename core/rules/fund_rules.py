"""Does it fit the fund: its purposes, who may ask and for how much, and whether the money is there (F0–F6, T4)."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from core.rules.calendar import financial_year, year_label
from core.rules.facts import Facts, Finding, Money, Verdict, advice, met, not_met
from core.rules.money import display
from core.rules.policy import CrimeGround, CspRoute, Fund, OrganisationType, Policy, Purpose

__all__ = ["allocatable", "fund_findings", "money_finding", "purpose_finding"]

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


class _Part(NamedTuple):
    """One part of a fund's rule; the worst part decides the finding."""

    verdict: Verdict
    because: str
    remedy: str = ""


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
    parts = [_purpose_part(facts, fund, policy), _kind_part(facts, fund), *_PARTS[fund.rule](facts, fund, policy)]
    parts = [part for part in parts if part.because]
    worst = next(
        verdict
        for verdict in (Verdict.NOT_MET, Verdict.ADVICE, Verdict.MET)
        if any(part.verdict is verdict for part in parts)
    )
    # A reader who is told no wants every reason; one who is told yes wants to know why.
    telling = [part for part in parts if part.verdict is not Verdict.MET] if worst is not Verdict.MET else parts
    telling.sort(key=lambda part: part.verdict is not Verdict.NOT_MET)
    because = " ".join(part.because for part in telling)
    remedy = " ".join(dict.fromkeys(part.remedy for part in telling if part.remedy))
    if worst is Verdict.NOT_MET:
        return (not_met(fund.rule, because, remedy),)
    return (advice(fund.rule, because, remedy),) if worst is Verdict.ADVICE else (met(fund.rule, because),)


def money_finding(facts: Facts, money: Money | None, policy: Policy, today: date) -> Finding | None:
    """F6: is the money there in the financial year of the start, or of today where no start is given."""
    fund = policy.fund(facts.fund) if facts.fund else None
    if money is None or fund is None:
        return None
    year = year_label(financial_year(facts.start or today))
    if money.allocated is None:
        return advice("F6", f"The {fund.name} has no allocation for {year} yet.", "It waits for the year's allocation.")
    available = money.available or 0
    if facts.amount > available:
        return not_met(
            "F6",
            f"{display(facts.amount)} is more than the {display(max(available, 0))} "
            f"that the {fund.name} has left for {year}.",
            f"Ask for {display(available)} or less, or wait for a further allocation."
            if available > 0
            else "Wait for a further allocation.",
        )
    return met(
        "F6",
        f"The {fund.name} has {display(available)} left for {year}; this leaves {display(available - facts.amount)}.",
    )


def _purpose_part(facts: Facts, fund: Fund, policy: Policy) -> _Part:
    if facts.purpose is None:
        return _Part(
            Verdict.ADVICE,
            f"The purpose is not given; the {fund.name} is for {_purposes(fund)} only.",
            "Say what it is for.",
        )
    if facts.purpose in fund.purposes:
        return _Part(Verdict.MET, f"It is for {_PURPOSE[facts.purpose]}, as the {fund.name} is.")
    fitting = _names(policy.funds_for(facts.purpose))
    return _Part(
        Verdict.NOT_MET,
        f"The {fund.name} is for {_purposes(fund)} only, and this is for {_PURPOSE[facts.purpose]}.",
        f"Ask for it from the {fitting}." if fitting else "",
    )


def _kind_part(facts: Facts, fund: Fund) -> _Part:
    if facts.kind in fund.kinds:
        return _Part(Verdict.MET, "")
    kinds = _list([kind.value.replace("_", "-") for kind in fund.kinds], "and")
    return _Part(Verdict.ADVICE, f"The {fund.name} is used for these kinds of award: {kinds}.", "Ask the office first.")


def _no_parts(_facts: Facts, _fund: Fund, _policy: Policy) -> tuple[_Part, ...]:
    """F1, F2 and F4 ask for nothing but the purpose; no part of them can be overridden."""
    return ()


def _crime_and_disorder(facts: Facts, fund: Fund, _policy: Policy) -> tuple[_Part, ...]:
    if facts.crime_grounds:
        grounds = _list([_GROUND[ground] for ground in facts.crime_grounds], "and")
        return (_Part(Verdict.MET, f"Ground: {grounds}."),)
    held = fund.held_share.value if fund.held_share else Fraction(0)
    return (
        _Part(
            Verdict.ADVICE,
            f"No ground is given yet; {held} of this fund is held for the Constabulary's statutory contributions.",
            f"State at least one ground, with its evidence: it is {_list(list(_GROUND.values()), 'or')}.",
        ),
    )


def _local_fund(facts: Facts, fund: Fund, policy: Policy) -> tuple[_Part, ...]:
    return (*_cap(facts, fund), _applicant(facts, fund, policy), *_age(facts, fund), _area(facts, policy))


def _cap(facts: Facts, fund: Fund) -> tuple[_Part, ...]:
    if fund.cap is None:
        return ()
    cap = fund.cap.value
    if facts.amount > cap:
        return (
            _Part(
                Verdict.NOT_MET,
                f"{display(facts.amount)} is over the {fund.name}'s limit of {display(cap)}.",
                f"Ask for {display(cap)} or less.",
            ),
        )
    return (_Part(Verdict.MET, f"{display(facts.amount)} is within its limit of {display(cap)}."),)


def _applicant(facts: Facts, fund: Fund, policy: Policy) -> _Part:
    allowed = _list([_ORGANISATION[kind] for kind in fund.organisation_types], "and")
    if facts.organisation_type is None:
        return _Part(Verdict.ADVICE, f"It takes applications from {allowed}.", "Say what kind of organisation applies.")
    if facts.organisation_type in fund.organisation_types:
        return _Part(Verdict.MET, f"It takes applications from {_ORGANISATION[facts.organisation_type]}.")
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
    return _Part(
        Verdict.NOT_MET,
        f"The {fund.name} takes applications from {allowed}, not from {_ORGANISATION[facts.organisation_type]}.",
        remedy,
    )


def _age(facts: Facts, fund: Fund) -> tuple[_Part, ...]:
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
        return (_Part(Verdict.NOT_MET, f"It is for {range_}, and this is for ages {said}.", remedy),)
    if facts.age_from is None or facts.age_to is None:
        return (_Part(Verdict.ADVICE, f"It is for {range_}.", "Say how old the young people are."),)
    if facts.age_to > ages.highest and facts.send is None:
        return (
            _Part(
                Verdict.ADVICE,
                f"It is for {range_}, and this is for ages {youngest} to {oldest}.",
                "Say whether the young people have SEND.",
            ),
        )
    return (_Part(Verdict.MET, f"Ages {youngest} to {oldest} are within {range_}."),)


def _area(facts: Facts, policy: Policy) -> _Part:
    areas = _list(list(policy.csp_areas), "or")
    if facts.csp_area is None:
        return _Part(
            Verdict.ADVICE, "The Community Safety Partnership's area is not given.", f"Name the area: {areas}."
        )
    if facts.csp_area in policy.csp_areas:
        return _Part(Verdict.MET, f"Area: {facts.csp_area}.")
    return _Part(
        Verdict.NOT_MET,
        f"{facts.csp_area} is not the area of one of the county's Community Safety Partnerships.",
        f"Name the area: {areas}.",
    )


_Parts = Callable[[Facts, Fund, Policy], tuple[_Part, ...]]
_PARTS: Final[dict[str, _Parts]] = {
    "F1": _no_parts,
    "F2": _no_parts,
    "F3": _crime_and_disorder,
    "F4": _no_parts,
    "F5": _local_fund,
}


def _purposes(fund: Fund) -> str:
    return _list([_PURPOSE[purpose] for purpose in fund.purposes], "and")


def _names(funds: tuple[Fund, ...]) -> str:
    return _list([fund.name for fund in funds], "or the")


def _list(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}" if names else ""
