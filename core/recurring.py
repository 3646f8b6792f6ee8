"""What falls due by itself: the monthly publication, the Annual Report, the Provider Forum, each fund's windows.

Every sweep first compares what should be on the table of deadlines with what is, and puts what is missing. Nothing is
made up for the past: after a gap the latest that was missed is put, never a backlog, and what lay before the record
began is not put at all. Nothing is put for a day that has passed, by the clock or by the trail's last line: somebody
looks back on it, or the clock went wrong. Where the policy changes, what was not due yet moves or is closed; what has
passed by itself is met.
Correctness rests on the unique key of a deadline (subject, kind, due), so any number of processes may do this at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import deadlines, events, opportunities, published
from core.errors import Conflict
from core.forums import FORUM
from core.office import Office, london_day
from core.published import ANNUAL_REPORT, PUBLICATION
from core.records import Application, Award, Deadline, Event, Forum, Opportunity
from core.rules.calendar import (
    add_months,
    financial_year,
    next_recurring,
    recurring_dates,
    year_bounds,
    year_label,
)
from core.rules.lifecycle import AwardState, OpportunityState
from core.rules.policy import Policy
from core.rules.publishing import publication_day

WINDOW_OPENS: Final = "window-opens"
WINDOW_CLOSES: Final = "window-closes"
WINDOWS: Final = (WINDOW_OPENS, WINDOW_CLOSES)
KINDS: Final = (PUBLICATION, ANNUAL_REPORT, FORUM, *WINDOWS)
"""The kinds of deadline that recur by themselves."""

RECURRING_TRAIL: Final = "dates"
"""Under which reference the trail keeps what was put, moved, met or closed by itself."""

THE_DESK: Final = "the desk"

_MOST_MONTHS: Final = 26
"""How far back what was put last is looked for: longer than from one Annual Report to the one after next."""

_FIRST: Final = date(date.min.year + 4, 1, 1)
_LAST: Final = date(date.max.year - 4, 12, 31)
"""Outside of these a day's neighbours may lie beyond the calendar, so nothing recurs."""


@dataclass(frozen=True, order=True)
class Wanted:
    """A deadline that should be on the table. `late`: its day has passed, and it was missed."""

    due: date
    kind: str
    subject: str
    reference: str
    title: str
    late: bool = False


@dataclass
class Done:
    """What was done about the table, by the reference of each deadline and its kind; empty where nothing was to do."""

    put: list[dict[str, str]] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    met: list[dict[str, str]] = field(default_factory=list)
    closed: list[dict[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.put or self.moved or self.met or self.closed)

    def as_data(self) -> dict[str, Any]:
        """For the trail: what there is of it."""
        return {name: found for name in ("put", "moved", "met", "closed") if (found := getattr(self, name))}


@dataclass(frozen=True)
class _Found:
    """How things stand: the deadlines of these kinds that are open or were due lately, and what they count from."""

    deadlines: Sequence[Deadline]
    last_held: date | None
    first_service: date | None
    forum_planned: bool
    past_opportunities: bool
    last_line_at: datetime | None

    def of(self, kind: str) -> list[Deadline]:
        return [one for one in self.deadlines if one.kind == kind]

    def open_of(self, kind: str) -> list[Deadline]:
        return [one for one in self.of(kind) if one.is_open]


def put_recurring(session: Session, office: Office, today: date, now: datetime) -> Done:
    """Put what is missing on the table, move what the policy has moved, meet or close what has passed.

    Where nothing is to be done this costs two small indexed queries, and writes nothing. Safe to repeat, and to run
    twice at once.
    """
    if not _FIRST <= today <= _LAST:
        return Done()
    found = _found(session, today)
    done = Done()
    if today < london_day(max(now, found.last_line_at or now)):
        return done
    _publications(session, found, done, office, today, now)
    _annual_reports(session, found, done, office, today, now)
    _forum(session, found, done, office, today, now)
    _windows(session, found, done, office, today, now)
    if found.past_opportunities:
        opportunities.close_past(session, today=today, now=now)
    if done:
        session.flush()
        events.append(session, "dates_kept", RECURRING_TRAIL, THE_DESK, done.as_data(), now=now)
    return done


def _found(session: Session, today: date) -> _Found:
    """How things stand, in two queries."""
    since = add_months(today, -_MOST_MONTHS)
    of_no_award = Deadline.award_id.is_(None)  # of all deadlines the few that an index finds
    lately = select(Deadline).where(of_no_award, Deadline.kind.in_(KINDS))
    lately = lately.where(or_(Deadline.is_open, Deadline.due >= since))
    rows = session.scalars(lately.order_by(Deadline.due, Deadline.id)).all()
    first_service = (
        select(func.min(Award.start_on))
        .join(Award.application)
        .where(Award.status == AwardState.ACTIVE.value, Application.victim_service.is_(True), Award.end_on >= today)
        .scalar_subquery()
    )
    past = select(Opportunity.id).where(
        Opportunity.status == OpportunityState.OPEN.value, Opportunity.closes_on < today
    )
    planned = select(Forum.id).where(Forum.ended_at.is_(None))
    held = select(func.max(Forum.held_on)).scalar_subquery()
    last_line = select(Event.at).order_by(Event.sequence.desc()).limit(1).scalar_subquery()
    facts = session.execute(select(held, first_service, planned.exists(), past.exists(), last_line)).one()
    return _Found(rows, *facts)


# ------------------------------------------------------------------------------------- publication and Annual Report


def _publications(session: Session, found: _Found, done: Done, office: Office, today: date, now: datetime) -> None:
    """The next monthly publication (W2), and after a gap the one that was missed last."""
    month = add_months(today.replace(day=1), -1)
    coming = [_publication(one, office) for one in (month, add_months(month, 1))]
    _series(session, found, done, coming, PUBLICATION, today, now)


def _publication(month: date, office: Office) -> Wanted:
    """The publication of the month that begins on this day: due on a working day of the next."""
    due = publication_day(month, office.policy, office.closed_days)
    period = f"{month:%Y-%m}"
    name = published.name_of(PUBLICATION, period)
    return Wanted(due, PUBLICATION, f"{PUBLICATION}:{period}", f"PUB-{period}", name)


def _annual_reports(session: Session, found: _Found, done: Done, office: Office, today: date, now: datetime) -> None:
    """The next Annual Report (W1), and after a gap the one that was missed last."""
    year = financial_year(today) - 1
    coming = [_annual_report(one, office.policy) for one in (year - 1, year, year + 1)]
    _series(session, found, done, coming, ANNUAL_REPORT, today, now)


def _annual_report(year: int, policy: Policy) -> Wanted:
    """The Annual Report of the financial year that begins in this calendar year: due some months after its end."""
    label = year_label(year)
    due = add_months(year_bounds(year)[1], policy.annual_report_months.value)
    name = published.name_of(ANNUAL_REPORT, label)
    return Wanted(due, ANNUAL_REPORT, f"{ANNUAL_REPORT}:{label}", f"AR-{label}", name)


def _series(
    session: Session,
    found: _Found,
    done: Done,
    series: Sequence[Wanted],
    kind: str,
    today: date,
    now: datetime,
) -> None:
    """Of a series by due date: the first that is still to come, and the last that was missed since one was put.

    One whose period is on the table already is moved where its day has changed and neither day has passed.
    """
    there = {one.subject: one for one in found.of(kind)}
    for one in series:
        old = there.get(one.subject)
        if old is not None and old.is_open and _planned(old) != one.due and min(old.due, one.due) >= today:
            _move(session, done, old, one.due, today, now)
    coming = next((one for one in series if one.due >= today), None)
    missed = max((one for one in series if one.due < today), default=None)
    running = missed is not None and any(one.due < missed.due for one in there.values())
    if missed is not None and running and missed.subject not in there:
        _put(session, done, missed, now, silent_before=today)
    if coming is not None and coming.subject not in there:
        # of one that has a predecessor only the days on which nothing ran were missed: its latest step still goes
        _put(session, done, coming, now, silent_before=None if there else today)


# -------------------------------------------------------------------------------------------------------------- forum


def _forum(session: Session, found: _Found, done: Done, office: Office, today: date, now: datetime) -> None:
    """The next Provider Forum (R4): counted from the last one held, or from the first victim service that runs.

    While there is no victim service, and no forum is planned, none is due.
    """
    open_ones = found.open_of(FORUM)
    if found.first_service is None and not found.forum_planned:
        for one in open_ones:
            _close(session, done, one, now)
        return
    if open_ones and found.last_held is None:
        return  # the first stays where it was put, whichever service ends or begins meanwhile
    due = _forum_due(found, office.policy, today)
    if due is None or any(one.due == due and one.met_at is not None for one in found.of(FORUM)):
        return
    if open_ones:
        if _planned(open_ones[0]) != due:
            _move(session, done, open_ones[0], due, today, now)
        return
    wanted = Wanted(due, FORUM, FORUM, "FORUM", "Provider Forum")
    _put(session, done, wanted, now, silent_before=today)


def _forum_due(found: _Found, policy: Policy, today: date) -> date | None:
    every = policy.forum_months.value
    if found.last_held is not None:
        return next_recurring(found.last_held, every)
    if found.first_service is None:
        return None
    # A service may be years older than the record: of its forums the first counts that the record could remind of.
    past = recurring_dates(found.first_service, every, today - timedelta(days=1))
    return add_months(found.first_service, (len(past) + 1) * every)


# ------------------------------------------------------------------------------------------------------------ windows


def _windows(session: Session, found: _Found, done: Done, office: Office, today: date, now: datetime) -> None:
    """The opening and the closing of each window to come, of each fund of the policy in force (F0)."""
    wanted = list(_windows_of(office.policy, today))
    for kind in WINDOWS:
        for left, missing in _differences(found, kind, wanted, today):
            for old, new in zip(left, missing, strict=False):
                _move(session, done, old, new.due, today, now)
            for old in left[len(missing) :]:
                _close(session, done, old, now)
            for new in missing[len(left) :]:
                _put(session, done, new, now, silent_before=today)
        for one in found.open_of(kind):
            if one.due < today:
                _meet(session, done, one, now)


def _windows_of(policy: Policy, today: date) -> Iterator[Wanted]:
    for fund in policy.funds:
        if not fund.open_to_applications:
            continue
        for kind in WINDOWS:
            days = {one.opens if kind == WINDOW_OPENS else one.closes for one in fund.windows}
            for day in sorted(days):
                if day >= today:
                    yield Wanted(day, kind, f"window:{fund.id}", f"WIN-{fund.letters}", fund.name)


def _differences(
    found: _Found, kind: str, wanted: Iterable[Wanted], today: date
) -> Iterator[tuple[list[Deadline], list[Wanted]]]:
    """By fund: what is still to come and is wanted no more, and what is wanted and not there; both by due date."""
    mine = [one for one in wanted if one.kind == kind]
    ahead = [one for one in found.open_of(kind) if one.due >= today]
    for subject in sorted({*(one.subject for one in mine), *(one.subject for one in ahead)}):
        days = {one.due for one in mine if one.subject == subject}
        there = {one.due for one in ahead if one.subject == subject}
        left = [one for one in ahead if one.subject == subject and one.due not in days]
        yield left, sorted(one for one in mine if one.subject == subject and one.due not in there)


# ------------------------------------------------------------------------------------------------------- one at a time


def _put(session: Session, done: Done, wanted: Wanted, now: datetime, *, silent_before: date | None) -> None:
    """Put one, unless another process is first. One that was closed is opened again."""
    closed = deadlines.find(session, subject=wanted.subject, kind=wanted.kind, due=wanted.due)
    if closed is not None:
        if closed.closed_at is None:
            return
        deadlines.wait_again(session, closed, due=closed.due, since=silent_before or london_day(now), now=now)
        session.flush()
    else:
        try:
            with session.begin_nested():
                deadlines.set_deadline(
                    session,
                    subject=wanted.subject,
                    reference=wanted.reference,
                    kind=wanted.kind,
                    due=wanted.due,
                    title=wanted.title,
                    now=now,
                    silent_before=silent_before,
                )
        except IntegrityError:
            return
    done.put.append({"kind": wanted.kind, "reference": wanted.reference, "due": wanted.due.isoformat()})


def _planned(deadline: Deadline) -> date:
    """The day that was worked out for it, also where a later one was agreed since: that stays agreed."""
    return deadline.first_due or deadline.due


def _move(session: Session, done: Done, old: Deadline, due: date, today: date, now: datetime) -> None:
    """Move one that is open to another day, unless another process was first.

    Where that day was on the table before and was given up, it waits again in the place of the one that is open.
    """
    was = old.due
    if deadlines.find(session, subject=old.subject, kind=old.kind, due=due) is not None:
        _close(session, done, old, now)
        again = Wanted(due, old.kind, old.subject, old.reference, old.title or "")
        _put(session, done, again, now, silent_before=today)
        return
    try:
        deadlines.move(session, old, due, today=today, now=now)
    except Conflict:
        return
    done.moved.append(_said(old) | {"was": was.isoformat()})


def _meet(session: Session, done: Done, one: Deadline, now: datetime) -> None:
    """Its day has passed, and it came about by itself."""
    if deadlines.end(session, one, met=True, now=now):
        done.met.append(_said(one))


def _close(session: Session, done: Done, one: Deadline, now: datetime) -> None:
    """Nobody waits for it any more."""
    if deadlines.end(session, one, met=False, now=now):
        done.closed.append(_said(one))


def _said(one: Deadline) -> dict[str, str]:
    return {"kind": one.kind, "reference": one.reference, "due": one.due.isoformat()}
