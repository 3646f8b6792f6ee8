"""Links to a document for one member of staff, for a few minutes: what a press in Slack leads to.

Such a link opens nothing by itself. It leads to a page behind the staff's sign-in, for whoever pressed and nobody else;
opening the document there is a line on the trail (`core.documents.note_opened`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from core import documents
from core.errors import Gone, Refused
from core.office import Office
from core.records import Document, Person

LASTS: Final = timedelta(minutes=10)
"""How long a link leads anywhere: long enough to sign in on a telephone, too short to be passed around."""

PATH: Final = "/desk/documents/open/"
_SALT: Final = "document-for-staff"


def address_for(document: Document, person: Person, *, office: Office, now: datetime) -> str:
    """The whole address for this person, from now on for `LASTS`."""
    until = int((now + LASTS).timestamp())
    return f"{office.public_url}{PATH}{office.signer.seal(_SALT, [document.id, person.id, until])}"


def follow(session: Session, token: str, person: Person, *, office: Office, now: datetime) -> Document:
    """The document that a token leads this person to. Opens nothing, and notes nothing.

    Raises NotFound for a token that is not ours, Gone for one that has run out or a document that is not kept any
    more, Refused for anybody but the person it was made for, and while the document may not be opened.
    """
    number, whose, until = office.signer.unseal(_SALT, token)
    if now.timestamp() > until:
        raise Gone("This link was for a few minutes only. Press Documents on the card again.")
    if whose != person.id:
        raise Refused("This link was made for somebody else. Press Documents on the card yourself.", "A2")
    document = documents.by_id(session, number)
    documents.who_opens(document, person)
    return document
