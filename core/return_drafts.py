"""A return as far as it has been typed (R1): kept right or wrong, on any device, by whoever has the link.

A page says of each field what it showed (`core.shown`). So a later save tells what two people did to one field from
what only one of them did: nobody's words are lost, and the later one hears what the other has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.records import Deadline, ReturnDraft
from core.shown import Shown, storable

_REPLACED: Final = "replaced:"
"""Before the name of a field: what somebody else had written there. No field's name has a colon."""


@dataclass(frozen=True)
class Saved:
    """What a save came to: what is kept now, and the fields that somebody else had changed since the page was shown.

    `theirs` is what they had written, by field. Where only they had changed it their words are kept; where both had,
    the later ones are, and theirs stand beside them until the return is sent.
    """

    answers: Mapping[str, str]
    theirs: Mapping[str, str]


def draft_of(session: Session, deadline: Deadline) -> ReturnDraft | None:
    """The draft of the return of this deadline, if somebody has begun one."""
    return session.scalars(select(ReturnDraft).where(ReturnDraft.deadline_id == deadline.id)).one_or_none()


def answers_of(draft: ReturnDraft | None) -> dict[str, str]:
    """What is typed so far, by field."""
    return {name: text for name, text in _kept(draft).items() if not name.startswith(_REPLACED)}


def replaced(draft: ReturnDraft | None) -> dict[str, str]:
    """What somebody had written into a field before somebody else did, who had not seen it."""
    found = _kept(draft).items()
    return {name.removeprefix(_REPLACED): text for name, text in found if name.startswith(_REPLACED)}


def _kept(draft: ReturnDraft | None) -> dict[str, str]:
    return {str(name): str(text) for name, text in draft.answers.items()} if draft is not None else {}


def save(session: Session, deadline: Deadline, typed: Mapping[str, str], seen: str, *, now: datetime) -> Saved:
    """Keep what was typed, right or wrong; `seen` is what the page said of its fields, "" where it did not.

    Raises Conflict, and keeps nothing, once the return is in or is not expected any more: nobody would see it again.
    """
    session.refresh(deadline, with_for_update={"key_share": True})  # saves of one return, and its receipt, queue here
    if not deadline.is_open:
        raise Conflict("This return has come in, or is not expected any more, so nothing was saved.", "R1")
    draft = draft_of(session, deadline)
    kept = _kept(draft)
    shown = Shown(seen)
    theirs: dict[str, str] = {}
    for name, sent in typed.items():
        text, stands = storable(sent), kept.get(name, "")
        if text == stands:
            continue
        if shown.had(name, stands):
            kept[name] = text
            kept.pop(_REPLACED + name, None)
        elif shown.had(name, text):
            theirs[name] = stands
        else:
            theirs[name] = stands
            kept[name] = text
            if stands:
                kept[_REPLACED + name] = stands
    if draft is None:
        draft = ReturnDraft(deadline_id=deadline.id, answers=kept, saved_at=now)
        session.add(draft)
    elif kept != draft.answers:
        draft.answers, draft.saved_at = kept, now
    session.flush()
    return Saved(answers_of(draft), theirs)
