"""Letters by which somebody gets in: links that were asked for again, and the linking of a Slack account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from core import applications, link_mail, slack_links
from core.errors import NotFound
from core.links import Purpose
from core.office import Office, london_day
from core.records import OutboxMessage, Person
from core.rules.lifecycle import ApplicationState
from scheduler.wording.draft import Draft, NothingLeft, address_anew
from scheduler.wording.words import typed


@dataclass(frozen=True)
class LinkItem:
    """One link of a mail that lists what an address has. `late`: its day has passed."""

    reference: str
    fund: str
    day: date
    link: str
    late: bool


def link_draft(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """The link of one draft, to the address that asked for it."""
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    application = applications.by_id(session, asked.application_id or 0)
    facts = {
        "fund": office.policy.fund_name(application.fund),
        "draft": application.status == ApplicationState.DRAFT,
        "day": london_day(application.saved_at),
        "months": office.policy.keep("draft").months,
        "link": address_anew("application", application.id, office, asked.address),
    }
    return Draft(to=asked.address, to_name="", reference="", facts=facts)


def link_list(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """Everything that an address has with us, each with its link."""
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    today = office.today()
    found = link_mail.has(session, asked.address, policy=office.policy, today=today)
    if not found:
        raise NothingLeft("we have nothing for this address")

    def items(purpose: Purpose, *, draft: bool = False) -> list[LinkItem]:
        return [
            LinkItem(
                reference=one.reference,
                fund=office.policy.fund_name(one.fund),
                day=one.day,
                link=address_anew(purpose, one.subject_id, office, asked.address if draft else ""),
                late=one.day < today,
            )
            for one in found
            if one.purpose == purpose and one.draft is draft
        ]

    facts = {
        "offers": items("offer"),
        "returns": items("return"),
        "meetings": items("meeting"),
        "drafts": items("application", draft=True),
        "applications": items("application"),
    }
    return Draft(to=asked.address, to_name="", reference="", facts=facts)


def link_start(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """A link to begin an application, filled in from the latest of this address."""
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    if link_mail.latest_of(session, asked.address) is None:
        raise NothingLeft("nobody with this address has applied")
    facts = {
        "fund": office.policy.fund_name(asked.fund or ""),
        "days": office.policy.start_link_days.value,
        "link": address_anew("start", asked.id, office, asked.address),
    }
    return Draft(to=asked.address, to_name="", reference="", facts=facts)


def slack_code(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """The code by which somebody links their Slack account; only to an address on the staff list."""
    number, now = message.payload["slack_code_id"], office.clock()
    try:
        asked, person = slack_links.to_mail(session, number, policy=office.policy, now=now)
    except NotFound as gone:
        raise NothingLeft(gone.reason) from gone
    code = slack_links.spaced(slack_links.code_of(asked, office.signer))
    facts = {"code": code, "minutes": office.policy.slack_code_minutes.value}
    return Draft(to=person.email, to_name=person.name, reference="", facts=facts)


def slack_linked(session: Session, message: OutboxMessage, office: Office) -> Draft:  # noqa: ARG001 - a Writer's
    """That a Slack account was linked: to whoever it now acts for, and to the officers."""
    person, to = (session.get(Person, message.payload[name]) for name in ("person_id", "to_id"))
    if person is None or to is None or not to.active:
        raise NothingLeft("whoever was to be told has left the office")
    facts = {"own": person.id == to.id, "person": typed(person.name), "replaced": message.payload["replaced"]}
    facts["linked_on"] = london_day(message.made_at)
    return Draft(to=to.email, to_name=to.name, reference="", facts=facts)
