"""What the deadlines channel is told: one message for all that fell due to be said, however much it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.words import Typed, counted, day, listed
from core.records import Nudge
from core.rules.falling_due import KINDS, named, noun

MOST_LISTED = 30
"""How many deadlines are named; the rest are counted. Slack has a limit on a message's whole text."""


@dataclass(frozen=True)
class DueStep:
    """One deadline that somebody is told of. `step` is the days from the due date, as in the policy (D0).

    `director`: the step goes to the Director as well; `refused`: an address of the recipient's refuses our mail.
    """

    reference: str
    recipient: Typed
    kind: str
    due: date
    step: int
    director: bool = False
    refused: bool = False


def deadlines_message(steps: Sequence[DueStep], *, to: str) -> Message:
    """The message on these deadlines, the most overdue first. `to` is whose they are in words, as "Deadlines for the".

    Raises ValueError for no deadlines at all: there would be nothing to say.
    """
    if not steps:
        raise ValueError("a message about deadlines needs at least one")
    ordered = sorted(steps, key=lambda one: (one.due, one.reference))
    late = [one for one in ordered if one.step > 0]
    coming = [one for one in ordered if one.step <= 0]
    made: list[Block] = [blocks.header(f"{to}: {_counts(ordered)}")]
    room = MOST_LISTED
    for heading, group in (("Overdue", late), ("Coming up", coming)):
        if group:
            made.append(blocks.rich(*_group(f"{heading}: {len(group):,}", group, room)))
            room = max(room - len(group), 5)
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in ordered)]
    made += [blocks.context(blocks.plain(named(kind).next)) for kind in kinds]
    return Message(_text(ordered, late, to), made)


def message_for_nudges(nudges: Sequence[Nudge], *, to: str, refusing: Collection[int] = ()) -> Message:
    """The same from the record: nudges with their deadline, its award and its application loaded.

    `refusing` are the applications with an address that refuses our mail.
    """
    found: dict[int, DueStep] = {}
    for nudge in nudges:
        step = _step(nudge)
        known = found.get(nudge.deadline_id, step)
        director = known.director or nudge.person.startswith("director")
        application = nudge.deadline.application
        refused = application is not None and application.id in refusing
        latest = max(known, step, key=lambda one: one.step)
        found[nudge.deadline_id] = replace(latest, director=director, refused=refused)
    return deadlines_message(list(found.values()), to=to)


def _step(nudge: Nudge) -> DueStep:
    deadline = nudge.deadline
    application = deadline.application
    name = application.organisation_name if application is not None else deadline.title
    return DueStep(deadline.reference, Typed(name or ""), deadline.kind, deadline.due, nudge.step)


def _group(heading: str, group: Sequence[DueStep], room: int) -> list[Part]:
    parts = [blocks.paragraph(blocks.words(heading, bold=True)), blocks.bullets([_line(one) for one in group[:room]])]
    if len(group) > room:
        parts.append(blocks.paragraph(blocks.words(f"and {len(group) - room:,} more.")))
    return parts


def _line(one: DueStep) -> list[Part]:
    return [
        blocks.words(one.reference, 20, bold=True),
        blocks.words(one.recipient, 80),
        blocks.words(f"– {noun(one.kind)}, {_when(one)}{', for the Director too' if one.director else ''}"),
        *([blocks.words("– their address refuses our mail: ring them")] if one.refused else []),
    ]


def _when(one: DueStep) -> str:
    """The step in words. It is told on the step's own day, or on the next working day after it."""
    if one.step < 0:
        return f"due on {day(one.due)}"
    if one.step == 0:
        return f"due today, {day(one.due)}"
    return f"was due on {day(one.due)}, {counted(one.step, 'day')} ago or more"


def _counts(steps: Sequence[DueStep]) -> str:
    kinds = [one.kind for one in steps]
    return listed([counted(kinds.count(kind), noun(kind), noun(kind, 2)) for kind in sorted(set(kinds))])


def _text(ordered: Sequence[DueStep], late: Sequence[DueStep], to: str) -> str:
    """For a notification and a screen reader: how many, how many of them late, and the references there is room for."""
    named = listed([f"{one.reference} ({day(one.due)})" for one in ordered[:5]])
    more = f" and {len(ordered) - 5:,} more" if len(ordered) > 5 else ""
    overdue = f", {len(late):,} of them overdue" if late else ""
    return f"{to}: {_counts(ordered)}{overdue}. {named}{more}."
