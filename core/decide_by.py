"""By when an application is to be decided (D0): so many days of the office's own time after it was submitted.

The clock runs only while the office can do something. While the applicant has a question it stands, so neither is
anybody of the office chased for what the applicant has, nor does a question cost the office the days that it needs to
decide; the applicant's page has always counted so. It stands, too, while a decision stands: one that is undone leaves
the office the days which it had left when it decided. Who waits for a decision sees the same day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import deadlines
from core.office import Office, london_day
from core.records import Application, Asked, Deadline, Decision
from core.rules.lifecycle import TO_DECIDE, ApplicationState
from core.rules.policy import Policy

DECISION: Final = "decision"
"""The kind of the deadline by which an application is to be decided."""

_THE_OFFICE_HAS_IT: Final = frozenset({ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED})
_DECIDED: Final = frozenset({ApplicationState.APPROVED, ApplicationState.DECLINED})


def subject(application: Application) -> str:
    """What deadlines of an application are about."""
    return f"application:{application.id}"


def deadline_of(session: Session, application: Application) -> Deadline | None:
    """The one deadline of its decision, whether it is open or not, as it stands now."""
    mine = select(Deadline).where(Deadline.subject == subject(application), Deadline.kind == DECISION)
    return session.scalars(mine.execution_options(populate_existing=True)).one_or_none()


def begin(session: Session, application: Application, *, office: Office, now: datetime) -> None:
    """Set the day by which an application that is being submitted is to be decided."""
    _set(session, application, promised(application, office.policy), now=now)


def follow(session: Session, application: Application, *, now: datetime, office: Office | None = None) -> None:
    """Let the deadline follow how the application stands: waited for, stopped, met or closed. Safe to repeat.

    With the `office` one that is waited for and has none gets it: it was decided before there were any.
    """
    found, state = deadline_of(session, application), ApplicationState(application.status)
    if found is None:
        if office is not None:
            catch_up(session, application, office=office, silent_before=london_day(now), now=now)
        return
    if state in _THE_OFFICE_HAS_IT:
        if not found.is_open:
            due = _counted(session, application, found.first_due or found.due)
            deadlines.wait_again(session, found, due=due, since=london_day(now), now=now)
            session.flush()
    elif found.is_open and state in _DECIDED:
        deadlines.meet(session, found, now=now)
    elif found.is_open:
        deadlines.close(session, subject=found.subject, kinds=[DECISION], now=now)


def catch_up(session: Session, application: Application, *, office: Office, silent_before: date, now: datetime) -> bool:
    """Set the day of an application that is to be decided and has none; answers whether. It is from before any."""
    if ApplicationState(application.status) not in TO_DECIDE or deadline_of(session, application) is not None:
        return False
    due = _counted(session, application, promised(application, office.policy))
    _set(session, application, due, now=now, silent_before=silent_before)
    session.flush()
    follow(session, application, now=now)
    return True


def _set(
    session: Session,
    application: Application,
    due: date,
    *,
    now: datetime,
    silent_before: date | None = None,
) -> None:
    deadlines.set_deadline(
        session,
        subject=subject(application),
        reference=application.reference or "",
        kind=DECISION,
        due=due,
        now=now,
        application_id=application.id,
        silent_before=silent_before,
    )


def day_of(session: Session, application: Application, policy: Policy) -> date | None:
    """The day by which an application that waits for the office is to be decided; None where it does not wait."""
    if application.submitted_at is None or ApplicationState(application.status) not in _THE_OFFICE_HAS_IT:
        return None
    found = deadline_of(session, application)
    return found.due if found is not None else _counted(session, application, promised(application, policy))


def promised(application: Application, policy: Policy) -> date:
    """The day that whoever sends an application is told of: the office's own days after it came in."""
    submitted = application.submitted_at or application.saved_at
    return london_day(submitted) + timedelta(days=policy.decision_days.value)


def _counted(session: Session, application: Application, promised: date) -> date:
    """The day, with those added on which the office could not go on: of questions, and of decisions undone since."""
    asked = select(Asked.asked_at, Asked.ended_at).where(
        Asked.application_id == application.id, Asked.return_id.is_(None), Asked.ended_at.is_not(None)
    )
    undone = select(Decision.made_at, Decision.undone_at).where(
        Decision.application_id == application.id, Decision.undone_at.is_not(None)
    )
    stood = [*session.execute(asked), *session.execute(undone)]
    days = sum((london_day(ended) - london_day(began)).days for began, ended in stood if ended is not None)
    return promised + timedelta(days=days)
