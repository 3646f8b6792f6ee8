"""What a reminder by mail says of each kind of thing that falls due: what it is, what to do, and what follows if not.

One function for a kind; a kind that has none is called as staff call it, and leads to where the application stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from core import agreements, asking, awards, returns
from core.links import Purpose
from core.records import Asked, Deadline
from core.rules.calendar import date_text
from core.rules.falling_due import named
from core.rules.money import display
from core.rules.words import capital


@dataclass(frozen=True)
class Reminder:
    """`thing` as it stands in a sentence ("your monitoring return"), `action` as the words of its link.

    `short` is what it is called in the subject of a mail, where that is shorter.
    `otherwise` is what happens if it is not done, where the office's text of the step does not say it; `purpose` and
    `subject_id` are where its link leads.
    """

    thing: str
    action: str
    purpose: Purpose
    subject_id: int
    otherwise: str = ""
    short: str = ""

    @property
    def subject(self) -> str:
        """What it is called at the beginning of a subject."""
        return capital(self.short or self.thing)


def of(session: Session, deadline: Deadline) -> Reminder:
    """The words of a deadline for whoever is to do it, and where its link leads."""
    return _KINDS.get(deadline.kind, _any)(session, deadline)


def _return(_session: Session, deadline: Deadline) -> Reminder:
    thing = "your final monitoring return" if deadline.final else "your monitoring return"
    action = f"Send the return of {deadline.reference} due on {date_text(deadline.due)}"
    return Reminder(thing, action, "return", deadline.id)


def _offer(_session: Session, deadline: Deadline) -> Reminder:
    amount = display(deadline.award.amount) if deadline.award is not None else ""
    return Reminder(
        f"your answer to our offer of {amount}",
        f"Read and answer offer {deadline.reference}",
        "offer",
        deadline.award_id or 0,
        "If you have not accepted by the end of that day, the offer expires and the money goes back to the fund.",
        "your answer to our offer",
    )


def _answer(session: Session, deadline: Deadline) -> Reminder:
    asked = session.get(Asked, int(deadline.subject.removeprefix("asked:")))
    came_in = asked.monitoring_return if asked is not None else None
    if came_in is not None:
        of_return = returns.due_on(came_in.award, came_in.due)
        return Reminder(
            f"your answer to our question about the return due on {date_text(came_in.due)}",
            f"Answer our question about the return of {deadline.reference}",
            "return",
            of_return.id,
            "We cannot accept the return until we have your answer.",
            "your answer to our question",
        )
    return Reminder(
        "your answer to our question about your application",
        f"Answer our question about {deadline.reference}",
        "application",
        _application(deadline),
        "We cannot go on with your application until we have your answer.",
        "your answer to our question",
    )


def _agreement(_session: Session, deadline: Deadline) -> Reminder:
    return Reminder(
        "your signed agreement",
        f"See where {deadline.reference} stands",
        "application",
        _application(deadline),
        "We make no payment before it is signed.",
    )


def _any(_session: Session, deadline: Deadline) -> Reminder:
    return Reminder(
        f"the {named(deadline.kind).noun}",
        f"See where {deadline.reference} stands",
        "application",
        _application(deadline),
    )


def _application(deadline: Deadline) -> int:
    return deadline.application.id if deadline.application is not None else 0


_KINDS: Final[Mapping[str, Callable[[Session, Deadline], Reminder]]] = {
    returns.RETURN: _return,
    awards.ACCEPTANCE: _offer,
    asking.ANSWER: _answer,
    agreements.AGREEMENT_KIND: _agreement,
}
