"""What the office looks at before money leaves (L5): safeguarding, bank details, subsidy."""

from dataclasses import dataclass

from core.rules.facts import Finding, Stage, Verdict
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Kind, Policy, Tier

__all__ = ["Checks", "checks_finding"]


@dataclass(frozen=True, slots=True)
class Checks:
    """An award as L5 sees it. `amount` is the whole award; `assistance` the recipient's minimal financial assistance
    over this financial year and those before it that count, without this award; both in pence.

    `at_risk`: whether children or adults at risk take part; `enterprise`: whether the recipient is one; `letters`:
    whether it has confirmed its assistance in writing. None: nobody has said.
    """

    kind: Kind
    amount: int
    at_risk: bool | None = None
    safeguarding_seen: bool = False
    bank_verified: bool = False
    enterprise: bool | None = None
    assistance: int | None = None
    letters: bool = False


def checks_finding(checks: Checks, policy: Policy, *, paying: bool) -> Finding:
    """L5, the same before a decision and at a payment: what is missing is advice until then, and stops the payment."""
    return worst_of(
        "L5", (_subsidy(checks, policy, paying=paying), _safeguarding(checks, paying=paying), _bank(checks, paying))
    )


def _missing(because: str, remedy: str, paying: bool) -> Part:
    return Part(Verdict.NOT_MET if paying else Verdict.ADVICE, because, remedy, Stage.PAYMENT)


def _safeguarding(checks: Checks, *, paying: bool) -> Part:
    if checks.safeguarding_seen:
        return Part(Verdict.MET, "The safeguarding policy has been seen.")
    if checks.at_risk is None:
        return _missing(
            "Nobody has said whether children or adults at risk take part.",
            "Say whether they do. If so, the office sees the safeguarding policy.",
            paying,
        )
    if not checks.at_risk:
        return Part(Verdict.MET, "No children or adults at risk take part.")
    return _missing(
        "Children or adults at risk take part, and the safeguarding policy has not been seen.",
        "The office sees it before any payment, and keeps a note that it did.",
        paying,
    )


def _bank(checks: Checks, paying: bool) -> Part:
    if checks.bank_verified:
        return Part(Verdict.MET, "A second person has verified the bank details.")
    return _missing(
        "The bank details have not been verified.",
        "A second person verifies them by a call to a known number.",
        paying,
    )


def _subsidy(checks: Checks, policy: Policy, *, paying: bool) -> Part:
    """Minimal financial assistance to an enterprise: only a grant is one, a price paid for a service is not."""
    if checks.kind is not Kind.GRANT:
        return Part(Verdict.MET, "It pays for something that is bought, so it is no subsidy.")
    if checks.enterprise is False:
        return Part(Verdict.MET, "The recipient is not an enterprise, so this is no subsidy.")
    limit = policy.subsidy_limit.value
    if checks.enterprise is None:
        if not paying and policy.tier(checks.amount) is Tier.LIGHT:
            return Part(Verdict.MET, "")  # a light award is asked before it is paid, not before it is decided
        return Part(
            Verdict.ADVICE,
            "It is not recorded whether the recipient is an enterprise.",
            f"Ask whether it sells goods or services: the limit is then {display(limit)}.",
            Stage.PAYMENT,
        )
    over = f"over this financial year and the {policy.subsidy_years.value} before it"
    total = (checks.assistance or 0) + checks.amount
    if total > limit:
        return _too_much(checks, total, limit, over, paying)
    if checks.assistance is None:
        return _missing(
            f"The recipient is an enterprise; what minimal financial assistance it had {over} is not recorded, and the "
            f"limit is {display(limit)}.",
            "Send the letter that asks for its total, and record the answer, before any payment.",
            paying,
        )
    within = f"With this award its minimal financial assistance {over} is {display(total)}, within {display(limit)}"
    if checks.letters:
        return Part(Verdict.MET, f"{within}; the letters are kept.")
    return _missing(
        f"{within}; it has not confirmed that in writing.",
        "Send the letter, and keep its confirmation of the total, before any payment.",
        paying,
    )


def _too_much(checks: Checks, total: int, limit: int, over: str, paying: bool) -> Part:
    other = "use another route of the Subsidy Control Act 2022"
    room = limit - total + checks.amount
    less = f"{'Vary the award to' if paying else 'Award'} {display(room)} or less, or {other}."
    return Part(
        Verdict.NOT_MET,
        f"The recipient is an enterprise, and with this award its minimal financial assistance {over} is "
        f"{display(total)}: more than {display(limit)}.",
        less if room > 0 else f"{other[0].upper()}{other[1:]}.",
        Stage.PAYMENT if paying else None,
    )
