"""The links of a mail, as its reader follows them: worded from the outbox, as they would be sent now."""

from __future__ import annotations

import re

from sqlalchemy import select

from core.office import Office
from core.records import OutboxMessage
from scheduler.wording import Letter, NothingLeft, texts, word

LINK = re.compile(r"https?://\S+")


def letters(office: Office, *kinds: str) -> list[Letter]:
    """The mails of these kinds that have something to say."""
    found = []
    with office.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.kind.in_(kinds)).order_by(OutboxMessage.id)
        for message in session.scalars(query):
            try:
                found.append(word(session, message, office, texts()))
            except NothingLeft:
                continue
    return found


def paths(office: Office, letter: Letter) -> list[str]:
    """Where the links of a letter lead, without the host."""
    return [link.removeprefix(office.public_url) for link in LINK.findall(letter.text)]


def asked(office: Office) -> int:
    """How many mails with links were put into the outbox."""
    with office.reading() as session:
        kinds = ("link_draft", "link_list", "link_start")
        return len(session.scalars(select(OutboxMessage.id).where(OutboxMessage.kind.in_(kinds))).all())
