"""The calendar feeds of whoever is signed in: what they look after, and what falls due for the whole office."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import feeds, people
from core.links import Purpose
from core.records import Person
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import Sent

blueprint = Blueprint("staff_feeds", __name__)

_WHOSE: Final[dict[str, Purpose]] = {"own": feeds.OWN, "office": feeds.OFFICE}


_CHANGES: Final = {"make": feeds.make, "stop": feeds.stop}


@blueprint.get("/desk/calendar")
def page() -> ResponseReturnValue:
    """The addresses as they stand."""
    return _show(Sent())


@blueprint.post("/desk/calendar/<whose>/<action>")
def act(whose: str, action: str) -> ResponseReturnValue:
    """Make an address, another in its place, or take it back."""
    if whose not in _WHOSE or action not in _CHANGES:
        abort(404)
    now = pages.office().clock()

    def run(session: Session, person: Person) -> None:
        actor = people.acting_for_office(person, "make a calendar address", "W4")
        _CHANGES[action](session, _WHOSE[whose], person.id, reference=people.STAFF_TRAIL, actor=actor, now=now)

    return forms.do(f"{whose}-{action}", run, _show, url_for(".page"))


def again(whose: str, action: str) -> Response:
    """The page, for a press whose session was lost."""
    return _show(forms.again(f"{whose}-{action}"))


def _show(sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        found = {whose: feeds.address(session, purpose, staff.id, office) for whose, purpose in _WHOSE.items()}
    return forms.page("calendar.html", sent, set(), title="Your calendar", addresses=found)
