"""What the office is told of an award as it happens: one message each, in the deadlines channel.

Of bank details nothing is ever said but that they came or changed (W4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks
from bot.blocks import Message, Part
from bot.words import NOTHING, Typed, day, escaped
from core import awards, measures

MOST_CHANGES = 5
"""How many proposed changes are spelt out; the rest are counted."""


@dataclass(frozen=True)
class Change:
    """A measure that is to change: what it is now and what it is to be, each with its target."""

    was: Typed
    to_be: Typed


@dataclass(frozen=True)
class AwardNotice:
    """What a notice shows. `what` is one of NOTICES; `changes` and `why` are those of a proposal."""

    what: str
    reference: str
    recipient: Typed
    accept_by: date
    changes: tuple[Change, ...] = ()
    why: Typed = NOTHING


@dataclass(frozen=True)
class _Words:
    """The heading of a notice, what happened in a sentence after the recipient's name, and what to do now."""

    heading: str
    happened: str
    next: Callable[[AwardNotice], str]


NOTICES: Mapping[str, _Words] = {
    "measures_proposed": _Words(
        "Other measures proposed",
        "would like to change what its offer measures.",
        lambda notice: f"Agree or decline on the desk. The offer is open until {day(notice.accept_by)} all the same.",
    ),
    "bank_details_given": _Words(
        "Bank details are in",
        "has given its bank details.",
        lambda _notice: (
            "Verify them by a call to a number that was known before (L5). They are on the desk, never here."
        ),
    ),
    "bank_details_changed": _Words(
        "Bank details CHANGED",
        "has changed its bank details: the commonest fraud looks just like this.",
        lambda _notice: (
            "Payments wait until a second person has verified the new ones, by a call to a number that was known "
            "before the change (L5)."
        ),
    ),
}
"""Every notice there is."""


def award_notice(notice: AwardNotice) -> Message:
    """The message of a notice. Raises KeyError for one that is none of NOTICES."""
    words = NOTICES[notice.what]
    parts: list[Part] = [
        blocks.paragraph(
            blocks.words(notice.reference, 20, bold=True),
            blocks.words(notice.recipient, 120),
            blocks.words(words.happened),
        )
    ]
    if notice.changes:
        parts.append(blocks.bullets([_change(one) for one in notice.changes[:MOST_CHANGES]]))
    if len(notice.changes) > MOST_CHANGES:
        parts.append(blocks.paragraph(blocks.words(f"and {len(notice.changes) - MOST_CHANGES} more.")))
    if notice.why:
        parts.append(blocks.quote(notice.why, 600))
    made = [
        blocks.header(f"{words.heading}: {notice.reference}"),
        blocks.rich(*parts),
        blocks.context(blocks.plain(words.next(notice), 300)),
    ]
    return Message(f"{notice.reference}: {escaped(notice.recipient, 120)} {words.happened}", made)


def _change(one: Change) -> Sequence[Part]:
    return (blocks.words(one.was, 200), blocks.words("becomes", bold=True), blocks.words(one.to_be, 200))


def notice_for(session: Session, payload: Mapping[str, Any]) -> Message:
    """The same from the record, as an outbox message names it. Raises NotFound."""
    award = awards.by_id(session, payload["award_id"])
    changes: tuple[Change, ...] = ()
    why = NOTHING
    if "proposal_id" in payload:
        proposal = measures.by_id(session, payload["proposal_id"])
        changes = tuple(
            Change(
                Typed(f"{one['was_measure']}: {one['was_target']}"),
                Typed(f"{one['measure']}: {one['target']}"),
            )
            for one in proposal.changes
        )
        why = Typed(proposal.why)
    return award_notice(
        AwardNotice(
            what=payload["what"],
            reference=award.reference,
            recipient=Typed(award.application.organisation_name or ""),
            accept_by=award.accept_by,
            changes=changes,
            why=why,
        )
    )
