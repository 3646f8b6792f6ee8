"""What is checked of an award before money leaves (L5, F7): by whom, when and how, and of which version of its details.

Each check is a row of its own, and the latest of a kind counts. No bank detail is ever kept here (W4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import commitments, events, people, written
from core.cases import decider_of
from core.errors import Conflict, Refused
from core.records import Award, AwardCheck, BankDetails, Person
from core.rules.payment import CheckKind, may_handle


def check_handler(session: Session, award: Award, person: Person) -> None:
    """Raises Refused where this person may not handle the award's money (F7, A2)."""
    people.judging_for_office(session, person, award.application_id, "handle its payments", "F7")
    decider = decider_of(person)
    refusal = may_handle(decider, people.interested(session, award.application_id))
    if refusal is not None:
        raise Refused(refusal.reason, refusal.rule)


def _record_check(
    session: Session, award_id: int, person: Person, kind: CheckKind, found: dict[str, Any], note: str, now: datetime
) -> AwardCheck:
    award = commitments.held_award(session, award_id)
    check_handler(session, award, person)
    said = written.words(note, "Say how you checked it: it goes on the record.", "F7")
    made = AwardCheck(award_id=award.id, kind=kind.value, person_id=person.id, found=found, note=said, made_at=now)
    session.add(made)
    session.flush()
    told = {"kind": kind.value, **found, "note": said, "person": person.id}
    events.append(session, "checked", award.reference, people.actor_of(person), told, now=now)
    return made


def see_safeguarding_policy(session: Session, award_id: int, person: Person, *, note: str, now: datetime) -> AwardCheck:
    """Record that this person has seen the recipient's safeguarding policy (L5); `note` says which."""
    return _record_check(session, award_id, person, CheckKind.SAFEGUARDING, {}, note, now)


def verify_bank_details(
    session: Session, award_id: int, person: Person, *, note: str, version: int | None = None, now: datetime
) -> AwardCheck:
    """Record that this person verified the recipient's bank details by a call to a known number (L5).

    `note` says from where the number was known. It never holds the details themselves (W4). `version` is that of the
    details which they had before their eyes; the check holds until others are given. Raises Conflict where they were
    meanwhile.
    """
    current = _bank_version(session, commitments.held_award(session, award_id))
    if version is not None and version != current:
        raise Conflict("The bank details were changed since you read them. Read and verify them again.", "L5")
    return _record_check(session, award_id, person, CheckKind.BANK_DETAILS, {"version": current}, note, now)


def _bank_version(session: Session, award: Award) -> int:
    """Which of the bank details that were given for an award hold; 0: none were given through the desk."""
    return session.scalar(select(BankDetails.version).where(BankDetails.award_id == award.id)) or 0


def bank_verified(session: Session, award: Award, made: Mapping[CheckKind, AwardCheck]) -> bool:
    """Whether the details that hold now are the ones that were verified (L5): a change makes an earlier check lapse."""
    check = made.get(CheckKind.BANK_DETAILS)
    return check is not None and check.found.get("version", 0) == _bank_version(session, award)


def collect_quotes(
    session: Session, award_id: int, person: Person, *, quotes: int, note: str, now: datetime
) -> AwardCheck:
    """Record how many written quotes the recipient sent for its largest purchase from one supplier (T1)."""
    if quotes < 0:
        raise Refused("Count the quotes that came in: zero or more.", "T1")
    return _record_check(session, award_id, person, CheckKind.QUOTES, {"quotes": quotes}, note, now)


def look_at_subsidy(
    session: Session,
    award_id: int,
    person: Person,
    *,
    enterprise: bool,
    assistance: int | None = None,
    letters: bool = False,
    note: str,
    now: datetime,
) -> AwardCheck:
    """Record whether the recipient is an enterprise, its minimal financial assistance and the letters (L5).

    `assistance` is in pence, over this financial year and those before it that count, without this award.
    """
    found = {"enterprise": enterprise, "assistance": assistance, "letters": letters}
    return _record_check(session, award_id, person, CheckKind.SUBSIDY, found, note, now)


def of_award(session: Session, award: Award) -> dict[CheckKind, AwardCheck]:
    """The latest check of each kind that was made of an award."""
    rows = session.scalars(select(AwardCheck).where(AwardCheck.award_id == award.id).order_by(AwardCheck.id))
    return {CheckKind(row.kind): row for row in rows}
