"""The weekly digest: what waits for its reader, what is overdue, what falls due, the funds. Facts in, a message out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.home import DueRow, HomeFacts
from bot.words import Typed, counted, day, escaped
from core.rules.falling_due import noun
from core.rules.money import display

MOST_ROWS = 5
"""Applications, and deadlines of each sort, that are named; the rest are counted, and Home has them."""


def digest_message(facts: HomeFacts, *, began: date | None = None, instead_of: Typed | None = None) -> Message:
    """What a member of staff reads on Monday; `instead_of` is whoever is away, and whose digest this is.

    `began` is the day on which it was put together, where it is shown anew on a later one.
    """
    overdue = [one for one in facts.due if one.due < facts.today]
    coming = [one for one in facts.due if one.due >= facts.today]
    whose, heading = "Your week", f"Your week from {day(began or facts.today)}"
    if instead_of is not None:
        whose, heading = f"The week of {escaped(instead_of, 100)}, who is away", "For somebody who is away"
    late = len(overdue) + facts.late_more
    counts = (
        f"{counted(facts.total, 'application waits', 'applications wait')}, {late:,} overdue, "
        f"{counted(len(coming) + facts.due_more, 'thing falls', 'things fall')} due in {facts.days_ahead} days"
    )
    made: list[Block] = [blocks.header(heading)]
    if instead_of is not None:
        stands = blocks.words("is away, and you stand in. You decide what you may decide yourself, and no more.")
        made.append(blocks.rich(blocks.paragraph(blocks.words(instead_of, 100, bold=True), stands)))
    parts = [
        *_waiting(facts),
        *_listed("Overdue", overdue, facts.late_more),
        *_listed("Falls due", coming, facts.due_more),
    ]
    made.append(blocks.rich(*parts))
    known = [one for one in facts.funds if one.known]
    if known:
        lines = [
            [blocks.words(f"{one.name}:", 80, bold=True), blocks.words(f"{display(one.left)} left", 60)]
            for one in known
        ]
        money = blocks.paragraph(blocks.words(f"Funds in {facts.year}", bold=True))
        made.append(blocks.rich(money, blocks.bullets(lines)))
    made.append(blocks.context(blocks.plain("Home has all of it, and the buttons. Open Award Desk and choose Home.")))
    return Message(f"{whose}: {counts}.", made)


def put_together(messages: Sequence[Message]) -> Message:
    """Several messages to one person as one."""
    made: list[Block] = []
    for message in messages:
        made += [*([blocks.divider()] if made else []), *message.blocks]
    return Message(" ".join(message.text for message in messages), made)


def _waiting(facts: HomeFacts) -> list[Part]:
    parts = [blocks.paragraph(blocks.words(f"Applications waiting: {facts.total:,}", bold=True))]
    shown = facts.rows[:MOST_ROWS]
    lines = [
        [
            blocks.words(row.organisation, 100),
            blocks.words(f"– {display(row.amount)} from the {row.fund}, {row.reference}", 150),
        ]
        for row in shown
    ]
    if facts.total > len(shown):
        lines.append([blocks.words(f"and {facts.total - len(shown):,} more")])
    if lines:
        parts.append(blocks.bullets(lines))
    if facts.also:
        parts.append(blocks.paragraph(blocks.words("Waiting for the office", bold=True)))
        parts.append(blocks.bullets([[blocks.words(phrase)] for phrase in facts.also]))
    return parts


def _listed(heading: str, rows: Sequence[DueRow], more: int) -> list[Part]:
    if not rows and not more:
        return []
    shown = rows[:MOST_ROWS]
    left = len(rows) - len(shown) + more
    lines = [
        [
            blocks.words(f"{day(row.due)}: {noun(row.kind)} –", 100),
            blocks.words(row.who, 100),
            blocks.words(f"({row.reference}{f', with {row.owner}' if row.owner else ''})", 150),
        ]
        for row in shown
    ]
    if left:
        lines.append([blocks.words(f"and {left:,} more")])
    return [blocks.paragraph(blocks.words(f"{heading}: {len(rows) + more:,}", bold=True)), blocks.bullets(lines)]
