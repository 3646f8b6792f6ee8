"""A return as far as it has been typed (R1): kept right or wrong, on any device, by whoever has the link.

A page says of each field what it showed, by a short digest. So a later save tells what two people did to one field from
what only one of them did: nobody's words are lost, and the later one hears what the other has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.records import Deadline, ReturnDraft

_REPLACED: Final = "replaced:"
"""Before the name of a field: what somebody else had written there. No field's name has a colon."""

_DIGITS: Final = 10


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


def shown(answers: Mapping[str, str], names: Iterable[str]) -> str:
    """What a page says of its fields: `name:digest name:digest`."""
    return " ".join(f"{name}:{_digest(answers.get(name, ''))}" for name in names)


def save(session: Session, deadline: Deadline, typed: Mapping[str, str], was_shown: str, *, now: datetime) -> Saved:
    """Keep what was typed, right or wrong; `was_shown` is what the page said of its fields, "" where it did not."""
    session.refresh(deadline, with_for_update={"key_share": True})  # saves of one return queue here
    draft = draft_of(session, deadline)
    kept = _kept(draft)
    seen = dict(one.rpartition(":")[::2] for one in was_shown.split())
    theirs: dict[str, str] = {}
    for name, sent in typed.items():
        text, stands = _plain(sent), kept.get(name, "")
        if text == stands:
            continue
        if seen.get(name, _digest(stands)) == _digest(stands):
            kept[name] = text
            kept.pop(_REPLACED + name, None)
        elif seen[name] == _digest(text):
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


def _plain(text: str) -> str:
    """As the record keeps it: a browser ends its lines otherwise, and no database takes a null character."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").encode("utf-8", "replace").decode()


def _digest(text: str) -> str:
    return hashlib.sha256(_plain(text).encode()).hexdigest()[:_DIGITS]
