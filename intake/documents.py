"""Documents: sent, listed, taken back and fetched by the link of an application, an offer or a return (T1, L5).

One page serves every place; what a place asks for, and to what its documents belong, is one function of `PLACES`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, object_session

from core import applications, awards, documents, returns
from core.contents import EXTENSIONS, TAKEN
from core.document_store import StoreAway
from core.documents import MEGABYTE, Owner
from core.errors import NotFound, Refused
from core.links import follow
from core.records import Application, Document
from core.rules.documents import DocumentKind, ScanState
from core.rules.facts import Stage
from core.rules.lifecycle import ApplicationState
from core.rules.questions import Fault
from core.rules.words import counted
from intake import pages, picture_consent

blueprint = Blueprint("documents", __name__)

RECEIVES = "documents.receive"
"""The endpoint whose requests may be as large as a document."""

ACCEPT = ",".join(["image/jpeg", "image/png", *(f".{ending}" for ending in EXTENSIONS.values()), ".jpeg"])
"""What a file picker offers. Without HEIC in it an iPhone hands over its photos as JPEG."""

LOST_SESSION = (
    "We did not take this, because your browser had been away for a while or does not keep cookies. "
    "What you sent before is still here: choose the file again."
)
HARMFUL = "Our virus scanner found something harmful in it, so we deleted it."
AWAY = "We could not keep this file just now. Nothing is wrong with it: try again in a few minutes."


@dataclass(frozen=True)
class Asked:
    """Documents of one kind that a page asks for: `number` of them, or as many as there are where it is 0.

    `waits` says in a sentence what waits for them, "" where nothing does.
    """

    kind: DocumentKind
    number: int
    title: str
    because: str
    waits: str = ""


@dataclass(frozen=True)
class Place:
    """A page of documents: to what they belong, what is asked for, and `back`, where one came from.

    `closed` says why nothing may be changed; "" while it may.
    """

    application: Application
    owner: Owner
    title: str
    asked: tuple[Asked, ...]
    closed: str
    back: str
    sent_by: str


TITLES: Mapping[DocumentKind, str] = {
    DocumentKind.QUOTE: "Written quotes",
    DocumentKind.SAFEGUARDING_POLICY: "Safeguarding policy",
    DocumentKind.CONSTITUTION: "Constitution or governing document",
    DocumentKind.RECEIPT: "Receipts",
    DocumentKind.PICTURE: "Pictures",
    DocumentKind.OTHER: "Anything else that we asked you for",
}
_ONE: Mapping[DocumentKind, str] = {
    DocumentKind.QUOTE: "a quote",
    DocumentKind.SAFEGUARDING_POLICY: "your safeguarding policy",
    DocumentKind.CONSTITUTION: "your constitution",
    DocumentKind.RECEIPT: "a receipt",
    DocumentKind.PICTURE: "a picture",
    DocumentKind.OTHER: "a document",
}
_ANOTHER: Mapping[DocumentKind, str] = {
    DocumentKind.QUOTE: "another quote",
    DocumentKind.RECEIPT: "another receipt",
    DocumentKind.PICTURE: "another picture",
    DocumentKind.OTHER: "another document",
}

# ------------------------------------------------------------------------------------------------------------ places


def _wanted(application: Application) -> tuple[Asked, ...]:
    """What an application or an award is asked for, by the rules."""
    award = application.award
    waits = "We cannot pay you until we have it." if award else "Send it with your application."
    asked = []
    for one in documents.wanted(application, office=pages.office()):
        many = one.number > 1
        said = waits.replace(" it.", " them.").replace(" it ", " them ") if many else waits
        title = "Written quote" if one.kind is DocumentKind.QUOTE and not many else TITLES[one.kind]
        held = said if award is None or one.needed_by is Stage.PAYMENT else ""
        asked.append(Asked(one.kind, one.number, title, one.because, held))
    return tuple(asked)


def _of_application(session: Session, application: Application, back: str, sent_by: str) -> Place:
    office, owner = pages.office(), Owner(application.id)
    asks = documents.asks(application, office=office)
    asked = _wanted(application) if asks else ()
    if asks and application.award is not None:
        more = "Only if somebody from our office has asked you for it."
        asked = (*asked, Asked(DocumentKind.OTHER, 0, TITLES[DocumentKind.OTHER], more))
    return Place(
        application=application,
        owner=owner,
        title="Your documents",
        asked=asked,
        closed=documents.why_closed(session, application, owner, office=office),
        back=back,
        sent_by=sent_by,
    )


def _at_application(session: Session, token: str) -> Place:
    office = pages.office()
    found = follow(session, office.signer, "application", token, now=office.clock())
    application = applications.by_id(session, found)
    return _of_application(session, application, url_for("apply.status", token=token), "applicant")


def _at_offer(session: Session, token: str) -> Place:
    office = pages.office()
    award = awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))
    return _of_application(session, award.application, url_for("offers.offer", token=token), "recipient")


def _at_return(session: Session, token: str) -> Place:
    office = pages.office()
    award, deadline = returns.of_deadline(session, follow(session, office.signer, "return", token, now=office.clock()))
    owner = Owner(award.application_id, deadline.id)
    return Place(
        application=award.application,
        owner=owner,
        title="Receipts and pictures",
        asked=(
            Asked(DocumentKind.RECEIPT, 0, TITLES[DocumentKind.RECEIPT], "For what you bought since the last return."),
            Asked(
                DocumentKind.PICTURE,
                0,
                TITLES[DocumentKind.PICTURE],
                "Only where everybody in it agreed. You do not have to send any.",
            ),
        ),
        closed=documents.why_closed(session, award.application, owner, office=office),
        back=url_for("returns.form", token=token),
        sent_by="recipient",
    )


PLACES: Mapping[str, Callable[[Session, str], Place]] = {
    "a": _at_application,
    "offers": _at_offer,
    "returns": _at_return,
}
"""Every place that has a page of documents, by the first step of its address."""


# ------------------------------------------------------------------------------------------------------------- pages


@blueprint.get("/a/<token>/documents", defaults={"door": "a"})
@blueprint.get("/offers/<token>/documents", defaults={"door": "offers"})
@blueprint.get("/returns/<token>/documents", defaults={"door": "returns"})
def listing(door: str, token: str) -> ResponseReturnValue:
    """What is asked for, what has come in, and what is still missing."""
    with pages.office().reading() as session:
        return _page(session, door, token)


@blueprint.post("/a/<token>/documents", defaults={"door": "a"})
@blueprint.post("/offers/<token>/documents", defaults={"door": "offers"})
@blueprint.post("/returns/<token>/documents", defaults={"door": "returns"})
def receive(door: str, token: str) -> ResponseReturnValue:
    """Take a file in, or show the page again with why not beside its field. What was sent before stays."""
    office = pages.office()
    with office.reading() as session:
        place = PLACES[door](session, token)
    kind = _kind(place)
    consent, faults = picture_consent.read(_said_of_it(kind)) if kind is DocumentKind.PICTURE else (None, [])
    file = request.files.get("file")
    if file is None or not file.filename:
        return _again(door, token, kind, "Choose a file first.", faults=faults)
    if faults:  # no page can choose a file for somebody
        return _again(door, token, kind, "Choose the picture again.", faults=faults)
    content = file.stream.read(largest_document() + 1)
    try:
        arrived = documents.take_in(content, file.filename, office=office, now=office.clock())
    except Refused as error:
        return _again(door, token, kind, error.reason)
    except StoreAway as error:
        structlog.get_logger().error("document_not_kept", because=str(error))
        return _again(door, token, kind, AWAY, 503)
    added = None
    try:
        with office.sessions.begin() as session:
            place = PLACES[door](session, token)
            added = documents.add(
                session,
                place.owner,
                kind,
                arrived,
                office=office,
                by=place.sent_by,
                now=office.clock(),
                consent=consent,
            )
    except Refused as error:
        return _again(door, token, kind, error.reason)
    finally:
        if added is None or added.store_key != arrived.store_key:
            documents.drop(arrived, office=office)
    return redirect(url_for(".listing", door=door, token=token, sent=added.id, _anchor=kind.value), code=303)


def _said_of_it(kind: DocumentKind) -> Mapping[str, str]:
    """What the form that came in says of a picture; nothing for another document."""
    return picture_consent.typed() if kind is DocumentKind.PICTURE else {}


def _kind(place: Place) -> DocumentKind:
    """The kind that the form says. Raises NotFound for one that is not asked for here."""
    said = request.form.get("kind", "")
    found = next((one.kind for one in place.asked if one.kind == said), None)
    if found is None:
        raise NotFound("We do not ask for such a document here. Go back and try again.")
    return found


@blueprint.post("/a/<token>/documents/<int:number>/remove", defaults={"door": "a"})
@blueprint.post("/offers/<token>/documents/<int:number>/remove", defaults={"door": "offers"})
@blueprint.post("/returns/<token>/documents/<int:number>/remove", defaults={"door": "returns"})
def remove(door: str, token: str, number: int) -> ResponseReturnValue:
    """Take a document back. One that is gone already is no fault: it was pressed twice."""
    office = pages.office()
    with office.sessions.begin() as session:
        place = PLACES[door](session, token)
        mine = {one.id for one in documents.listed(session, place.owner)}
        if number in mine:
            documents.remove(session, place.owner, number, office=office, by=place.sent_by, now=office.clock())
    return redirect(url_for(".listing", door=door, token=token), code=303)


_ENDINGS = "pdf, jpg, png, docx, xlsx, odt, ods"


@blueprint.get(f"/a/<token>/documents/<int:number>.<any({_ENDINGS}):ending>", defaults={"door": "a"})
@blueprint.get(f"/offers/<token>/documents/<int:number>.<any({_ENDINGS}):ending>", defaults={"door": "offers"})
@blueprint.get(f"/returns/<token>/documents/<int:number>.<any({_ENDINGS}):ending>", defaults={"door": "returns"})
def download(door: str, token: str, number: int, ending: str) -> ResponseReturnValue:
    """A document to whoever sent it, as a file to keep: no browser shows it as a page of ours."""
    office = pages.office()
    with office.reading() as session:
        place = PLACES[door](session, token)
        document = documents.of_owner(session, place.owner, number)
        if documents.extension_of(document) != ending:
            raise NotFound("There is no such document here.")
        try:
            data = documents.content_of(document, office=office)
        except StoreAway as error:
            structlog.get_logger().error("document_not_read", because=str(error))
            raise Refused("We cannot fetch this document at the moment. Try again in a few minutes.") from None
    return as_attachment(data, document)


def as_attachment(data: bytes, document: Document) -> Response:
    """An answer with a document that no browser opens in our name, whatever it holds."""
    answer = send_file(
        io.BytesIO(data), mimetype=document.media_type, as_attachment=True, download_name=document.name, max_age=0
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return answer


def receive_again(door: str, token: str) -> Response:
    """The page again, for a file whose form token was not valid any more."""
    with pages.office().reading() as session:
        return _page(session, door, token, notice=LOST_SESSION, raw=picture_consent.typed())


def remove_again(door: str, token: str, number: int) -> Response:  # noqa: ARG001 - the view's own arguments
    """The page again, for a removal whose form token was not valid any more."""
    return receive_again(door, token)


def too_large(door: str, token: str) -> Response:
    """The page again, for a body that was not read because it is too large."""
    with pages.office().reading() as session:
        asked = PLACES[door](session, token).asked
        if not asked:
            raise NotFound("We do not ask for documents here.")
        message = f"The file is larger than {_most()} MB, so we did not take it. Make it smaller, or send it in parts."
        return _page(session, door, token, [_fault(asked[0].kind, message)])


def largest_body() -> int:
    """Bytes of a request that brings a document of the largest size."""
    return largest_document()


def largest_document() -> int:
    """Bytes of the largest document."""
    return _most() * MEGABYTE


def _most() -> int:
    return pages.office().policy.largest_document.value


def _fault(kind: DocumentKind, message: str) -> Fault:
    return Fault(f"file-{kind.value}", kind.value, message, f"/{kind.value}")


def _again(
    door: str, token: str, kind: DocumentKind, message: str, status: int = 422, *, faults: Sequence[Fault] = ()
) -> Response:
    with pages.office().reading() as session:
        return _page(session, door, token, [*faults, _fault(kind, message)], status=status, raw=_said_of_it(kind))


def _page(
    session: Session,
    door: str,
    token: str,
    faults: Sequence[Fault] = (),
    *,
    status: int = 200,
    notice: str = "",
    raw: Mapping[str, str] | None = None,
) -> Response:
    """The page, with what was said of a picture in `raw` still in its fields."""
    place = PLACES[door](session, token)
    mine = documents.listed(session, place.owner)
    wrong = pages.messages(faults)
    pictured = picture_consent.fields(raw or {}, wrong)
    sent = request.args.get("sent", "")
    fresh = next((one for one in mine if str(one.id) == sent), None)
    return pages.page(
        "documents.html",
        status,
        title=place.title,
        application=place.application,
        sections=[_section(session, door, token, place, asked, mine, wrong) for asked in _shown(place, mine)],
        closed=place.closed,
        draft=place.application.status == ApplicationState.DRAFT,
        takes=TAKEN,
        most=_most(),
        errors=pages.error_list(faults),
        notice=notice,
        pictured=pictured,
        picture=DocumentKind.PICTURE,
        fresh=fresh,
        back=place.back,
        address=url_for(".listing", door=door, token=token),
    )


def _shown(place: Place, mine: Sequence[Document]) -> list[Asked]:
    """What is asked for, and what came in though it is not asked for any more."""
    asked = {one.kind for one in place.asked}
    others = dict.fromkeys(DocumentKind(one.kind) for one in mine if DocumentKind(one.kind) not in asked)
    return [*place.asked, *(Asked(kind, 0, TITLES[kind], "") for kind in others)]


def _section(
    session: Session,
    door: str,
    token: str,
    place: Place,
    asked: Asked,
    mine: Sequence[Document],
    wrong: Mapping[str, str],
) -> dict[str, Any]:
    own = [one for one in mine if one.kind == asked.kind]
    there = sum(1 for one in own if documents.counts(one))
    missing = max(asked.number - there, 0)
    field = f"file-{asked.kind.value}"
    one = _ONE[asked.kind] if not there else _ANOTHER.get(asked.kind, f"another file of {_ONE[asked.kind]}")
    params: dict[str, Any] = {
        "id": field,
        "name": "file",
        "label": {"text": f"Add {one}", "classes": "govuk-label--s"},
        "attributes": {"accept": ACCEPT},
    }
    if field in wrong:
        params["errorMessage"] = {"text": wrong[field]}
    return {
        "asked": asked,
        "said": _said(asked, there, missing),
        "missing": missing,
        "files": [_file(session, door, token, place, one) for one in own],
        "input": params if not place.closed and asked in place.asked else None,
        "button": f"Send {one}",
    }


def _said(asked: Asked, there: int, missing: int) -> str:
    if not asked.number:
        return ""
    if not missing:
        return "We have it." if asked.number == 1 else f"We have all {asked.number}."
    if asked.number == 1:
        return f"Not sent yet. {asked.waits}".strip()
    return f"{there} of {asked.number} sent. {asked.waits}".strip()


_STATES: Mapping[ScanState, tuple[str, str]] = {
    ScanState.WAITING: ("Being checked for viruses", "govuk-tag--yellow"),
    ScanState.CLEAN: ("Received", "govuk-tag--green"),
    ScanState.NOT_SCANNED: ("Received", "govuk-tag--green"),
    ScanState.INFECTED: ("Refused", "govuk-tag--red"),
}


def _file(session: Session, door: str, token: str, place: Place, document: Document) -> dict[str, Any]:
    state = ScanState(document.scan)
    text, classes = _STATES[state]
    there = document.removed_at is None
    removable = there and not place.closed and not documents.why_kept(session, document, place.application)
    return {
        "name": document.name,
        "size": _size(document.size),
        "sent_at": document.uploaded_at,
        "tag": {"text": text, "classes": classes},
        "because": HARMFUL if state is ScanState.INFECTED else documents.consent_in_words(document),
        "href": url_for(
            ".download", door=door, token=token, number=document.id, ending=documents.extension_of(document)
        )
        if there and state.may_be_opened
        else "",
        "remove": url_for(".remove", door=door, token=token, number=document.id) if removable else "",
    }


def _size(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{max(round(size / 1_000), 1)} kB"


# ------------------------------------------------------------------------------------------------------------- links


def notice(application: Application, door: str, token: str) -> dict[str, str] | None:
    """What other pages say of the documents of an application or award, with the way there; None where none are asked.

    The application is of an open session.
    """
    office, session = pages.office(), object_session(application)
    if session is None or not documents.asks(application, office=office):
        return None
    standing = documents.standing(session, application, office=office)
    missing = sum(one.missing for one in standing)
    if missing:
        said = f"{counted(missing, 'document')} still to send."
        if application.award is not None and any(one.missing and one.wanted.needed_by for one in standing):
            said += " We cannot pay you until we have what we asked for."
    else:
        said = "We have every document that we asked for." if standing else "We need no documents from you."
    return {"text": said, "href": url_for("documents.listing", door=door, token=token)}
