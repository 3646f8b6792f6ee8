"""Does the ledger agree with what it explains: every balance, every award, every payment (F6, F7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import ledger
from core.ledger import COLUMNS, EFFECTS
from core.records import Award, FundYear, LedgerEntry, Payment
from core.rules.calendar import year_label
from core.rules.lifecycle import AwardState
from core.rules.money import display
from core.rules.payment import PaymentState

_RUNNING = (AwardState.OFFERED, AwardState.ACTIVE)


@dataclass(frozen=True)
class Difference:
    """Something of which the record says one sum and the ledger another, in pence."""

    where: str
    what: str
    record: int
    ledger: int

    def __str__(self) -> str:
        """In a line, for whoever audits."""
        return f"{self.where}: {self.what} is {display(self.record)}, and by the ledger {display(self.ledger)}"


def reconcile(session: Session) -> list[Difference]:
    """Every difference between the ledger's entries and the balances, awards and payments; none where all is well.

    A balance is what its entries sum to. An award that is offered or runs holds its profile, year by year; one that
    has ended holds what it was paid; what it was paid is its payments less what came back.
    """
    return [*_unknown_kinds(session), *_balances(session), *_awards(session), *_payments(session)]


def _unknown_kinds(session: Session) -> Iterator[Difference]:
    rows = session.execute(
        select(LedgerEntry.fund, LedgerEntry.year, LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.kind.not_in(list(EFFECTS)))
        .group_by(LedgerEntry.fund, LedgerEntry.year, LedgerEntry.kind)
        .order_by(LedgerEntry.fund, LedgerEntry.year, LedgerEntry.kind)
    )
    for fund, year, kind, total in rows:
        yield Difference(f"{fund} {year_label(year)}", f"an entry of the unknown kind '{kind}'", 0, int(total))


def _balances(session: Session) -> Iterator[Difference]:
    entered = ledger.sums(session)
    recorded = {(row.fund, row.year, row.pot): row for row in session.scalars(select(FundYear))}
    for place in sorted({*entered, *recorded}):
        fund, year, pot = place
        for column in COLUMNS:
            record = getattr(recorded[place], column) if place in recorded else 0
            by_entries = entered[place][column] if place in entered else 0
            if record != by_entries:
                where = " ".join(part for part in (fund, year_label(year), pot) if part)
                yield Difference(where, column, record, by_entries)


@dataclass
class _Entered:
    """What the entries say of an award: by financial year what it holds, and what it was paid."""

    held: dict[int, int]
    paid: int = 0
    returned: int = 0


def _entered(session: Session) -> dict[int, _Entered]:
    rows = session.execute(
        select(LedgerEntry.award_id, LedgerEntry.year, LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.award_id.is_not(None), LedgerEntry.kind.in_(list(EFFECTS)))
        .group_by(LedgerEntry.award_id, LedgerEntry.year, LedgerEntry.kind)
    )
    found: dict[int, _Entered] = {}
    for award_id, year, kind, total in rows:
        if award_id is None:
            continue
        mine = found.setdefault(award_id, _Entered({}))
        for column, sign in EFFECTS[kind].items():
            if column in ("committed", "forward"):
                mine.held[year] = mine.held.get(year, 0) + sign * int(total)
            elif column == "paid":
                mine.paid += sign * int(total)
        if kind == "returned":
            mine.returned += int(total)
    return found


def _awards(session: Session) -> Iterator[Difference]:
    entered = _entered(session)
    rows = session.execute(
        select(Award.id, Award.reference, Award.status, Award.amount, Award.paid, Award.profile).order_by(Award.id)
    )
    for award_id, reference, status, amount, paid, profile in rows:
        mine = entered.pop(award_id, _Entered({}))
        if mine.paid != paid:
            yield Difference(reference, "what was paid", paid, mine.paid)
        if status in _RUNNING:
            planned = {int(year): int(part) for year, part in profile.items()}
            if sum(planned.values()) != amount:
                yield Difference(reference, "its amount, beside its profile,", amount, sum(planned.values()))
            for year in sorted({*planned, *mine.held}):
                if planned.get(year, 0) != mine.held.get(year, 0):
                    what = f"what it holds of {year_label(year)}"
                    yield Difference(reference, what, planned.get(year, 0), mine.held.get(year, 0))
        elif sum(mine.held.values()) != paid:
            yield Difference(reference, "what it holds now that it has ended", paid, sum(mine.held.values()))
    for award_id, left in sorted(entered.items()):
        yield Difference(f"award {award_id}", "what an award that is not on record holds", 0, sum(left.held.values()))


def _payments(session: Session) -> Iterator[Difference]:
    entered = _entered(session)
    rows = session.execute(
        select(Award.id, Award.reference, func.sum(Payment.amount))
        .join(Payment, Payment.award_id == Award.id)
        .where(Payment.status == PaymentState.PAID.value)
        .group_by(Award.id, Award.reference)
        .order_by(Award.id)
    )
    made = {award_id: (reference, int(total)) for award_id, reference, total in rows}
    for award_id, (reference, total) in made.items():
        mine = entered.get(award_id, _Entered({}))
        if mine.paid + mine.returned != total:
            yield Difference(reference, "what its payments come to", total, mine.paid + mine.returned)
    for award_id, mine in sorted(entered.items()):
        if award_id not in made and mine.paid + mine.returned:
            yield Difference(f"award {award_id}", "what its payments come to", 0, mine.paid + mine.returned)
