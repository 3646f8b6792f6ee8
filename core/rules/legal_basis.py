"""What an award is, under which power it is made, and what is checked before money leaves (V1, L1, L2, L3, L5)."""

from datetime import date
from typing import Final

from core.rules.calendar import date_text, interval_text
from core.rules.facts import Facts, Finding, Stage, Verdict, met
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Kind, Policy, Purpose, SingleTenderReason, Tier
from core.rules.words import counted

__all__ = ["legal_findings"]

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
    """Safeguarding, subsidy, bank details: what is not known or seen yet waits for the first payment only."""
    return worst_of("L5", (_subsidy(facts, policy), _safeguarding(facts), _bank(facts)))


def _safeguarding(facts: Facts) -> Part:
    # Young people are children at risk, whatever the answer to the question was.
    if facts.plan.at_risk or facts.purpose is Purpose.YOUNG_PEOPLE:
        if facts.plan.safeguarding_seen:
            return Part(Verdict.MET, "Children or adults at risk take part, and the safeguarding policy was seen.")
        return Part(
            Verdict.ADVICE,
            "Children or adults at risk take part, and the safeguarding policy has not been seen.",
            "See the policy before any payment.",
            Stage.PAYMENT,
        )
    if facts.plan.at_risk is None:
        return Part(
            Verdict.ADVICE,
            "Not said: whether children or adults at risk take part.",
            "Ask; where they do, see the safeguarding policy before any payment.",
            Stage.PAYMENT,
        )
    return Part(Verdict.MET, "No children or adults at risk take part.")


def _subsidy(facts: Facts, policy: Policy) -> Part:
    """Minimal financial assistance to an enterprise: only a grant is one, a price paid for a service is not."""
    if facts.kind is not Kind.GRANT or facts.plan.enterprise is False:
        return Part(Verdict.MET, "")
    limit = policy.subsidy_limit.value
    if facts.plan.enterprise is None and policy.tier(facts.amount) is Tier.LIGHT:
        return Part(Verdict.MET, "")  # a light award is asked before it is paid, not before it is decided
    if facts.plan.enterprise is None:
        return Part(
            Verdict.ADVICE,
            "Not said: whether the recipient is an enterprise.",
            f"Ask whether it sells goods or services; the limit is then {display(limit)}.",
            Stage.PAYMENT,
        )
    years = policy.subsidy_years.value
    over = f"over this financial year and the {years} before it"
    total = (facts.history.assistance or 0) + facts.amount
    if total > limit:
        room = limit - total + facts.amount
        return Part(
            Verdict.NOT_MET,
            f"The recipient is an enterprise, and its minimal financial assistance would be {display(total)} {over}: "
            f"more than {display(limit)}.",
            f"Award {display(room)} or less, or use another route of the Subsidy Control Act 2022."
            if room > 0
            else "Use another route of the Subsidy Control Act 2022.",
        )
    if facts.history.assistance is None:
        return Part(
            Verdict.ADVICE,
            f"The recipient is an enterprise; what it had {over} is not known, and the limit is {display(limit)}.",
            "Send the letter that asks for its total, and keep the answer, before any payment.",
            Stage.PAYMENT,
        )
    within = f"Its minimal financial assistance is {display(total)} {over}, within {display(limit)}"
    if facts.plan.subsidy_letters:
        return Part(Verdict.MET, f"{within}; the letters are kept.")
    return Part(
        Verdict.ADVICE,
        f"{within}.",
        "Send the letter, and keep its confirmation of the total, before any payment.",
        Stage.PAYMENT,
    )


def _bank(facts: Facts) -> Part:
    if facts.plan.bank_verified:
        return Part(Verdict.MET, "A second person verified the bank details.")
    return Part(
        Verdict.ADVICE,
        "The bank details are not verified yet.",
        "A second person verifies them by a call to a known number.",
        Stage.PAYMENT,
    )
