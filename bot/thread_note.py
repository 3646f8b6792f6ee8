"""A line of the trail as a message in the thread of its application's card.

The thread repeats no reference: the card above it names the application, and a search for it should find the card.
"""

from __future__ import annotations

from typing import Any, Final

from bot import blocks
from bot.blocks import Message, Part
from bot.words import Typed, escaped, listed
from core import contacts
from core.audit_lines import entry_of
from core.audit_told import Entry, Told
from core.office import london_moment
from core.records import Application, Event
from core.rules.policy import Policy

MOST_SAID: Final = 1_200
"""Characters of one person's words in a thread; the whole is behind "Read it all"."""

_SAID: Final = ("Question", "Answer", "Reasons", "Conditions", "Reason", "Why")
"""What somebody wrote, and the thread shows, in this order: what is behind a change, never a personal detail."""

_PLAIN: Final = ("Answer wanted by",)
"""What the desk says beside it."""


def message_for_line(line: Event, application: Application, policy: Policy) -> Message:
    """The message for a line of an application's trail."""
    data: dict[str, Any] = {name: getattr(line, name) for name in ("sequence", "at", "kind", "actor", "data")}
    told = Told(data, application, contacts.of(application), application.award, policy, asked=application.amount or 0)
    entry = entry_of(told)
    by = entry.by if entry.by != line.actor else ""  # only a member of staff is named otherwise in the trail
    when = f"on {london_moment(line.at)}"
    head = [blocks.words(Typed(entry.what), 400, bold=True)]
    if by:
        head += [blocks.words("by"), blocks.words(Typed(by), 120)]
    head.append(blocks.words(when))
    summary = f"{escaped(Typed(entry.what), 400)}{f' by {escaped(Typed(by), 120)}' if by else ''} {when}."
    return Message(summary, [blocks.rich(blocks.paragraph(*head), *_details(line.kind, entry))])


def _details(kind: str, entry: Entry) -> list[Part]:
    given = {detail.label: detail.text for detail in entry.details if not detail.private}
    parts = [blocks.paragraph(blocks.words(f"{label}: {given[label]}", 200)) for label in _PLAIN if label in given]
    if kind == "corrected" and given:
        names = [label.lower() for label in list(given)[:8]]
        more = [f"{len(given) - 8} more"] if len(given) > 8 else []
        parts.append(blocks.paragraph(blocks.words(f"Changed: {listed([*names, *more])}.", 400)))
        return parts
    for label in _SAID:
        if label in given:
            if label == "Conditions":
                parts.append(blocks.paragraph(blocks.words(label, bold=True)))
            parts.append(blocks.quote(Typed(given[label]), MOST_SAID))
    return parts
