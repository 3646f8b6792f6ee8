"""How things that fall due stand, for whoever reads of them: whose, how late, what was done last, what happens next.

Pure reading, for many at once: the same lines are in a message in Slack and on the staff pages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from core import owning
from core.deadlines import APPLICATION_ID, planned
from core.decide_by import DECISION
from core.office import Office, london_day
from core.records import Application, Award, Deadline, Event, Person
from core.rules.calendar import date_text
from core.rules.falling_due import FallingDue, named
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Role
from core.rules.words import capital, listed
from core.sweeping import highest_sent

_WHO: Final = {
    "recipient": "the recipient",
    "second_contact": "their second contact",
    "officer": "the officer",
    "director": "the Director",
}

_YOU: Final = "you"

_ACTS: Final = (
    "deadline_chased",
    "deadline_extended",
    "deadline_reassigned",
    "deadline_snoozed",
    "more_time_agreed",
    "offer_extended",
    "bid_moved",
    "opportunity_extended",
    "payment_moved",
    "look_moved",
)
"""The lines of the trail that tell what the office did about a deadline."""


@dataclass(frozen=True)
class Act:
    """What somebody did about a deadline: the kind of the line, by whom, what in words after their name, and when.

    `note` is what they wrote about it.
    """

    kind: str
    by: str
    words: str
    on: date
    note: str = ""


@dataclass(frozen=True)
class Reader:
    """Who reads of what falls due, and is spoken to: "you". Neither a person nor the channel: whoever it may be.

    `person` is their number, `director` whether the Director's steps are theirs; `decides` are the deadlines that they
    were told of as whoever may decide. `channel`: all who are in the deadlines channel read it.
    """

    person: int | None = None
    director: bool = False
    decides: frozenset[int] = frozenset()
    channel: bool = False


ANYBODY: Final = Reader()


def reading(person: Person, *, decides: Iterable[int] = ()) -> Reader:
    """A member of staff as the reader of what falls due."""
    return Reader(person.id, person.role == Role.DIRECTOR, frozenset(decides))


@dataclass(frozen=True)
class DueLine:
    """One thing that falls due. `who` is the organisation, or the title of what is the office's own.

    `days_late` is negative while its day is still to come. `owner` is "" where it is nobody's in particular, and it is
    `yours` where it is the reader's. `chased` and `last` are what was done about it last, `next` what the desk does by
    itself and when.
    """

    id: int
    reference: str
    kind: FallingDue
    who: str
    project: str
    due: date
    days_late: int
    owner_id: int | None
    owner: str
    yours: bool
    chased: Act | None
    last: Act | None
    snoozed_until: date | None
    next: str
    met_on: date | None
    closed_on: date | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.met_on is None and self.closed_on is None

    @property
    def whose(self) -> str:
        """Who looks after it, in a sentence."""
        if self.yours:
            return "You look after it."
        return f"With {self.owner}." if self.owner else "Nobody looks after it."

    @property
    def quiet(self) -> str:
        """Until when whoever looks after it hears nothing, in a sentence; "" where nobody snoozed it."""
        if self.snoozed_until is None:
            return ""
        until = date_text(self.snoozed_until)
        return f"You hear no more of it until {until}." if self.yours else f"No more to the officer until {until}."

    @property
    def what_next(self) -> str:
        """What the desk does by itself and when, in a sentence: what it chases no more is for the office to chase."""
        return f"{self.next}." if self.next else "Nobody is told of it again."

    @property
    def what(self) -> str:
        """Its kind and its reference, after `who`: of the Provider Forum, which is called what it is, the reference."""
        return self.reference if self.who == self.kind.noun else f"{self.kind.noun}, {self.reference}"

    @property
    def when(self) -> str:
        """When it is or was due, in words."""
        if self.days_late == -1:
            return f"due tomorrow, {date_text(self.due)}"
        if self.days_late < 0:
            return f"due on {date_text(self.due)}, in {_days(-self.days_late)}"
        if self.days_late == 0:
            return f"due today, {date_text(self.due)}"
        ago = "yesterday" if self.days_late == 1 else f"{_days(self.days_late)} ago"
        return f"was due on {date_text(self.due)}, {ago}"


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"


def lines(
    session: Session, found: Sequence[Deadline], *, office: Office, today: date, reader: Reader = ANYBODY
) -> list[DueLine]:
    """The line of each for its reader, in their order. Their awards and applications are best loaded already."""
    acts = _acts(session, found)
    sent = highest_sent(session, [one.id for one in found if one.is_open])
    return [
        _line(one, acts.get(one.id, []), _next(one, sent, office=office, today=today, reader=reader), today, reader)
        for one in found
    ]


def _line(deadline: Deadline, acts: Sequence[Act], following: str, today: date, reader: Reader) -> DueLine:
    application, owner = deadline.application, owning.looks_after(deadline)
    return DueLine(
        id=deadline.id,
        reference=deadline.reference,
        kind=named(deadline.kind),
        who=(application.organisation_name if application is not None else deadline.title) or "",
        project=(application.title or "") if application is not None else "",
        due=deadline.due,
        days_late=(today - deadline.due).days,
        owner_id=owner.id if owner is not None else None,
        owner=owner.name if owner is not None else "",
        yours=owner is not None and owner.id == reader.person,
        chased=next((one for one in reversed(acts) if one.kind == "deadline_chased"), None),
        last=acts[-1] if acts else None,
        snoozed_until=deadline.snoozed_until if (deadline.snoozed_until or today) > today else None,
        next=following,
        met_on=london_day(deadline.met_at) if deadline.met_at is not None else None,
        closed_on=london_day(deadline.closed_at) if deadline.closed_at is not None else None,
    )


def _next(
    deadline: Deadline, sent: Mapping[tuple[int, str], int], *, office: Office, today: date, reader: Reader
) -> str:
    """Whom the desk tells of it next by itself, and when it comes to the Director; "" where it tells nobody more.

    What a later step took the place of is never sent, and so is not promised.
    """
    application, from_on = deadline.application, deadline.next_step_on
    absent = set()
    if application is not None:
        absent |= {"recipient"} if not application.contact_email else set()
        absent |= {"second_contact"} if not application.second_email else set()
    days: dict[str, date] = {}
    for step, on in planned(office, deadline.kind, deadline.due, deadline.snoozed_until):
        had = sent.get((deadline.id, step.to))
        comes = from_on is not None and on >= from_on and (had is None or step.days > had)
        if comes and on > today and step.to not in absent:
            days[step.to] = min(days.get(step.to, on), on)
    if not days or not deadline.is_open:
        return ""
    names = _called(deadline, reader)
    first = min(days.values())
    told = {names[to]: to for to in _WHO if days.get(to) == first}
    who = sorted(told, key=lambda name: name != _YOU)
    said = f"{listed(who)} {'is' if len(who) == 1 and who != [_YOU] else 'are'} told on {date_text(first)}"
    if "director" in days and days["director"] > first:
        said += f", {names['director']} on {date_text(days['director'])}"
    return capital(said)


def _called(deadline: Deadline, reader: Reader) -> dict[str, str]:
    """What each of those who are told of a deadline is called, to its reader."""
    names, application = dict(_WHO), deadline.application
    owner = owning.looks_after(deadline)
    if deadline.kind == DECISION and application is not None and application.status == ApplicationState.RECOMMENDED:
        names["officer"] = _YOU if deadline.id in reader.decides else "whoever may decide it"
    elif owner is None:
        names["officer"] = "this channel" if reader.channel else "the deadlines channel"
    elif owner.id == reader.person:
        names["officer"] = _YOU
    if reader.director:
        names["director"] = _YOU
    return names


def last_acts(session: Session, found: Sequence[Deadline]) -> Mapping[int, Act]:
    """What the office did about each of them last, by their numbers."""
    return {number: acts[-1] for number, acts in _acts(session, found).items()}


def _acts(session: Session, found: Sequence[Deadline]) -> Mapping[int, list[Act]]:
    """Everything that the office did about each of them, the earliest first."""
    if not found:
        return {}
    of: dict[str, list[Deadline]] = defaultdict(list)
    for deadline in found:
        of[deadline.reference].append(deadline)
    query = select(Event).where(Event.reference.in_(list(of)), Event.kind.in_(_ACTS)).order_by(Event.sequence)
    acts: dict[int, list[Act]] = defaultdict(list)
    for line in session.scalars(query):
        for deadline in of[line.reference]:
            if _is_about(line, deadline):
                acts[deadline.id].append(_act(line))
    return acts


def _is_about(line: Event, deadline: Deadline) -> bool:
    told: Mapping[str, Any] = line.data
    if "deadline" in told:
        return bool(told["deadline"] == deadline.id)
    if line.kind == "offer_extended":
        return deadline.kind == "acceptance" and told.get("award") in (None, deadline.award_id)
    if line.kind in ("bid_moved", "opportunity_extended"):
        return deadline.kind == ("bid" if line.kind == "bid_moved" else "opportunity")
    if line.kind == "payment_moved":
        return deadline.kind == "payment" and told.get("planned_on") == deadline.due.isoformat()
    if line.kind == "look_moved":
        return deadline.kind == "review" and told.get("until") == deadline.due.isoformat()
    return deadline.kind == "return" and told.get("until") == deadline.due.isoformat()


def _act(line: Event) -> Act:
    told: Mapping[str, Any] = line.data
    by = re.sub(r" \([^()]*, person \d+\)$", "", line.actor)
    note = str(told.get("note") or told.get("reason") or "")
    return Act(line.kind, by, _words(line.kind, told, by), london_day(line.at), note)


def _words(kind: str, told: Mapping[str, Any], by: str) -> str:
    def on(name: str) -> str:
        return date_text(date.fromisoformat(str(told[name])))

    match kind:
        case "deadline_chased":
            return "chased it"
        case "deadline_reassigned":
            return f"gave it to {told.get('name') or 'nobody in particular'}"
        case "deadline_snoozed":
            return f"asked to hear no more of it until {on('until')}"
        case "offer_extended":
            return f"kept the offer open until {on('accept_by')}"
        case "bid_moved" | "opportunity_extended":
            return f"moved its day to {on('closes_on')}"
        case "payment_moved":
            return f"moved its day to {on('planned_on')}"
        case _:
            agreed = told.get("agreed_by")
            with_whom = f", as {agreed} agreed" if agreed and agreed != by else ""
            return f"gave it until {on('until')}{with_whom}"


def counts(found: Iterable[DueLine]) -> str:
    """How many of each kind, in words: "2 monitoring returns and 1 offer to be accepted"."""
    numbers: dict[str, int] = defaultdict(int)
    kinds: dict[str, FallingDue] = {}
    for one in found:
        numbers[one.kind.id] += 1
        kinds[one.kind.id] = one.kind
    return listed(
        f"{number:,} {kinds[kind].noun if number == 1 else kinds[kind].plural}" for kind, number in numbers.items()
    )


@dataclass(frozen=True)
class Wanted:
    """Which of what is open is wanted: due by `until` at the latest, of one `kind`, of these people, overdue alone, or
    what nobody looks after.
    """

    until: date
    kind: str = ""
    of: frozenset[int] | None = None
    overdue_on: date | None = None
    nobodys: bool = False


def falling_due(session: Session, wanted: Wanted, *, first: int = 0, most: int) -> tuple[list[Deadline], int]:
    """What is open and falls due, the earliest first, from the `first` on at most so many; and how many there are."""
    found = (
        select(Deadline)
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == APPLICATION_ID)
        .where(Deadline.is_open, Deadline.due <= wanted.until)
    )
    if wanted.kind:
        found = found.where(Deadline.kind == wanted.kind)
    if wanted.overdue_on is not None:
        found = found.where(Deadline.due < wanted.overdue_on)
    if wanted.of is not None:
        taken = Deadline.owner_id.is_(None) & Application.taken_by_id.in_(wanted.of)
        found = found.where(or_(Deadline.owner_id.in_(wanted.of), taken))
    if wanted.nobodys:
        here = select(Person.id).where(Person.active)
        gone = or_(Application.taken_by_id.is_(None), Application.taken_by_id.not_in(here))
        found = found.where(or_(Deadline.owner_id.is_(None), Deadline.owner_id.not_in(here)), gone)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    page = found.order_by(Deadline.due, Deadline.id).offset(first).limit(most)
    loaded = page.options(
        selectinload(Deadline.award).selectinload(Award.application), selectinload(Deadline.own_application)
    )
    return list(session.scalars(loaded)), total
