"""The forms of what is done about something that falls due. Facts in, a view out; nothing is looked up here.

Each is filled in with what is usual, so that it can be sent as it stands; only why there is more time must be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot import blocks
from bot.action import Carried, View
from bot.blocks import Block
from bot.words import Typed, day
from core.chasing import LONGEST_NAME
from core.due_lines import DueLine
from core.written import LONGEST_WORDS

USUAL_CHASE = "By telephone."
"""What is filled in of how somebody was chased."""


def chased(line: DueLine, version: int, channel: str) -> View:
    """That somebody asked for it: how, and what they heard."""
    said = line.kind.next
    note = blocks.field_block(
        "note",
        "How, and what you heard",
        blocks.text_box(USUAL_CHASE, most=LONGEST_WORDS),
        hint="It goes on the record with your name. Everybody who was told of this sees that you chased it.",
        optional=True,
    )
    return _form("due_chased", "Chased", "Record it", line, version, channel, [*_context(said), note])


def extend(
    line: DueLine, version: int, channel: str, *, first: date, latest: date | None, start: date, by: str
) -> View:
    """A later day: which, why, and who agreed it. It begins with `start`, and with `by` as who agrees."""
    until = f"From {day(first)}{f' to {day(latest)}' if latest is not None else ' on'}."
    told = (
        "The recipient gets the new day by e-mail, and is reminded before it."
        if line.kind.tells
        else "The reminders move with it."
    )
    return _form(
        "due_extend",
        "Extend",
        "Extend",
        line,
        version,
        channel,
        [
            blocks.field_block("until", "The new day", blocks.date_box(start), hint=until),
            blocks.field_block(
                "reasons", "Why", blocks.text_box(most=LONGEST_WORDS), hint=f"It goes on the record. {told}"
            ),
            blocks.field_block("agreed_by", "Who agreed it", blocks.line_box(by, most=LONGEST_NAME)),
        ],
    )


def reassign(line: DueLine, version: int, channel: str, *, owners: Sequence[tuple[int, str]], start: int) -> View:
    """Whose it is from now on, of these people by number; they are told."""
    choices = [(str(number), name) for number, name in owners]
    return _form(
        "due_reassign",
        "Reassign",
        "Reassign",
        line,
        version,
        channel,
        [
            blocks.field_block(
                "owner",
                "Who looks after it from now on",
                blocks.dropdown(choices, str(start)),
                hint="They are told in working hours, and get its reminders. Nobody with an interest is listed.",
            )
        ],
    )


def snooze(line: DueLine, version: int, channel: str, *, latest: date, start: date) -> View:
    """Until when whoever looks after it hears nothing of it."""
    return _form(
        "due_snooze",
        "Snooze",
        "Snooze",
        line,
        version,
        channel,
        [
            blocks.field_block(
                "until",
                "When to remind you again" if line.yours else "When to remind the officer again",
                blocks.date_box(start),
                hint=f"{day(latest)} at the latest. The recipient and the Director are told as before.",
            )
        ],
    )


def _form(
    name: str, title: str, submit: str, line: DueLine, version: int, channel: str, inputs: Sequence[Block]
) -> View:
    about = blocks.rich(
        blocks.paragraph(blocks.words(Typed(line.who), 100, bold=True), blocks.words(f"– {line.what}")),
        blocks.paragraph(blocks.words(f"{line.when[:1].upper()}{line.when[1:]}.")),
    )
    return {
        "type": "modal",
        "callback_id": name,
        "title": blocks.plain(title, 24),
        "submit": blocks.plain(submit, 24),
        "close": blocks.plain("Cancel", 24),
        "private_metadata": Carried("deadline", line.id, version, channel).packed(),
        "blocks": [about, *inputs],
    }


def _context(text: str) -> list[Block]:
    return [blocks.context(blocks.plain(text, 300))] if text else []
