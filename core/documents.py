"""Documents: what is asked for, what came in, whether it is clean, and when it goes (T1, L5, W4).

A file is taken in three steps. `take_in` looks into it, keeps its bytes and has them scanned, outside any transaction;
`add` writes the row in the edge's own; `drop` takes the bytes away again where that did not come to pass. What the
scanner has not seen yet is in quarantine, and nobody can open it.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core import events, people
from core.assessing import facts_of
from core.clamd import ScannerAway
from core.contents import EXTENSIONS, read_content
from core.document_store import DocumentStore, StoreAway
from core.errors import Conflict, Gone, NotFound, Refused
from core.office import Office
from core.records import Application, Award, AwardCheck, Deadline, Document, Event, MonitoringReturn, Person
from core.rules.documents import Consent, DocumentKind, ScanState, Wanted, documents_wanted
from core.rules.facts import Facts
from core.rules.lifecycle import ApplicationState, AwardState, ReturnState
from core.rules.money import MoneyError, pence_from_typed
from core.rules.payment import CheckKind
from core.rules.policy import Kind, OrganisationType, Policy, Purpose
from core.rules.questions import plan_facts

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
SCAN_SECONDS = 3.0
"""How long a person waits for the scanner. What takes longer is scanned behind their back."""

LONGEST_NAME = 80
"""Characters of a shown name, without its ending."""


@dataclass(frozen=True)
class Owner:
    """What a document belongs to: an application with its award, or the return that is due by a deadline of it."""

    application_id: int
    deadline_id: int | None = None


@dataclass(frozen=True)
class Arrived:
    """A file whose bytes are kept, and that no row names yet."""

    store_key: str
    name: str
    media_type: str
    size: int
    sha256: str
    scan: ScanState
    scanned_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """What is asked for of one kind, and what has come in and may count: clean, waiting to be scanned, or unscanned."""

    wanted: Wanted
    documents: tuple[Document, ...]

    @property
    def missing(self) -> int:
        """How many are still to come."""
        return max(self.wanted.number - len(self.documents), 0)


# ------------------------------------------------------------------------------------------------------ asked for


def wanted(application: Application, *, office: Office) -> tuple[Wanted, ...]:
    """What an application or its award is asked for: a draft by its answers so far, an award by its own policy."""
    policy, award = office.policy, application.award
    if award is not None:
        policy = office.policy_under(award.policy_version)
    if application.status == ApplicationState.DRAFT:
        return documents_wanted(_draft_facts(application, policy), policy)
    return documents_wanted(facts_of(application, award.amount if award else None), policy)


def _draft_facts(application: Application, policy: Policy) -> Facts:
    answers, fund = application.answers, policy.fund(application.fund)
    purposes = fund.purposes if fund else ()
    said = str(answers.get("purpose", ""))
    purpose = Purpose(said) if said in set(Purpose) else (purposes[0] if len(purposes) == 1 else None)
    kind = str(answers.get("organisation_type", ""))
    try:
        buys = str(answers.get("buys", "yes")) == "yes"
        purchases = pence_from_typed(str(answers.get("purchases", ""))) if buys else 0
    except MoneyError:
        purchases = 0
    return Facts(
        kind=Kind.GRANT,
        amount=0,
        fund=application.fund,
        purpose=purpose,
        purchases=purchases,
        organisation_type=OrganisationType(kind) if kind in set(OrganisationType) else None,
        plan=plan_facts(answers, purpose),
    )


def standing(session: Session, application: Application, *, office: Office) -> tuple[Standing, ...]:
    """What is asked for, and what of it has come in: for pages, cards, and whoever checks before paying."""
    mine = listed(session, Owner(application.id))
    return tuple(
        Standing(one, tuple(document for document in mine if document.kind == one.kind and counts(document)))
        for one in wanted(application, office=office)
    )


def counts(document: Document) -> bool:
    """Whether a document is one that came in: it was neither removed nor refused."""
    return document.removed_at is None and document.scan != ScanState.INFECTED


def asks(application: Application, *, office: Office) -> bool:
    """Whether documents are asked for as things stand: from winners, or at once where the fund does."""
    if application.award is not None:
        return application.award.answered_at is not None and application.award.status != AwardState.REFUSED
    fund = office.policy.fund(application.fund)
    return fund is not None and fund.documents_at_once


# --------------------------------------------------------------------------------------------------------- taken in


def take_in(content: bytes, name: str, *, office: Office, now: datetime) -> Arrived:
    """Look into a file, keep its bytes and have them scanned, outside any transaction.

    Raises Refused, with the reason, for what is not taken; StoreAway where it cannot be kept.
    """
    store = store_of(office)
    most = office.policy.largest_document.value
    if len(content) > most * MEGABYTE:
        raise Refused(f"This file is larger than {most} MB. Make it smaller, or send it in parts.")
    found = read_content(content)
    scan, scanned_at = ScanState.NOT_SCANNED, None
    if office.scanner is not None:
        scan = ScanState.WAITING
        try:
            verdict = office.scanner.scan(found.data, seconds=SCAN_SECONDS)
        except ScannerAway as error:
            log.warning("a document waits in quarantine: %s", error)
        else:
            if not verdict.clean:
                log.warning("the scanner refused an upload: %s", verdict.found)
                raise Refused("Our virus scanner found something harmful in this file, so we did not keep it.")
            scan, scanned_at = ScanState.CLEAN, now
    return Arrived(
        store_key=store.put(found.data, now=now),
        name=shown_name(name, found.extension),
        media_type=found.media_type,
        size=len(found.data),
        sha256=hashlib.sha256(found.data).hexdigest(),
        scan=scan,
        scanned_at=scanned_at,
    )


def drop(arrived: Arrived, *, office: Office) -> None:
    """Take the bytes away of a file that no row came to name."""
    store_of(office).remove(arrived.store_key)


def store_of(office: Office) -> DocumentStore:
    """The store. Raises Refused where this desk has none."""
    if office.documents is None:
        raise Refused("We cannot take documents here at the moment. Write to us.")
    return office.documents


def shown_name(name: str, extension: str) -> str:
    """A file's name as people see it: no path, nothing invisible, and the ending that its content has."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(char if unicodedata.category(char)[0] != "Z" else " " for char in last)
    visible = "".join(char for char in plain if unicodedata.category(char)[0] != "C")
    stem, dot, ending = visible.rpartition(".")
    if not dot or len(ending) > 5 or " " in ending:
        stem = visible
    tidy = " ".join(stem.split()).strip(". ")[:LONGEST_NAME].strip() or "document"
    return f"{tidy}.{extension}"


def add(
    session: Session,
    owner: Owner,
    kind: DocumentKind,
    arrived: Arrived,
    *,
    office: Office,
    by: str,
    now: datetime,
    consent: Consent | None = None,
) -> Document:
    """Write down a file that arrived. The same file once more, of the same kind, is the one that is there already.

    So a document whose `store_key` is not the arrived one's leaves bytes to drop. What is said of a picture by the
    second sending holds. Raises Refused where no more may be added, and for a picture without `consent`; Conflict where
    nothing may be added any more.
    """
    if kind is DocumentKind.PICTURE and consent is None:
        raise Refused("We take a picture only where everybody in it agreed.", "R1")
    application = _held(session, owner)
    closed = why_closed(session, application, owner, office=office)
    if closed:
        raise Conflict(closed)
    mine = [one for one in listed(session, owner) if counts(one)]
    same = next((one for one in mine if one.sha256 == arrived.sha256 and one.kind == kind), None)
    if same is not None:
        _say_anew(session, same, application, consent, by, now)
        return same
    most, together = office.policy.documents_at_most.value, office.policy.documents_together.value
    if len(mine) >= most:
        raise Refused(f"There are {most} documents here already, the most that we take. Remove one first.")
    if sum(one.size for one in mine) + arrived.size > together * MEGABYTE:
        raise Refused(f"With this file your documents come to more than {together} MB. Remove one first.")
    draft = application.status == ApplicationState.DRAFT
    document = Document(
        application_id=owner.application_id,
        deadline_id=owner.deadline_id,
        kind=kind.value,
        name=arrived.name,
        media_type=arrived.media_type,
        size=arrived.size,
        sha256=arrived.sha256,
        store_key=arrived.store_key,
        scan=arrived.scan.value,
        scanned_at=arrived.scanned_at,
        in_draft=draft,
        uploaded_at=now,
        uploaded_by=by,
        shows=consent.shows if consent is not None else None,
        may_publish=consent.may_publish if consent is not None else None,
    )
    session.add(document)
    if draft:
        application.saved_at = now
    session.flush()
    told: dict[str, str | int] = {
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "scan": document.scan,
        **_publishing(document),
    }
    tell(session, document, application, "document_added", by, told, now=now)
    return document


def _say_anew(
    session: Session, document: Document, application: Application, consent: Consent | None, by: str, now: datetime
) -> None:
    """Keep what is said of a picture that is there already."""
    if consent is None or (document.shows, document.may_publish) == (consent.shows, consent.may_publish):
        return
    document.shows, document.may_publish = consent.shows, consent.may_publish
    session.flush()
    tell(session, document, application, "picture_consent", by, _publishing(document), now=now)


def _publishing(document: Document) -> dict[str, str]:
    return {} if document.may_publish is None else {"publish": "yes" if document.may_publish else "no"}


def may_be_published(document: Document) -> bool:
    """Whether the public may be shown a document: a picture, there and clean, of which those in it agreed to that."""
    picture = document.kind == DocumentKind.PICTURE and document.removed_at is None
    return picture and document.may_publish is True and ScanState(document.scan).may_be_opened


def consent_in_words(document: Document) -> str:
    """What was said of a picture, in two sentences; "" for any other document."""
    if document.kind != DocumentKind.PICTURE:
        return ""
    if document.shows is None:
        return "Nobody has told us who is in it. It must not be published."
    who = document.shows.rstrip(".")
    return f"In it: {who}. It {'may' if document.may_publish else 'must not'} be published."


def _held(session: Session, owner: Owner) -> Application:
    """The application as it stands, held until this transaction ends: what comes in for it, and goes, queues here."""
    application = session.scalars(
        select(Application)
        .where(Application.id == owner.application_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if application is None:
        raise NotFound("There is no such application.")
    return application


def tell(
    session: Session,
    document: Document,
    application: Application,
    kind: str,
    by: str,
    more: Mapping[str, str | int],
    *,
    now: datetime,
) -> None:
    """A line about a document: what kind it is, never its name or what is in it. A draft's has none."""
    if document.in_draft or application.reference is None:
        return
    due = {"due": document.deadline.due.isoformat()} if document.deadline is not None else {}
    told = {"kind": document.kind, "document": document.id, **due, **more}
    events.append(session, kind, application.reference, by, told, now=now)


def why_closed(session: Session, application: Application, owner: Owner, *, office: Office) -> str:
    """Why nothing may be added or removed here as things stand; "" where it may."""
    award = application.award
    if owner.deadline_id is not None:
        return _why_return_closed(session, award, owner.deadline_id)
    if award is not None:
        if award.status == AwardState.ACTIVE:
            return ""
        return (
            "We take documents once the offer is accepted."
            if award.status == AwardState.OFFERED
            else "This award has ended, so nothing more is needed."
        )
    if not asks(application, office=office):
        return "We ask for documents only once an award is agreed. Nothing is needed now."
    if application.status in (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.QUERIED):
        return ""
    return "This application is being decided, or was, so its documents can no longer be changed. Write to us."


def _why_return_closed(session: Session, award: Award | None, deadline_id: int) -> str:
    deadline = session.get(Deadline, deadline_id)
    if award is None or deadline is None or deadline.award_id != award.id or award.answered_at is None:
        return "There is no such return."
    state = session.scalar(
        select(MonitoringReturn.status).where(
            MonitoringReturn.award_id == award.id, MonitoringReturn.due == deadline.due
        )
    )
    if state in (None, ReturnState.QUERIED):
        return ""
    return "We have this return, so its documents can no longer be changed. Write to us if one is wrong."


# ------------------------------------------------------------------------------------------------- looked at, removed


def listed(session: Session, owner: Owner) -> list[Document]:
    """The documents of an owner, oldest first: those that are there, and those that the scanner refused later."""
    return list(
        session.scalars(
            select(Document)
            .where(
                Document.application_id == owner.application_id,
                Document.deadline_id.is_(None)
                if owner.deadline_id is None
                else Document.deadline_id == owner.deadline_id,
                or_(Document.removed_at.is_(None), Document.scan == ScanState.INFECTED.value),
            )
            .order_by(Document.id)
        )
    )


def of_application(session: Session, application_id: int) -> list[Document]:
    """Every document that came with an application, its award or a return of it, oldest first: as `listed` has them."""
    return list(
        session.scalars(
            select(Document)
            .where(
                Document.application_id == application_id,
                ~Document.in_draft,
                or_(Document.removed_at.is_(None), Document.scan == ScanState.INFECTED.value),
            )
            .order_by(Document.id)
        )
    )


def by_id(session: Session, document_id: int) -> Document:
    """The document of this row number, whether or not it is still kept. Raises NotFound."""
    document = session.get(Document, document_id)
    if document is None:
        raise NotFound("There is no such document.")
    return document


def of_owner(session: Session, owner: Owner, document_id: int) -> Document:
    """A document of this owner that is there. Raises NotFound for any other, Gone for one that was removed."""
    document = session.get(Document, document_id)
    if document is None or (document.application_id, document.deadline_id) != (owner.application_id, owner.deadline_id):
        raise NotFound("There is no such document here.")
    if document.removed_at is not None:
        raise Gone("This document is no longer kept.")
    return document


def content_of(document: Document, *, office: Office) -> bytes:
    """The bytes of a document, as they came in. Raises Refused while it is in quarantine, Gone once it is removed.

    Whoever serves them says that they are an attachment: they are never shown in a page of ours.
    """
    if document.removed_at is not None:
        raise Gone("This document is no longer kept.")
    if not ScanState(document.scan).may_be_opened:
        raise Refused("This document is still being checked for viruses. Try again in a few minutes.")
    data = store_of(office).read(document.store_key)
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise StoreAway(f"document {document.id} is not what was uploaded")
    return data


def who_opens(document: Document, person: Person) -> str:
    """Who opens a document, as the trail names them, before they do.

    Raises NotFound, Refused for whoever is not of the office or while it is in quarantine, Gone once it is removed.
    """
    actor = people.acting_for_office(person, "open an applicant's documents", "A2")
    if document.in_draft:
        raise NotFound("There is no such document.")
    if document.removed_at is not None:
        raise Gone("This document is no longer kept.")
    if not ScanState(document.scan).may_be_opened:
        raise Refused("This document is still being checked for viruses. Try again in a few minutes.")
    return actor


def note_opened(session: Session, document_id: int, person: Person, *, now: datetime) -> Document:
    """Note that somebody of the office opens a document, before they do. Raises NotFound, and as `who_opens` does."""
    document = by_id(session, document_id)
    actor = who_opens(document, person)
    tell(session, document, document.application, "document_opened", actor, {"person": person.id}, now=now)
    return document


def openings(session: Session, document: Document) -> list[Event]:
    """The lines of the trail on who of the office opened a document, the latest first."""
    lines = events.history(session, document.application.reference or "")
    mine = [one for one in lines if one.kind == "document_opened" and one.data.get("document") == document.id]
    return mine[::-1]


def remove(session: Session, owner: Owner, document_id: int, *, office: Office, by: str, now: datetime) -> Document:
    """Remove a document at the wish of whoever sent it; its bytes go when this transaction is committed.

    Raises Conflict for what was sent with an application, or what the office has looked at already.
    """
    application = _held(session, owner)
    document = of_owner(session, owner, document_id)
    closed = why_closed(session, application, owner, office=office) or why_kept(session, document, application)
    if closed:
        raise Conflict(closed)
    take_away(session, document, office=office, now=now)
    tell(session, document, application, "document_removed", by, {}, now=now)
    return document


_CHECKS: Mapping[str, CheckKind] = {
    DocumentKind.QUOTE: CheckKind.QUOTES,
    DocumentKind.SAFEGUARDING_POLICY: CheckKind.SAFEGUARDING,
}


def why_kept(session: Session, document: Document, application: Application) -> str:
    """Why a document may no longer be taken back by whoever sent it; "" where it may."""
    award = application.award
    if award is None:
        return "" if document.in_draft else "This document is part of what you sent, so it stays. You may add another."
    check = _CHECKS.get(document.kind)
    looked = check is not None and session.scalar(
        select(func.count()).where(
            AwardCheck.award_id == award.id,
            AwardCheck.kind == check.value,
            AwardCheck.made_at >= document.uploaded_at,
        )
    )
    return "We have looked at this document already, so it stays. You may add another." if looked else ""


def take_away(session: Session, document: Document, *, office: Office, now: datetime) -> None:
    """Mark a row as removed, a draft's take away whole, and its bytes after the commit."""
    take_away_after_commit(session, store_of(office), document.store_key)
    if document.in_draft:
        session.delete(document)
    else:
        document.removed_at = now
    session.flush()


def remove_with_draft(session: Session, application: Application, *, office: Office) -> int:
    """Take away every document of a draft, which is about to be deleted; answers how many there were."""
    mine = [one for one in application.documents if one.in_draft]
    for document in mine:
        take_away_after_commit(session, store_of(office), document.store_key)
        session.delete(document)
    session.flush()
    session.expire(application, ["documents"])
    return len(mine)


_GOING = "documents_to_take_away"


def take_away_after_commit(session: Session, store: DocumentStore, key: str) -> None:
    """Take bytes away once this transaction is committed: should it fail, its rows still name them."""
    session.info.setdefault(_GOING, []).append((store, key))


@sqlalchemy_event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for store, key in session.info.pop(_GOING, []):
        store.remove(key)


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_GOING, None)


def extension_of(document: Document) -> str:
    """How a file of this document's kind ends, without the dot."""
    return EXTENSIONS[document.media_type]
