"""An application that was sent: where it stands, what happens next and by when, what was decided and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Response, abort, url_for
from sqlalchemy.orm import Session

from core import events
from core.answers_given import answers_given
from core.office import london_day
from core.records import Application, Award, Event
from core.returns import RETURN
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.policy import Policy
from intake import documents, pages


def _policy() -> Policy:
    return pages.office().policy


def where_it_stands(session: Session, token: str, application: Application) -> Response:
    """The page that an application's link leads to once it was sent."""
    office = pages.office()
    if application.reference is None:
        abort(404)
    fund = _policy().fund(application.fund)
    return pages.page(
        "status.html",
        title="Your application",
        application=application,
        award=application.award,
        fund_name=fund.name if fund else application.fund,
        next_steps=_next_steps(application),
        findings=[finding for finding in application.findings or [] if finding["verdict"] != "met"],
        history=_history(events.history(session, application.reference)),
        answers=answers_given(application, _policy()),
        documents=documents.notice(application, "a", token),
        address=f"{office.public_url.rstrip('/')}{url_for('apply.status', token=token)}",
    )


def _days_ahead() -> int:
    """How many days before a return is due its recipient first hears of it."""
    steps = _policy().nudge_steps.get(RETURN, ())
    return max((-step.days for step in steps if not step.to_staff), default=0)


def _returns_due(award: Award) -> str:
    """The days on which its returns are due, in a sentence."""
    days = [pages.day_text(deadline.due) for deadline in award.deadlines if deadline.kind == RETURN]
    return " and ".join([", ".join(days[:-1]), days[-1]]) if len(days) > 1 else "".join(days)


def _next_steps(application: Application) -> list[str]:
    """What happens next and by when, for the state that it is in."""
    award = application.award
    if award is not None:
        accept_by = pages.day_text(award.accept_by)
        return {
            AwardState.OFFERED: [
                f"We have e-mailed the offer to {application.contact_name}. Accept or refuse it by {accept_by}.",
                "An offer that is not accepted by then runs out.",
            ],
            AwardState.ACTIVE: [
                f"The award runs from {pages.day_text(award.start_on)} to {pages.day_text(award.end_on)}.",
                f"We need a monitoring return by {_returns_due(award)}.",
                f"We e-mail a link to each {_days_ahead()} days before it is due.",
            ],
            AwardState.COMPLETED: ["The award is complete. Nothing more is needed."],
            AwardState.REFUSED: ["You turned the offer down. Nothing more is needed."],
            AwardState.EXPIRED: [
                f"The offer was not accepted by {accept_by}, so it ran out. Write to us if you still want it."
            ],
            AwardState.DECOMMISSIONED: ["The award has ended early. Write to us with any question."],
        }[AwardState(award.status)]
    decided = f"Someone else decides, and we e-mail you the decision with its reasons{_decided_by(application)}."
    return {
        ApplicationState.SUBMITTED: ["An officer reads it and makes a recommendation.", decided],
        ApplicationState.QUERIED: ["We have asked you a question by e-mail. We go on when you answer it."],
        ApplicationState.RECOMMENDED: ["An officer has made a recommendation.", decided],
        ApplicationState.DECLINED: ["We are not able to fund this. The reasons are below. You may apply again."],
        ApplicationState.WITHDRAWN: ["You withdrew this application. Nothing more is needed."],
    }.get(ApplicationState(application.status), [])


def _decided_by(application: Application) -> str:
    """By when the office means to have decided, while that day has not passed."""
    if application.submitted_at is None:
        return ""
    aim = london_day(application.submitted_at) + timedelta(days=_policy().decision_days.value)
    return f". We aim to tell you by {pages.day_text(aim)}" if aim >= pages.office().today() else ""


_TOLD: Mapping[str, str] = {
    "submitted": "You sent the application",
    "recommended": "An officer made a recommendation",
    "approved": "Approved",
    "declined": "Declined",
    "offered": "We e-mailed you the offer",
    "offer_accepted": "You accepted the offer",
    "offer_refused": "You turned the offer down",
    "offer_expired": "The offer ran out",
    "return_received": "We received a monitoring return",
    "withdrawn": "You withdrew the application",
}
"""The lines of the trail that an applicant sees, in their words. Others are the office's own business."""


def _history(trail: Sequence[Event]) -> list[dict[str, Any]]:
    return [{"at": line.at, "what": _TOLD[line.kind]} for line in trail if line.kind in _TOLD]
