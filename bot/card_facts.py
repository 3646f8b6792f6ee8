"""What a card, and a form that opens from it, shows of an application: facts, already read, and nothing to look up.

Nothing here reads a record, a clock or Slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.words import NOTHING, Typed
from core.rules.lifecycle import TO_DECIDE, ApplicationState, AwardState


@dataclass(frozen=True)
class Point:
    """A finding as the card shows it: rule, verdict ("met", "not_met", "advice"), why, and what would mend it.

    `needed_by` is the step that waits for the remedy, such as "recommendation" or "payment"; "" where none does.
    """

    rule: str
    verdict: str
    because: Typed
    remedy: Typed = NOTHING
    needed_by: str = ""


@dataclass(frozen=True)
class FundLeft:
    """What a fund has in the year that the award would fall in, in pence; `available` None: nothing allocated yet."""

    name: str
    year: str
    available: int | None


@dataclass(frozen=True)
class Recommended:
    """The recommendation that stands: by whom, what ("approve", "less", "decline"), how much in pence, and why."""

    by: Typed
    outcome: str
    amount: int
    reasons: Typed
    conditions: Typed
    at: datetime


@dataclass(frozen=True)
class Outside:
    """That a decision was made outside the desk: on which day, under which document, and who put it on record."""

    on: date
    document: Typed
    recorded_by: Typed


@dataclass(frozen=True)
class Decided:
    """The decision: by whom, "approved" or "declined", how much in pence if approved, and why.

    Of one that was made outside the desk `at` is when it was put on record.
    """

    by: Typed
    outcome: str
    amount: int | None
    reasons: Typed
    conditions: Typed
    at: datetime
    outside: Outside | None = None


@dataclass(frozen=True)
class Asked:
    """The last question to the applicant: by whom, when, and the answer; `answer` is empty while there is none.

    `open`: it waits for the answer.
    """

    by: Typed
    at: datetime
    question: Typed
    answer: Typed
    open: bool


@dataclass(frozen=True)
class Before:
    """What the organisation was given before, in pence, and what of it still runs; and its returns that are overdue.

    `overdue` are references with the day on which each was due, the earliest first.
    """

    awards: int = 0
    total: int = 0
    live: int = 0
    live_total: int = 0
    overdue: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True)
class Papers:
    """Documents that came with it: how many are there, how many of them wait for the scanner, how many it refused."""

    there: int = 0
    waiting: int = 0
    harmful: int = 0


@dataclass(frozen=True)
class Basis:
    """On which power an award would be made, and why it reduces crime, to be confirmed or changed (L1, L2).

    `powers` are those of the policy, each its id and words, `power` the id of the one that is suggested ("": none).
    """

    powers: tuple[tuple[str, str], ...] = ()
    power: str = ""
    contribution: Typed = NOTHING


@dataclass(frozen=True)
class Taken:
    """Whose it is: the officer who took it on, and when."""

    by: Typed
    at: datetime


@dataclass(frozen=True)
class ApplicationCard:
    """Everything that a card shows. Money in pence. `next_step` is the desk's sentence on who may do what next.

    `as_of` is the day on which the fund, the organisation and the documents were looked at: those change behind the
    card's back, so it says so. `noticed` is what the desk saw when it came in, such as an earlier bid that looks like
    it: a sentence each. `sitting` is the sitting on whose list it is, "" for none. `may_undo`: whoever recommended or
    decided last can still take that back.
    """

    id: int
    version: int
    reference: str
    state: ApplicationState
    kind: str
    organisation: Typed
    title: Typed
    need: Typed
    amount: int
    purchases: int
    area: Typed
    objective: Typed
    outcomes: tuple[Typed, ...]
    start: date | None
    end: date | None
    points: tuple[Point, ...]
    fund: FundLeft
    submitted_at: datetime
    next_step: str
    out: tuple[Typed, ...] = ()
    recommendation: Recommended | None = None
    decision: Decided | None = None
    award: AwardState | None = None
    accept_by: date | None = None
    register_url: str = ""
    as_of: date | None = None
    before: Before = Before()
    papers: Papers = Papers()
    taken: Taken | None = None
    sitting: str = ""
    may_undo: bool = False
    noticed: tuple[str, ...] = ()
    asked: Asked | None = None

    @property
    def open(self) -> bool:
        """Whether a decision is still to come: the buttons that lead to one are there then, and at no other time."""
        return self.state in TO_DECIDE

    def of(self, verdict: str) -> tuple[Point, ...]:
        """The findings with this verdict, in their own order."""
        return tuple(point for point in self.points if point.verdict == verdict)
