"""Mail that will never arrive: a line in the trail, and a word to the officer, once for each mail.

A mail server refuses at once; GOV.UK Notify takes a mail and says later that nobody got it. Either way somebody must be
told by telephone instead, and the office has to find out a better address. The address itself is told nowhere (W4).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import deadlines, events, outbox
from core.records import Application, Asked, Award, MonitoringReturn, OutboxMessage

KIND = "mail_refused"
"""The kind of the message to the officer, and of the line in the trail."""


def note(session: Session, message: OutboxMessage, *, by: str, code: str, now: datetime) -> bool:
    """Note that this mail was refused, and tell the officer. False, and nothing done, if that was noted before.

    `by` is who refused it, `code` what they call it: "550", "permanent-failure". The mail's row is held, or its claim
    is, so that two who hear of one refusal note it once.
    """
    if message.payload.keys() & {"link_request_id", "slack_code_id"}:  # anybody may ask, and it is no applicant's mail
        return False
    key = f"{KIND}:{message.id}"
    if session.scalar(select(OutboxMessage.id).where(OutboxMessage.key == key)) is not None:
        return False
    about = applications_of(session, message)
    for application in about:
        if application.reference:
            told = {"mail": message.kind, "message": message.id, "code": code}
            events.append(session, KIND, application.reference, by, told, now=now)
    payload = {"message_id": message.id, "by": by}
    outbox.put(session, KIND, subject=f"mail-refused:{message.id}", key=key, payload=payload, now=now)
    return True


def applications_of(session: Session, message: OutboxMessage) -> list[Application]:
    """The applications that a mail is about, by reference. Its payload holds one of these ids, or it is a nudge."""
    payload = message.payload
    found: list[Application | None] = []
    if "application_id" in payload:
        found = [session.get(Application, payload["application_id"])]
    elif "award_id" in payload:
        award = session.get(Award, payload["award_id"])
        found = [award.application if award else None]
    elif "return_id" in payload:
        came_in = session.get(MonitoringReturn, payload["return_id"])
        found = [came_in.award.application if came_in else None]
    elif "asked_id" in payload:
        asked = session.get(Asked, payload["asked_id"])
        found = [asked.application if asked else None]
    else:
        nudged = (nudge.deadline.award for nudge in deadlines.nudges_of(session, message))
        found = [award.application if award else None for award in nudged]
    known = {application.id: application for application in found if application is not None}
    return sorted(known.values(), key=lambda application: application.reference or "")
