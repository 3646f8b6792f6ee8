"""Documents for staff: how each stands, and opening one, which the trail remembers."""

from __future__ import annotations

from typing import Any, Final

import structlog
from flask import Blueprint, current_app, redirect, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from core import document_links, documents
from core.audit_lines import who
from core.document_store import StoreAway
from core.errors import Gone, NotFound, Refused
from core.records import Document
from core.rules.documents import ScanState
from intake import pages
from intake.documents import as_attachment
from intake.staff import session as staff_session

blueprint = Blueprint("staff_documents", __name__)

LASTS: Final = 120
"""Seconds for which the address of an opened document leads anywhere: long enough for a slow telephone."""

MOST_SHOWN: Final = 10
"""How many openings of a document its page names: the latest. The story of the application has all."""

_STATES: Final = {
    ScanState.WAITING: ("Being checked", "yellow"),
    ScanState.CLEAN: ("Clean", "green"),
    ScanState.INFECTED: ("Refused: harmful", "red"),
    ScanState.NOT_SCANNED: ("Not scanned", "grey"),
}


def listed(session: Session, owner: documents.Owner) -> list[dict[str, Any]]:
    """The documents of an application or a return, as a page shows them."""
    return [_shown(one) for one in documents.listed(session, owner)]


def _shown(one: Document) -> dict[str, Any]:
    text, colour = _STATES[ScanState(one.scan)]
    opens = one.removed_at is None and ScanState(one.scan).may_be_opened
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.replace("_", " ").capitalize(),
        "tag": {"text": text, "classes": f"govuk-tag--{colour}"},
        "sent_at": one.uploaded_at,
        "opens": opens,
        "consent": documents.consent_in_words(one),
    }


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="award-desk-staff-document")


@blueprint.get("/desk/documents/open/<token>")
def from_slack(token: str) -> ResponseReturnValue:
    """The page that a card's link leads to: which document it is, who has opened it, and the button that opens it.

    Nothing is opened by coming here: whoever reads links for a living, such as a scanner of messages, opens nothing.
    """
    office = pages.office()
    with office.reading() as session:
        person = staff_session.acting(session)
        document = document_links.follow(session, token, person, office=office, now=office.clock())
        application = document.application
        return pages.page(
            "staff/document.html",
            title=f"Open a document: {application.reference}",
            staff=staff_session.staff(),
            application=application,
            document=_shown(document),
            opened=[{"by": who(one.actor), "at": one.at} for one in documents.openings(session, document)[:MOST_SHOWN]],
            back=url_for("staff_applications.page", reference=application.reference),
        )


@blueprint.post("/desk/documents/<int:number>")
def open_one(number: int) -> ResponseReturnValue:
    """Note who opens a document, and lead them to it."""
    office = pages.office()
    with office.sessions.begin() as session:
        person = staff_session.acting(session)
        document = documents.note_opened(session, number, person, now=office.clock())
        ending = documents.extension_of(document)
        token = _signer().dumps([number, person.id])
    return redirect(url_for(".opened", token=token, ending=ending), code=303)


@blueprint.get("/desk/documents/<token>.<ending>")
def opened(token: str, ending: str) -> ResponseReturnValue:
    """A document that was just opened, for whoever opened it: no browser shows it as a page of ours."""
    office = pages.office()
    try:
        number, person = _signer().loads(token, max_age=LASTS)
    except BadSignature:
        raise Gone("This address was for a moment only. Open the document again from its page.") from None
    if person != staff_session.staff().id:
        raise Gone("Somebody else opened this document. Open it from its page.")
    with office.reading() as session:
        document = documents.by_id(session, number)
        if documents.extension_of(document) != ending:
            raise NotFound("There is no such document here.")
        try:
            data = documents.content_of(document, office=office)
        except StoreAway as error:
            structlog.get_logger().error("document_not_read", because=str(error))
            raise Refused("We cannot fetch this document at the moment. Try again in a few minutes.") from None
    return as_attachment(data, document)
