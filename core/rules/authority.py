"""Who may recommend and who may decide (A1, A2): pure answers, a refusal carries its rule and its reason."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.money import display
from core.rules.policy import Body, Delegation, Kind, Policy, Role

__all__ = ["Case", "Decider", "Refusal", "may_decide", "may_recommend", "who_may_decide"]


@dataclass(frozen=True, slots=True)
class Decider:
    """A person who wants to recommend or decide: in which role, for whom they work, and who they are."""

    role: Role
    body: Body
    person_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be decided. `amount` is pence; `recommended_by` and `interests` are ids of people.

    `commissioner_interested`: whoever holds that office has declared an interest.
    """

    kind: Kind
    fund: str
    amount: int
    recommended_by: int | None
    interests: frozenset[int]
    commissioner_interested: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: the rule, and a sentence that says what to do instead."""

    rule: str
    reason: str


_ROLES: Final = {
    Role.OFFICER: "a commissioning officer",
    Role.DIRECTOR: "the Director",
    Role.DEPUTY: "the Deputy Commissioner",
    Role.CHIEF_EXECUTIVE: "the Chief Executive",
    Role.FINANCE: "the chief finance officer",
    Role.COMMISSIONER: "the Commissioner",
    Role.PANEL: "a member of the panel",
    Role.AUDITOR: "an auditor",
}


def may_recommend(decider: Decider, case: Case, policy: Policy) -> Refusal | None:
    """None where this person may recommend the case, else why not (A2)."""
    barred = _barred(decider, case, "recommend")
    if barred:
        return barred
    if decider.role not in policy.recommenders.value:
        who = _either([_ROLES[role] for role in policy.recommenders.value])
        return Refusal("A2", f"A recommendation comes from {who}, and you are {_ROLES[decider.role]}. Ask one of them.")
    return None


def may_decide(decider: Decider, case: Case, policy: Policy, today: date) -> Refusal | None:
    """None where this person may approve, or decline, the case, else why not (A1, A2)."""
    barred = _barred(decider, case, "decide")
    if barred:
        return barred
    if case.recommended_by is None:
        return Refusal("A2", "A decision needs a recommendation by someone else first.")
    if case.recommended_by == decider.person_id:
        return Refusal("A2", f"You recommended this, so someone else decides it. {who_may_decide(case, policy, today)}")
    if decider.role is Role.COMMISSIONER and not case.commissioner_interested:
        return None
    if any(row.role is decider.role for row in _matching(case, policy, today)):
        return None
    return Refusal(
        "A1", f"No delegation lets {_ROLES[decider.role]} decide this. {who_may_decide(case, policy, today)}"
    )


def who_may_decide(case: Case, policy: Policy, today: date) -> str:
    """A sentence: who may decide a case of this kind, fund and amount today (A1)."""
    roles = [] if case.commissioner_interested else [_ROLES[Role.COMMISSIONER]]
    for row in _matching(case, policy, today):
        name = f"{_ROLES[row.role]} (up to {display(row.upper_limit)}: {row.source})"
        if name not in roles:
            roles.append(name)
    if not roles:
        return (
            "The Commissioner has declared an interest and no delegation covers this, "
            "so the decision waits for a delegation."
        )
    text = _either(roles)
    interest = " The Commissioner has declared an interest." if case.commissioner_interested else ""
    return f"{text[0].upper()}{text[1:]} may decide it.{interest}"


def _barred(decider: Decider, case: Case, verb: str) -> Refusal | None:
    """What bars a person from recommending as much as from deciding."""
    if decider.body is Body.CONSTABULARY:
        return Refusal(
            "A2",
            f"Constabulary staff do not {verb}: it is for the Commissioner's office. Leave it to the office's staff.",
        )
    if decider.person_id in case.interests:
        if decider.role is Role.COMMISSIONER and verb == "decide":
            return Refusal(
                "A1",
                "You have declared an interest, so you do not decide this. It waits for someone with a delegation.",
            )
        return Refusal("A2", f"You have declared an interest, so you do not {verb} this. Leave it to someone else.")
    return None


def _matching(case: Case, policy: Policy, today: date) -> tuple[Delegation, ...]:
    return tuple(
        row
        for row in policy.delegations
        if case.kind in row.kinds
        and (row.funds is None or case.fund in row.funds)
        and case.amount <= row.upper_limit
        and row.since <= today
    )


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
