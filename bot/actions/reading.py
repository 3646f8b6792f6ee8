"""What can be read of an application from its card: everything that was sent, and its documents. Nothing changes."""

from __future__ import annotations

from typing import Final

from bot.action import Action, Ask, View
from bot.actions.applications import APPLICATION
from bot.application_card import card_facts
from bot.document_list import Listed, document_list
from bot.read_all import Answered, read_all
from bot.words import Typed
from core import document_links, documents, people
from core.answers_given import answers_given
from core.errors import Refused
from core.records import Application, Document
from core.rules.calendar import date_text
from core.rules.documents import ScanState, in_words


def _may_read(ask: Ask[Application]) -> Refused | None:
    """Anybody of the office; the panel and auditors too: they read."""
    reason = people.why_not_read(ask.person)
    return Refused(reason, "A2") if reason else None


def _may_open(ask: Ask[Application]) -> Refused | None:
    """Whoever may open an applicant's documents, among them the ones that are there."""
    try:
        people.acting_for_office(ask.person, "open an applicant's documents", "A2")
    except Refused as refusal:
        return refusal
    return None


def _pages(ask: Ask[Application]) -> str:
    return f"{ask.office.public_url}/desk/applications/{ask.subject.reference}"


def _read(ask: Ask[Application]) -> View:
    given = answers_given(ask.subject, ask.office.policy)
    answers = tuple(Answered(one.section, one.label, Typed("\n".join(one.lines))) for one in given if not one.personal)
    return read_all(card_facts(ask.session, ask.subject, office=ask.office), answers, _pages(ask))


def _documents(ask: Ask[Application]) -> View:
    found = documents.of_application(ask.session, ask.subject.id)
    listed = tuple(_listed(ask, one) for one in found)
    minutes = int(document_links.LASTS.total_seconds()) // 60
    return document_list(ask.subject.reference or "", listed, minutes, _pages(ask))


def _listed(ask: Ask[Application], one: Document) -> Listed:
    opens = one.removed_at is None and ScanState(one.scan).may_be_opened
    return Listed(
        number=one.id,
        kind=in_words(one.kind),
        extension=documents.extension_of(one),
        size=one.size,
        at=one.uploaded_at,
        scan=one.scan,
        about=f", for the return due on {date_text(one.deadline.due)}" if one.deadline is not None else "",
        address=document_links.address_for(one, ask.person, office=ask.office, now=ask.now) if opens else "",
    )


ACTIONS: Final = (
    Action("read", APPLICATION, _may_read, opens=_read),
    Action("documents", APPLICATION, _may_open, opens=_documents),
)
"""Each opens a window that has nothing to send."""
