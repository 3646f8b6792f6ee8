"""An application is corrected while a question is open that allows it (A5): its answers are sent back, and sent again.

What is typed is kept beside the application, which stays as it was sent until the corrected one is sent in its place.
That answers the question. The trail keeps the facts as they were first, and what each correction changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core import applications, asking, outbox
from core.assessing import facts_data
from core.errors import Conflict, Refused
from core.office import Office, london_day, london_moment
from core.records import Application, Asked, Correction
from core.rules.lifecycle import ApplicationAction, ApplicationState
from core.rules.questions import ApplicationFacts
from core.rules.words import listed

CORRECTED: Final = "corrected"
"""The kind of the trail's line about one, and of the mail."""

_PRIVATE: Final = frozenset({"contact_name", "contact_email", "second_name", "second_email", "postcode"})
"""What the trail says only that it changed: it can never be taken out of it again."""

_COLUMNS: Final = (
    "organisation_name", "organisation_type", "charity_number", "company_number", "postcode", "contact_name",
    "contact_email", "second_name", "second_email", "title", "need", "existing_provision", "plan_objective", "csp_area",
    "purpose", "age_from", "age_to", "send", "start_on", "end_on", "amount", "purchases",
)  # fmt: skip


def open_for(session: Session, application: Application) -> Asked | None:
    """The open question that the application may be corrected for, if there is one."""
    if application.status != ApplicationState.QUERIED:
        return None
    asked = asking.open_question(session, application)
    return asked if asked is not None and asked.may_correct else None


def begun(session: Session, asked: Asked) -> Correction | None:
    """What has been typed for a question and was not sent."""
    query = select(Correction).where(Correction.asked_id == asked.id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def answers_of(session: Session, application: Application, asked: Asked) -> Mapping[str, Any]:
    """The answers as they are being corrected: those that were sent, where nothing has been typed yet."""
    correction = begun(session, asked)
    return correction.answers if correction is not None else application.answers


def unsent(session: Session, application: Application) -> Mapping[str, Any] | None:
    """The answers of the latest correction that was begun and came too late to be sent; None where there is none."""
    query = _of(application).where(Asked.ended_at.is_not(None)).order_by(Correction.id.desc())
    correction = session.scalars(query).first()
    return correction.answers if correction is not None else None


def how_it_closed(session: Session, application: Application) -> str:
    """What somebody is told who goes on with a correction that nobody waits for now; "" where nobody ever did."""
    mine = (Asked.application_id == application.id) & Asked.may_correct & Asked.ended_at.is_not(None)
    asked = session.scalars(select(Asked).where(mine).order_by(Asked.id.desc())).first()
    if asked is None or asked.ended_at is None:
        return ""
    decision, state = application.decision, application.status
    if state == ApplicationState.WITHDRAWN:
        what = f"The application was withdrawn on {london_moment(asked.ended_at)}"
    elif decision is not None:
        what = f"We decided on the application on {london_moment(decision.made_at)}"
    else:
        how = "taken back" if asked.answer is None else "answered"
        what = f"Our question was {how} on {london_moment(asked.ended_at)}"
    return f"{what}. So we do not wait for a correction any more: the application stays as it was sent before."


def _of(application: Application) -> Select[Correction]:
    mine = Asked.application_id == application.id
    return select(Correction).join(Asked, Asked.id == Correction.asked_id).where(mine)


def save(
    session: Session,
    application: Application,
    typed: Mapping[str, str],
    *,
    now: datetime,
    seen: str = "",
) -> None:
    """Keep what was typed, right or wrong, until it is sent; `seen` as `applications.save` takes it.

    Raises ChangedMeanwhile, and keeps nothing, where somebody else has saved something else in these fields; Conflict
    where no correction is waited for.
    """
    application = applications.held(session, application.id)
    asked = open_for(session, application)
    if asked is None:
        raise Conflict("We do not wait for a correction any more.", "A5")
    correction = begun(session, asked)
    kept = correction.answers if correction is not None else application.answers
    answers = applications.with_answers(kept, typed, seen)
    if correction is None:
        session.add(Correction(asked_id=asked.id, answers=answers, saved_at=now))
    else:
        correction.answers, correction.saved_at = answers, now
    session.flush()


def send(
    session: Session, asked_id: int, facts: ApplicationFacts, *, office: Office, source: str, now: datetime
) -> Application:
    """Put the corrected application in the place of what was sent, which answers the question.

    `facts` are the corrected answers as they are read. Raises Conflict where the question has ended meanwhile, Refused
    where nothing was changed.
    """
    asked, application = asking.still_open(session, asked_id)
    if not isinstance(application, Application) or open_for(session, application) is not asked:
        raise Conflict("This question is not one to correct an application for.", "A5")
    before, correction, today = _said(application), begun(session, asked), london_day(now)
    for line in (*application.outcomes, *application.budget_lines):
        session.delete(line)
    session.flush()  # the old lines go first: the new ones have their numbers
    session.expire(application, ["outcomes", "budget_lines"])
    applications.move(session, application, ApplicationAction.ANSWER)
    with session.no_autoflush:
        if correction is not None:
            application.answers = dict(correction.answers)
        known = applications.keep(session, application, facts, office=office, today=today)
    after = _said(application)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not changed:
        raise Refused("Nothing is changed yet. Change an answer first, or answer our question in words.", "A5")
    for typed in session.scalars(_of(application)):
        session.delete(typed)
    asked.answer = f"The application was corrected: {listed(name.replace('_', ' ') for name in changed)}."
    asked.ended_by, asked.ended_at = source, now
    asking.dates_follow(session, asked, now=now)
    shown = [name for name in changed if name not in _PRIVATE]
    told = {
        "answer": asked.answer,
        "changed": changed,
        "before": {name: before.get(name) for name in shown},
        "after": {name: after.get(name) for name in shown},
        "facts": facts_data(known),
        "findings": application.findings,
        "policy": office.policy_version(session, now=now).fingerprint,
    }
    applications.tell(session, application, CORRECTED, source, told, now=now)
    applications.put_card(session, application, now)
    outbox.put(
        session,
        CORRECTED,
        subject=f"application-mail:{application.id}",
        key=f"{CORRECTED}:{asked.id}",
        payload={"application_id": application.id},
        now=now,
    )
    return application


def _said(application: Application) -> dict[str, Any]:
    """What an application says, JSON-ready: what a correction is compared by."""
    columns = {name: _plain(getattr(application, name)) for name in _COLUMNS}
    outcomes = [[one.outcome, one.measure, one.target] for one in application.outcomes]
    lines = [[one.item, one.pence] for one in application.budget_lines]
    return {**columns, "outcomes": outcomes, "budget": lines, **(application.extra or {})}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
