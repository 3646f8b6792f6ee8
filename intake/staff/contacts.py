"""Changing whom the office writes to about an application and its award: the first contact and the second."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import contacts, mail_refusals, people
from core.audit_letters import letter
from core.contacts import FIELDS, Contacts
from core.deciding import WrongInput
from core.errors import Refused
from core.records import Person
from core.rules.lifecycle import ApplicationState
from core.shown import mark
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.applications import found
from intake.staff.forms import WORDS, Sent, WrongField

blueprint = Blueprint("staff_contacts", __name__)

FORM: Final = "contacts"

LATELY: Final = 10
"""How many earlier changes the page lists."""


@blueprint.get("/desk/contacts/<reference>")
def page(reference: str) -> ResponseReturnValue:
    """Whom we write to, what their addresses refused, and the form."""
    return _show(reference, Sent(FORM))


def again(reference: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(reference, forms.again(FORM))


@blueprint.post("/desk/contacts/<reference>")
def change(reference: str) -> ResponseReturnValue:
    """Change them. What cannot be taken is shown again with what was typed."""
    office, now, typed = pages.office(), pages.office().clock(), forms.typed()

    def run(session: Session, person: Person) -> None:
        wanted = Contacts(**{name: typed.get(name, "") for name in FIELDS})
        application = found(session, reference)
        try:
            contacts.change(
                session, application.id, person, wanted,
                reason=typed.get(WORDS, ""), seen=pages.seen(), office=office, now=now,
            )  # fmt: skip
        except WrongInput as wrong:
            raise WrongField(WORDS if wrong.field == "reason" else wrong.field, wrong.reason) from wrong

    return forms.do(FORM, run, lambda sent: _show(reference, sent), url_for(".page", reference=reference))


def _show(reference: str, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        application = found(session, reference)
        person = staff_session.acting(session)
        may = staff.acts and application.status != ApplicationState.DRAFT and _may(session, person, application.id)
        now_is = contacts.of(application)
        refusing = mail_refusals.refusing(session, [application]).get(application.id, [])
        return forms.page(
            "contacts.html",
            sent,
            {FORM} if may else set(),
            title="Who we write to",
            application=application,
            now_is=now_is,
            typed=sent.typed or now_is.as_fields(),
            refusing=[
                {
                    "whose": one.whose,
                    "since": one.since,
                    "mails": [(letter(kind), at) for kind, at in one.mails],
                }
                for one in refusing
            ],
            may=may,
            out=staff_session.out_of(session, application.id, person),
            seen=mark(now_is.as_fields(), FIELDS),
            changes=[(one, contacts.before(one)) for one in contacts.changes(session, application)[:LATELY]],
        )


def _may(session: Session, person: Person, application_id: int) -> bool:
    try:
        people.judging_for_office(session, person, application_id, "change who we write to", "A2")
    except Refused:
        return False
    return True
