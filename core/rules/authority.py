"""Who may recommend and who may decide, and what a decision is (A1–A6): pure answers.

A `Refusal` stops a person, with its rule and its reason; a `Finding` says the same of each rule for the record, for a
card and for whoever asks beforehand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from core.rules.calendar import date_text
from core.rules.facts import Finding, Stage, Verdict, advice, met, not_met
from core.rules.money import display
from core.rules.policy import Body, Delegation, Kind, Policy, Role
from core.rules.words import capital, counted, listed

__all__ = [
    "Approver",
    "Approvers",
    "Case",
    "DecidedAlready",
    "Decider",
    "DecisionRecord",
    "Offer",
    "Refusal",
    "acceptance_day",
    "acceptance_finding",
    "approver_finding",
    "decided_once_finding",
    "decision_findings",
    "failing_finding",
    "may_decide",
    "may_recommend",
    "record_finding",
    "separation_finding",
    "who_could_approve",
    "who_may_decide",
]


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

    `commissioner_interested`: whoever holds that office has declared an interest. `recommended_before`: whose
    recommendations no longer stand, because a question was put to the applicant after them.
    """

    kind: Kind
    fund: str
    amount: int
    recommended_by: int | None
    interests: frozenset[int]
    commissioner_interested: bool
    recommended_before: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: the rule, why it says no, and what to do instead where `because` does not say so already."""

    rule: str
    because: str
    remedy: str = ""

    @property
    def reason(self) -> str:
        """Both in one, as the person reads it."""
        return f"{self.because} {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class Approver:
    """Who may approve (A1): a role, and what lets it.

    For the Commissioner there is no limit and no document. A delegation holds up to `upper_limit` pence, inclusive, by
    its `source`; `funds` names the only ones it is for, where it is not known which fund is asked for.
    """

    role: Role
    who: str
    upper_limit: int | None = None
    source: str = ""
    funds: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As a sentence names them: "the Director (up to £2,000: Scheme of governance)"."""
        if self.upper_limit is None:
            return self.who
        funds = f" for the {listed(self.funds)}" if self.funds else ""
        return f"{self.who} (up to {display(self.upper_limit)}{funds}: {self.source})"


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who could approve something: in a sentence, and one row for each, the Commissioner first; maybe nobody."""

    sentence: str
    rows: tuple[Approver, ...]


@dataclass(frozen=True, slots=True)
class DecidedAlready:
    """A decision that stands: whose, which, and on which day in London."""

    by: str
    outcome: str
    on: date


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """What is kept of a decision (A4). `at` is an aware instant; `findings` are all that the rules said.

    `award_policy_version` is that under which its award is held, where there is one.
    """

    outcome: Literal["approved", "declined"]
    by: str
    at: datetime | None
    facts: Mapping[str, object]
    policy_version: str
    findings: tuple[Finding, ...]
    reasons: str
    award_policy_version: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer's days (A6): decided, accepted with its terms, and first paid; None: not yet."""

    decided_on: date
    accepted_on: date | None = None
    paid_on: date | None = None


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
_COMMISSIONER: Final = Approver(Role.COMMISSIONER, _ROLES[Role.COMMISSIONER])
_NOBODY: Final = (
    "The Commissioner has declared an interest and no delegation covers this, so the decision waits for a delegation."
)


def may_recommend(decider: Decider, case: Case, policy: Policy) -> Refusal | None:
    """None where this person may recommend the case, else why not (A2)."""
    barred = _barred(decider, case, "recommend")
    if barred:
        return barred
    if decider.role not in policy.recommenders.value:
        who = listed([_ROLES[role] for role in policy.recommenders.value], "or")
        return Refusal(
            "A2", f"A recommendation comes from {who}, and you are {_ROLES[decider.role]}.", "Ask one of them."
        )
    return None


def may_decide(decider: Decider, case: Case, policy: Policy, today: date) -> Refusal | None:
    """None where this person may approve, or decline, the case, else why not (A1, A2)."""
    return _not_separate(decider, case, policy, today) or _not_empowered(decider, case, policy, today)


def who_may_decide(case: Case, policy: Policy, today: date) -> str:
    """A sentence: who may decide a case of this kind, fund and amount today (A1)."""
    rows = _approvers(case.kind, case.fund, case.amount, policy, today, case.commissioner_interested)
    if not rows:
        return _NOBODY
    interest = " The Commissioner has declared an interest." if case.commissioner_interested else ""
    return f"{_either(rows)} may decide it.{interest}"


def who_could_approve(
    kind: Kind,
    fund: str | None,
    amount: int,
    policy: Policy,
    today: date,
    *,
    commissioner_interested: bool = False,
) -> Approvers:
    """Who could approve this today, before anybody has recommended it (A1); `amount` in pence, `fund` None: not known.

    A delegation for certain funds is among them where the fund is not known, with the funds named.
    """
    rows = _approvers(kind, fund, amount, policy, today, commissioner_interested)
    if not rows:
        return Approvers(_NOBODY, ())
    interest = " The Commissioner has declared an interest." if commissioner_interested else ""
    return Approvers(f"{_either(rows)} could approve it, once somebody else has recommended it.{interest}", rows)


def decision_findings(
    decider: Decider,
    case: Case,
    record: DecisionRecord,
    policy: Policy,
    today: date,
    *,
    earlier: DecidedAlready | None = None,
) -> tuple[Finding, ...]:
    """What the rules say of deciding this case now, as `record` would keep it (A1 to A5); A6 for an approval.

    `earlier` is a decision that stands already.
    """
    approve = record.outcome == "approved"
    found = [
        approver_finding(decider, case, policy, today),
        separation_finding(decider, case, policy, today),
        decided_once_finding(earlier),
        record_finding(record),
        failing_finding(record.findings, approve=approve, reasons=record.reasons),
    ]
    if approve:
        found.append(acceptance_finding(Offer(today), policy, today))
    return tuple(found)


def approver_finding(decider: Decider, case: Case, policy: Policy, today: date) -> Finding:
    """A1: is this person one who may approve a case of this kind, fund and amount today?"""
    refusal = _not_empowered(decider, case, policy, today)
    if refusal:
        return not_met("A1", refusal.because, refusal.remedy)
    if decider.role is Role.COMMISSIONER:
        return met("A1", "The Commissioner may decide it, whatever its kind, fund and amount.")
    row = _matching(case.kind, case.fund, case.amount, policy, today, decider.role)[0]
    return met(
        "A1",
        f"{capital(_ROLES[row.role])} may decide it: {display(case.amount)} is within the delegation "
        f"of up to {display(row.upper_limit)} ({row.source}).",
    )


def separation_finding(decider: Decider, case: Case, policy: Policy, today: date) -> Finding:
    """A2: is the decider somebody else than the recommender, of the office, and without an interest?"""
    refusal = _not_separate(decider, case, policy, today)
    if refusal and refusal.rule == "A2":
        return not_met("A2", refusal.because, refusal.remedy or "Let somebody else decide it.")
    if decider.person_id in case.interests:
        # The Commissioner's own interest waits for a delegation under A1, and bars from deciding here all the same.
        return not_met("A2", "You have declared an interest, so you do not decide this.", "Leave it to someone else.")
    return met(
        "A2", f"Somebody else recommended it; {decider.name} works for the office and has declared no interest in it."
    )


def decided_once_finding(earlier: DecidedAlready | None) -> Finding:
    """A3: has nobody decided it yet? The first decision stands, whatever comes after it."""
    if earlier is None:
        return met("A3", "Nobody has decided it yet. The first decision stands.")
    return not_met(
        "A3",
        f"{earlier.by} {earlier.outcome} it on {date_text(earlier.on)}. That decision stands.",
        "Nothing was changed: read that decision and its reasons.",
        None,
    )


def record_finding(record: DecisionRecord) -> Finding:
    """A4: is the record of a decision whole, and does its award keep the policy that it was decided under?"""
    kept = {
        "who decided": record.by.strip(),
        "when": record.at is not None and record.at.tzinfo is not None,
        "on which facts": record.facts,
        "under which version of the policy": record.policy_version.strip(),
        "what the rules said": record.findings,
        "the reasons": record.reasons.strip(),
    }
    lacking = [what for what, there in kept.items() if not there]
    if lacking:
        return not_met(
            "A4",
            f"The record of the decision does not say {listed(lacking, 'or')}.",
            "Complete it before the decision is made: nothing is added to the record of one afterwards.",
        )
    if record.award_policy_version and record.award_policy_version != record.policy_version:
        return not_met(
            "A4",
            f"It was decided under policy {record.policy_version}, and its award is held "
            f"under {record.award_policy_version}.",
            f"Hold the award to {record.policy_version}: an award keeps the policy that it was decided under.",
            None,
        )
    return met(
        "A4",
        f"The record says that {record.by.strip()} decided, when, on which facts, under policy "
        f"{record.policy_version}, with {counted(len(record.findings), 'finding')} of the rules and the reasons.",
    )


def failing_finding(findings: Sequence[Finding], *, approve: bool, reasons: str | None) -> Finding:
    """A5: may this be approved as it stands: nothing fails, and what is advised against has a reason.

    `reasons` None: nobody has been asked for them yet. To decline needs neither.
    """
    failed = [finding.rule for finding in findings if finding.verdict is Verdict.NOT_MET]
    warned = [finding.rule for finding in findings if finding.verdict is Verdict.ADVICE]
    if not approve:
        return met("A5", "It is declined, and any application may be.")
    if failed:
        return not_met("A5", f"It fails {listed(failed)}, so it cannot be approved.", "Decline it, or send it back.")
    if not warned:
        return met("A5", "It fails no rule, and no rule advises otherwise.")
    warnings = f"{listed(warned)} {'advises' if len(warned) == 1 else 'advise'} something still to do"
    if reasons is None:
        return advice(
            "A5", f"{capital(warnings)}; it can be approved with a reason.", "Give the reason.", Stage.APPROVAL
        )
    if not reasons.strip():
        return not_met("A5", f"{capital(warnings)}, and no reason is given for approving it.", "Give the reason.")
    return met("A5", f"{capital(warnings)}; it is approved with a reason.")


def acceptance_day(decided_on: date, policy: Policy) -> date:
    """The last day on which an offer can be accepted (A6). Raises OverflowError where the calendar ends before it."""
    return decided_on + timedelta(days=policy.acceptance_days.value)


def acceptance_finding(offer: Offer, policy: Policy, today: date) -> Finding:
    """A6: was the offer accepted in time, that day included, and were its terms accepted before money was paid?"""
    last = acceptance_day(offer.decided_on, policy)
    if offer.paid_on is not None and (offer.accepted_on is None or offer.paid_on < offer.accepted_on):
        accepted = f"accepted on {date_text(offer.accepted_on)}" if offer.accepted_on else "not accepted yet"
        return not_met(
            "A6",
            f"Money was paid on {date_text(offer.paid_on)}, and the terms were {accepted}.",
            "Have the terms accepted now, and pay nothing more until they are.",
            Stage.PAYMENT,
        )
    if offer.accepted_on is not None and offer.accepted_on <= last:
        return met(
            "A6", f"The offer was accepted on {date_text(offer.accepted_on)}, by its last day, {date_text(last)}."
        )
    if offer.accepted_on is not None or today > last:
        return not_met(
            "A6",
            f"The offer could be accepted until {date_text(last)}, and has expired.",
            "Its money is back in the fund. Decide afresh, if it is still wanted.",
            Stage.PAYMENT,
        )
    if today == last:
        return advice("A6", "The offer can be accepted today only.", "Ask the applicant.", Stage.PAYMENT)
    return met("A6", f"The offer can be accepted until {date_text(last)}, that day included.")


def _not_separate(decider: Decider, case: Case, policy: Policy, today: date) -> Refusal | None:
    """What bars a person from deciding, whatever their powers."""
    barred = _barred(decider, case, "decide")
    if barred:
        return barred
    if case.recommended_by is None:
        return Refusal("A2", "A decision needs a recommendation by someone else first.")
    if decider.person_id == case.recommended_by or decider.person_id in case.recommended_before:
        return Refusal("A2", "You recommended this, so someone else decides it.", who_may_decide(case, policy, today))
    return None


def _not_empowered(decider: Decider, case: Case, policy: Policy, today: date) -> Refusal | None:
    """Why a person has not the power to decide (A1)."""
    if decider.role is Role.COMMISSIONER and not case.commissioner_interested:
        return None
    if _matching(case.kind, case.fund, case.amount, policy, today, decider.role):
        return None
    return Refusal("A1", f"No delegation lets {_ROLES[decider.role]} decide this.", who_may_decide(case, policy, today))


def _barred(decider: Decider, case: Case, verb: str) -> Refusal | None:
    """What bars a person from recommending as much as from deciding."""
    if decider.body is Body.CONSTABULARY:
        return Refusal(
            "A2",
            f"Constabulary staff do not {verb}: it is for the Commissioner's office.",
            "Leave it to the office's staff.",
        )
    if decider.person_id in case.interests:
        if decider.role is Role.COMMISSIONER and verb == "decide":
            return Refusal(
                "A1",
                "You have declared an interest, so you do not decide this.",
                "It waits for someone with a delegation.",
            )
        return Refusal("A2", f"You have declared an interest, so you do not {verb} this.", "Leave it to someone else.")
    return None


def _approvers(
    kind: Kind, fund: str | None, amount: int, policy: Policy, today: date, commissioner_interested: bool
) -> tuple[Approver, ...]:
    """The Commissioner, unless interested, and every delegation that matches, each named once."""
    rows = {} if commissioner_interested else {_COMMISSIONER.text: _COMMISSIONER}
    for row in _matching(kind, fund, amount, policy, today):
        only = [policy.fund(one) for one in row.funds or ()] if fund is None else []
        names = tuple(one.name for one in only if one)
        approver = Approver(row.role, _ROLES[row.role], row.upper_limit, row.source, names)
        rows.setdefault(approver.text, approver)
    return tuple(rows.values())


def _matching(
    kind: Kind, fund: str | None, amount: int, policy: Policy, today: date, role: Role | None = None
) -> tuple[Delegation, ...]:
    """The delegations of a role (None: of any) that hold; for certain funds too where the fund is not known."""
    return tuple(
        row
        for row in policy.delegations
        if (role is None or row.role is role)
        and kind in row.kinds
        and (row.funds is None or fund is None or fund in row.funds)
        and amount <= row.upper_limit
        and row.since <= today
    )


def _either(rows: Sequence[Approver]) -> str:
    return capital(listed((row.text for row in rows), "or"))
