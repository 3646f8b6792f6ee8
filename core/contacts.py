"""Whom the office writes to about an application and its award: a first contact, and a second one where there is one.

A change of the address that links go to is the classic way to steal an award, so the first contact is changed by the
office alone, for a reason that stays on the record. The recipient changes the second one, once the offer is accepted.

Everybody whom the office wrote to, and everybody whom it writes to from now on, is told by mail: who is written to no
more gets no link and no new address, only whom to ring if it was not they who asked. Whenever an address is given up,
every link of the application, its offer and its returns is taken back, because whoever reads that address has them;
the first contact's letter holds new ones to all that waits. What could not be delivered and still matters waits: so it
reaches the new address with that letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core import applications, events, forums, links, mail_refusals, outbox, people, written
from core.deciding import WrongInput
from core.errors import ChangedMeanwhile, Conflict, NotFound, Refused
from core.office import Office
from core.records import Application, Asked, Award, ContactChange, Correction, OutboxMessage, Person
from core.rules.answers import clean_short, is_address
from core.rules.forms import limits_of
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.organisations import address_key
from core.rules.questions import second_contact_faults
from core.shown import Shown

LINE: Final = mail_refusals.CHANGED
"""The kind of the trail's line about a change, and of the mail."""

FIELDS: Final = ("contact_name", "contact_email", "second_name", "second_email")
"""What says whom the office writes to: the columns of an application, and the fields of its forms."""


@dataclass(frozen=True)
class Contacts:
    """Whom the office writes to, as somebody typed it or as it is on record; "" where nobody is."""

    contact_name: str
    contact_email: str
    second_name: str = ""
    second_email: str = ""

    def as_fields(self) -> dict[str, str]:
        """By field."""
        return {name: str(getattr(self, name)) for name in FIELDS}


def of(application: Application) -> Contacts:
    """Whom the office writes to about an application."""
    return Contacts(**{name: getattr(application, name) or "" for name in FIELDS})


def change(
    session: Session,
    application_id: int,
    person: Person,
    wanted: Contacts,
    *,
    reason: str,
    seen: str = "",
    office: Office,
    now: datetime,
) -> ContactChange:
    """Change whom the office writes to, as somebody of the office. The reason may be left out for the second alone.

    `seen` is what the page said of these fields as it showed them. Raises Refused (A2) for whoever may not, and where
    nothing is changed; WrongInput for a wrong field or a missing reason ("reason"); ChangedMeanwhile where somebody
    else changed them since; Conflict for a draft, whose contact is in its form.
    """
    application = applications.held(session, application_id)
    actor = people.judging_for_office(session, person, application.id, "change who we write to", "A2")
    if application.status == ApplicationState.DRAFT:
        raise Conflict("This application was not sent yet: its contact is changed in its form.", "A2")
    was = of(application)
    if Shown(seen).changed(was.as_fields(), FIELDS):
        raise ChangedMeanwhile(
            "Somebody else changed who we write to after you opened this page. Nothing was done: look again.",
            was.as_fields(),
            "A2",
        )
    wanted = _checked(wanted, was, office)
    first_changes = (wanted.contact_name, wanted.contact_email) != (was.contact_name, was.contact_email)
    said = written.note(reason, "A2", what="the reason")
    if first_changes and not said:
        raise WrongInput("reason", "Say why the first contact changes, and how you know that they asked for it.", "A2")
    return _put(session, application, was, wanted, actor, person, said, now=now)


def change_second(
    session: Session, award_id: int, name: str, email: str, *, seen: str = "", office: Office, now: datetime
) -> ContactChange:
    """Change the second contact, or name nobody, as the recipient of an award that runs.

    Raises Conflict for an award that does not run; otherwise as `change` does.
    """
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound("There is no such award.")
    application = applications.held(session, award.application_id)
    session.refresh(award)
    refusal = may_change_second(award)
    if refusal is not None:
        raise refusal
    was = of(application)
    if Shown(seen).changed(was.as_fields(), ("second_name", "second_email")):
        raise ChangedMeanwhile(
            "Somebody else changed the second contact after you opened this page. Nothing was done: look again.",
            was.as_fields(),
        )
    wanted = _checked(Contacts(was.contact_name, was.contact_email, name, email), was, office)
    return _put(session, application, was, wanted, "recipient", None, "", now=now)


def may_change_second(award: Award) -> Conflict | None:
    """Why the recipient cannot change the second contact of an award now; None where they can."""
    if award.status == AwardState.ACTIVE and award.application.contact_email:
        return None
    return Conflict("The second contact is changed here while the award runs. Ask us, if it should be changed now.")


def _checked(wanted: Contacts, was: Contacts, office: Office) -> Contacts:
    """The same, tidied. Raises WrongInput for the first field that is wrong, Refused where nothing is changed."""
    wanted = Contacts(**{name: clean_short(text) for name, text in wanted.as_fields().items()})
    most = limits_of(office.policy).short
    for field in ("contact_name", "second_name"):
        if len(getattr(wanted, field)) > most:
            raise WrongInput(field, f"Keep the name to {most} characters.")
    if was.contact_email and not wanted.contact_email:
        raise WrongInput("contact_email", "Enter the e-mail address of the person we write to.")
    for field in ("contact_email", "second_email"):
        text = getattr(wanted, field)
        if text and not is_address(text):
            raise WrongInput(field, "Enter an e-mail address, such as name@example.org.")
    if wanted.contact_email and not wanted.contact_name and (was.contact_name or not was.contact_email):
        raise WrongInput("contact_name", "Enter the name of the person we write to.")
    if (wanted.second_name or wanted.second_email) and not wanted.contact_email:
        raise WrongInput("contact_email", "Enter the first person's address before a second one's.")
    for field, why in second_contact_faults(wanted.contact_email, wanted.second_name, wanted.second_email):
        raise WrongInput(field, f"{why}.")
    if wanted == was:
        raise Refused("Nothing is changed yet: change a name or an address first.")
    return wanted


def _put(
    session: Session,
    application: Application,
    was: Contacts,
    wanted: Contacts,
    actor: str,
    person: Person | None,
    reason: str,
    *,
    now: datetime,
) -> ContactChange:
    made = ContactChange(
        application_id=application.id,
        person_id=person.id if person is not None else None,
        name_was=was.contact_name or None,
        email_was=was.contact_email or None,
        second_name_was=was.second_name or None,
        second_email_was=was.second_email or None,
        reason=reason or None,
        changed_at=now,
    )
    session.add(made)
    changed = [name for name in FIELDS if getattr(was, name) != getattr(wanted, name)]
    for name in changed:
        setattr(application, name, getattr(wanted, name) or None)
    application.contact_key = address_key(wanted.contact_email) if wanted.contact_email else None
    _follow_in_answers(session, application, wanted, changed)
    session.flush()
    # No name and no address: what is in the trail can never be taken out of it (W4).
    told = {"changed": changed, "change": made.id, "reason": reason, **({"person": person.id} if person else {})}
    events.append(session, LINE, application.reference or "", actor, told, now=now)
    kept = {address_key(one) for one in (wanted.contact_email, wanted.second_email) if one}
    given_up = [one for one in (was.contact_email, was.second_email) if one and address_key(one) not in kept]
    if given_up:
        mail_refusals.replaced(session, application, *given_up, now=now)
        links.revoke(session, application, actor=actor, now=now)
    _tell(session, application, made, was, wanted, now=now)
    if wanted.contact_email and address_key(wanted.contact_email) != address_key(was.contact_email):
        forums.invite_again(session, application, now=now)
    return made


def _follow_in_answers(session: Session, application: Application, wanted: Contacts, changed: list[str]) -> None:
    """Change them in what was typed too: a correction begins from there, and must not bring the old ones back."""
    typed = {name: getattr(wanted, name) for name in changed}
    if application.answers:
        application.answers = {**application.answers, **typed}
    mine = select(Correction).join(Asked, Asked.id == Correction.asked_id)
    for correction in session.scalars(mine.where(Asked.application_id == application.id, Asked.ended_at.is_(None))):
        correction.answers = {**correction.answers, **typed}


def _tell(
    session: Session, application: Application, made: ContactChange, was: Contacts, wanted: Contacts, *, now: datetime
) -> None:
    """Put a letter to each address that was, or is, written to into the outbox: one for each, as what it is now."""
    to = {
        "first": wanted.contact_email,
        "second": wanted.second_email,
        "first_was": was.contact_email,
        "second_was": was.second_email,
    }
    had: set[str] = set()
    mails: list[OutboxMessage] = []
    for role, address in to.items():
        key = address_key(address)
        if not key or key in had:
            continue
        had.add(key)
        if role == "second" and wanted.second_email == was.second_email and wanted.second_name == was.second_name:
            continue  # nothing changes for them
        mails.append(
            outbox.message_of(
                LINE,
                subject=applications.mail_subject(application),
                key=f"{LINE}:{made.id}:{role}",
                payload={"application_id": application.id, "contact_change_id": made.id, "to": role},
                now=now,
            )
        )
    outbox.put_all(session, mails)


def by_id(session: Session, number: int) -> ContactChange:
    """The change of this row number. Raises NotFound."""
    found = session.get(ContactChange, number)
    if found is None:
        raise NotFound("There is no such change of contacts.")
    return found


def afterwards(session: Session, made: ContactChange) -> Contacts:
    """Whom the office wrote to once a change was made: what the next one found, or what stands now."""
    return _until(session, made.application, ContactChange.id > made.id)


def when(session: Session, application: Application, at: datetime) -> Contacts:
    """Whom the office wrote to at an instant, about an application that had been sent by then (A4)."""
    return _until(session, application, ContactChange.changed_at >= at)


def _until(session: Session, application: Application, later: ColumnElement[bool]) -> Contacts:
    mine = select(ContactChange).where(ContactChange.application_id == application.id, later)
    following = session.scalars(mine.order_by(ContactChange.id).limit(1)).first()
    return of(application) if following is None else before(following)


def before(made: ContactChange) -> Contacts:
    """Whom the office wrote to before a change."""
    return Contacts(made.name_was or "", made.email_was or "", made.second_name_was or "", made.second_email_was or "")


def changes(session: Session, application: Application) -> list[ContactChange]:
    """Every change of whom the office writes to about an application, the latest first."""
    mine = ContactChange.application_id == application.id
    return list(session.scalars(select(ContactChange).where(mine).order_by(ContactChange.id.desc())))
