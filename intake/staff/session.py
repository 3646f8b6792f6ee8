"""Who is signed in to the staff pages, for how long, and the gate before every one of them (A1, A2).

The session is a signed cookie that holds a person's row number, since when, and how often they had signed out before.
It opens nothing by itself: on every request the staff list is asked whether that person is still on it, and has not
signed out since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Response, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden

from core import people
from core.records import Person
from core.rules.policy import Role
from intake import pages

_KEY = "staff"
_CLOCKS_DIFFER = timedelta(minutes=1)


class SignInFirst(Exception):  # noqa: N818 - an answer, not an error
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True)
class Staff:
    """Whoever is signed in, as a page names them."""

    id: int
    name: str
    role: Role

    @property
    def title(self) -> str:
        """Their role in words."""
        return self.role.value.replace("_", " ")

    @property
    def acts(self) -> bool:
        """Whether they may do more here than read."""
        return self.role not in people.READERS


def begin(person: Person, *, now: datetime) -> None:
    """Sign a person in. Whatever the browser's session held before is gone: a form token of before does not count."""
    cookie.clear()
    cookie[_KEY] = {"person": person.id, "since": int(now.timestamp()), "ended": person.sessions_ended}


def end(session: Session) -> None:
    """Sign whoever is signed in out: here, and wherever else, so that a copy of the cookie opens nothing any more."""
    person = signed_in(session)
    if person is not None:
        people.end_sessions(session, person.id)
    cookie.clear()


def signed_in(session: Session) -> Person | None:
    """The person who is signed in, if they are still on the staff list and their time has not run out."""
    told = cookie.get(_KEY) or {}
    try:
        number, since = int(told["person"]), datetime.fromtimestamp(int(told["since"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    office = pages.office()
    if not -_CLOCKS_DIFFER <= office.clock() - since < timedelta(hours=office.policy.signed_in_hours.value):
        return None
    person = session.get(Person, number)
    return person if person is not None and person.active and told.get("ended") == person.sessions_ended else None


def check() -> None:
    """The gate. Raises SignInFirst, or Forbidden with words for whoever may not see this or not do it."""
    with pages.office().reading() as session:
        person = signed_in(session)
        if person is None:
            raise SignInFirst
        refusal = people.why_not_read(person)
        if refusal:
            raise Forbidden(refusal)
        g.staff = staff = Staff(person.id, person.name, Role(person.role))
    if request.method not in ("GET", "HEAD", "OPTIONS") and not staff.acts:
        raise Forbidden(
            f"As {staff.title} you can read everything here and change nothing. Ask an officer to do this, if it "
            "should be done."
        )


def staff() -> Staff:
    """Whoever is signed in, behind the gate."""
    found = g.get("staff")
    if not isinstance(found, Staff):
        raise TypeError("every staff page is behind the gate")
    return found


def acting(session: Session) -> Person:
    """Whoever is signed in, in the session of a transaction. Raises SignInFirst if they were removed meanwhile."""
    person = session.get(Person, staff().id)
    if person is None or not person.active:
        raise SignInFirst
    return person


def out_of(session: Session, application_id: int, person: Person) -> str:
    """Why this person decides nothing about an application or its award (A2), and who may; "" where they may."""
    return people.why_out(session, application_id, person, "decide anything about it") if staff().acts else ""


def sign_in_first(_error: SignInFirst) -> ResponseReturnValue:
    """What a request gets that nobody is signed in for: the page to sign in, or what was typed, kept for afterwards.

    What was typed is sent to its own address again without a form token: there it is shown again, to be looked at, and
    nothing is done by that press alone.
    """
    if request.method in ("GET", "HEAD"):
        here = request.full_path if request.query_string else request.path
        return redirect(url_for("staff_sign_in.page", to=here), code=303)
    return _kept()


def _kept() -> Response:
    typed = [(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"]
    return pages.page(
        "staff/sign_in_again.html",
        401,
        title="Sign in again",
        address=request.path,
        typed=typed,
        sign_in=url_for("staff_sign_in.page"),
    )
