"""The agenda of a monitoring meeting as the desk drafts it (R2): from the last return, and what is still open.

It says what the recipient reported and leaves the judging to people: a number below its target is shown beside it, and
words are put side by side, since nobody knows from the words alone whether fewer or more was meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import asking, issues, meeting_notes
from core.issues import IssueState
from core.records import Award, Issue, MeetingAction, MonitoringReturn
from core.rules.calendar import date_text
from core.rules.lifecycle import ReturnState
from core.rules.money import display
from core.rules.words import counted

SHOWN: Final = 240
"""How many characters of a text an agenda shows: the return has all of it."""

_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9}")


def last_return(session: Session, award: Award) -> MonitoringReturn | None:
    """The latest return that came in."""
    query = select(MonitoringReturn).where(MonitoringReturn.award_id == award.id)
    return session.scalars(query.order_by(MonitoringReturn.due.desc()).limit(1)).first()


def drafted(session: Session, award: Award) -> str:
    """An agenda for the next meeting about an award: numbered points, with what is known under each."""
    came_in = last_return(session, award)
    raised = [one for one in issues.of_award(session, award) if one.status == IssueState.OPEN]
    points = [
        *(_of_the_return(session, award, came_in) if came_in is not None else _without_return(award)),
        ("What you raised with us", _issues(raised)),
        ("What we agreed last time", _actions(meeting_notes.still_to_do(session, award))),
        ("What comes next, and anything else that you want to raise", []),
    ]
    shown = [(heading, lines) for heading, lines in points if lines is not None]
    return "\n".join(
        line
        for number, (heading, lines) in enumerate(shown, start=1)
        for line in (f"{number}. {heading}", *(f"- {one}" for one in lines or ()))
    )


Point = tuple[str, list[str] | None]
"""A heading and what stands under it; None: it is left out."""


def _of_the_return(session: Session, award: Award, came_in: MonitoringReturn) -> list[Point]:
    due = date_text(came_in.due)
    accepted = "accepted" if came_in.status == ReturnState.ACCEPTED else "not accepted yet"
    asked = asking.questions(session, came_in)
    waits = [_cut(one.question) for one in asked if one.ended_at is None]
    first, rest = _measures(came_in.measures)
    spent = f"{display(came_in.spent)} of {display(award.amount)} spent; {display(award.paid)} paid"
    over = [f"{one['line']}: {display(one['spent'])} of {display(one['agreed'])}" for one in came_in.budget or ()]
    return [
        (f"How the project goes, since the return due on {due} ({accepted})", [_cut(came_in.narrative)]),
        ("Measures below their target, or to be compared with it", first or None),
        ("Measures at their target", rest or None),
        ("Money and people reached", [spent, *over, f"{counted(came_in.people, 'person', 'people')} reached"]),
        ("What service users and partners say", [_cut(came_in.views)] if came_in.views.strip() else []),
        ("Our open question", waits or None),
    ]


def _without_return(award: Award) -> list[Point]:
    agreed = [f"{one.measure}: target {one.target}" for one in award.application.outcomes]
    return [
        ("How the project has begun: no return has come in yet", []),
        ("What we agreed to measure", agreed or None),
        ("Money", [f"{display(award.amount)} awarded, {display(award.paid)} paid"]),
        ("What service users and partners say", []),
    ]


def _measures(measures: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Those to talk about first, and those whose number is at its target or over it."""
    first: list[str] = []
    rest: list[str] = []
    for one in measures:
        reached, target = str(one.get("achieved", "")), str(one.get("target", ""))
        said = f"{_cut(str(one.get('measure', '')), 100)}: {_cut(reached, 80)}, target {_cut(target, 80)}"
        now, wanted = _number(reached), _number(target)
        (rest if now is not None and wanted is not None and now >= wanted else first).append(said)
    return first, rest


def _number(text: str) -> int | None:
    return int(text.strip().replace(",", "")) if _NUMBER.fullmatch(text.strip()) else None


def _issues(raised: Sequence[Issue]) -> list[str] | None:
    return [_cut(one.text) for one in raised] or None


def _actions(actions: Sequence[MeetingAction]) -> list[str] | None:
    return [
        f"{one.who}: {_cut(one.what)}" + (f", by {date_text(one.due)}" if one.due else "") for one in actions
    ] or None  # fmt: skip


def _cut(text: str, most: int = SHOWN) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
