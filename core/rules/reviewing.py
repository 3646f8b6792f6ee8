"""Watching over an award once it is made: returns, meetings, views, forums, annual looks, de-commissioning (R1–R6).

Everything is told to a rule by whoever keeps the record; nothing here looks anything up. Money is pence.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from core.rules.calendar import (
    date_text,
    interval_text,
    meeting_dates,
    next_recurring,
    recurring_dates,
    return_dates,
    return_without_term,
)
from core.rules.facts import Facts, Finding, Stage, advice, met, not_met
from core.rules.money import display
from core.rules.policy import Kind, Policy
from core.rules.words import counted, listed

__all__ = [
    "Decommissioning",
    "Look",
    "LookOutcome",
    "Schedule",
    "Spending",
    "VictimService",
    "current_providers",
    "decommissioning_finding",
    "forum_finding",
    "forum_invitations_finding",
    "has_meetings",
    "interval_finding",
    "invitation_dates",
    "invitation_finding",
    "issue_finding",
    "look_dates",
    "look_finding",
    "looks_finding",
    "meeting_finding",
    "meeting_schedule",
    "next_forum_finding",
    "reconciliation_finding",
    "return_finding",
    "return_schedule",
    "views_finding",
]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often something is due and on which days; None: not at all."""

    every_months: int | None
    due: tuple[date, ...]


def return_schedule(facts: Facts, policy: Policy) -> Schedule:
    """When the recipient's monitoring returns are due (R1); no days where the start or the end is not known."""
    every = policy.return_months.value
    if facts.start is None or facts.end is None:
        return Schedule(every, ())
    return Schedule(every, return_dates(facts.start, facts.end, every, policy.final_return_grace.value))


MOST_OVERDUE: Final = 3
"""How many overdue returns a finding names; the rest are counted."""


def return_finding(facts: Facts, returns: Schedule, policy: Policy) -> Finding:
    """R1: how often the recipient reports, and on which days; and whether it owes a return already.

    Whether that stands in the way of another award is a policy value: it is advice, or not met.
    """
    found = _reporting(facts, returns, policy)
    overdue = facts.history.overdue
    if not overdue:
        return found
    named = [*overdue[:MOST_OVERDUE], *([f"{len(overdue) - MOST_OVERDUE} more"] if len(overdue) > MOST_OVERDUE else [])]
    one = len(overdue) == 1
    owed = (
        f"{'A return' if one else f'{len(overdue)} returns'} of the same organisation {'is' if one else 'are'} overdue"
    )
    because = f"{owed}: {listed(named)}. {found.because}"
    if policy.overdue_return_blocks.value:
        return not_met("R1", because, f"Nothing more is approved before {'it has' if one else 'they have'} come in.")
    remedy = f"{'It should' if one else 'They should'} come in first, or be spoken about before a decision."
    return advice("R1", because, f"{remedy} {found.remedy}".strip(), found.needed_by)


def _reporting(facts: Facts, returns: Schedule, policy: Policy) -> Finding:
    show = _shows_change(facts, policy)
    if facts.kind is Kind.INVOICE and not returns.due:
        return _without_term(facts, policy, show)
    every = f"a monitoring return every {interval_text(policy.return_months.value)}"
    if returns.due:
        return met("R1", f"The recipient sends {every} and a final one at the end: {_times(returns.due)}.{show}")
    return advice(
        "R1",
        f"The recipient sends {every} and a final one at the end.{show}",
        "Give the start and the end to see the days.",
        Stage.APPROVAL,
    )


def _without_term(facts: Facts, policy: Policy, show: str) -> Finding:
    after = policy.return_without_term_months.value
    because = f"A paid invoice without a term has one monitoring return, {after} months after it"
    if facts.start is None:
        return advice(
            "R1", f"{because}.{show}", "Give the day on which it is paid to see the day of the return.", Stage.APPROVAL
        )
    due = return_without_term(facts.start, after)[0]
    return met("R1", f"{because}: on {date_text(due)}.{show}")


def _shows_change(facts: Facts, policy: Policy) -> str:
    """What §6.1 says of the crime and disorder fund's recipients: they are brought in to show the difference."""
    fund = policy.fund(facts.fund) if facts.fund else None
    if fund is None or fund.rule != "F3":
        return ""
    return f" Recipients from the {fund.name} are also invited to show what has changed, and how they know."


def interval_finding(months: int, policy: Policy) -> Finding:
    """R1: may this interval between returns, in months, be agreed: a shorter one may, a longer one is refused."""
    longest = policy.return_months.value
    if months < 1:
        return not_met(
            "R1", f"{months} months is no interval between returns.", f"Agree on one from 1 to {longest} months."
        )
    if months > longest:
        return not_met(
            "R1",
            f"A return every {interval_text(months)} is too seldom: "
            f"every recipient sends one at least every {interval_text(longest)}.",
            f"Agree on {longest} months or less.",
        )
    shorter = " That is more often than it must be, and may be agreed." if months < longest else ""
    return met("R1", f"A return every {interval_text(months)} is often enough.{shorter}")


def has_meetings(amount: int, policy: Policy) -> bool:
    """Whether an award of this whole-life total in pence has monitoring meetings (R2): over the limit, not at it."""
    return amount > policy.meetings_over.value


def meeting_schedule(facts: Facts, policy: Policy) -> Schedule:
    """When the recipient is invited to monitoring meetings (R2); not at all unless the award is over the limit."""
    if not has_meetings(facts.amount, policy):
        return Schedule(None, ())
    every = (policy.meeting_months_victims if facts.victim else policy.meeting_months).value
    if facts.start is None or facts.end is None:
        return Schedule(every, ())
    return Schedule(every, meeting_dates(facts.start, facts.end, every))


def meeting_finding(facts: Facts, meetings: Schedule, policy: Policy) -> Finding:
    """R2: whether and how often the recipient is invited to meet; with its other live awards, whether it should be."""
    limit = display(policy.meetings_over.value)
    if meetings.every_months is None:
        return _below_the_limit(facts, policy)
    kind = " for victim services" if facts.victim else ""
    because = (
        f"{display(facts.amount)} is over {limit}, so the recipient is invited to a monitoring meeting "
        f"every {interval_text(meetings.every_months)}{kind}"
    )
    if meetings.due:
        return met("R2", f"{because}: {_times(meetings.due)}.")
    return advice("R2", f"{because}.", "Give the start and the end to see the days.", Stage.APPROVAL)


def _below_the_limit(facts: Facts, policy: Policy) -> Finding:
    limit = display(policy.meetings_over.value)
    because = f"{display(facts.amount)} is not over {limit}, so no monitoring meetings are required"
    live = facts.history.live_awards
    if not live or not has_meetings(facts.amount + live, policy):
        return met("R2", f"{because}.")
    return advice(
        "R2",
        f"{because} for it alone; with the recipient's live awards of {display(live)} "
        f"it comes to {display(facts.amount + live)}, which is over {limit}.",
        "Invite the recipient to a monitoring meeting about all of them.",
    )


def invitation_dates(meetings: Sequence[date], start: date, policy: Policy) -> tuple[date, ...]:
    """When the invitation to each meeting goes out (R2): so many days before it, and not before the award starts."""
    days = policy.meeting_invitation_days.value
    # Compared as a count of days: the day itself may lie before the calendar begins.
    return tuple(start if (day - start).days < days else day - timedelta(days=days) for day in meetings)


def invitation_finding(meeting: date, start: date, invited_on: date | None, policy: Policy, today: date) -> Finding:
    """R2: was the recipient of an award that began on `start` invited to this meeting? The invitation meets the duty.

    A late invitation still meets it, up to the day of the meeting.
    """
    goes_out = invitation_dates((meeting,), start, policy)[0]
    if invited_on is not None and invited_on <= meeting:
        return met(
            "R2",
            f"The recipient was invited on {date_text(invited_on)} to the monitoring meeting of {date_text(meeting)}. "
            "The invitation meets the duty, whether or not they come.",
        )
    if today > meeting:
        of_it = f"the monitoring meeting of {date_text(meeting)}"
        return not_met(
            "R2",
            f"The recipient was invited to {of_it} only after it, on {date_text(invited_on)}."
            if invited_on
            else f"Nobody invited the recipient to {of_it}.",
            "Invite them now to a meeting on another day.",
            Stage.REVIEW,
        )
    if today < goes_out:
        return met(
            "R2", f"The invitation to the monitoring meeting of {date_text(meeting)} goes out on {date_text(goes_out)}."
        )
    since = "is to go out today" if today == goes_out else f"was to go out on {date_text(goes_out)}"
    return advice(
        "R2",
        f"The invitation to the monitoring meeting of {date_text(meeting)} {since}.",
        f"Invite the recipient now, by {date_text(meeting)} at the latest.",
        Stage.REVIEW,
    )


def issue_finding(raised_on: date, owner: str) -> Finding:
    """R2: an issue that a recipient raised, at any time, has an owner: the name of who deals with it."""
    if owner.strip():
        return met("R2", f"The issue raised on {date_text(raised_on)} is with {owner.strip()}.")
    return not_met(
        "R2",
        f"The issue raised on {date_text(raised_on)} has no owner.",
        "Name who deals with it, and tell the recipient.",
        Stage.REVIEW,
    )


def views_finding(returns: Sequence[str], meetings: Sequence[str]) -> Finding:
    """R3: do the returns and meetings that a review looks at record views of service users and partners?

    Each text is what one return, or one meeting, says of them; blank where it says nothing.
    """
    given_returns, given_meetings = (sum(1 for text in texts if text.strip()) for texts in (returns, meetings))
    taken, given = len(returns) + len(meetings), given_returns + given_meetings
    ask = "Ask service users and partners, or the recipient for their views, and record them before the review."
    if not taken:
        return advice(
            "R3", "There is no return or meeting yet in which views could have been recorded.", ask, Stage.REVIEW
        )
    where = (
        f"{given_returns} of {counted(len(returns), 'return')} and {given_meetings} of "
        f"{counted(len(meetings), 'meeting')} record views of service users and partners"
    )
    if given == taken:
        return met("R3", f"{where}. The review shows them.")
    if not given:
        return not_met("R3", f"{where}.", ask, Stage.REVIEW)
    return advice("R3", f"{where}. The review shows those.", ask, Stage.REVIEW)


@dataclass(frozen=True, slots=True)
class VictimService:
    """Who provides an award from its first to its last day, both counted, and whether it is a victim service (L2)."""

    recipient: str
    victim: bool
    start: date
    end: date


def current_providers(services: Sequence[VictimService], day: date) -> tuple[str, ...]:
    """Whom to invite to a Provider Forum on a day (R4): each current victim-service provider, once."""
    return tuple(dict.fromkeys(one.recipient for one in services if one.victim and one.start <= day <= one.end))


def forum_finding(facts: Facts, policy: Policy) -> Finding | None:
    """R4: what a victim service brings with it; None for any other award."""
    if not facts.victim:
        return None
    every = interval_text(policy.forum_months.value)
    return met("R4", f"Its provider is invited to the Provider Forum for victim services, held every {every}.")


def forum_invitations_finding(day: date, services: Sequence[VictimService], invited: Collection[str]) -> Finding:
    """R4: is every current victim-service provider invited to the Provider Forum of this day?"""
    providers = current_providers(services, day)
    forum = f"the Provider Forum of {date_text(day)}"
    if not providers:
        return advice(
            "R4", f"There is no current provider of victim services to invite to {forum}.", "Decide whether to hold it."
        )
    left_out = [name for name in providers if name not in invited]
    if left_out:
        return not_met(
            "R4", f"Not invited to {forum}: {listed(left_out)}.", f"Invite {listed(left_out)}.", Stage.REVIEW
        )
    everyone = (
        "The one current provider" if len(providers) == 1 else f"Each of the {len(providers):,} current providers"
    )
    return met("R4", f"{everyone} is invited to {forum}.")


def next_forum_finding(last_held: date | None, today: date, policy: Policy) -> Finding:
    """R4: are Provider Forums held as often as they should be? The day on which one falls is still in time."""
    every = interval_text(policy.forum_months.value)
    arrange = "Set a day, and invite every current provider of victim services."
    if last_held is None:
        return advice("R4", f"No Provider Forum has been held yet; there is one every {every}.", arrange, Stage.REVIEW)
    due = next_recurring(last_held, policy.forum_months.value)
    if today > due:
        return not_met(
            "R4",
            f"The last Provider Forum was on {date_text(last_held)}, so the next fell on {date_text(due)}, "
            f"{counted((today - due).days, 'day')} ago.",
            arrange,
            Stage.REVIEW,
        )
    return met("R4", f"The last Provider Forum was on {date_text(last_held)}; the next falls on {date_text(due)}.")


@dataclass(frozen=True, slots=True)
class Decommissioning:
    """What is put forward to end an award early (R5), in the words of who proposes it; blank: not given.

    One of `failed_outcome` and `failed_need` is the evidence. `provider_engagement` says how the provider took part,
    `risk_assessment` what becomes of the people who use the service.
    """

    proposed_by: str
    failed_outcome: str = ""
    failed_need: str = ""
    provider_engagement: str = ""
    risk_assessment: str = ""


_NO_PERSON: Final = frozenset({"desk", "system", "scheduler", "sweep", "automatic", "computer", "bot"})
"""What the desk calls itself: it proposes nothing."""


def decommissioning_finding(proposal: Decommissioning) -> Finding:
    """R5: may this award be de-commissioned: proposed by a person, with evidence, the provider and the risks."""
    person = proposal.proposed_by.strip()
    missing = []
    if not any(letter.isalpha() for letter in person) or person.casefold().removeprefix("the ") in _NO_PERSON:
        missing.append(
            _Lack("the name of the person who proposes it, which is never automatic", "Name the member of staff.")
        )
    if not (proposal.failed_outcome.strip() or proposal.failed_need.strip()):
        missing.append(
            _Lack(
                "evidence that it fails its outcomes or the needs of service users",
                "Record which outcome was missed, or which need is not met, and what shows it.",
            )
        )
    if not proposal.provider_engagement.strip():
        missing.append(
            _Lack("how the provider was engaged", "Go through it with the provider, and record what they said.")
        )
    if not proposal.risk_assessment.strip():
        missing.append(
            _Lack("a risk assessment", "Assess what becomes of the people who use the service, and record it.")
        )
    if missing:
        return not_met(
            "R5",
            f"De-commissioning lacks {listed(lack.what for lack in missing)}.",
            " ".join(lack.remedy for lack in missing),
            Stage.REVIEW,
        )
    fails = [
        text
        for text, given in (
            ("its outcomes", proposal.failed_outcome),
            ("the needs of service users", proposal.failed_need),
        )
        if given.strip()
    ]
    return met(
        "R5",
        f"{person} proposes to de-commission it, since it fails {listed(fails)}; "
        "the provider was engaged and the risks are assessed.",
    )


class _Lack(NamedTuple):
    """What a proposal lacks, and what to do about it."""

    what: str
    remedy: str


class LookOutcome(StrEnum):
    """What an annual look ends in."""

    CONTINUE = "continue"
    AMEND = "amend"
    DISCONTINUE = "discontinue"


@dataclass(frozen=True, slots=True)
class Look:
    """An annual look that was held: for which day, on which day, with which outcome, and whether the money agreed."""

    due: date
    held_on: date
    outcome: LookOutcome
    reconciled: bool


@dataclass(frozen=True, slots=True)
class Spending:
    """An award's money in pence: what was awarded, paid, given back, and what the recipient says it spent."""

    award: int
    paid: int
    returned: int
    spent: int


def look_dates(start: date, end: date, policy: Policy) -> tuple[date, ...]:
    """When an award is looked at (R6): yearly from its start, up to and including its end; one within a year never."""
    return recurring_dates(start, policy.review_months.value, end)


def look_finding(facts: Facts, policy: Policy) -> Finding | None:
    """R6: when the office will look at this award; None where it ends within a year, or its days are not known."""
    if facts.start is None or facts.end is None:
        return None
    due = look_dates(facts.start, facts.end, policy)
    if not due:
        return None
    return met(
        "R6",
        f"The office looks at it every {interval_text(policy.review_months.value)}, first on {date_text(due[0])}, "
        "to continue, amend or discontinue it.",
    )


def looks_finding(start: date, end: date, held: Sequence[Look], policy: Policy, today: date) -> Finding:
    """R6: was an award looked at each year, with its money reconciled? The day on which one falls is still in time."""
    due = look_dates(start, end, policy)
    if not due:
        return met("R6", "It ends within a year, so its final return takes the place of an annual look.")
    done = {look.due: look for look in held}
    decide = "Look at it: continue, amend or discontinue, with the money reconciled."
    late = [day for day in due if day < today and day not in done]
    if late:
        days = counted((today - late[0]).days, "day")
        return not_met("R6", f"The annual look of {date_text(late[0])} is {days} overdue.", decide, Stage.REVIEW)
    unreconciled = [look for look in done.values() if not look.reconciled]
    if unreconciled:
        looked = unreconciled[0]
        return not_met(
            "R6",
            f"It was looked at on {date_text(looked.held_on)} ({looked.outcome.value}), "
            "and its money was not reconciled.",
            "Compare what was paid, returned and spent, and settle the difference.",
            Stage.REVIEW,
        )
    coming = [day for day in due if day >= today and day not in done]
    if coming and coming[0] == today:
        return advice("R6", f"The annual look of {date_text(today)} is due today.", decide, Stage.REVIEW)
    if coming:
        return met("R6", f"The next annual look is on {date_text(coming[0])}.")
    return met("R6", f"Each annual look was held; the last fell on {date_text(due[-1])}.")


def reconciliation_finding(money: Spending, *, ended: bool) -> Finding:
    """R6: does an award's money agree: what it was paid, less what it gave back, is what it spent of the award?

    What a recipient spends beyond the award is its own. While the award runs, a difference is advice; once it has
    ended it is to be settled.
    """
    kept = money.paid - money.returned
    if kept < 0:
        return _unsettled(
            f"{display(money.returned)} is recorded as returned, of {display(money.paid)} paid.", "Correct the record."
        )
    if kept > money.award:
        return _unsettled(
            f"{display(kept)} was paid, and the award is {display(money.award)}.",
            f"Ask for {display(kept - money.award)} back.",
        )
    charged = min(money.spent, money.award)
    if charged == kept:
        return met("R6", f"The money is reconciled: {display(kept)} was paid and spent, of {display(money.award)}.")
    if charged < kept:
        because = (
            f"{display(kept)} was paid and {display(charged)} spent: the recipient holds {display(kept - charged)}."
        )
        if ended:
            return _unsettled(because, f"Ask for {display(kept - charged)} back: the award has ended.")
        return advice("R6", because, "Check that the rest is still needed.", Stage.REVIEW)
    because = f"{display(charged)} was spent and {display(kept)} paid: {display(charged - kept)} is not paid yet."
    if ended:
        return _unsettled(because, f"Pay {display(charged - kept)}, or record why it is not owed.")
    return advice("R6", because, "Check when the next payment is due.", Stage.REVIEW)


def _unsettled(because: str, remedy: str) -> Finding:
    return not_met("R6", because, remedy, Stage.REVIEW)


def _times(days: tuple[date, ...]) -> str:
    first, last = date_text(days[0]), date_text(days[-1])
    return f"one, on {first}" if len(days) == 1 else f"{len(days)}, from {first} to {last}"
