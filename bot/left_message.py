"""What the deadlines channel is told when somebody has left: what was theirs, whose it is now, and what is nobody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.words import Typed, counted, day, escaped, listed, shown
from core import bids, owning
from core.errors import NotFound
from core.office import london_moment
from core.records import Application, Award, Bid, Deadline, Forum, Issue, Meeting, Opportunity, Person
from core.records.record import Record
from core.rules.falling_due import named
from core.rules.lifecycle import RUNNING, OpportunityState
from core.taking import OPEN

T = TypeVar("T", bound=Record)

MOST_LISTED: Final = 12
"""Things of a list that are named; the rest are counted, and the staff pages have them."""


def message_for_left(session: Session, told: Mapping[str, Any], public_url: str) -> Message:
    """The message on somebody who has left; `told` has what was theirs, as `core.leaving` lists it. Raises NotFound."""
    person = session.get(Person, told["person_id"])
    if person is None:
        raise NotFound("Whoever has left is not in the record.")
    rows = list(_rows(session, told))
    nobodys = [line for owner, line in rows if owner is None]
    owners = list(dict.fromkeys(owner for owner, _ in rows if owner is not None))
    name = shown(person.name, 80)
    made: list[Block] = [blocks.header(f"{name} has left the office")]
    parts: list[Part] = []
    if nobodys:
        parts += _list("Nobody looks after this now. Please take it over, or give it to somebody", nobodys)
    for owner in owners:
        parts += _list(
            f"{shown(owner.name, 80)} looks after this from now on", [line for one, line in rows if one is owner]
        )
    parts += _list(f"{name} was to be there: agree who goes, and tell whoever is invited", _in_person(session, told))
    made.append(blocks.rich(*(parts or [blocks.paragraph(blocks.words("Nothing of theirs is left to be done."))])))
    desk = f"{public_url.rstrip('/')}/desk"
    made += [
        blocks.actions(f"left-{number}", button) for number, button in enumerate(_buttons(told, desk))
    ]  # one a block: Slack takes an action once in each
    said = [f"{name} has left the office."]
    if nobodys:
        said.append(f"{counted(len(nobodys), 'thing')} that they looked after: nobody does now.")
    if owners:
        said.append(f"{listed([shown(one.name, 60) for one in owners])} took over.")
    return Message(escaped(" ".join(said), 400), made)


def _rows(session: Session, told: Mapping[str, Any]) -> Iterable[tuple[Person | None, list[Part]]]:
    """Each thing that was theirs: whose it is now, and its line."""
    for application in _all(session, Application, told["applications"]):
        if application.status in [state.value for state in OPEN]:
            what = "application: it is taken on from its card"
        elif session.scalar(select(Award.id).where(Award.application_id == application.id, Award.status.in_(RUNNING))):
            what = "its award and what falls due of it"
        else:
            continue
        yield _here(application.taken_by), _line(application.organisation_name, what, application.reference or "")
    for deadline in _all(session, Deadline, told["deadlines"]):
        about = deadline.application
        who = about.organisation_name if about is not None else deadline.title
        said = f"{named(deadline.kind).noun}, due on {day(deadline.due)}"
        yield owning.looks_after(deadline), _line(who, said, deadline.reference)
    for bid in _all(session, Bid, told["bids"]):
        if bid.status == bids.BidState.SUBMITTED:  # an open one falls due, and is among those
            yield _here(bid.owner), _line(bid.title, "bid that was handed in", bids.reference_of(bid))
    for one in _all(session, Opportunity, told["opportunities"]):
        if one.status == OpportunityState.DRAFT:
            yield _here(one.owner), _line(one.title, "draft of an opportunity", one.reference)
    for issue in _all(session, Issue, told["issues"]):
        yield (
            issue.owner,
            _line(issue.award.application.organisation_name, "issue that they raised", issue.award.reference),
        )


def _in_person(session: Session, told: Mapping[str, Any]) -> list[list[Part]]:
    lines = [
        _line(
            one.award.application.organisation_name, f"meeting on {london_moment(one.starts_at)}", one.award.reference
        )
        for one in _all(session, Meeting, told["meetings"])
    ]
    forum = session.get(Forum, told["forum_id"]) if told["forum_id"] is not None else None
    if forum is not None:
        lines.append([blocks.words(f"Provider Forum on {day(forum.day)}, which they planned")])
    return lines


def _all(session: Session, table: type[T], numbers: Sequence[int]) -> list[T]:
    return [one for number in numbers if (one := session.get(table, number)) is not None]


def _here(person: Person | None) -> Person | None:
    return person if person is not None and person.active else None


def _line(who: str | None, what: str, reference: str) -> list[Part]:
    return [blocks.words(Typed(who or ""), 80, bold=True), blocks.words(f"– {what}, {reference}", 200)]


def _list(heading: str, lines: Sequence[list[Part]]) -> list[Part]:
    if not lines:
        return []
    named_now = list(lines[:MOST_LISTED])
    if len(lines) > MOST_LISTED:
        named_now.append([blocks.words(f"and {len(lines) - MOST_LISTED:,} more")])
    return [blocks.paragraph(blocks.words(f"{heading}:", bold=True)), blocks.bullets(named_now)]


def _buttons(told: Mapping[str, Any], desk: str) -> list[Part]:
    pages = [("What is nobody’s", f"{desk}/deadlines?show=nobody")]
    pages += [("Bids", f"{desk}/bids")] if told["bids"] else []
    pages += [("Opportunities", f"{desk}/opportunities")] if told["opportunities"] else []
    return [blocks.button(label, "open", url=url, says=f"Open the page: {label}") for label, url in pages]
