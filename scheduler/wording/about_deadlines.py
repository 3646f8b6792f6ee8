"""The letter that reminds one person of what falls due, is due, or is late: of one thing or of several, in one mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session

from core import awards, deadlines, mail_refusals, payments
from core.addressees import mail_subject
from core.calendar_files import asked_about, met_on
from core.office import Office
from core.records import Application, Deadline, Nudge, OutboxMessage, Payment
from core.rules.policy import NudgeStep
from core.rules.words import capital, listed
from scheduler.wording import reminders
from scheduler.wording.draft import Draft, NothingLeft, address_of, asked_for, second_person
from scheduler.wording.reminders import Tone
from scheduler.wording.words import typed

SECOND: Final = "second_contact"
"""What a nudge to the second contact calls whom it is for."""


@dataclass(frozen=True)
class NudgeItem:
    """One thing that a reminder is about. `tone` is "before", "day" or "after" its due date.

    `thing` is what it is to its reader, `what` the same in full; `action` is what its link is for. `payments` are
    those that wait for it. `officer` is who looks after it, "" where that is nobody, or is said once of all.
    """

    kind: str
    thing: str
    what: str
    action: str
    reference: str
    title: str
    due: date
    tone: Tone
    link: str
    payments: Sequence[Payment]
    officer: str


@dataclass
class NudgeGroup:
    """Things of which the same is to be said: it is said once, `says` before them and `otherwise` after them."""

    says: str
    otherwise: str
    items: list[NudgeItem]


def open_nudges(session: Session, message: OutboxMessage) -> list[Nudge]:
    """What a nudge message covers and is still to be done. Raises NothingLeft if nothing is."""
    nudges = [
        nudge
        for nudge in deadlines.nudges_of(session, mail_refusals.original(session, message))
        if nudge.deadline.is_open and nudge.due == nudge.deadline.due and _theirs(nudge, message)
    ]
    if not nudges:
        raise NothingLeft("everything that it was about has been done, has ended, or has more time")
    return nudges


def _theirs(nudge: Nudge, message: OutboxMessage) -> bool:
    """Whether a nudge is in this mail: it is for who is written to now, at the address that the mail is for.

    What was changed since the sweep is left out: whoever is written to instead got links to all that waits. A mail that
    goes on to the second contact has what is theirs and new to them.
    """
    if message.channel != "mail":
        return True
    application = nudge.deadline.application
    if application is None:
        return False
    if mail_refusals.PASSED_ON not in message.payload:
        return mail_subject(_address(nudge, application)[0]) == message.subject
    told = any(
        one.person == SECOND and one.due == nudge.due and one.step >= nudge.step for one in nudge.deadline.nudges
    )
    return not told and application.id in message.payload["applications"]


def _address(nudge: Nudge, application: Application) -> tuple[str, str]:
    """The address, and the name, of whoever a nudge is for."""
    if nudge.person == SECOND:
        return application.second_email or "", application.second_name or ""
    return application.contact_email or "", application.contact_name or ""


def nudge(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """What falls due, is due, or is late, for one person, in one letter.

    It says what the policy's step says where that fits the day on which it is worded, and the desk's own words else.
    """
    nudges = open_nudges(session, message)
    # Whoever orders the sweep of a day to come is told what it would say on that day.
    today = max(office.today(), *(_day(one) for one in nudges))
    found = [
        (one, application)
        for one in nudges
        if (application := one.deadline.application) is not None and not _expired(one.deadline, today)
    ]
    if not found:
        raise NothingLeft("the offer that it was about has expired, and its own letter says so")
    groups: dict[tuple[str, Tone, str, str], NudgeGroup] = {}
    items = []
    officers = {asked_for(session, one.deadline, office) for one, _ in found}
    for one, application in found:
        item = _item(session, one.deadline, application, today, office, each=len(officers) > 1)
        says, otherwise = _said(one, item, today, office, alone=len(found) == 1)
        groups.setdefault((item.kind, item.tone, says, otherwise), NudgeGroup(says, otherwise, [])).items.append(item)
        items.append(item)
    reminders.say_once(list(groups.values()))
    to, to_name = _address(*found[0])
    references = {item.reference for item in items}
    return Draft(
        to=to,
        to_name=to_name,
        reference=references.pop() if len(references) == 1 else "",
        facts={
            "groups": list(groups.values()),
            "items": items,
            "first": items[0],
            "late": [item for item in items if item.tone == "after"],
        },
        due=[one.deadline for one, _ in found],
        why_you=_why_second(found),
        about=found[0][0].deadline if len(officers) == 1 else None,
    )


def _expired(deadline: Deadline, today: date) -> bool:
    return deadline.kind == awards.ACCEPTANCE and deadline.due < today


def _item(
    session: Session, deadline: Deadline, application: Application, today: date, office: Office, *, each: bool
) -> NudgeItem:
    """`each` where the letter names who looks after each thing beside it: they are not the same for all."""
    award = deadline.award
    asked = asked_about(session, deadline)
    about = asked.monitoring_return if asked is not None else None
    words = reminders.words_of(
        deadline.kind,
        final=deadline.final,
        offered=award.amount if award is not None else 0,
        about=about.due if about is not None else None,
    )
    return NudgeItem(
        kind=deadline.kind,
        thing=words.thing,
        what=capital(f"{words.thing} {words.more}".strip()),
        action=words.action,
        reference=deadline.reference,
        title=typed(application.title),
        due=deadline.due,
        tone=reminders.tone((today - deadline.due).days),
        link=address_of(session, *met_on(session, deadline), office),
        payments=payments.waiting_for_returns(session, award, deadline.due)
        if award is not None and deadline.kind == "return"
        else [],
        officer=asked_for(session, deadline, office) if each else "",
    )


def _said(nudge: Nudge, item: NudgeItem, today: date, office: Office, *, alone: bool) -> tuple[str, str]:
    """What is said of a thing before it, and what happens if nothing is done.

    A text of the policy may say "tomorrow", or "in a week": it is said on the day of its step alone. What it says
    happens otherwise stands as long as the due date has not passed meanwhile. Among several things the desk's own words
    say nothing that their days do not.
    """
    step = _step(nudge, office)
    own = reminders.words_of(item.kind)
    says = step.says if step is not None and today == _day(nudge) else ""
    otherwise = step.otherwise if step is not None and item.tone == reminders.tone(nudge.step) else ""
    return says or ("" if not alone else own.says[item.tone]), otherwise or own.otherwise[item.tone]


def _day(nudge: Nudge) -> date:
    """The day of its step, whichever day it went out on."""
    return nudge.deadline.due + timedelta(days=nudge.step)


def _step(nudge: Nudge, office: Office) -> NudgeStep | None:
    """The step of the policy in force by which somebody is told; None where it has it no more."""
    steps = office.policy.nudge_steps.get(nudge.deadline.kind, ())
    return next((step for step in steps if (step.days, step.to) == (nudge.step, nudge.person)), None)


def _why_second(found: Sequence[tuple[Nudge, Application]]) -> str:
    """Why somebody hears of this who is not whom we write to first; "" where they are that for all of it."""
    seconds = {application.reference or "": application for one, application in found if one.person == SECOND}
    if not seconds:
        return ""
    why = second_person(*seconds.values())
    if len(seconds) != len({application.reference for _, application in found}):
        why = f"{why.removesuffix('.')} for {listed(sorted(seconds))}."
    return f"{why} Please see to it together: the link is for you too."
