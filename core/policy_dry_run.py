"""What another policy would do: every open application and live award assessed under both, and where they differ.

Nothing is written, and nothing that was decided changes: an award keeps the policy it was decided under (A4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from core import funds, people
from core.assessing import facts_of, finding_data
from core.cases import case_with
from core.records import Application, Award, Interest
from core.rules.assessment import Assessment, Finding, Money, Schedule, assess
from core.rules.authority import who_may_decide
from core.rules.calendar import financial_year
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import pounds
from core.rules.policy import Policy, Role
from core.rules.words import counted, listed

__all__ = [
    "LIVE_STATES",
    "OPEN_STATES",
    "DryRun",
    "Left",
    "Progress",
    "Shift",
    "dry_run",
    "left_behind",
    "shifted_applications",
]

Progress = Callable[[int, str], None]
"""Hears how many cases have been looked at, and of what."""

OPEN_STATES: Final = (ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED)
"""An application that is still to be decided."""

LIVE_STATES: Final = (AwardState.OFFERED, AwardState.ACTIVE)
"""An award that is still to be answered, or runs."""

BATCH: Final = 1_000
"""How many cases are held in memory at once."""


@dataclass(frozen=True)
class Shift:
    """One case that another policy assesses differently. `number` is its application's row number, `amount` pence.

    `findings` has, by rule, what the finding was and would be; `others` what else differs, by name, in words.
    """

    number: int
    reference: str
    what: str
    status: str
    fund: str
    amount: int
    findings: Mapping[str, tuple[Finding | None, Finding | None]]
    others: Mapping[str, tuple[str, str]]

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "reference": self.reference,
            "what": self.what,
            "status": self.status,
            "fund": self.fund,
            "amount": pounds(self.amount),
            "findings": [
                {
                    "rule": rule,
                    "before": finding_data(before) if before else None,
                    "after": finding_data(after) if after else None,
                }
                for rule, (before, after) in self.findings.items()
            ],
            **{name: {"before": before, "after": after} for name, (before, after) in self.others.items()},
        }

    @property
    def turns(self) -> bool:
        """Whether the verdict of a rule is another one, not only its words."""
        return any(
            before is None or after is None or before.verdict is not after.verdict
            for before, after in self.findings.values()
        )

    @property
    def told(self) -> tuple[str, ...]:
        """What differs, each in a few words: "F5 met → not met", "tier: light → standard"."""
        return (
            *(_finding_told(rule, before, after) for rule, (before, after) in self.findings.items()),
            *(f"{name.replace('_', ' ')}: {before} → {after}" for name, (before, after) in self.others.items()),
        )


def _finding_told(rule: str, before: Finding | None, after: Finding | None) -> str:
    old = before.verdict.value.replace("_", " ") if before else "not asked"
    new = after.verdict.value.replace("_", " ") if after else "not asked"
    return f"{rule} {old} → {new}" if old != new else f"{rule} in other words"


@dataclass(frozen=True)
class Left:
    """What the record has of a fund that a policy does not know: it can still be looked at, and not be gone on with."""

    fund: str
    drafts: int
    applications: int
    awards: int

    @property
    def told(self) -> str:
        """In a sentence, as a warning."""
        has = (
            (self.drafts, "draft"),
            (self.applications, "open application"),
            (self.awards, "live award"),
        )
        had = listed(counted(number, what) for number, what in has if number)
        return f"The fund {self.fund} is not in it, and has {had}. Keep it, and close it to applications instead."

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "fund": self.fund,
            "drafts": self.drafts,
            "open_applications": self.applications,
            "live_awards": self.awards,
        }


def left_behind(session: Session, policy: Policy) -> tuple[Left, ...]:
    """The funds that a policy does not know, of which the record has drafts, open applications or live awards."""
    known = [fund.id for fund in policy.funds]
    found: dict[str, Counter[str]] = {}
    for name, table, states in (
        ("drafts", Application, (ApplicationState.DRAFT,)),
        ("applications", Application, OPEN_STATES),
        ("awards", Award, LIVE_STATES),
    ):
        query = select(table.fund, func.count()).where(table.status.in_([state.value for state in states]))
        for fund, number in session.execute(query.where(table.fund.not_in(known)).group_by(table.fund)):
            found.setdefault(fund, Counter())[name] = number
    return tuple(Left(fund, has["drafts"], has["applications"], has["awards"]) for fund, has in sorted(found.items()))


@dataclass(frozen=True)
class DryRun:
    """The record under another policy, as on `day`: how many cases were looked at, and those that differ.

    Those in which a verdict turns come first. `left_behind` is what it has of funds that the policy does not know.
    """

    day: date
    applications: int
    awards: int
    shifts: tuple[Shift, ...]
    left_behind: tuple[Left, ...] = ()

    def of(self, what: str) -> tuple[Shift, ...]:
        """Those of the "application"s, or of the "award"s."""
        return tuple(shift for shift in self.shifts if shift.what == what)

    @property
    def turning(self) -> int:
        """In how many cases the verdict of a rule is another one."""
        return sum(shift.turns for shift in self.shifts)

    @property
    def by_rule(self) -> dict[str, int]:
        """In how many cases each rule's finding differs, the most first."""
        return dict(Counter(rule for shift in self.shifts for rule in shift.findings).most_common())

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "as_on": self.day.isoformat(),
            "applications": {"looked_at": self.applications, "differ": len(self.of("application"))},
            "awards": {"looked_at": self.awards, "differ": len(self.of("award"))},
            "verdict_turns": self.turning,
            "by_rule": self.by_rule,
            "left_behind": [left.as_data() for left in self.left_behind],
            "differ": [shift.as_data() for shift in self.shifts],
        }


def dry_run(session: Session, before: Policy, after: Policy, *, day: date, progress: Progress | None = None) -> DryRun:
    """Assess every open application and live award under both policies, as on `day`. Writes nothing.

    Applications are assessed with the money that their fund has, awards on what was awarded. The two policies meet the
    same facts on the same day, so that whatever differs is the policy's doing.
    """
    applications = list(_applications(session, before, after, day, progress))
    awards = list(_awards(session, before, after, day, progress))
    shifts = [shift for shift in (*applications, *awards) if shift is not None]
    turning_first = tuple(sorted(shifts, key=lambda shift: not shift.turns))
    return DryRun(day, len(applications), len(awards), turning_first, left_behind(session, after))


def shifted_applications(session: Session, before: Policy, after: Policy, *, day: date) -> list[Shift]:
    """The open applications that the second policy assesses differently on `day`."""
    return [shift for shift in _applications(session, before, after, day, None) if shift is not None]


def _applications(
    session: Session, before: Policy, after: Policy, day: date, progress: Progress | None
) -> Iterator[Shift | None]:
    deciders, money = _deciders(session, day), _money(session, day)
    query = select(Application).options(selectinload(Application.outcomes), joinedload(Application.recommendation))
    open_ = Application.status.in_([state.value for state in OPEN_STATES])
    for application in _in_batches(session, query.where(open_), Application.id, progress, "open applications"):
        facts, left = facts_of(application), money(application.fund, application.start_on)
        old, new = (assess(facts, policy, day, left) for policy in (before, after))
        others = _differing("who_decides", deciders(application, before), deciders(application, after))
        if application.recommendation is None:
            others |= _differing("who_recommends", _recommenders(before), _recommenders(after))
        yield _shift(application, "application", application.status, application.amount or 0, old, new, others)


def _awards(
    session: Session, before: Policy, after: Policy, day: date, progress: Progress | None
) -> Iterator[Shift | None]:
    query = select(Award).options(joinedload(Award.application).selectinload(Application.outcomes))
    live = Award.status.in_([state.value for state in LIVE_STATES])
    for award in _in_batches(session, query.where(live), Award.id, progress, "live awards"):
        facts = facts_of(award.application, award.amount)
        old, new = (assess(facts, policy, day) for policy in (before, after))
        yield _shift(award.application, "award", award.status, award.amount, old, new, {})


def _in_batches(
    session: Session, query: Select[Any], key: InstrumentedAttribute[int], progress: Progress | None, what: str
) -> Iterator[Any]:
    """Every row of a query in the order of its number, so many at a time: nothing keeps those that were looked at."""
    last = looked_at = 0
    while rows := session.scalars(query.where(key > last).order_by(key).limit(BATCH)).all():
        last = rows[-1].id
        yield from rows
        looked_at += len(rows)
        if progress is not None:
            progress(looked_at, what)


def _shift(
    application: Application,
    what: str,
    status: str,
    amount: int,
    before: Assessment,
    after: Assessment,
    others: dict[str, tuple[str, str]],
) -> Shift | None:
    """What differs between the two, None where nothing does."""
    if before == after and not others:
        return None
    return Shift(
        number=application.id,
        reference=application.reference or "",
        what=what,
        status=status,
        fund=application.fund,
        amount=amount,
        findings=_findings(before, after),
        others={
            **_differing("tier", before.tier.value, after.tier.value),
            **_differing("route", before.procurement.route.value, after.procurement.route.value),
            **_differing("portal", before.procurement.portal.value, after.procurement.portal.value),
            **_differing("returns", _schedule(before.returns), _schedule(after.returns)),
            **_differing("meetings", _schedule(before.meetings), _schedule(after.meetings)),
            **others,
        },
    )


def _findings(before: Assessment, after: Assessment) -> dict[str, tuple[Finding | None, Finding | None]]:
    old = {finding.rule: finding for finding in before.findings}
    new = {finding.rule: finding for finding in after.findings}
    rules = [*old, *(rule for rule in new if rule not in old)]
    return {rule: (old.get(rule), new.get(rule)) for rule in rules if old.get(rule) != new.get(rule)}


def _differing(name: str, before: str, after: str) -> dict[str, tuple[str, str]]:
    return {name: (before, after)} if before != after else {}


def _recommenders(policy: Policy) -> str:
    return ", ".join(role.replace("_", " ") for role in policy.recommenders.value)


def _schedule(schedule: Schedule) -> str:
    if schedule.every_months is None:
        return "none"
    due = ", ".join(day.isoformat() for day in schedule.due)
    return f"every {schedule.every_months} months" + (f" ({due})" if due else "")


def _money(session: Session, day: date) -> Callable[[str, date | None], Money | None]:
    """What a fund has in the year of a start, asked of the record once for each fund and year."""
    known: dict[tuple[str, int], Money | None] = {}

    def money(fund: str, start: date | None) -> Money | None:
        of = (fund, financial_year(start or day))
        if of not in known:
            position = funds.position(session, *of)
            known[of] = (
                Money(position.allocated, position.available)
                if position.known
                else Money(allocated=None, available=None)
            )
        return known[of]

    return money


def _deciders(session: Session, day: date) -> Callable[[Application, Policy], str]:
    """Who may decide an application under a policy, in a sentence, as its card says it (A1)."""
    commissioners = {person.id for person in people.holders(session, Role.COMMISSIONER)}
    interested: dict[int, set[int]] = {}
    for application_id, person_id in session.execute(select(Interest.application_id, Interest.person_id)):
        interested.setdefault(application_id, set()).add(person_id)

    def deciders(application: Application, policy: Policy) -> str:
        out = frozenset(interested.get(application.id, ()))
        made = application.recommendation
        case = case_with(
            application,
            recommended_by=made.person_id if made else None,
            interests=out,
            commissioners=commissioners,
        )
        return who_may_decide(case, policy, day)

    return deciders
