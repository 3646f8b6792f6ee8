"""What the deadlines channel is told of a mail that nobody got: about what it was, and what to do instead."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot import blocks
from bot.blocks import Message, Part
from bot.words import Typed, listed
from core import mail_refusals
from core.audit_letters import letter
from core.records import Application, OutboxMessage

MOST_LISTED = 30
"""How many applications are named; a mail is rarely about more than one or two."""


def message_for_refusal(session: Session, refused: OutboxMessage, *, by: str) -> Message:
    """The message on this refused mail. It names the contact, and never the address (W4)."""
    about = mail_refusals.applications_of(session, refused)
    what = letter(refused.kind)
    references = [application.reference for application in about if application.reference]
    told = listed([str(one) for one in references[:5]])
    concerned = f" on {told}" if told else ""
    could_not = f"{by[:1].upper()}{by[1:]} could not deliver {what}."
    parts = [blocks.paragraph(blocks.words(f"{could_not} It is about:" if about else could_not))]
    if about:
        parts.append(blocks.bullets([_line(application) for application in about[:MOST_LISTED]]))
    return Message(
        f"A mail did not arrive{concerned}: {what}. Please telephone.",
        [
            blocks.header("A mail did not arrive: please telephone"),
            blocks.rich(*parts),
            blocks.context(
                blocks.plain(
                    "Telephone the contact, tell them what the mail said, and ask for an address that works. "
                    "The desk does not try this mail again."
                )
            ),
        ],
    )


def _line(application: Application) -> list[Part]:
    return [
        blocks.words(application.reference or "", 20, bold=True),
        blocks.words(Typed(application.organisation_name or ""), 80),
        blocks.words("– contact:"),
        blocks.words(Typed(application.contact_name or ""), 80),
    ]
