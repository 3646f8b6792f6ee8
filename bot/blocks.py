"""Block Kit, as far as the desk needs it: each function makes one block or one part of one.

mrkdwn is only ever the desk's own words: `mrkdwn()` takes a string, and typed text (`bot.words.Typed`) is no string.
Limits are Slack's own reference pages'; the tests check every card and modal against the whole table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.words import Typed, shown

Block = dict[str, Any]
Part = dict[str, Any]

HEADER = 150
TEXT = 3000


@dataclass(frozen=True)
class Message:
    """What is posted: `text` for notifications and screen readers, and the blocks that are seen instead of it."""

    text: str
    blocks: list[Block] = field(default_factory=list)


def plain(text: Typed | str, most: int = TEXT) -> Part:
    """Text that Slack shows as it stands: no mention, no link, no emoji code is read in it."""
    return {"type": "plain_text", "text": shown(text, most, lines=True) or "–", "emoji": False}


def mrkdwn(text: str) -> Part:
    """The desk's own words, with Slack's mark-up. Bare addresses in it stay text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def header(text: str) -> Block:
    """A heading, in the desk's own words."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: Part) -> Block:
    """A paragraph."""
    return {"type": "section", "text": text}


def table(rows: Iterable[tuple[str, Typed | str]], most: int = 200) -> Block:
    """Up to five labels with their values beside them; on a phone each value stands below its label."""
    fields: list[Part] = []
    for label, value in rows:
        fields += [mrkdwn(f"*{label}*"), plain(value, most)]
    return {"type": "section", "fields": fields[:10]}


def context(*parts: Part) -> Block:
    """A line in small letters."""
    return {"type": "context", "elements": list(parts)}


def divider() -> Block:
    """A rule between two parts."""
    return {"type": "divider"}


def words(
    text: Typed | str, most: int = TEXT, *, bold: bool = False, strike: bool = False, lines: bool = False
) -> Part:
    """A literal piece of rich text: nothing is read into it."""
    piece: Part = {"type": "text", "text": shown(text, most, lines=lines) or "–"}
    style = {name: True for name, wanted in (("bold", bold), ("strike", strike)) if wanted}
    return {**piece, "style": style} if style else piece


def spaced(*pieces: Part) -> list[Part]:
    """Pieces of rich text with a blank between them."""
    result: list[Part] = []
    for piece in pieces:
        result += [{"type": "text", "text": " "}, piece] if result else [piece]
    return result


def paragraph(*pieces: Part) -> Part:
    """A paragraph of rich text."""
    return {"type": "rich_text_section", "elements": spaced(*pieces)}


def quote(text: Typed | str, most: int) -> Part:
    """Somebody's words, set apart from the desk's."""
    return {"type": "rich_text_quote", "elements": [words(text, most, lines=True)]}


def bullets(items: Sequence[Sequence[Part]]) -> Part:
    """A list, each item of literal pieces."""
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [paragraph(*pieces) for pieces in items],
    }


def rich(*parts: Part) -> Block:
    """A block of rich text."""
    return {"type": "rich_text", "elements": list(parts)}


def button(label: str, action_id: str, *, value: str = "", style: str = "", url: str = "", says: str = "") -> Part:
    """A button. `value` is an id and a version, never an amount or a name: every reader of the channel can see it.

    `says` is what a screen reader says where the label alone would not tell this card's button from the next one's.
    """
    element: Part = {"type": "button", "action_id": action_id, "text": plain(label, 75)}
    for name, given in (("value", value), ("style", style), ("url", url), ("accessibility_label", says[:75])):
        if given:
            element[name] = given
    return element


def menu(action_id: str, options: Sequence[tuple[str, str]]) -> Part:
    """A menu of up to five things to do, each its label and what it carries."""
    made = [{"text": plain(label, 75), "value": value} for label, value in options[:5]]
    return {"type": "overflow", "action_id": action_id, "options": made}


def actions(block_id: str, *elements: Part) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def field_block(block_id: str, label: str, element: Part, *, hint: str = "", optional: bool = False) -> Block:
    """An input of a modal, with its label above it. Its value arrives under `block_id` and action_id `value`."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 150),
        "element": {**element, "action_id": "value"},
    }
    if hint:
        block["hint"] = plain(hint, 300)
    if optional:
        block["optional"] = True
    return block


def text_box(initial: Typed | str = "", *, most: int = TEXT) -> Part:
    """A box for several lines, filled in with `initial` where there is something to start from."""
    element: Part = {"type": "plain_text_input", "multiline": True, "max_length": most}
    start = shown(initial, most, lines=True)
    return {**element, "initial_value": start} if start else element


def date_box(initial: date | None = None) -> Part:
    """A day, picked from a calendar."""
    element: Part = {"type": "datepicker"}
    return {**element, "initial_date": initial.isoformat()} if initial is not None else element


def dropdown(options: Sequence[tuple[str, str]], initial: str = "") -> Part:
    """One of up to a hundred choices, each a value and its words; `initial` is the one that stands there, if any."""
    made = {value: {"text": plain(label, 75), "value": value} for value, label in options[:100]}
    element: Part = {"type": "static_select", "options": list(made.values())}
    return {**element, "initial_option": made[initial]} if initial in made else element


def several(options: Sequence[tuple[str, str]], initial: Sequence[str] = ()) -> Part:
    """Any number of up to a hundred choices, each a value and its words; `initial` are chosen to begin with."""
    made = {value: {"text": plain(label, 75), "value": value} for value, label in options[:100]}
    element: Part = {"type": "multi_static_select", "options": list(made.values())}
    chosen = [made[value] for value in initial if value in made]
    return {**element, "initial_options": chosen} if chosen else element


def tick(value: str, label: str) -> Part:
    """One box to tick."""
    return {"type": "checkboxes", "options": [{"text": plain(label, 75), "value": value}]}


def line_box(initial: Typed | str = "", *, most: int = 150) -> Part:
    """A box for one line."""
    element: Part = {"type": "plain_text_input", "max_length": most}
    start = shown(initial, most)
    return {**element, "initial_value": start} if start else element


def choices(options: Sequence[tuple[str, str]], initial: str = "") -> Part:
    """Radio buttons, each a value and its words; `initial` is the one that is chosen to begin with, if any."""
    made = {value: {"text": plain(label, 75), "value": value} for value, label in options}
    element: Part = {"type": "radio_buttons", "options": list(made.values())}
    return {**element, "initial_option": made[initial]} if initial else element
