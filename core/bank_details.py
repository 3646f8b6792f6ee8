"""Bank details (L5, F7, W4): asked after acceptance, encrypted, read by few, changed in plain sight, purged.

No digit of them is ever in a line of the trail, a message, a log or an export: what is told is that they were given,
changed, read or purged, by whom and when.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core import award_checks, commitments, events, holding, outbox, people, written
from core.errors import Conflict, Gone, NotFound, Refused
from core.field_cipher import CannotOpen, key_of
from core.office import Office, london_day
from core.records import Award, BankDetails, Event, Payment, Person
from core.rules.banking import Account, last_needed, masked
from core.rules.calendar import date_text
from core.rules.facts import Verdict
from core.rules.keeping import deletion_finding
from core.rules.lifecycle import AwardState
from core.rules.payment import PAYMENT, PaymentState
from core.rules.policy import Role
from core.rules.words import counted

RETENTION = "bank_details"
"""The row of the policy's retention that says how long they are kept (W4)."""

GIVEN, READ, PURGED = "bank_details_given", "bank_details_read", "bank_details_purged"
"""The kinds of the trail's lines about them."""


def of_award(session: Session, award: Award) -> BankDetails | None:
    """What was given for an award; None where nothing ever was. `locked` is None once it was purged."""
    return session.scalars(
        select(BankDetails).where(BankDetails.award_id == award.id).execution_options(populate_existing=True)
    ).one_or_none()


def may_give(award: Award) -> Refused | None:
    """Why bank details are not taken for this award now; None where they are: after acceptance, until all is paid."""
    if award.status == AwardState.OFFERED:
        return Conflict("Accept the offer first: we ask for bank details only after that.", "F7")
    if award.status != AwardState.ACTIVE:
        return Conflict("This award has ended, so no bank details are needed.", "F7")
    if award.paid >= award.amount:
        return Conflict("All of this award has been paid, so its bank details can no longer be changed.", "F7")
    return None


def give(
    session: Session, award_id: int, account: Account, *, seen: int | None = None, office: Office, now: datetime
) -> BankDetails:
    """Keep the recipient's account, in the place of an earlier one. The office and the contact are told that it was.

    `seen` is the version that the recipient had before their eyes, 0 for none. Details that are there already are not
    changed by being sent again. What was verified of earlier ones no longer holds (L5).

    Raises Conflict where the award takes none, or somebody else was faster; Refused after too many in one day.
    """
    award = commitments.held_award(session, award_id)
    refusal = may_give(award)
    if refusal is not None:
        raise refusal
    details = of_award(session, award)
    if details is not None and details.locked is not None and _same(details, account, office):
        return details
    version = details.version if details is not None else 0
    if seen is not None and seen != version:
        raise Conflict(
            "Somebody changed the bank details since you opened this page. Check what we hold now, and send yours "
            "again if they are right.",
            "L5",
        )
    _check_often(session, award, office.policy.bank_details_a_day.value, now)
    if details is None:
        details = BankDetails(award_id=award.id, version=0)
        session.add(details)
    details.version = version + 1
    details.locked = _locked(account, award.id, office)
    details.own_name, details.given_at, details.purged_at = account.own_name, now, None
    session.flush()
    told = {"version": details.version, "own_name": account.own_name}
    events.append(session, GIVEN, award.reference, "the recipient", told, now=now)
    _tell(session, award, details, now)
    return details


def _check_often(session: Session, award: Award, most: int, now: datetime) -> None:
    given = select(func.count()).where(
        Event.reference == award.reference, Event.kind == GIVEN, Event.at > now - timedelta(days=1)
    )
    if (session.scalar(given) or 0) >= most:
        raise Refused(
            f"The bank details of this award were given {counted(most, 'time')} within a day. Write to the office, or "
            "try again tomorrow.",
            "L5",
        )


def _tell(session: Session, award: Award, details: BankDetails, now: datetime) -> None:
    key = f"bank-details:{award.id}:{details.version}"
    payload = {"award_id": award.id, "version": details.version}
    outbox.put(session, "bank_details", subject=f"award:{award.id}", key=key, payload=payload, now=now)
    what = "bank_details_given" if details.version == 1 else "bank_details_changed"
    outbox.put(
        session,
        "award_notice",
        subject=f"award:{award.id}",
        key=f"notice:{key}",
        payload={"award_id": award.id, "what": what},
        now=now,
    )


def _about(award_id: int) -> str:
    return f"bank_details of award {award_id}"


def _locked(account: Account, award_id: int, office: Office) -> str:
    held = {"name": account.name, "sort_code": account.sort_code, "number": account.number, "roll": account.roll_number}
    try:
        return office.cipher.lock(json.dumps(held), _about(award_id))
    except CannotOpen as error:
        raise Refused("We cannot take bank details at the moment. Please write to the office.", "W4") from error


def _opened(details: BankDetails, office: Office) -> Account:
    """What is locked in a row that was not purged. Raises CannotOpen."""
    held = json.loads(office.cipher.open(details.locked or "", _about(details.award_id)))
    return Account(held["name"], held["sort_code"], held["number"], held["roll"], details.own_name)


def _same(details: BankDetails, account: Account, office: Office) -> bool:
    try:
        return _opened(details, office) == account
    except CannotOpen:
        return False


@dataclass(frozen=True)
class Shown:
    """What anybody is shown of bank details: the account number but for its last two digits hidden, and when.

    `number` is "" where they were purged, or do not open. `version` 0: none were ever given.
    """

    version: int = 0
    number: str = ""
    given_at: datetime | None = None
    own_name: bool = True
    purged_at: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether there are any now."""
        return self.version > 0 and self.purged_at is None


def shown(session: Session, award: Award, office: Office) -> Shown:
    """The bank details of an award as its recipient, and any member of staff, may see them."""
    details = of_award(session, award)
    if details is None:
        return Shown()
    number = ""
    if details.locked is not None:
        try:
            number = masked(_opened(details, office))
        except CannotOpen:  # the page says that there are some; whoever must read them is told why they cannot
            number = ""
    return Shown(details.version, number, details.given_at, details.own_name, details.purged_at)


def read(session: Session, award_id: int, person: Person, *, why: str, office: Office, now: datetime) -> Account:
    """The bank details in clear, for a finance person of the office; each reading leaves a line with its reason.

    Raises Refused (W4, F7, A2) for anybody else, without a reason, or where no key opens them; NotFound where none were
    given, Gone where they were purged.
    """
    award = commitments.held_award(session, award_id)
    award_checks.check_handler(session, award, person)
    if Role(person.role) is not Role.FINANCE:
        raise Refused("Bank details are read by finance only. Ask the chief finance officer.", "W4")
    said = written.words(why, "Say why you read the bank details: it goes on the record.", "F7")
    details = of_award(session, award)
    if details is None:
        raise NotFound(f"No bank details were given for {award.reference}.", "W4")
    if details.locked is None:
        day = date_text(london_day(details.purged_at)) if details.purged_at else "an earlier day"
        raise Gone(f"The bank details of {award.reference} were deleted on {day}.", "W4")
    try:
        account = _opened(details, office)
    except CannotOpen as error:
        raise Refused(f"The bank details of {award.reference} cannot be read. {error}", "W4") from error
    told = {"version": details.version, "why": said, "person": person.id}
    events.append(session, READ, award.reference, people.actor_of(person), told, now=now)
    return account


# ------------------------------------------------------------------------------------------------ purging, and the keys


def purge_due(session: Session, *, office: Office, today: date, now: datetime) -> list[str]:
    """Delete the bank details that are needed no more, as the policy's retention says (W4). Answers the references.

    A hold on the award keeps them, whatever their age. Nobody can read them afterwards; their row says when.
    """
    purged = []
    for award_id in _candidates(session, today):
        award = commitments.held_award(session, award_id)
        details = of_award(session, award)
        if details is None or details.locked is None:
            continue
        because = _no_longer_needed(session, award, office=office, today=today)
        if because:
            details.locked, details.purged_at = None, now
            told = {"version": details.version, "because": because}
            events.append(session, PURGED, award.reference, "the desk", told, now=now)
            purged.append(award.reference)
    return purged


def _candidates(session: Session, today: date) -> list[int]:
    """Awards whose details may be needed no more, by what a query can tell."""
    return list(
        session.scalars(
            select(Award.id)
            .join(BankDetails, BankDetails.award_id == Award.id)
            .where(
                BankDetails.locked.is_not(None),
                or_(Award.status != AwardState.ACTIVE.value, Award.paid >= Award.amount, Award.end_on < today),
            )
            .order_by(Award.id)
        )
    )


def _no_longer_needed(session: Session, award: Award, *, office: Office, today: date) -> str:
    """Why the details are needed no more; "" while they are kept."""
    found = list(session.execute(select(Payment.status, Payment.paid_at).where(Payment.award_id == award.id)))
    paid_on = [london_day(row.paid_at) for row in found if row.paid_at is not None]
    over = award.status != AwardState.ACTIVE
    held = holding.of(session, award.reference)
    since = last_needed(
        over=over,
        paid_in_full=award.paid >= award.amount,
        to_come=any(PaymentState(row.status) not in PAYMENT.finals for row in found),
        paid_on=paid_on,
        end_on=award.end_on,
    )
    if over and since is None:
        return "" if any(one.holds(today) for one in held) else "The award ended, and nothing was ever paid."
    finding = deletion_finding(RETENTION, since, held, office.policy, today)
    return finding.because if finding.verdict is Verdict.MET else ""


def lock_again(session: Session, *, office: Office, actor: str, now: datetime) -> int:
    """Encrypt everything with the first key again; answers how many rows were under another. All of them, or none.

    Raises Refused where a row does not open: its key is still needed.
    """
    changed = 0
    rows = select(BankDetails).where(BankDetails.locked.is_not(None)).order_by(BankDetails.id).with_for_update()
    for details in session.scalars(rows.execution_options(populate_existing=True)):
        if key_of(details.locked or "") == office.cipher.current:
            continue
        try:
            opened = office.cipher.open(details.locked or "", _about(details.award_id))
            details.locked = office.cipher.lock(opened, _about(details.award_id))
        except CannotOpen as error:
            raise Refused(
                f"The bank details of award {details.award_id} stay as they are, and all others. {error}", "W4"
            ) from error
        changed += 1
    if changed:
        told = {"key": office.cipher.current, "rows": changed}
        events.append(session, "fields_locked_again", events.RECORD_TRAIL, actor, told, now=now)
    return changed


def by_key(session: Session) -> dict[str, int]:
    """How many rows each key is needed for, by its id."""
    counts: dict[str, int] = {}
    for locked in session.scalars(select(BankDetails.locked).where(BankDetails.locked.is_not(None))):
        name = key_of(locked or "")
        counts[name] = counts.get(name, 0) + 1
    return counts
