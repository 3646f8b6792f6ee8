"""Documents that nobody waits for: scanned when there was no time before, taken away when theirs is over (W4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import due_for_deletion, holding, outbox
from core.clamd import Verdict
from core.documents import store_of, take_away, take_away_after_commit, tell
from core.office import Office, london_day
from core.records import Document
from core.rules.documents import ScanState
from core.rules.facts import Verdict as Found
from core.rules.keeping import deletion_finding

ORPHAN_DAYS = 2
"""How old bytes are that no row names before they are taken away: older than any upload under way."""

MOST_AT_ONCE = 100
"""How many documents one look for what is to be scanned finds."""

_UNSEEN = (ScanState.WAITING.value, ScanState.NOT_SCANNED.value)


def to_scan(session: Session, *, after: int = 0) -> list[tuple[int, str]]:
    """Id and key of documents that no scanner has seen, in quarantine or from before it, the oldest first."""
    query = select(Document.id, Document.store_key).where(
        Document.scan.in_(_UNSEEN), Document.removed_at.is_(None), Document.id > after
    )
    return [(number, key) for number, key in session.execute(query.order_by(Document.id).limit(MOST_AT_ONCE))]


def record_scan(session: Session, document_id: int, verdict: Verdict, *, office: Office, now: datetime) -> bool:
    """Record what the scanner said of a document. False where it was scanned or removed meanwhile.

    What is harmful loses its bytes; its row says so, and where it was sent already whoever sent it and the officer are
    told. A draft's page says it.
    """
    document = session.scalars(
        select(Document).where(Document.id == document_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if document is None or document.removed_at is not None or document.scan not in _UNSEEN:
        return False
    document.scan = (ScanState.CLEAN if verdict.clean else ScanState.INFECTED).value
    document.scanned_at = now
    if not verdict.clean:
        take_away_after_commit(session, store_of(office), document.store_key)
        document.removed_at = now
    session.flush()
    tell(session, document, document.application, "document_scanned", "the scanner", {"scan": document.scan}, now=now)
    if not verdict.clean and not document.in_draft:
        for kind in ("document_refused", "document_found_harmful"):
            outbox.put(
                session,
                kind,
                subject=f"document:{document.id}",
                key=f"{kind}:{document.id}",
                payload={"application_id": document.application_id, "document_id": document.id},
                now=now,
            )
    return True


def purge(session: Session, *, office: Office, today: date, now: datetime) -> int:
    """Take away the documents whose time is over (W4); answers how many. What is held stays, whatever its age.

    Of one that was removed before, its name and who is in it are left to go. A draft's are not among them: they go with
    the draft (`core.draft_keeping`).
    """
    gone = 0
    documents = session.scalars(
        select(Document)
        .where(or_(Document.removed_at.is_(None), Document.name != ""), Document.in_draft.is_(False))
        .order_by(Document.application_id, Document.id)
    )
    for document in list(documents):
        application = document.application
        held = holding.of(session, application.reference or "")
        counted_from = due_for_deletion.kept_from(session, application)
        if deletion_finding("documents", counted_from, held, office.policy, today).verdict is not Found.MET:
            continue
        document.name, document.shows = "", None
        if document.removed_at is None:
            take_away(session, document, office=office, now=now)
        tell(session, document, application, "document_purged", "the desk", {}, now=now)
        gone += 1
    return gone


def orphans(session: Session, *, office: Office, now: datetime) -> list[str]:
    """Keys of the store that no row names, old enough to be nobody's upload under way."""
    before = london_day(now) - timedelta(days=ORPHAN_DAYS)
    old = [key for day, key in store_of(office).all_keys() if day <= before]
    named: set[str] = set()
    for start in range(0, len(old), 500):
        some = select(Document.store_key).where(
            Document.store_key.in_(old[start : start + 500]), Document.removed_at.is_(None)
        )
        named.update(session.scalars(some))
    return [key for key in old if key not in named]
