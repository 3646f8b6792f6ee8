"""Everything about an application, to be read in a window: findings with what would mend them, every answer, the past.

What does not fit into a window is on the staff pages; the window says so, and has their address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from bot import blocks
from bot.action import View
from bot.blocks import Block, Part
from bot.card_facts import ApplicationCard
from bot.cards import LATER, history_line, in_order, papers_line, points_list
from bot.words import Typed, counted, day

MOST_BYTES: Final = 200_000
"""Bytes of the window as it is sent: Slack takes 250 kB, and counts in its own way."""

MOST_BLOCKS: Final = 96
"""Blocks of the window: Slack takes 100, and the last ones are ours."""

MOST_POINTS: Final = 40
"""How many findings a window spells out: more than there are rules that say something."""


@dataclass(frozen=True)
class Answered:
    """One answer of the form: its part of the form, its label, and what was typed."""

    section: str
    label: str
    text: Typed


def read_all(facts: ApplicationCard, answers: tuple[Answered, ...], address: str) -> View:
    """The window, with the address of the same on the staff pages: what is missing, what they wrote, what is met."""
    made = [
        blocks.rich(blocks.paragraph(blocks.words("Who:", bold=True), blocks.words(facts.organisation, 200))),
        *_findings(facts),
        _known(facts),
    ]
    last = _met(facts)
    told = _answers(answers)
    room = MOST_BLOCKS - len(made) - len(last)
    size, kept = _size([*made, *last]), 0
    for block in told[:room]:
        size += _size(block)
        if size > MOST_BYTES:
            break
        kept += 1
    made += told[:kept]
    if kept < len(told):
        made.append(blocks.context(blocks.plain("There is more than Slack can show. The staff pages have all of it.")))
    made += last
    button = blocks.button("Open on the staff pages", "open", url=address, says=f"Open {facts.reference}")
    made.append(blocks.actions("pages", button))
    return {
        "type": "modal",
        "callback_id": "read",
        "title": blocks.plain(facts.reference, 24),
        "close": blocks.plain("Close", 24),
        "blocks": made,
    }


def _size(part: object) -> int:
    return len(json.dumps(part))


def _findings(facts: ApplicationCard) -> list[Block]:
    """What is missing, what wants a look, what waits for later, each with what would mend it."""
    every = in_order(facts)
    made = []
    if every:
        heading = blocks.paragraph(blocks.words("What the rules say", bold=True))
        made.append(blocks.rich(heading, *points_list(every, MOST_POINTS)))
        later = [point for point in every if point.needed_by in LATER and point.remedy]
        if later:
            rows = [[blocks.words(f"{one.rule}:", bold=True), blocks.words(one.remedy, 300)] for one in later]
            made.append(
                blocks.rich(blocks.paragraph(blocks.words("What to do later", bold=True)), blocks.bullets(rows))
            )
    return made


def _met(facts: ApplicationCard) -> list[Block]:
    met = facts.of("met")
    if not met:
        return []
    heading = blocks.paragraph(blocks.words(f"{counted(len(met), 'rule')} met", bold=True))
    return [blocks.rich(heading, *points_list(met, MOST_POINTS, because=200))]


def _known(facts: ApplicationCard) -> Block:
    before = facts.before
    parts: list[Part] = [
        blocks.paragraph(blocks.words("This organisation:", bold=True), blocks.words(history_line(facts), 400)),
        blocks.paragraph(blocks.words("Documents:", bold=True), blocks.words(papers_line(facts), 200)),
    ]
    if before.overdue:
        late = [[blocks.words(f"{reference}: due on {day(due)}")] for reference, due in before.overdue[:20]]
        parts += [blocks.paragraph(blocks.words("Overdue returns", bold=True)), blocks.bullets(late)]
    if facts.noticed:
        notes = [[blocks.words(note, 400)] for note in facts.noticed[:20]]
        parts += [blocks.paragraph(blocks.words("Seen before?", bold=True)), blocks.bullets(notes)]
    return blocks.rich(*parts)


def _answers(answers: tuple[Answered, ...]) -> list[Block]:
    """Every answer under its label; a part of the form begins with its name."""
    made: list[Block] = []
    section = ""
    for one in answers:
        if one.section != section:
            section = one.section
            made.append(blocks.header(section or "Answers"))
        label = blocks.paragraph(blocks.words(one.label, 300, bold=True))
        made.append(blocks.rich(label, blocks.quote(one.text, blocks.TEXT)))
    return made
