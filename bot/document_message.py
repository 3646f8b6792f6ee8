"""What the deadlines channel is told of a document that the virus scanner refused after it had come in (L5)."""

from __future__ import annotations

from bot import blocks
from bot.blocks import Message
from bot.words import Typed, escaped
from core.records import Document
from core.rules.documents import in_words


def message_for_harmful(document: Document) -> Message:
    """The message on this document: of which kind it is and whose, never its name or what is in it (W4)."""
    application = document.application
    heading = f"A document had a virus: {application.reference}"
    line = f"The scanner found something harmful in the {in_words(document.kind)} that came in, and it was deleted."
    return Message(
        escaped(f"{heading}. {line}", 400),
        [
            blocks.header(heading),
            blocks.rich(
                blocks.paragraph(blocks.words(Typed(application.organisation_name or ""), 80, bold=True)),
                blocks.paragraph(blocks.words(line)),
            ),
            blocks.context(
                blocks.plain("Whoever sent it was asked by e-mail for another. Open no copy that came another way.")
            ),
        ],
    )
