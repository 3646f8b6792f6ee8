"""The letter by which somebody learns that whom we write to has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from core import asking, contacts, link_mail
from core.errors import NotFound
from core.office import Office, london_day
from core.records import Application, OutboxMessage
from core.rules.organisations import address_key
from scheduler.wording.draft import Draft, NothingLeft, address_of
from scheduler.wording.words import typed


@dataclass(frozen=True)
class WaitingItem:
    """Something that waits for the recipient: "offer", "return" or "meeting", its day and link. `late`: it passed."""

    purpose: str
    day: date
    late: bool
    link: str


def contacts_changed(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """To one of those whom we wrote to, or write to from now on. Who is written to no more gets no link."""
    made = contacts.by_id(session, message.payload["contact_change_id"])
    application, role = made.application, str(message.payload["to"])
    was, then, now_is = contacts.before(made), contacts.afterwards(session, made), contacts.of(application)
    former = role.endswith("_was")
    field = "second" if role.startswith("second") else "contact"
    to, name = (getattr(was if former else then, f"{field}_{part}") for part in ("email", "name"))
    if not to:
        raise NotFound("This change left nobody to write to.")
    if not former and address_key(to) != address_key(getattr(now_is, f"{field}_email")):
        raise NothingLeft("it has been changed again")
    first = role == "first"
    kept = {address_key(then.contact_email), address_key(then.second_email)}
    facts = {
        "title": typed(application.title),
        "organisation": typed(application.organisation_name),
        "former": former,
        "second": field == "second",
        "new": address_key(to) != address_key(getattr(was, f"{field}_email")),
        "by_office": made.person_id is not None,
        "changed_on": london_day(made.changed_at),
        "second_changed": (was.second_name, was.second_email) != (then.second_name, then.second_email),
        "second_name": typed(then.second_name),
        "renewed": any(address_key(one) not in kept for one in (was.contact_email, was.second_email) if one),
        "items": _waiting(session, application, office) if first else [],
        "answer_by": _question(session, application) if first else None,
        "asked": first and asking.open_question(session, application) is not None,
        "link": address_of(session, "application", application.id, office) if first else "",
    }
    return Draft(to=to, to_name=name, reference=application.reference or "", facts=facts, about=application)


def _waiting(session: Session, application: Application, office: Office) -> list[WaitingItem]:
    today = office.today()
    return [
        WaitingItem(one.purpose, one.day, one.day < today, address_of(session, one.purpose, one.subject_id, office))
        for one in link_mail.waits_of(session, application, today=today)
    ]


def _question(session: Session, application: Application) -> date | None:
    asked = asking.open_question(session, application)
    return asked.answer_by if asked is not None else None
