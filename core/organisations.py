"""What the record knows of one organisation beside the bid at hand: earlier bids, awards, overdue returns.

Who is the same organisation is decided by `core.rules.organisations`; here it is one condition on indexed columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, false, literal, or_, select
from sqlalchemy.orm import Session

from core.office import LONDON, london_day
from core.records import Application, Award, Deadline, Decision
from core.returns import RETURN
from core.rules.calendar import add_months, date_text
from core.rules.facts import Facts, History
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.organisations import Bid, OrganisationKeys, alike
from core.rules.policy import Kind, Policy
from core.rules.reviewing import has_meetings
from core.rules.tendering import bought_together
from core.rules.words import listed

SIMILAR_BID: Final = "similar_bid"
"""The kind of a note on an application that an earlier bid looks like it."""

MOST_COMPARED: Final = 50
"""How many earlier bids of one organisation are looked at: so that what a bid costs does not grow with those before it.

Technical: nobody reads a longer list, and who has sent so many within the months of the policy is known by then.
"""

_OF_A_BID: Final = (
    Application.reference,
    Application.title,
    Application.amount,
    Application.start_on,
    Application.end_on,
    Application.contact_key,
    Application.submitted_at,
    Decision.outcome,
    Decision.made_at,
)
_OPEN: Final = (ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED)
_BOUGHT: Final = (Kind.CONTRACT, Kind.INVOICE, Kind.CO_COMMISSIONED)
_GIVEN: Final = (AwardState.OFFERED, AwardState.ACTIVE, AwardState.COMPLETED, AwardState.DECOMMISSIONED)


@dataclass(frozen=True)
class EarlierBid:
    """An earlier bid by the same organisation that looks like the one at hand, and in what."""

    reference: str
    title: str
    amount: int
    contact_key: str
    alike: tuple[str, ...]
    stands: str
    """Whether it is still open, or how and when it was decided: the end of a sentence."""


@dataclass(frozen=True)
class GivenBefore:
    """The organisation's other awards that were accepted: how many and how much, in pence, and what still runs."""

    awards: int
    total: int
    live: int
    live_total: int


@dataclass(frozen=True)
class OverdueReturn:
    """A return of the organisation that has not come in by its day (R1)."""

    deadline_id: int
    reference: str
    title: str
    contact_key: str
    due: date


def keys_of(application: Application) -> OrganisationKeys:
    """The keys of whoever made an application, as the record keeps them; a draft has none."""
    return OrganisationKeys(application.charity_key, application.company_key, application.name_key)


def by_same(keys: OrganisationKeys) -> ColumnElement[bool]:
    """The condition on applications that `same_organisation` is; true of none where nothing is known."""
    ways: list[ColumnElement[bool]] = []
    if keys.charity:
        ways.append(Application.charity_key == keys.charity)
    if keys.company:
        ways.append(Application.company_key == keys.company)
    if keys.name:
        named: list[ColumnElement[bool]] = [Application.name_key == keys.name]
        if keys.charity:
            named.append(Application.charity_key.is_(None))
        if keys.company:
            named.append(Application.company_key.is_(None))
        ways.append(and_(*named))
    return or_(*ways) if ways else false()


def live_total(session: Session, keys: OrganisationKeys, *, but: int | None = None) -> int:
    """What the organisation's awards come to that are accepted and still run, in pence, without one application's."""
    return sum(amount for status, _, amount, _ in _awards(session, keys, but) if status == AwardState.ACTIVE)


def given_before(session: Session, keys: OrganisationKeys, *, but: int | None = None) -> GivenBefore:
    """What the organisation was given before, without one application's: awards that were accepted, ended or not."""
    found = [(status, amount) for status, _, amount, _ in _awards(session, keys, but) if status != AwardState.OFFERED]
    live = [amount for status, amount in found if status == AwardState.ACTIVE]
    return GivenBefore(len(found), sum(amount for _, amount in found), len(live), sum(live))


def _awards(session: Session, keys: OrganisationKeys, but: int | None) -> list[tuple[str, str, int, date]]:
    """The organisation's awards: state, kind, pence, and the day on which each was decided."""
    query = (
        select(Award.status, Award.kind, Award.amount, Award.offered_at, Decision.outside_on)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Application.decision)
        .where(by_same(keys), Award.status.in_([state.value for state in _GIVEN]))
    )
    if but is not None:
        query = query.where(Application.id != but)
    return [
        (status, kind, amount, outside_on or london_day(at))
        for status, kind, amount, at, outside_on in session.execute(query)
    ]


def history_of(
    session: Session,
    application: Application,
    facts: Facts,
    *,
    policy: Policy,
    today: date,
    told_to: str | None = None,
) -> History:
    """What the rules are told of the organisation's other awards: those that run (R2), those lately bought of it (T2).

    And of its returns that are overdue (R1): where it is `told_to` the key of an address, of those alone that this
    address owes. One indexed query for each; none of the first kind where neither of those rules asks: for a grant
    that has meetings by itself.
    """
    keys = keys_of(application)
    late = owed(session, application, today=today, told_to=told_to)
    if facts.kind is Kind.GRANT and has_meetings(facts.amount, policy):
        return replace(facts.history, overdue=late)
    found = _awards(session, keys, application.id)
    bought = [(on, amount) for _, kind, amount, on in found if Kind(kind) in _BOUGHT]
    return History(
        same_supplier=bought_together(bought, today, policy.buying_together_months.value),
        live_awards=sum(amount for status, _, amount, _ in found if status == AwardState.ACTIVE),
        assistance=facts.history.assistance,
        overdue=late,
    )


def earlier_bids(
    session: Session, keys: OrganisationKeys, bid: Bid, *, policy: Policy, today: date, but: int | None = None
) -> list[EarlierBid]:
    """Bids of the organisation that look like this one, the latest first: open, or decided in the last months (U1).

    One query, of MOST_COMPARED bids at most.
    """
    since = add_months(today, -policy.similar_bid_months.value)
    decided = and_(
        Application.status.in_([ApplicationState.APPROVED.value, ApplicationState.DECLINED.value]),
        Decision.made_at >= datetime(since.year, since.month, since.day, tzinfo=LONDON),
    )
    query = (
        select(*_OF_A_BID)
        .outerjoin(Application.decision)
        .where(by_same(keys), or_(Application.status.in_([state.value for state in _OPEN]), decided))
        .order_by(Application.submitted_at.desc(), Application.id.desc())
        .limit(MOST_COMPARED)
    )
    if but is not None:
        query = query.where(Application.id != but)
    share = policy.similar_amount_share.value
    found = []
    for reference, title, amount, start, end, contact, sent_at, outcome, made_at in session.execute(query):
        same = alike(bid, Bid(title or "", amount or 0, start, end), share)
        if same:
            stands = _how_it_stands(sent_at, outcome, made_at)
            found.append(EarlierBid(reference or "", title or "", amount or 0, contact or "", same, stands))
    return found


def bid_of(application: Application) -> Bid:
    """What is compared of an application."""
    return Bid(application.title or "", application.amount or 0, application.start_on, application.end_on)


def noticed(found: list[EarlierBid]) -> list[dict[str, Any]]:
    """Earlier bids as notes on an application: JSON-ready, and without a word that an applicant typed."""
    return [
        {
            "kind": SIMILAR_BID,
            "reference": one.reference,
            "because": f"{one.reference}, by the same organisation, is like this one in its "
            f"{listed(one.alike)}. It {one.stands}.",
        }
        for one in found
    ]


def _how_it_stands(sent_at: datetime | None, outcome: str | None, made_at: datetime | None) -> str:
    if outcome is not None and made_at is not None:
        return f"was {outcome} on {date_text(london_day(made_at))}"
    if sent_at is None:
        return "is open"
    return f"was sent on {date_text(london_day(sent_at))} and is open"


def owed(session: Session, application: Application, *, today: date, told_to: str | None = None) -> tuple[str, ...]:
    """The overdue returns of the organisation's other awards as R1 names them: all, or one address's, by its key."""
    overdue = overdue_returns(session, keys_of(application), today=today, but=application.id)
    mine = [one for one in overdue if told_to is None or (one.contact_key and one.contact_key == told_to)]
    return tuple(f"{one.reference}, due on {date_text(one.due)}" for one in mine)


def overdue_returns(
    session: Session, keys: OrganisationKeys, *, today: date, but: int | None = None
) -> list[OverdueReturn]:
    """The organisation's returns that were due before today and have not come in, the earliest first (R1).

    Without those of one application's award, where it is named.
    """
    query = (
        select(Deadline.id, Deadline.reference, Application.title, Application.contact_key, Deadline.due)
        .join(Award, Deadline.subject == literal("award:").concat(cast(Award.id, String)))  # which has an index
        .join(Application, Application.id == Award.application_id)
        .where(
            by_same(keys),
            Deadline.kind == RETURN,
            Deadline.is_open,
            Deadline.due < today,
        )
        .order_by(Deadline.due, Deadline.id)
    )
    if but is not None:
        query = query.where(Application.id != but)
    return [
        OverdueReturn(number, reference, title or "", contact or "", due)
        for number, reference, title, contact, due in session.execute(query)
    ]
