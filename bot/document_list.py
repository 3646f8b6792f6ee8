"""The documents of an application in a window, each with a link that is for whoever pressed, for a few minutes.

Of a document Slack hears its kind, its size and when it came: its name may say something of a person (W4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import blocks
from bot.action import View
from bot.blocks import Block
from bot.words import counted
from core.office import london_moment

MOST: Final = 40
"""How many documents a window lists."""

_SCANS: Final = {
    "waiting": "Still being checked for viruses: it cannot be opened yet.",
    "infected": "Refused: the scanner found something harmful in it. Nobody can open it.",
    "clean": "Checked for viruses: clean.",
    "not_scanned": "Not checked for viruses: this desk has no scanner.",
}


@dataclass(frozen=True)
class Listed:
    """A document as the list shows it. `address` is where it opens, "" where it does not. `size` in bytes."""

    number: int
    kind: str
    extension: str
    size: int
    at: datetime
    scan: str
    about: str = ""
    address: str = ""


def document_list(reference: str, listed: tuple[Listed, ...], minutes: int, address: str) -> View:
    """The window. `address` is the application's page among the staff pages."""
    made: list[Block] = []
    for number, one in enumerate(listed[:MOST], start=1):
        made += [_row(number, one), blocks.context(blocks.plain(_SCANS.get(one.scan, one.scan)))]
    if not listed:
        made.append(blocks.section(blocks.plain("No document came with this application.")))
    if len(listed) > MOST:
        made.append(blocks.context(blocks.plain(f"and {counted(len(listed) - MOST, 'more document')}.")))
    if any(one.address for one in listed):
        made.append(
            blocks.context(
                blocks.plain(
                    f"Each link is for you alone, for {minutes} minutes, once you have signed in. "
                    "That you open a document is written on the record."
                )
            )
        )
    button = blocks.button("Open on the staff pages", "open", url=address, says=f"Open {reference}")
    made.append(blocks.actions("pages", button))
    return {
        "type": "modal",
        "callback_id": "documents",
        "title": blocks.plain("Documents", 24),
        "close": blocks.plain("Close", 24),
        "blocks": made,
    }


def _row(number: int, one: Listed) -> Block:
    what = f"{number}. {one.kind.capitalize()}{one.about}"
    block = blocks.section(
        blocks.plain(f"{what}\n{one.extension.upper()}, {_size(one.size)}, {london_moment(one.at)}", 300)
    )
    block["block_id"] = f"document-{one.number}"
    if one.address:
        block["accessory"] = blocks.button("Open", "open", url=one.address, says=f"Open document {number}, {one.kind}")
    return block


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(size // 1_000, 1)} kB"
