"""The trail in the thread of an application's card: a line for each thing that staff want to hear of in passing.

A change is known by its line in the trail, so nothing that writes such a line has to think of the thread. A note holds
the number of its line and is worded from it when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
from core.records import Application

KIND: Final = "card_note"

TOLD: Final = frozenset(
    {
        "entered_for",
        "queried",
        "answered",
        "corrected",
        "question_taken_back",
        "taken",
        "let_go",
        "put_on_list",
        "taken_off_list",
        "recommended",
        "recommendation_undone",
        "decision_undone",
        "interest_declared",
        "approved",
        "declined",
        "withdrawn",
        "offer_extended",
        "offer_accepted",
        "offer_refused",
        "offer_expired",
        "offer_withdrawn",
        "completed",
        "decommissioned",
    }
)
"""The kinds of lines that are told. The card itself tells of a submission, and of who has taken it on by what they did:
of that another line is told.
"""


def subject_of(application_id: int) -> str:
    """What a card and its notes are about: they go out in their order."""
    return f"application:{application_id}"


def applications_of(session: Session, lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The applications whose cards these lines are to be told under, by reference."""
    references = {str(line["reference"]) for line in lines if _is_told(line)}
    if not references or outbox.is_withheld(session):
        return {}
    found = select(Application.reference, Application.id).where(Application.reference.in_(references))
    return {reference: number for reference, number in session.execute(found) if reference is not None}


def put(session: Session, lines: Iterable[Mapping[str, Any]], applications: Mapping[str, int]) -> None:
    """Write a note into the outbox for each line, now that it has its number, in the order of the lines."""
    notes = [
        outbox.message_of(
            KIND,
            subject=subject_of(applications[line["reference"]]),
            key=f"{KIND}:{line['sequence']}",
            payload={"application_id": applications[line["reference"]], "line": line["sequence"]},
            now=line["at"],
        )
        for line in lines
        if _is_told(line) and line["reference"] in applications
    ]
    outbox.put_all(session, notes)


def _is_told(line: Mapping[str, Any]) -> bool:
    return line["kind"] in TOLD and not (line["kind"] == "taken" and line["data"].get("by"))
