"""Webhooks out: which changes other systems are told of. One message for each change and endpoint, in its transaction.

A change is known by its line in the trail, so nothing that writes such a line has to think of webhooks. What the office
is still weighing, and what is nobody else's business, is not told; no message holds a personal detail.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from core import outbox
from core.records import OutboxMessage

KIND = "webhook"
_ENDPOINTS = "webhook_endpoints"


@dataclass(frozen=True)
class Change:
    """What others are told of a line of the trail: the type of the change, and how the thing then stands.

    `in_register`: the award is public by then, and has an address of its own in the API.
    """

    type: str
    status: str
    in_register: bool = False

    @property
    def of_return(self) -> bool:
        """Whether it is about a return: then it names the day on which that is due."""
        return self.type.startswith("award.return_")


CHANGES: Mapping[str, Change] = {
    "submitted": Change("application.submitted", "submitted"),
    "queried": Change("application.queried", "queried"),
    "answered": Change("application.answered", "submitted"),
    "corrected": Change("application.corrected", "submitted"),
    "question_taken_back": Change("application.question_taken_back", "submitted"),
    "approved": Change("application.approved", "approved"),
    "declined": Change("application.declined", "declined"),
    "decision_undone": Change("application.decision_undone", "submitted"),
    "withdrawn": Change("application.withdrawn", "withdrawn"),
    "offered": Change("award.offered", "offered"),
    "measures_agreed": Change("award.measures_agreed", "offered"),
    "offer_extended": Change("award.offer_extended", "offered"),
    "offer_accepted": Change("award.accepted", "active", in_register=True),
    "recorded_outside": Change("award.recorded", "active", in_register=True),
    "offer_refused": Change("award.refused", "refused"),
    "offer_expired": Change("award.expired", "expired"),
    "offer_withdrawn": Change("award.offer_withdrawn", "expired"),
    "return_received": Change("award.return_received", "received", in_register=True),
    "return_queried": Change("award.return_queried", "queried", in_register=True),
    "return_answered": Change("award.return_answered", "received", in_register=True),
    "return_question_taken_back": Change("award.return_question_taken_back", "received", in_register=True),
    "return_corrected": Change("award.return_corrected", "queried", in_register=True),
    "more_time_agreed": Change("award.return_more_time_agreed", "due", in_register=True),
    "return_accepted": Change("award.return_accepted", "accepted", in_register=True),
    "varied": Change("award.varied", "active", in_register=True),
    "completed": Change("award.completed", "completed", in_register=True),
    "decommissioned": Change("award.decommissioned", "decommissioned", in_register=True),
}
"""What is told, by the kind of the line. A change of a return has the return's status, and the day it is due.

Where more time was agreed that is the new day.
"""


def follow(sessions: sessionmaker[Session], endpoints: Sequence[str]) -> None:
    """Tell these endpoints, each by its id, of every change that these sessions commit from now on."""
    sessions.configure(info={_ENDPOINTS: tuple(endpoints)})


def put(session: Session, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write what the lines of this transaction mean for others into the outbox, in their order.

    Nothing for a record that is set up with a past of its own.
    """
    endpoints = session.info.get(_ENDPOINTS, ())
    if endpoints and not outbox.is_withheld(session):
        outbox.put_all(session, [one for line in lines for one in _messages(line, endpoints)])


def _messages(line: Mapping[str, Any], endpoints: Iterable[str]) -> list[OutboxMessage]:
    change = CHANGES.get(line["kind"])
    if change is None:
        return []
    at: datetime = line["at"]
    event, reference = uuid.uuid4().hex, line["reference"]
    told = {
        "event": event,
        "type": change.type,
        "at": at.isoformat(),
        "reference": reference,
        "status": change.status,
        "in_register": change.in_register,
        "due": line["data"].get("until", line["data"].get("due")) if change.of_return else None,
    }
    return [
        outbox.message_of(
            KIND,
            subject=f"webhook:{endpoint}:{reference}",  # of one award, to one endpoint, in order
            key=f"webhook:{event}:{endpoint}",
            payload={**told, "endpoint": endpoint},
            now=at,
        )
        for endpoint in endpoints
    ]
