"""Finding applications and awards by reference, by organisation or by words, for the office's own people."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from core.records import Application

MOST_WORDS: Final = 8
"""How many words of a search count: more only make it slower."""

_REFERENCE: Final = re.compile(r"[A-Z]{2}-\d{4}-[0-9A-Z]{6}")
_ESCAPE: Final = "\\"


def found(session: Session, words: str, *, most: int) -> list[Application]:
    """The submitted applications, awards with them, that hold every one of these words, the latest first.

    A whole reference finds that one. Otherwise each word is looked for in the reference, the organisation's name, the
    title and the postcode, whatever its case; nothing else that somebody typed is searched, and no draft.
    """
    reference = words.strip().upper()
    query = select(Application).where(Application.reference.is_not(None)).options(selectinload(Application.award))
    if _REFERENCE.fullmatch(reference):
        return list(session.scalars(query.where(Application.reference == reference)))
    looked_for = words.split()[:MOST_WORDS]
    if not looked_for:
        return []
    for word in looked_for:
        like = f"%{_literal(word)}%"
        query = query.where(or_(*(column.ilike(like, escape=_ESCAPE) for column in _SEARCHED)))
    return list(session.scalars(query.order_by(Application.submitted_at.desc(), Application.id.desc()).limit(most)))


_SEARCHED: Final = (
    Application.reference,
    Application.organisation_name,
    Application.title,
    Application.postcode,
)


def _literal(word: str) -> str:
    """A word for LIKE in which nothing is a wildcard."""
    return re.sub(r"([\\%_])", r"\\\1", word)
