"""The round of the documents: scanned what waits, taken away what nobody may keep any longer, or nobody names.

The scanner is asked outside any transaction; what it says is recorded in one of its own, once, whoever asked first.
"""

from __future__ import annotations

import logging

from core import document_keeping
from core.clamd import ScannerAway
from core.document_store import StoreAway
from core.office import Office, london_day

log = logging.getLogger(__name__)

SECONDS = 60.0
"""How long the scanner may take for one document when nobody waits."""


def scan_waiting(office: Office) -> int:
    """Have every document scanned that waits for it; answers how many were. With the scanner away they wait on."""
    if office.scanner is None or office.documents is None:
        return 0
    done, after = 0, 0
    while True:
        with office.reading() as session:
            waiting = document_keeping.to_scan(session, after=after)
        if not waiting:
            return done
        for document_id, store_key in waiting:
            after = document_id
            try:
                verdict = office.scanner.scan(office.documents.read(store_key), seconds=SECONDS)
            except ScannerAway as error:
                log.warning("documents wait in quarantine: %s", error)
                return done
            except StoreAway as error:  # the others may be there all the same
                log.warning("a document cannot be scanned: %s", error)
                continue
            with office.sessions.begin() as session:
                now = office.clock()
                done += document_keeping.record_scan(session, document_id, verdict, office=office, now=now)


def tidy(office: Office) -> int:
    """Take away the documents whose time is over (W4), and bytes that no row names; answers how many documents."""
    if office.documents is None:
        return 0
    now = office.clock()
    with office.sessions.begin() as session:
        gone = document_keeping.purge(session, office=office.in_force(session), today=london_day(now), now=now)
    try:
        with office.reading() as session:
            orphans = document_keeping.orphans(session, office=office, now=now)
    except StoreAway as error:
        log.warning("%s", error)
        return gone
    for key in orphans:
        office.documents.remove(key)
    if gone or orphans:
        log.info("tidied: %s documents whose time was over, %s left by a crash", gone, len(orphans))
    return gone
