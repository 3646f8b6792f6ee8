"""What the deadlines channel is told: one message for all that fell due to be said, however much it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.words import Typed, counted, day, listed
from core.records import Nudge

MOST_LISTED = 30
"""How many deadlines are named; the rest are counted. Slack has a limit on a message's whole text."""

_NOUNS = {"return": "monitoring return", "acceptance": "offer to be accepted", "meeting": "monitoring meeting"}
_PLURALS = {"return": "monitoring returns", "acceptance": "offers to be accepted", "meeting": "monitoring meetings"}
_NEXT = {
    "return": "The recipient gets the link to the return by e-mail. What is late is a reason to ring them.",
    "acceptance": "An offer that is not accepted by its day expires, and its money goes back to the fund.",
    "meeting": "Invite the recipient and agree a day: the meeting is two-way, and they may raise anything.",
}


@dataclass(frozen=True)
class DueStep:
    """One deadline that somebody is told of. `step` is the days from the due date, as in the policy (D0)."""

    reference: str
    recipient: Typed
    kind: str
    due: date
    step: int


def deadlines_message(steps: Sequence[DueStep], *, to: str) -> Message:
    """The message to the office's `to` ("officer" or "director") on these deadlines, the most overdue first.

    Raises ValueError for no deadlines at all: there would be nothing to say.
    """
    if not steps:
        raise ValueError("a message about deadlines needs at least one")
    ordered = sorted(steps, key=lambda one: (one.due, one.reference))
    late = [one for one in ordered if one.step > 0]
    coming = [one for one in ordered if one.step <= 0]
    made: list[Block] = [blocks.header(f"Deadlines for the {to}: {_counts(ordered)}")]
    room = MOST_LISTED
    for heading, group in (("Overdue", late), ("Coming up", coming)):
        if group:
            made.append(blocks.rich(*_group(f"{heading}: {len(group):,}", group, room)))
            room = max(room - len(group), 5)
    kinds = sorted({one.kind for one in ordered} & _NEXT.keys())
    made += [blocks.context(blocks.plain(_NEXT[kind])) for kind in kinds]
    return Message(_text(ordered, late, to), made)


def message_for_nudges(nudges: Sequence[Nudge], *, to: str) -> Message:
    """The same from the record: nudges with their deadline, its award and its application loaded."""
    return deadlines_message([_step(nudge) for nudge in nudges], to=to)


def _step(nudge: Nudge) -> DueStep:
    deadline = nudge.deadline
    award = deadline.award
    name = award.application.organisation_name if award is not None else None
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
        blocks.words(f"– {noun(one.kind)}, {_when(one)}"),
    ]


def noun(kind: str) -> str:
    """What kind of thing falls due, in words."""
    return _NOUNS.get(kind, kind.replace("_", " "))


def _when(one: DueStep) -> str:
    """The step in words. It is told on the step's own day, or on the next working day after it."""
    if one.step < 0:
        return f"due on {day(one.due)}"
    if one.step == 0:
        return f"due today, {day(one.due)}"
    return f"was due on {day(one.due)}, {counted(one.step, 'day')} ago or more"


def _counts(steps: Sequence[DueStep]) -> str:
    kinds = [one.kind for one in steps]
    return listed(
        [counted(kinds.count(kind), noun(kind), _PLURALS.get(kind, f"{noun(kind)}s")) for kind in sorted(set(kinds))]
    )


def _text(ordered: Sequence[DueStep], late: Sequence[DueStep], to: str) -> str:
    """For a notification and a screen reader: how many, how many of them late, and the references there is room for."""
    named = listed([f"{one.reference} ({day(one.due)})" for one in ordered[:5]])
    more = f" and {len(ordered) - 5:,} more" if len(ordered) > 5 else ""
    overdue = f", {len(late):,} of them overdue" if late else ""
    return f"For the {to}: {_counts(ordered)}{overdue}. {named}{more}."
