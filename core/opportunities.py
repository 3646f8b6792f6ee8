"""Opportunities (T4): invitations to tender, to quote or to apply, from the draft to their closing day.

Every one is on the desk's own public page from the day on which it is advertised, with its funding envelope; a tender
with its split of quality and cost, and beyond the policy's limit with the procurement portal's address. Its closing day
is a deadline of whoever looks after it. It closes on its day, by itself; nothing that has closed is opened again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core import deadlines, events, guarded, owning, people, written
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Opportunity, Person
from core.rules.answers import clean_short
from core.rules.calendar import date_text
from core.rules.facts import Finding, Verdict
from core.rules.lifecycle import OPPORTUNITY, OpportunityAction, OpportunityState
from core.rules.policy import Policy, Route
from core.rules.tendering import advertising_finding
from core.shown import Shown, mark

CLOSING: Final = "opportunity"
"""The kind of the deadline on which an opportunity closes."""

LONGEST_TITLE: Final = 200
LONGEST_ADDRESS: Final = 500
ENDED_SHOWN: Final = 40
"""How many of those that are open no more are listed, the latest first."""

RUNNING: Final = (OpportunityState.DRAFT, OpportunityState.OPEN)

THE_DESK: Final = "the desk"
"""Who closes an opportunity whose day has passed."""


class OpportunityKind(StrEnum):
    """What an opportunity invites to."""

    TENDER = "tender"
    QUOTES = "quotes"
    GRANT = "grant"


IN_WORDS: Final = {
    OpportunityKind.TENDER: "Invitation to tender",
    OpportunityKind.QUOTES: "Request for quotes",
    OpportunityKind.GRANT: "Grant to apply for",
}
"""What people call each kind."""


@dataclass(frozen=True)
class Advert:
    """What an opportunity says: `envelope` in pence, the shares in per cent, the addresses whole."""

    kind: OpportunityKind
    title: str
    summary: str
    envelope: int
    quality_share: int | None
    cost_share: int | None
    website: str
    portal: str
    opens_on: date
    closes_on: date
    owner_id: int


def subject_of(opportunity: Opportunity) -> str:
    """What the table of deadlines calls an opportunity."""
    return f"opportunity:{opportunity.id}"


def by_id(session: Session, number: int) -> Opportunity:
    """The opportunity of this number. Raises NotFound."""
    found = session.get(Opportunity, number)
    if found is None:
        raise NotFound("There is no such opportunity. The list of opportunities shows which there are.", "T4")
    return found


def listed(session: Session) -> tuple[list[Opportunity], list[Opportunity]]:
    """Drafts and open ones by their closing day, and those that are open no more, the latest first."""
    query = select(Opportunity).options(selectinload(Opportunity.owner))
    running = Opportunity.status.in_([state.value for state in RUNNING])
    ended = query.where(~running).order_by(Opportunity.closes_on.desc(), Opportunity.id.desc()).limit(ENDED_SHOWN)
    return (
        list(session.scalars(query.where(running).order_by(Opportunity.closes_on, Opportunity.id))),
        list(session.scalars(ended)),
    )


def advertised(session: Session, *, today: date) -> list[Opportunity]:
    """What the public may answer, today or from a day to come: by its closing day. None whose day has passed."""
    query = select(Opportunity).where(Opportunity.status == OpportunityState.OPEN.value, Opportunity.closes_on >= today)
    return list(session.scalars(query.order_by(Opportunity.closes_on, Opportunity.id)))


def finding(opportunity: Opportunity, policy: Policy) -> Finding:
    """T4: where it is advertised, and what is shown there."""
    return advertising_finding(
        opportunity.envelope,
        (opportunity.quality_share, opportunity.cost_share),
        opportunity.portal,
        policy,
        tender=opportunity.kind == OpportunityKind.TENDER.value,
    )


# -------------------------------------------------------------------------------------------------- what is done to one


def draft(session: Session, advert: Advert, person: Person, *, now: datetime) -> Opportunity:
    """Begin an opportunity: nobody outside sees it yet. Raises Refused, WrongInput for what cannot be."""
    actor = people.acting_for_office(person, "draft an opportunity", "T4")
    said = _checked(session, advert, now)
    opportunity = Opportunity(**said, status=OPPORTUNITY.first.value, drafted_at=now, note="")
    session.add(opportunity)
    session.flush()
    _told(session, opportunity, "opportunity_drafted", actor, _plain(said), now)
    return opportunity


def mark_of(opportunity: Opportunity) -> str:
    """What a page that shows an opportunity says of it (`core.shown`)."""
    return mark(_stands(opportunity))


def change(
    session: Session, number: int, advert: Advert, person: Person, *, seen: str = "", now: datetime
) -> Opportunity:
    """Change a draft. What it says already is kept. `seen` is what the page said of it.

    Raises Conflict once it is advertised, since then only its closing day moves, and where somebody else changed it.
    """
    actor = people.acting_for_office(person, "change an opportunity", "T4")
    said = _checked(session, advert, now)
    opportunity = _held(session, number)
    if opportunity.status == OpportunityState.DRAFT.value:
        if all(getattr(opportunity, name) == value for name, value in said.items()):
            return opportunity
        _as_seen(opportunity, seen)
    if not guarded.change(session, opportunity, Opportunity.status == OpportunityState.DRAFT.value, **said):
        raise Conflict("Only a draft is changed. What is advertised stays: set a later day, or cancel it.", "T4")
    _told(session, opportunity, "opportunity_changed", actor, _plain(said), now)
    return opportunity


def advertise(
    session: Session, number: int, person: Person, *, seen: str = "", office: Office, now: datetime
) -> Opportunity:
    """Put a draft on the public page, with its closing day as a deadline. `seen` is what the page said of it.

    Raises Refused where T4 is not met or its day has passed, Conflict where it is no draft or was changed since.
    """
    actor = people.acting_for_office(person, "advertise an opportunity", "T4")
    opportunity, today = _held(session, number), london_day(now)
    found = finding(opportunity, office.policy)
    if opportunity.status == OpportunityState.DRAFT.value:
        _as_seen(opportunity, seen)
        if opportunity.closes_on < today:
            raise Refused(f"It was to close on {date_text(opportunity.closes_on)}, which has passed. Change it.", "T4")
        if opportunity.kind == OpportunityKind.QUOTES.value and _needs_tender(opportunity.envelope, office.policy):
            raise Refused("An envelope of this size needs a tender, not quotes (T1). Change it to a tender.", "T1")
        if found.verdict is not Verdict.MET:
            raise Refused(f"{found.because} {found.remedy}", "T4")
    _move(session, opportunity, OpportunityAction.ADVERTISE, advertised_at=now)
    deadlines.set_deadline(
        session,
        subject=subject_of(opportunity),
        reference=opportunity.reference,
        kind=CLOSING,
        due=opportunity.closes_on,
        title=opportunity.title,
        owner_id=opportunity.owner_id,
        now=now,
        silent_before=today,
    )
    told = {"closes_on": opportunity.closes_on.isoformat(), "because": found.because}
    _told(session, opportunity, "opportunity_advertised", actor, told, now)
    return opportunity


def extend(
    session: Session, number: int, person: Person, *, until: date, reason: str, agreed_by: str = "", now: datetime
) -> Opportunity:
    """Set a later closing day, for everybody. Raises Refused without a reason, WrongInput for a day that is not later.

    One whose day has passed has closed, whether or not that was recorded yet.
    """
    actor = people.acting_for_office(person, "set a later closing day", "T4")
    missing = "Say why it stays open longer: whoever has it already is told."
    reason = written.reason(reason, missing, "T4", agreed_by=agreed_by)
    opportunity, today = by_id(session, number), london_day(now)
    was = opportunity.closes_on
    if opportunity.status == OpportunityState.OPEN.value:
        if was < today:
            raise Conflict(f"It closed on {date_text(was)}. Nothing that has closed is opened again.", "T4")
        if until <= was:
            raise WrongInput("until", f"It closes on {date_text(was)} already. Enter a later day.", "T4")
    _move(session, opportunity, OpportunityAction.EXTEND, closes_on=until)
    deadline = deadlines.find(session, subject=subject_of(opportunity), kind=CLOSING)
    if deadline is not None:
        deadlines.extend(session, deadline, until, today=today, now=now)
    told = {"was": was.isoformat(), "closes_on": until.isoformat(), "reason": reason}
    _told(session, opportunity, "opportunity_extended", actor, told, now)
    return opportunity


def close(session: Session, number: int, person: Person, *, now: datetime) -> Opportunity:
    """Record that it has closed, once its day has passed. Raises Conflict before."""
    actor = people.acting_for_office(person, "close an opportunity", "T4")
    opportunity = by_id(session, number)
    if opportunity.status == OpportunityState.OPEN.value and opportunity.closes_on >= london_day(now):
        closes = date_text(opportunity.closes_on)
        raise Conflict(f"It is open until the end of {closes}. Wait for that day, or cancel it.", "T4")
    _close(session, opportunity, actor, now)
    return opportunity


def close_past(session: Session, *, today: date, now: datetime) -> list[Opportunity]:
    """Close what was open until a day before today. Answers what: nothing where somebody was first."""
    past = select(Opportunity).where(Opportunity.status == OpportunityState.OPEN.value, Opportunity.closes_on < today)
    closed = []
    for opportunity in session.scalars(past.order_by(Opportunity.id)).all():
        try:
            _close(session, opportunity, THE_DESK, now)
        except Conflict:
            continue
        closed.append(opportunity)
    return closed


def cancel(session: Session, number: int, person: Person, *, reason: str, now: datetime) -> Opportunity:
    """It is not gone on with: off the public page, nobody is reminded. Raises Refused without a reason, Conflict."""
    actor = people.acting_for_office(person, "cancel an opportunity", "T4")
    reason = written.words(reason, "Say why it is cancelled: it stays on the record.", "T4")
    opportunity = by_id(session, number)
    _move(session, opportunity, OpportunityAction.CANCEL, note=reason, ended_at=now)
    deadlines.close(session, subject=subject_of(opportunity), now=now)
    _told(session, opportunity, "opportunity_cancelled", actor, {"reason": reason}, now)
    return opportunity


def hand_on(
    session: Session, leaver: Person, *, to: Person | None, actor: str, now: datetime
) -> tuple[Opportunity, ...]:
    """What a leaver looked after, drafts and open ones, as `owning.hand_on`."""

    def tell(opportunity: Opportunity) -> None:
        _told(session, opportunity, "opportunity_handed_over", actor, {"owner": opportunity.owner.name}, now)

    return owning.hand_on(session, Opportunity, leaver, live=RUNNING, to=to, tell=tell)


def _close(session: Session, opportunity: Opportunity, actor: str, now: datetime) -> None:
    _move(session, opportunity, OpportunityAction.CLOSE, ended_at=now)
    deadline = deadlines.find(session, subject=subject_of(opportunity), kind=CLOSING)
    if deadline is not None and deadline.is_open:
        deadlines.meet(session, deadline, now=now)
    _told(session, opportunity, "opportunity_closed", actor, {"closes_on": opportunity.closes_on.isoformat()}, now)


def _held(session: Session, number: int) -> Opportunity:
    """The opportunity as it stands now, held: two who change it at once queue here. Raises NotFound."""
    held = select(Opportunity).where(Opportunity.id == number).with_for_update(key_share=True)
    session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    return by_id(session, number)


def _stands(opportunity: Opportunity) -> dict[str, object]:
    return {one.name: getattr(opportunity, one.name) for one in fields(Advert)}


def _as_seen(opportunity: Opportunity, seen: str) -> None:
    """Raises Conflict where it was changed after somebody opened its page."""
    if Shown(seen).changed(_stands(opportunity)):
        raise Conflict(
            "Somebody else changed this opportunity after you opened this page. Nothing was done: look again.", "T4"
        )


def _move(session: Session, opportunity: Opportunity, action: OpportunityAction, **values: Any) -> None:
    """Change the state, guarded in the database. Raises Conflict where it stands otherwise."""
    new = guarded.state_after(OPPORTUNITY, opportunity.status, action, "T4")
    as_it_was = Opportunity.status == opportunity.status, Opportunity.closes_on == opportunity.closes_on
    if not guarded.change(session, opportunity, *as_it_was, status=new.value, **values):
        raise Conflict("Somebody else has just changed this opportunity. Look at it again.", "T4")


# ----------------------------------------------------------------------------------------------------- what it may say


def _checked(session: Session, advert: Advert, now: datetime) -> dict[str, Any]:
    """The columns of what an opportunity says. Raises WrongInput, naming what is wrong."""
    title = clean_short(advert.title)
    if not 0 < len(title) <= LONGEST_TITLE:
        raise WrongInput("title", f"Give it a title of up to {LONGEST_TITLE} characters.", "T4")
    try:
        summary = written.words(advert.summary, "Say what is wanted, in a few sentences.", "T4")
    except Refused as refusal:
        raise WrongInput("summary", refusal.reason, "T4") from refusal
    if advert.envelope <= 0:
        raise WrongInput("envelope", "Enter the funding envelope in pounds: it is shown to everybody.", "T4")
    for field in ("quality_share", "cost_share"):
        share = getattr(advert, field)
        if share is not None and not 0 <= share <= 100:
            raise WrongInput(field, "Enter a share from 0 to 100.", "T4")
    if advert.closes_on < advert.opens_on:
        raise WrongInput("closes_on", "It cannot close before it opens. Enter a later day.", "T4")
    if advert.closes_on < london_day(now):
        raise WrongInput("closes_on", "That day has passed. Enter a day to come.", "T4")
    owner = owning.owner_of(session, advert.owner_id, "T4")
    addresses = {field: _address(getattr(advert, field), field) for field in ("website", "portal")}
    return {
        **asdict(advert),
        **addresses,
        "kind": advert.kind.value,
        "title": title,
        "summary": summary,
        "owner_id": owner.id,
    }


def _address(text: str, field: str) -> str:
    """A web address that a public page may lead to; "" for none. Raises WrongInput."""
    address = clean_short(text)
    if not address:
        return ""
    wrong = "Enter a whole address that begins with https://, such as https://www.example.org/tender."
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or " " in address or len(address) > LONGEST_ADDRESS:
        raise WrongInput(field, wrong, "T4")
    return address


def _needs_tender(envelope: int, policy: Policy) -> bool:
    return policy.buying_band(envelope).name is Route.TENDER


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def _told(
    session: Session, opportunity: Opportunity, kind: str, actor: str, data: dict[str, Any], now: datetime
) -> None:
    session.flush()
    events.append(session, kind, opportunity.reference, actor, {"opportunity": opportunity.id, **data}, now=now)
