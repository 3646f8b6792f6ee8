"""One table of everything that falls due, and the nudges it has had (D0).

Here they are set, moved, met, closed and listed; who is told of them, and when, is `core.sweeping`'s. Whatever is done
to one here is shown where Slack was told of it, without anybody's asking (`core.nudge_messages`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, selectinload

from core import guarded, nudge_messages
from core.errors import Conflict
from core.office import Office
from core.records import Award, Deadline, Nudge, OutboxMessage
from core.rules.calendar import date_text, nudge_dates
from core.rules.policy import NudgeStep, Policy

ONE_DAY: Final = timedelta(days=1)

EVERY_STEP: Final = date.min
"""The day from which on steps are sent of what is set without another: the sweep sends the latest that has come."""

APPLICATION_ID = func.coalesce(Award.application_id, Deadline.application_id)
"""The application that a deadline is about, where its award is joined; NULL for what is the office's."""


def set_deadline(
    session: Session,
    *,
    subject: str,
    reference: str,
    kind: str,
    due: date,
    now: datetime,
    award_id: int | None = None,
    application_id: int | None = None,
    title: str | None = None,
    owner_id: int | None = None,
    final: bool = False,
    silent_before: date | None = None,
) -> Deadline:
    """Store something that falls due. The policy has the steps of `kind`; none before `silent_before` is ever sent.

    It is about an award, about an application without one (`application_id`), or about neither: then it has a `title`.
    `owner_id` is the person who looks after it. The next sweep works out when its next step is, by the plan that is in
    force then: what is set while a pause stands, and told of after that was taken back, is told of nevertheless.
    """
    deadline = Deadline(
        subject=subject,
        reference=reference,
        award_id=award_id,
        application_id=application_id,
        title=title,
        owner_id=owner_id,
        kind=kind,
        due=due,
        final=final,
        set_at=now,
        silent_before=silent_before,
        next_step_on=silent_before or EVERY_STEP,
    )
    session.add(deadline)
    return deadline


def planned(
    office: Office, kind: str, due: date, snoozed_until: date | None = None
) -> tuple[tuple[NudgeStep, date], ...]:
    """The day on which each step of a deadline goes out, under the policy that the office has."""
    return nudge_dates(
        due,
        office.policy.nudge_steps.get(kind, ()),
        office.closed_days,
        pauses=[pause for pause in office.policy.pauses if kind in pause.holds],
        snoozed_until=snoozed_until,
    )


def first_step_on(
    office: Office,
    kind: str,
    due: date,
    *,
    after: date,
    snoozed_until: date | None = None,
    since: date | None = None,
) -> date:
    """The day of the earliest step later than `after`, and from `since` on.

    Where there is none it is the day after: by then a pause without an end may have been taken back, and the sweep
    looks again.
    """
    days = [on for _, on in planned(office, kind, due, snoozed_until) if (since is None or on >= since) and on > after]
    return min(days, default=after + ONE_DAY)


def meet(session: Session, deadline: Deadline, *, now: datetime) -> None:
    """It was done: no more nudges."""
    deadline.met_at = now
    deadline.next_step_on = None
    nudge_messages.put(session, [deadline.id], now=now)


def reopen(session: Session, deadline: Deadline, *, office: Office, today: date, now: datetime) -> None:
    """It is to be done after all: its steps from tomorrow on are sent, each still once ever.

    Where none is left to come the next sweep sends the latest of each addressee, unless it was sent before it was met:
    what nobody is told of any more would be forgotten.
    """
    deadline.met_at = deadline.closed_at = None
    since = deadline.silent_before
    days = [on for _, on in planned(office, deadline.kind, deadline.due, deadline.snoozed_until)]
    days = [on for on in days if since is None or on >= since]
    if days and max(days) <= today:
        deadline.next_step_on = since or EVERY_STEP
    else:
        deadline.next_step_on = min((on for on in days if on > today), default=today + ONE_DAY)
    nudge_messages.put(session, [deadline.id], now=now)


def change(session: Session, deadline: Deadline, *, now: datetime, **values: object) -> bool:
    """Change one that is open and still due when it was read, in one guarded update; False where it is neither now."""
    if not guarded.change(session, deadline, Deadline.due == deadline.due, Deadline.is_open, **values):
        return False
    nudge_messages.put(session, [deadline.id], now=now)
    return True


def moved_meanwhile(was: date) -> Conflict:
    """What is said to whoever moves what was due on this day, where it is done, closed or moved already."""
    return Conflict(f"What was due on {date_text(was)} has been done, closed or moved meanwhile.", "D0")


def extend(
    session: Session,
    deadline: Deadline,
    until: date,
    *,
    today: date,
    now: datetime,
    silent_before: date | None = None,
) -> None:
    """Make it due on a later day; its steps move with it (D0).

    What was sent for the earlier day stays sent, and what waits to be sent for it is not sent any more. Each step that
    the new day has from `today` on, or from `silent_before` where that is later, is sent once; one before it is not
    made up, since whoever is concerned is told of the new day.
    Raises Conflict where it was met, closed or moved meanwhile, ValueError for a day that is not later.
    """
    was = deadline.due
    if until <= was:
        raise ValueError(f"{until} is not later than {was}")
    since = max(deadline.silent_before or today, silent_before or today, today)
    if not change(
        session,
        deadline,
        now=now,
        due=until,
        first_due=deadline.first_due or was,
        silent_before=since,
        next_step_on=since,  # the sweep works out its next step
    ):
        raise moved_meanwhile(was)


def move(session: Session, deadline: Deadline, to: date, *, today: date, now: datetime) -> None:
    """Make it due on another day, earlier or later, that the desk works out or somebody outside sets (D0).

    Its steps move with it: what was sent for the day that it had stays sent, and of the new day's steps those from
    today on are sent, none before. More time that is agreed is `extend`.
    Raises Conflict where it was met, closed or moved meanwhile.
    """
    was = deadline.due
    since = max(deadline.silent_before or today, today)
    if not change(session, deadline, now=now, due=to, first_due=None, silent_before=since, next_step_on=since):
        raise moved_meanwhile(was)


def end(session: Session, deadline: Deadline, *, met: bool, now: datetime) -> bool:
    """Meet or close one that is open. False where somebody did so, or moved it, meanwhile."""
    ended = {"met_at": now} if met else {"closed_at": now}
    return change(session, deadline, now=now, next_step_on=None, **ended)


def wait_again(session: Session, deadline: Deadline, *, due: date, since: date, now: datetime) -> None:
    """Wait for it on this day, whether it was met, closed, or due on another: a decision undone, a payment replanned.

    What was sent for a day stays sent, and of what comes before `since` nothing is made up. The sweep works out its
    next step. Whatever it belongs to is held in this transaction.
    """
    if due != deadline.due:
        deadline.first_due = deadline.first_due or deadline.due
    deadline.due = due
    deadline.met_at = deadline.closed_at = deadline.snoozed_until = None
    deadline.silent_before = max(deadline.silent_before or since, since)
    deadline.next_step_on = since
    nudge_messages.put(session, [deadline.id], now=now)


def close_all_of(session: Session, award_id: int, *, now: datetime) -> None:
    """Close all that is open of an award, whatever it is about: the award has ended."""
    _close(session, Deadline.award_id == award_id, now=now)


def close(session: Session, *, subject: str, kinds: Iterable[str] | None = None, now: datetime) -> None:
    """Close what is open of a subject without its having been met: an offer that was refused, an award that ended."""
    which = Deadline.subject == subject
    _close(session, which if kinds is None else which & Deadline.kind.in_(list(kinds)), now=now)


def _close(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    session.flush()
    closed = session.scalars(
        update(Deadline)
        .where(which, Deadline.is_open)
        .values(closed_at=now, next_step_on=None)
        .returning(Deadline.id)
        .execution_options(synchronize_session=False)
    )
    nudge_messages.put(session, closed.all(), now=now)


def find(session: Session, *, subject: str, kind: str, due: date | None = None) -> Deadline | None:
    """The deadline of a subject, kind and (where there are several) due date."""
    query = select(Deadline).where(Deadline.subject == subject, Deadline.kind == kind)
    if due is not None:
        query = query.where(Deadline.due == due)
    return session.scalars(query.order_by(Deadline.due)).first()


def nudges_of(session: Session, message: OutboxMessage) -> list[Nudge]:
    """What a nudge message covers, oldest deadline first, with each deadline and its award loaded."""
    return list(
        session.scalars(
            select(Nudge)
            .join(Nudge.deadline)
            .where(Nudge.message_id == message.id)
            .order_by(Deadline.due, Deadline.id)
            .options(
                selectinload(Nudge.deadline).selectinload(Deadline.award).selectinload(Award.application),
                selectinload(Nudge.deadline).selectinload(Deadline.own_application),
            )
        )
    )


def open_of(session: Session, application_ids: Iterable[int]) -> list[Deadline]:
    """What is open of these applications and of their awards, the earliest first."""
    mine = (
        select(Deadline)
        .outerjoin(Award, Award.id == Deadline.award_id)
        .where(Deadline.is_open, APPLICATION_ID.in_(list(application_ids)))
        .order_by(Deadline.due, Deadline.id)
    )
    return list(session.scalars(mine.execution_options(populate_existing=True)))


def open_one(session: Session, *, subject: str, kind: str) -> Deadline | None:
    """What is open of a subject and kind, as it stands now: the earliest, where there are several."""
    mine = select(Deadline).where(Deadline.subject == subject, Deadline.kind == kind, Deadline.is_open)
    return session.scalars(mine.order_by(Deadline.due).limit(1).execution_options(populate_existing=True)).first()


def state_of(deadline: Deadline, today: date) -> str:
    """met, overdue or due: computed, never stored."""
    if deadline.met_at is not None:
        return "met"
    return "overdue" if deadline.due < today else "due"


def listing(
    session: Session,
    *,
    office: Office,
    today: date,
    before: date | None = None,
    state: str | None = None,
    references: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Deadlines as the API shows them, by due date: those due before `before`, in `state`, of these references."""
    query = select(Deadline).where(Deadline.closed_at.is_(None)).order_by(Deadline.due, Deadline.id)
    if before is not None:
        query = query.where(Deadline.due < before)
    if references is not None:
        query = query.where(Deadline.reference.in_(list(references)))
    if state == "met":
        query = query.where(Deadline.met_at.is_not(None))
    elif state == "due":
        query = query.where(Deadline.is_open, Deadline.due >= today)
    elif state == "overdue":
        query = query.where(Deadline.is_open, Deadline.due < today)
    found = session.scalars(
        query.options(
            selectinload(Deadline.nudges).selectinload(Nudge.message),
            selectinload(Deadline.award).selectinload(Award.application),
            selectinload(Deadline.own_application),
        )
    )
    return [_as_data(deadline, office.policy, today) for deadline in found]


def _as_data(deadline: Deadline, policy: Policy, today: date) -> dict[str, Any]:
    sent_at = {
        (nudge.step, nudge.person): nudge.message.settled_at
        for nudge in deadline.nudges
        if nudge.message.outcome == "sent" and nudge.due == deadline.due
    }
    steps = []
    has_second = deadline.application is not None and bool(deadline.application.second_email)
    for step in policy.nudge_steps.get(deadline.kind, ()):
        if step.to == "second_contact" and not has_second:
            continue
        instant = sent_at.get((step.days, step.to))
        steps.append({"days": step.days, "to": step.to, "sent_at": instant.isoformat() if instant else None})
    return {
        "reference": deadline.reference,
        "kind": deadline.kind,
        "due": deadline.due.isoformat(),
        "state": state_of(deadline, today),
        "steps": steps,
    }
