"""What the public sees: the register of every award from its acceptance on (W1), and the grants as open data (W3).

No contact, address or bank detail is in anything made here: only what the office awarded, to which organisation, for
what, under which conditions, and why (W2).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, selectinload

from core.errors import NotFound
from core.office import Office, london_day
from core.records import Application, Award, Decision
from core.rules.calendar import financial_year, year_label
from core.rules.lifecycle import AwardState
from core.rules.money import pounds
from core.rules.policy import Kind

PUBLIC_STATES = (AwardState.ACTIVE, AwardState.COMPLETED, AwardState.DECOMMISSIONED)
"""An award is public from its acceptance on."""

_DECIDED_ON = func.coalesce(Decision.outside_on, func.date(Decision.made_at))
_LATEST_FIRST = (_DECIDED_ON.desc(), Decision.made_at.desc(), Award.id.desc())
"""By the day of the decision, wherever it was made: one from outside the desk has no hour."""

COLUMNS = (
    "reference",
    "kind",
    "fund",
    "fund_name",
    "recipient",
    "title",
    "amount_awarded",
    "awarded_on",
    "start",
    "end",
    "year",
    "status",
    "purpose",
    "csp_area",
    "plan_objective",
    "conditions",
    "reasons",
    "legal_power",
    "contribution",
)
"""The columns of the register as CSV and XLSX."""

STANDARD_VERSION = "1.4"
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


@dataclass(frozen=True)
class PublicAward:
    """One award as the register shows it. `amount` is in pence."""

    reference: str
    kind: str
    fund: str
    fund_name: str
    recipient: str
    charity_number: str | None
    company_number: str | None
    title: str
    need: str
    amount: int
    asked: int
    awarded_on: date
    start: date
    end: date
    year: int
    status: str
    purpose: str
    csp_area: str
    plan_objective: str
    conditions: str
    reasons: str
    legal_power: str
    contribution: str
    outcomes: tuple[tuple[str, str, str], ...]
    changed_at: datetime

    def as_data(self) -> dict[str, Any]:
        """As the API and the columns of the register have it: money as pounds, dates as ISO."""
        return {
            "reference": self.reference,
            "kind": self.kind,
            "fund": self.fund,
            "fund_name": self.fund_name,
            "recipient": self.recipient,
            "title": self.title,
            "amount_awarded": pounds(self.amount),
            "awarded_on": self.awarded_on.isoformat(),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "year": year_label(self.year),
            "status": self.status,
            "purpose": self.purpose,
            "csp_area": self.csp_area,
            "plan_objective": self.plan_objective,
            "conditions": self.conditions,
            "reasons": self.reasons,
            "legal_power": self.legal_power,
            "contribution": self.contribution,
        }


def register(
    session: Session,
    *,
    office: Office,
    fund: str | None = None,
    year: int | None = None,
    words: str = "",
    kinds: Sequence[Kind] | None = None,
) -> list[PublicAward]:
    """Every public award, the latest decision first; by fund, financial year of the start, and words if given."""
    query = _public_awards()
    if fund:
        query = query.where(Award.fund == fund)
    if kinds is not None:
        query = query.where(Award.kind.in_([kind.value for kind in kinds]))
    found = [_public(award, office) for award in session.scalars(query)]
    if year is not None:
        found = [award for award in found if award.year == year]
    wanted = words.casefold().split()
    if wanted:
        found = [award for award in found if all(word in _searched(award) for word in wanted)]
    return found


def latest(session: Session, funds: Collection[str], most: int, *, office: Office) -> dict[str, list[PublicAward]]:
    """The latest public awards of each of these funds, at most so many of each: what it has been given for lately."""
    place = func.row_number().over(partition_by=Award.fund, order_by=_LATEST_FIRST)
    placed = (
        select(Award.id, place.label("place"))
        .join(Award.application)
        .join(Application.decision)
        .where(_is_public(), Award.fund.in_(funds))
        .subquery()
    )
    few = _public_awards().join(placed, placed.c.id == Award.id).where(placed.c.place <= most)
    found: dict[str, list[PublicAward]] = {fund: [] for fund in funds}
    for award in session.scalars(few):
        found[award.fund].append(_public(award, office))
    return found


def _public_awards() -> Select[Award]:
    return (
        select(Award)
        .join(Award.application)
        .join(Application.decision)
        .where(_is_public())
        .options(selectinload(Award.application).selectinload(Application.outcomes))
        .options(selectinload(Award.application).selectinload(Application.decision))
        .order_by(*_LATEST_FIRST)
    )


def _is_public() -> ColumnElement[bool]:
    return Award.status.in_([state.value for state in PUBLIC_STATES])


def _searched(award: PublicAward) -> str:
    return f"{award.reference} {award.recipient} {award.title} {award.csp_area} {award.need}".casefold()


def one(session: Session, reference: str, *, office: Office) -> PublicAward:
    """One public award. Raises NotFound for one that does not exist, or is not public yet."""
    award = session.scalars(select(Award).where(Award.reference == reference.upper(), _is_public())).one_or_none()
    if award is None:
        raise NotFound(f"There is no award {reference} in the register. Awards appear once their offer is accepted.")
    return _public(award, office)


def _public(award: Award, office: Office) -> PublicAward:
    application, decision = award.application, award.application.decision
    if decision is None:
        raise RuntimeError(f"{award.reference} is an award without a decision")
    objective = office.policy.objective(application.plan_objective or "")
    return PublicAward(
        reference=award.reference,
        kind=award.kind,
        fund=award.fund,
        fund_name=office.policy.fund_name(award.fund),
        recipient=application.organisation_name or "",
        charity_number=application.charity_number,
        company_number=application.company_number,
        title=application.title or "",
        need=application.need or "",
        amount=award.amount,
        asked=application.amount or award.amount,
        awarded_on=decision.outside_on or london_day(decision.made_at),
        start=award.start_on,
        end=award.end_on,
        year=financial_year(award.start_on),
        status=award.status,
        purpose=application.purpose or "",
        csp_area=application.csp_area or "",
        plan_objective=objective.text if objective else application.plan_objective or "",
        conditions=award.conditions,
        reasons=decision.reasons,
        legal_power=decision.legal_power or "",
        contribution=decision.contribution or "",
        outcomes=tuple((one.outcome, one.measure, one.target) for one in application.outcomes),
        changed_at=award.answered_at or award.offered_at,
    )


class _Number:
    """Pounds as a JSON number, written digit by digit: a binary fraction never stands in between."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)

    def __call__(self, pence: int) -> str:
        return f"{self._mark}{pounds(pence)}"

    def write(self, package: dict[str, Any]) -> str:
        text = json.dumps(package, ensure_ascii=False, indent=1)
        return re.sub(rf'"{self._mark}(\d+\.\d\d)"', r"\1", text)


def package_360(session: Session, *, office: Office, now: datetime) -> str:
    """The grants as a 360Giving 1.4 package, as JSON text (W3). Grants only: the register holds every kind."""
    number = _Number()
    details = office.policy.office
    prefix = details.giving_prefix.value
    funder = {"id": details.organisation_id.value or f"{prefix}:office", "name": details.name.value}
    grants = [
        _grant(award, office, number, prefix, funder) for award in register(session, office=office, kinds=[Kind.GRANT])
    ]
    package: dict[str, Any] = {
        "version": STANDARD_VERSION,
        "title": f"Grants awarded by {details.name.value}",
        "description": "Every grant from its acceptance on, from each fund and of every size.",
        "issued": london_day(now).isoformat(),
        "modified": now.isoformat(),
        "identifier": f"{prefix}:awards",
        "publisher": {"name": details.name.value},
        "license": LICENCE,
        "downloadURL": f"{office.public_url}/awards.json",
        "accessURL": f"{office.public_url}/awards",
        "grants": grants,
    }
    return number.write(package)


def _grant(award: PublicAward, office: Office, number: _Number, prefix: str, funder: dict[str, str]) -> dict[str, Any]:
    recipient: dict[str, str] = {"id": _recipient_id(award, prefix), "name": award.recipient}
    if award.charity_number:
        recipient["charityNumber"] = award.charity_number
    if award.company_number:
        recipient["companyNumber"] = award.company_number
    return {
        "id": f"{prefix}:{award.reference}",
        "title": award.title,
        "description": award.need,
        "currency": "GBP",
        "amountAppliedFor": number(award.asked),
        "amountAwarded": number(award.amount),
        "awardDate": award.awarded_on.isoformat(),
        "plannedDates": [{"startDate": award.start.isoformat(), "endDate": award.end.isoformat()}],
        "recipientOrganization": [recipient],
        "fundingOrganization": [funder],
        "beneficiaryLocation": [{**({"name": award.csp_area} if award.csp_area else {}), "countryCode": "GB"}],
        "grantProgramme": [{"code": award.fund, "title": award.fund_name}],
        "fromOpenCall": "Yes" if (fund := office.policy.fund(award.fund)) and fund.open_to_applications else "No",
        "url": f"{office.public_url}/awards/{award.reference}",
        "dataSource": f"{office.public_url}/awards",
        "dateModified": award.changed_at.isoformat(),
    }


def _recipient_id(award: PublicAward, prefix: str) -> str:
    """An organisation's identifier: its charity or company number where it has one, else one of our own."""
    if award.charity_number:
        number = award.charity_number.upper()
        if number.startswith("SC"):
            return f"GB-SC-{number}"
        return f"GB-NIC-{number[3:]}" if number.startswith("NIC") else f"GB-CHC-{number}"
    if award.company_number:
        return f"GB-COH-{award.company_number.upper()}"
    slug = re.sub(r"[^a-z0-9]+", "-", award.recipient.casefold()).strip("-")
    return f"{prefix}-org:{slug or hashlib.sha256(award.recipient.encode()).hexdigest()[:16]}"
