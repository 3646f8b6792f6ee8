"""What Slack says of deadlines, from the record: to the channel, to one person, and again when something was done.

What is told to one person together is one message; so is its wording here, whichever of its parts has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.award_given_message import award_given_message
from bot.blocks import Message
from bot.deadlines_message import MOST_BLOCKS, DueItem, Missed, deadlines_message
from bot.digest_message import digest_message, put_together
from bot.home_facts import home_facts
from bot.words import Typed, shown
from core import absences, chasing, direct, due_lines, mail_refusals, people
from core.deadlines import nudges_of, open_of
from core.due_lines import Reader
from core.errors import NotFound
from core.missed import MissedStep, missed_in
from core.nudge_messages import SHOWN, STAFF
from core.office import Office, london_day
from core.records import Application, Deadline, Nudge, OutboxMessage, Person
from core.rules.lifecycle import RUNNING, AwardState
from core.rules.words import listed
from scheduler.delivery import Handed
from scheduler.trouble import NotNow
from scheduler.wording import NothingLeft

DONE: Final = "everything that it was about has been done, has ended, has more time, or is not for them any more"

WHY: Final = {"gap": "the desk was not running then"}


def reader_of(session: Session, message: OutboxMessage, office: Office) -> Person | None:
    """Who reads a message to a person; None where nobody does."""
    person = session.get(Person, message.payload["person_id"])
    if person is None or not person.active:
        return None
    reader = absences.stands_in_for(session, person, office.today())
    return reader if reader.active and reader.slack_user else None


def not_for(session: Session, messages: Iterable[OutboxMessage], reader: Person) -> list[int]:
    """The nudges, by their numbers, that these messages hold and their reader is not to hear of: it was held until now,
    and they have an interest in what it is about (A2).
    """
    told = [nudge for one in messages if one.kind == direct.NUDGE for nudge in nudges_of(session, one)]
    return [nudge.id for nudge in told if _is_out(session, nudge.deadline, reader)]


def _is_out(session: Session, deadline: Deadline, reader: Person | None) -> bool:
    about = deadline.application
    return about is not None and reader is not None and reader.id in people.interested(session, about.id)


def _is_quiet(mine: Sequence[Nudge], today: date) -> bool:
    """Whether somebody has snoozed since what only the officer was to be told: they hear of it on that day."""
    until = mine[0].deadline.snoozed_until
    return until is not None and until > today and all(one.person.startswith("officer") for one in mine)


def in_channel(session: Session, message: OutboxMessage, office: Office, *, again: bool = False) -> Message:
    """What the deadlines channel is told; `again`: also of what has been done since. Raises NothingLeft.

    The message may be one to a person who has left, or has no Slack account any more: it is everybody's then.
    """
    to = message.payload.get("to", "staff")  # of an earlier desk "officer" or "director"; none of one to a person
    heading = "Deadlines" if to == "staff" else f"Deadlines for the {to}"
    found = _nudged(session, [message], heading, office, MOST_BLOCKS, again=again)
    if found is None:
        raise NothingLeft(DONE)
    return found


def to_person(
    session: Session,
    messages: Sequence[OutboxMessage],
    reader: Person,
    office: Office,
    *,
    now: datetime,
    again: bool = False,
) -> Message:
    """What one person is told together, as `in_channel`. Raises NothingLeft where all of it has been done meanwhile."""
    lists: dict[int, list[OutboxMessage]] = {}
    for one in messages:
        if one.kind == direct.NUDGE:
            lists.setdefault(int(one.payload["person_id"]), []).append(one)
    number = len(lists) + sum(one.kind == direct.GIVEN for one in messages)
    most = MOST_BLOCKS if number <= 1 else MOST_BLOCKS // number - 1
    said: list[Message | None] = []
    for one in messages:
        person = session.get_one(Person, one.payload["person_id"])
        away = None if person is reader else Typed(person.name)
        if one.kind == direct.DIGEST:
            facts = home_facts(session, person, office=office, now=now, reader=reader)
            said.append(digest_message(facts, began=london_day(one.made_at), instead_of=away))
        elif one.kind == direct.GIVEN:
            said.append(given(session, one, office, reader=reader, again=again))
        elif mine := lists.pop(person.id, []):  # several of one person are one list
            whose = "Your deadlines" if away is None else f"Deadlines of {shown(away, 100)}, who is away"
            said.append(_nudged(session, mine, whose, office, most, reader=reader, again=again))
    found = [one for one in said if one is not None]
    if not found:
        raise NothingLeft(DONE)
    return put_together(found)


def given(
    session: Session, message: OutboxMessage, office: Office, *, reader: Person | None = None, again: bool = False
) -> Message | None:
    """That somebody is to look after a deadline, or an award, from now on; None where it is done or somebody else's
    already.
    """
    if "application_id" in message.payload:
        return _award_given(session, message, office, reader=reader, again=again)
    deadline = session.get(Deadline, message.payload["deadline_id"])
    if deadline is None:
        raise NotFound("What was handed on is not in the record any more.")
    if not again and (not deadline.is_open or deadline.owner_id != message.payload["person_id"]):
        return None
    if not again and _is_out(session, deadline, reader):
        return None
    by, to_whom = _given_by(session, message, reader)
    to = f"{by} gave this to {to_whom}"
    read_by = due_lines.reading(reader) if reader is not None else Reader(channel=True)
    items = _items(session, [(deadline, False, False)], office, office.today(), read_by)
    return deadlines_message(items, to=to, desk_url=_desk(office), about=f"g{message.id}")


def _award_given(
    session: Session, message: OutboxMessage, office: Office, *, reader: Person | None, again: bool
) -> Message | None:
    application = session.get(Application, message.payload["application_id"])
    if application is None or application.award is None:
        raise NotFound("The award that was handed on is not in the record any more.")
    runs = AwardState(application.award.status) in RUNNING
    if not again and not (runs and application.taken_by_id == message.payload["person_id"]):
        return None
    if not again and reader is not None and reader.id in people.interested(session, application.id):
        return None
    theirs = Reader(message.payload["person_id"])
    found = open_of(session, [application.id])
    coming = due_lines.lines(session, found, office=office, today=office.today(), reader=theirs)
    by, to_whom = _given_by(session, message, reader)
    address = f"{_desk(office)}/awards/{application.reference}"
    return award_given_message(
        Typed(application.organisation_name or ""), Typed(application.title or ""), application.reference or "",
        coming, by=by, to=to_whom, url=address, about=f"a{message.id}",
    )  # fmt: skip


def _given_by(session: Session, message: OutboxMessage, reader: Person | None) -> tuple[str, str]:
    """Who gave something, and to whom, as its reader is told."""
    owner, by = (session.get_one(Person, message.payload[name]) for name in ("person_id", "by"))
    return shown(by.name, 60), "you" if owner is reader else shown(owner.name, 60)


def shown_again(session: Session, message: OutboxMessage, office: Office, *, now: datetime) -> tuple[Message, Handed]:
    """A message that stands in Slack as it is now, and where. Raises NothingLeft, NotFound, NotNow."""
    first = session.get(OutboxMessage, message.payload["message_id"])
    if first is None:
        raise NotFound("The message that is to be shown anew is not in the outbox any more.")
    if _is_overtaken(session, message):
        raise NothingLeft("A later change waits to be shown, and shows this one too.")
    if first.settled_at is None:
        raise NotNow("the message that it changes is being posted", 1.0, tried=False)
    if first.slack_ts is None or first.slack_channel is None:
        raise NothingLeft("The message that was to be shown anew never came to stand in Slack.")
    there = Handed(first.slack_channel, first.slack_ts)
    if first.kind == STAFF:
        return in_channel(session, first, office, again=True), there
    together = (
        select(OutboxMessage)
        .where(
            OutboxMessage.slack_channel == first.slack_channel,
            OutboxMessage.slack_ts == first.slack_ts,
            OutboxMessage.subject == first.subject,
            OutboxMessage.kind.in_(direct.KINDS),
        )
        .order_by(OutboxMessage.id)
    )
    reader = reader_of(session, first, office)
    if reader is None and first.kind == direct.NUDGE:
        return in_channel(session, first, office, again=True), there
    reader = reader or session.get_one(Person, first.payload["person_id"])
    return to_person(session, list(session.scalars(together)), reader, office, now=now, again=True), there


def _is_overtaken(session: Session, message: OutboxMessage) -> bool:
    later = select(OutboxMessage.id).where(
        OutboxMessage.subject == message.subject,
        OutboxMessage.channel == message.channel,
        OutboxMessage.kind == SHOWN,
        OutboxMessage.settled_at.is_(None),
        OutboxMessage.id > message.id,
    )
    return session.scalars(later.limit(1)).first() is not None


def _nudged(
    session: Session,
    messages: Sequence[OutboxMessage],
    to: str,
    office: Office,
    most: int,
    *,
    reader: Person | None = None,
    again: bool,
) -> Message | None:
    """What these messages cover, each deadline once; None where nothing of it is left to say.

    It speaks to its `reader`; None: to the deadlines channel.
    """
    nudges = [nudge for one in messages for nudge in nudges_of(session, one)]
    told: dict[int, list[Nudge]] = {}
    for nudge in nudges:
        told.setdefault(nudge.deadline_id, []).append(nudge)
    found: list[tuple[Deadline, bool, bool]] = []
    for mine in told.values():
        deadline = mine[0].deadline
        moved = all(nudge.due != deadline.due for nudge in mine)
        held_back = _is_quiet(mine, office.today()) or _is_out(session, deadline, reader)
        if again or (deadline.is_open and not moved and not held_back):
            told_director = messages[0].kind == STAFF and any(nudge.person.startswith("director") for nudge in mine)
            found.append((deadline, moved, told_director))
    # A sweep may be made for a day that is to come: what it says is then said as on that day.
    as_of = [date.fromisoformat(one.payload["as_of"]) for one in messages if "as_of" in one.payload]
    today = max([office.today(), *as_of, *(nudge.due + timedelta(days=nudge.step) for nudge in nudges)])
    missed = _missed(session, messages, office)
    if not found and not missed:
        return None
    decides = {one.deadline_id for one in nudges if one.person.startswith("officer")}
    read_by = due_lines.reading(reader, decides=decides) if reader is not None else Reader(channel=True)
    return deadlines_message(
        _items(session, found, office, today, read_by),
        to=to,
        desk_url=_desk(office),
        missed=missed,
        about=f"n{messages[0].id}",
        most=most,
    )


def _items(
    session: Session, found: Sequence[tuple[Deadline, bool, bool]], office: Office, today: date, reader: Reader
) -> list[DueItem]:
    listed_now = [deadline for deadline, _, _ in found]
    lines = due_lines.lines(session, listed_now, office=office, today=today, reader=reader)
    about = {one.id: one for deadline, _, _ in found if (one := deadline.application) is not None}
    refusing = mail_refusals.refusing(session, list(about.values()))
    return [
        DueItem(
            line,
            chasing.version_of(deadline),
            director=director,
            moved=moved,
            refused=deadline.application is not None and deadline.application.id in refusing,
        )
        for line, (deadline, moved, director) in zip(lines, found, strict=True)
    ]


def _missed(session: Session, messages: Iterable[OutboxMessage], office: Office) -> list[Missed]:
    """What was not sent, by why. Of very many the message names some, and counts them all."""
    missed = missed_in(session, messages)
    by_why: dict[str, list[MissedStep]] = {}
    for step in sorted(missed.steps, key=lambda one: (one.due, one.reference)):
        by_why.setdefault(step.why, []).append(step)
    unnamed = missed.number - len(missed.steps)
    found: list[Missed] = []
    for why, steps in by_why.items():
        first, last = min(one.on for one in steps), max(one.on for one in steps)
        because = _because(why, {one.kind for one in steps}, first, office)
        number = len(steps) + (unnamed if not found else 0)
        found.append(Missed(number, first, last, because, tuple(dict.fromkeys(one.reference for one in steps))))
    return found


def _because(why: str, kinds: set[str], first: date, office: Office) -> str:
    if why in WHY:
        return WHY[why]
    pauses = [
        one.why for one in office.policy.pauses if kinds & set(one.holds) and (one.until is None or one.until < first)
    ]
    return f"they were paused: {shown(listed(dict.fromkeys(pauses)), 200)}" if pauses else "they were paused"


def _desk(office: Office) -> str:
    return f"{office.public_url.rstrip('/')}/desk"
