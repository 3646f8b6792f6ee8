"""What somebody is told who is to look after an award from now on: whose it is, and what falls due of it next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import blocks
from bot.blocks import Message, Part
from bot.words import Typed, counted, escaped
from core.due_lines import DueLine
from core.rules.words import capital

MOST_NAMED: Final = 4
"""Things that fall due that are named; the rest are counted, and the award's page has them."""


def award_given_message(
    who: Typed, title: Typed, reference: str, coming: Sequence[DueLine], *, by: str, to: str, url: str, about: str
) -> Message:
    """The message on an award. `by` is who gave it, `to` "you" or a name; `coming` is open, the earliest first, as
    its new owner reads it.
    """
    said = [
        blocks.paragraph(blocks.words(who, 100, bold=True), blocks.words(f"– {reference}")),
        blocks.paragraph(blocks.words(title, 200)),
        blocks.paragraph(blocks.words("What falls due of it:" if coming else "Nothing of it falls due now.")),
    ]
    if coming:
        lines: list[list[Part]] = [
            [blocks.words(f"{capital(one.kind.noun)}, {one.when}{_whose(one)}", 200)] for one in coming[:MOST_NAMED]
        ]
        if len(coming) > MOST_NAMED:
            lines.append([blocks.words(f"and {len(coming) - MOST_NAMED:,} more")])
        said.append(blocks.bullets(lines))
    made = [
        blocks.header(f"{by} gave this award to {to}"),
        blocks.rich(*said),
        blocks.actions(f"given-{about}", blocks.button("Open the award", "open", url=url, says=f"Open: {reference}")),
    ]
    due = f" {counted(len(coming), 'thing')} of it {'falls' if len(coming) == 1 else 'fall'} due." if coming else ""
    return Message(f"{escaped(by, 60)} gave the award {reference} to {escaped(to, 60)}.{due}", made)


def _whose(one: DueLine) -> str:
    """Whose it stays, where it is not the new owner's."""
    return f", with {one.owner}" if one.owner and not one.yours else ""
