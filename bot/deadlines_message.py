"""What the office is told of deadlines in Slack: one message for all that fell due to be said, however much it is.

The most overdue stands first, each with its buttons. What was done about one since is said where it stands, and what
is done is struck through; what has no room is counted, and the staff pages have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot import blocks
from bot.action import MENU, Carried
from bot.blocks import Block, Message, Part
from bot.words import Typed, counted, day, escaped, listed
from core.due_lines import Act, DueLine, counts

MOST_BLOCKS = 14
"""Deadlines that have their own buttons, of a message that stands alone: Slack takes 50 blocks, and each has two."""

MOST_LISTED = 16
"""Deadlines beyond these that are named; the rest are counted. Slack has a limit on a message's whole text."""

MOST_KINDS = 3
"""Kinds that a heading names, and of which it is said what to do about them."""

MOST_NAMED = 5
"""References that are named of what was not sent."""


@dataclass(frozen=True)
class DueItem:
    """One deadline that somebody was told of, as it stands now; `version` is what its buttons carry.

    `director`: it went to the Director as well. `moved`: it has had more time since. `refused`: an address of its
    recipient refuses our mail.
    """

    line: DueLine
    version: int
    director: bool = False
    moved: bool = False
    refused: bool = False

    @property
    def done(self) -> bool:
        """Whether what the message told of is over: met, closed, or given more time."""
        return self.moved or not self.line.is_open


@dataclass(frozen=True)
class Missed:
    """Steps that were never sent: how many, when the first and the last would have gone, why, and of which deadlines.

    `why` follows "because".
    """

    number: int
    first: date
    last: date
    why: str
    references: tuple[str, ...] = ()


def deadlines_message(
    items: Sequence[DueItem],
    *,
    to: str,
    desk_url: str,
    missed: Sequence[Missed] = (),
    about: str = "0",
    most: int = MOST_BLOCKS,
) -> Message:
    """The message on these deadlines. `to` is whose they are in words, as "Your deadlines".

    `about` tells the blocks of one message from another's that is put together with it, of which each may have `most`
    deadlines with buttons. Raises ValueError where there is nothing at all to say.
    """
    if not items and not missed:
        raise ValueError("a message about deadlines needs at least one, or one that was not sent")
    ordered = sorted(items, key=lambda one: (one.done, one.line.due, one.line.reference, one.line.id))
    left = [one for one in ordered if not one.done]
    made: list[Block] = [blocks.header(_heading(ordered, left, to))]
    for one in ordered[:most]:
        made += _item(one, about, desk_url)
    made += _rest(ordered[most:])
    kinds = list(dict.fromkeys(one.line.kind for one in left if one.line.kind.next))
    made += [
        blocks.context(blocks.plain(f"{kind.noun[:1].upper()}{kind.noun[1:]}: {kind.next}"))
        for kind in kinds[:MOST_KINDS]
    ]
    if missed:
        made.append(blocks.rich(*(part for one in missed for part in _missed(one))))
    made.append(
        blocks.actions(
            f"deadlines-{about}",
            blocks.button("All deadlines", "open", url=f"{desk_url}/deadlines", says="Open all deadlines"),
        )
    )
    return Message(_text(ordered, left, missed, to), made)


def _heading(ordered: Sequence[DueItem], left: Sequence[DueItem], to: str) -> str:
    if not ordered:
        return f"{to}: reminders that were not sent"
    if not left:
        return f"{to}: all seen to"
    late = sum(one.line.days_late > 0 for one in left)
    overdue = "" if not late else ", overdue" if late == len(left) else f", {late:,} overdue"
    return f"{to}: {_counted(left)}{overdue}"


def _counted(left: Sequence[DueItem]) -> str:
    """How many of each kind; of many kinds how many in all: a heading is read in a glance, and cut where it is long."""
    if len({one.line.kind.id for one in left}) > MOST_KINDS:
        return counted(len(left), "thing")
    return counts(one.line for one in left)


def _item(one: DueItem, about: str, desk_url: str) -> list[Block]:
    """One deadline: what it is, whose, what was done and what comes, and what can be done about it."""
    line = one.line
    said = [blocks.paragraph(*_named(one))]
    if one.done:
        return [blocks.rich(*said, blocks.paragraph(blocks.words(_when(one))))]
    stands = [_when(one), line.whose]
    stands += [_chased(line.chased)] if line.chased is not None else []
    stands += [line.quiet] if line.quiet else []
    said.append(blocks.paragraph(blocks.words(" ".join(stands), 600)))
    if one.refused:
        said.append(blocks.paragraph(blocks.words("Their address refuses our mail: ring them.", bold=True)))
    said.append(blocks.paragraph(blocks.words(f"{line.next}." if line.next else "This was the last reminder.")))
    return [blocks.rich(*said), _buttons(one, about, desk_url)]


def _named(one: DueItem) -> list[Part]:
    line = one.line
    return [
        blocks.words(Typed(line.who), 100, bold=not one.done, strike=one.done),
        blocks.words(f"– {line.what}", strike=one.done),
    ]


def _when(one: DueItem) -> str:
    line = one.line
    if line.met_on is not None:
        return f"Done on {day(line.met_on)}{_by(line.last)}."
    if line.closed_on is not None:
        return "Nobody waits for it any more."
    if one.moved:
        return f"It has more time: {_said(line.last) or f'it is due on {day(line.due)}'}."
    return f"{line.when[:1].upper()}{line.when[1:]}{', told to the Director too' if one.director else ''}."


def _by(last: Act | None) -> str:
    return f", after {last.by} chased it" if last is not None and last.kind == "deadline_chased" else ""


def _said(last: Act | None) -> str:
    return f"{last.by} {last.words}" if last is not None else ""


def _chased(act: Act) -> str:
    return f"Last chased by {act.by} on {day(act.on)}."


def _buttons(one: DueItem, about: str, desk_url: str) -> Block:
    line, packed = one.line, Carried("deadline", one.line.id, one.version)

    def button(label: str, action: str) -> Part:
        return blocks.button(label, action, value=packed.packed(), says=f"{label.rstrip('…')}: {line.reference}")

    url = f"{desk_url}/deadlines/{line.id}"
    elements = [button("Chased…", "due_chased")] if line.kind.chases else []
    elements += [button("Extend…", "due_extend")] if line.kind.moves else []
    elements.append(blocks.button("Open", "open", url=url, says=f"Open: {line.reference}"))
    choices = [("Reassign…", "due_reassign"), ("Snooze…", "due_snooze")]
    elements.append(blocks.menu(MENU, [(label, packed.to_do(action)) for label, action in choices]))
    return blocks.actions(f"due-{about}-{line.id}-{one.version}", *elements)


def _rest(rest: Sequence[DueItem]) -> list[Block]:
    if not rest:
        return []
    lines = [[*_named(one), blocks.words(f"– {_when(one)}", 200)] for one in rest[:MOST_LISTED]]
    parts = [blocks.paragraph(blocks.words(f"And {len(rest):,} more", bold=True)), blocks.bullets(lines)]
    if len(rest) > MOST_LISTED:
        parts.append(blocks.paragraph(blocks.words(f"and {len(rest) - MOST_LISTED:,} on the page of all deadlines.")))
    return [blocks.rich(*parts)]


def _missed(one: Missed) -> list[Part]:
    when = f"on {day(one.first)}" if one.first == one.last else f"from {day(one.first)} to {day(one.last)}"
    was = "was" if one.number == 1 else "were"
    first = list(one.references[:MOST_NAMED]) + (["others"] if len(one.references) > MOST_NAMED else [])
    of = f" About {listed(first)}." if first else ""
    return [
        blocks.paragraph(blocks.words("Not sent", bold=True)),
        blocks.paragraph(
            blocks.words(
                f"{counted(one.number, 'reminder')} {when} {was} not sent, because {one.why}. Whoever they were for "
                f"has had the latest only.{of}"
            )
        ),
    ]


def _text(ordered: Sequence[DueItem], left: Sequence[DueItem], missed: Sequence[Missed], to: str) -> str:
    """For a notification and a screen reader: how many, how many of them late, and the references there is room for."""
    unsent = sum(one.number for one in missed)
    note = f" {counted(unsent, 'reminder')} {'was' if unsent == 1 else 'were'} not sent." if unsent else ""
    whose = escaped(to, 200)
    if not ordered:
        return f"{whose}:{note}"
    if not left:
        return f"{whose}: all of it has been seen to.{note}"
    named = listed([f"{one.line.reference} ({day(one.line.due)})" for one in left[:5]])
    more = f" and {len(left) - 5:,} more" if len(left) > 5 else ""
    late = sum(one.line.days_late > 0 for one in left)
    overdue = f", {late:,} of them overdue" if late else ""
    return f"{whose}: {_counted(left)}{overdue}. {escaped(named, 400)}{more}.{note}"
