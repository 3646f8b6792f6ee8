"""Links by mail, for whoever asks with an e-mail address: how often, and what an address has.

Asking answers the same, and takes as long, whether or not the address is known: what it has is looked up only when the
mail is worded. Nobody can use it to flood somebody: the policy says how many mails an hour one address is sent, and how
many a day one draft sends.

What a stranger asks for an address takes nothing from a draft of whoever reads it: what anybody may ask (the list, a
link to start with) has one allowance an hour for an address, drafts that it has not been mailed before share another,
and a draft that it has been mailed has its own. The two that are shared are counted by the network that asks, so that
whoever uses one up stops nobody who asks from elsewhere; all networks together come to no more in an hour than one
draft is mailed in a day. So a stranger's drafts come to few mails, and stop no draft that the address holds already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session, selectinload

from core import outbox
from core.database import one_at_a_time
from core.errors import NotFound
from core.links import Purpose
from core.office import LONDON, london_day
from core.records import Application, Award, Deadline, Link, LinkRequest, Meeting
from core.returns import RETURN
from core.rules.calendar import add_months
from core.rules.lifecycle import ApplicationState, AwardState, MeetingState
from core.rules.organisations import address_key
from core.rules.policy import Policy

Kind = Literal["draft", "list", "start"]

MOST = 20
"""How many things of one kind a mail lists, the latest first."""


@dataclass(frozen=True)
class Has:
    """One thing that an address has, with the purpose and the subject of its link.

    `reference` is "" for a draft. `day` is when a draft was last saved, an application was sent, a meeting is, or by
    when an offer is to be answered and a return to come in.
    """

    purpose: Purpose
    subject_id: int
    fund: str
    reference: str
    day: date
    draft: bool = False


def ask(
    session: Session,
    kind: Kind,
    address: str,
    *,
    policy: Policy,
    now: datetime,
    application_id: int | None = None,
    fund: str | None = None,
    network: str = "",
) -> bool:
    """Note that links are to be mailed to an address, and put the mail into the outbox. False where that is too often.

    `network` is what is kept of where it is asked from (`core.links.Signer.network`); those who name none share one.
    The mail goes to the key of the address, which is what is compared: never to another spelling of it.
    """
    key = address_key(address)
    one_at_a_time(session, key, *([f"draft {application_id}"] if application_id is not None else []))
    kept = timedelta(days=max(1, policy.start_link_days.value))
    session.execute(delete(LinkRequest).where(LinkRequest.asked_at < now - kept))
    if _too_often(session, key, application_id, network, policy, now):
        return False
    request = LinkRequest(
        kind=kind, address=key, application_id=application_id, fund=fund, network=network, asked_at=now
    )
    session.add(request)
    session.flush()
    name = f"link_request:{request.id}"
    outbox.put(session, f"link_{kind}", subject=name, key=name, payload={"link_request_id": request.id}, now=now)
    return True


def _too_often(
    session: Session, key: str, application_id: int | None, network: str, policy: Policy, now: datetime
) -> bool:
    here, hour = LinkRequest.address == key, now - timedelta(hours=1)
    an_hour, a_day = policy.link_mails_an_hour.value, policy.link_mails_a_day.value
    if application_id is None:
        shared = here & LinkRequest.application_id.is_(None)
    else:
        about = LinkRequest.application_id == application_id
        if _asked(session, about, now - timedelta(days=1)) >= a_day:
            return True
        holds = select(Link.id).where(
            Link.purpose == "application", Link.subject_id == application_id, Link.address == key
        )
        if session.scalars(holds.limit(1)).first() is not None:
            return _asked(session, here & about, hour) >= an_hour
        shared = here & LinkRequest.application_id.is_not(None)
    if _asked(session, shared & (LinkRequest.network == network), hour) >= an_hour:
        return True
    return _asked(session, shared, hour) >= max(an_hour, a_day)


def _asked(session: Session, about: ColumnElement[bool], since: datetime) -> int:
    query = select(func.count()).select_from(LinkRequest).where(about, LinkRequest.asked_at > since)
    return session.scalar(query) or 0


def by_id(session: Session, request_id: int) -> LinkRequest:
    """The request of this row number. Raises NotFound for one that is not kept any more."""
    request = session.get(LinkRequest, request_id)
    if request is None:
        raise NotFound("There is no such request for links, or it is too long ago.")
    return request


def has(session: Session, key: str, *, policy: Policy, today: date) -> list[Has]:
    """What an address has: offers to answer, returns that are due, meetings to come, drafts and applications.

    All but drafts are of applications that name the address as their contact; a draft may also have been mailed to it.
    """
    mine = Application.contact_key == key
    return [
        *_offers(session, mine, today),
        *_returns(session, mine, today),
        *_meetings(session, mine, today),
        *_applications(session, key, policy, today),
    ]


def waits_of(session: Session, application: Application, *, today: date) -> list[Has]:
    """What of one application waits for its contact: an offer, returns that are overdue, the next one, and meetings."""
    mine = Application.id == application.id
    return [*_offers(session, mine, today), *_returns(session, mine, today), *_meetings(session, mine, today)]


def _applications(session: Session, key: str, policy: Policy, today: date) -> list[Has]:
    mailed = select(Link.subject_id).where(Link.address == key, Link.purpose == "application")
    theirs = or_(Application.contact_key == key, Application.id.in_(mailed))
    found = list(
        session.scalars(select(Application).where(theirs).order_by(Application.saved_at.desc(), Application.id.desc()))
    )
    drafts = [one for one in found if one.status == ApplicationState.DRAFT]
    kept = [one for one in drafts if add_months(london_day(one.saved_at), policy.keep("draft").months) >= today]
    sent = [one for one in found if one.status != ApplicationState.DRAFT and one.contact_key == key]
    return [
        *(Has("application", one.id, one.fund, "", london_day(one.saved_at), draft=True) for one in kept[:MOST]),
        *(
            Has("application", one.id, one.fund, one.reference or "", london_day(one.submitted_at or one.saved_at))
            for one in sent[:MOST]
        ),
    ]


def _offers(session: Session, whose: ColumnElement[bool], today: date) -> list[Has]:
    query = (
        select(Award)
        .join(Application, Application.id == Award.application_id)
        .where(whose, Award.status == AwardState.OFFERED.value, Award.accept_by >= today)
        .order_by(Award.accept_by, Award.id)
        .limit(MOST)
    )
    return [Has("offer", one.id, one.fund, one.reference, one.accept_by) for one in session.scalars(query)]


def _returns(session: Session, whose: ColumnElement[bool], today: date) -> list[Has]:
    """Of each award that runs: every return that is overdue, and the next one."""
    query = (
        select(Deadline, Award.fund)
        .join(Award, Award.id == Deadline.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(
            whose,
            Award.status == AwardState.ACTIVE.value,
            Deadline.kind == RETURN,
            Deadline.is_open,
        )
        .order_by(Deadline.due, Deadline.id)
    )
    found: list[Has] = []
    coming: set[str] = set()
    for deadline, fund in session.execute(query):
        if deadline.due >= today and deadline.reference in coming:
            continue
        if deadline.due >= today:
            coming.add(deadline.reference)
        found.append(Has("return", deadline.id, fund, deadline.reference, deadline.due))
    return found[:MOST]


def _meetings(session: Session, whose: ColumnElement[bool], today: date) -> list[Has]:
    """The meetings that they are invited to, from today on."""
    query = (
        select(Meeting)
        .join(Award, Award.id == Meeting.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(
            whose,
            Meeting.status == MeetingState.INVITED.value,
            Meeting.starts_at >= datetime.combine(today, time(), tzinfo=LONDON),
        )
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(MOST)
        .options(selectinload(Meeting.award))
    )
    return [
        Has("meeting", one.id, one.award.fund, one.award.reference, london_day(one.starts_at))
        for one in session.scalars(query)
    ]


def latest_of(session: Session, key: str) -> Application | None:
    """The application that an address sent last: whose details it may start from again. None where it sent none."""
    return session.scalars(
        select(Application)
        .where(Application.contact_key == key, Application.status != ApplicationState.DRAFT.value)
        .order_by(Application.submitted_at.desc(), Application.id.desc())
        .limit(1)
    ).first()


DETAILS = (
    "organisation_name", "organisation_type", "charity_number", "company_number", "postcode", "contact_name",
    "contact_email", "second_name", "second_email",
)  # fmt: skip
"""The answers about an organisation and its contact: all that is taken over from an earlier application."""


def details_of(application: Application) -> dict[str, str]:
    """The details that an application gave, as they are typed into a form."""
    given = {name: getattr(application, name) for name in DETAILS}
    return {name: str(value) for name, value in given.items() if value}
