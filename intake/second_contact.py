"""The second contact, changed by the recipient of an award: on a page of its own, once the offer is accepted.

The first contact is changed by the office alone, because a change of the address that links go to is how awards are
stolen (`core.contacts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import awards, contacts
from core.deciding import WrongInput
from core.errors import ChangedMeanwhile, Conflict, Refused
from core.links import follow
from core.records import Award
from core.rules.lifecycle import AwardState
from core.rules.questions import AnswerKind, Fault, Question
from core.shown import mark
from intake import pages

blueprint = Blueprint("second_contact", __name__)

_SECTION: Final = "Your award"
NAME: Final = Question(
    "second_name", AnswerKind.SHORT, "Their name", "Second contact's name", _SECTION, "R2", "/second_name", "",
    hint="Leave both boxes blank if there is nobody.", required=False,
)  # fmt: skip
EMAIL: Final = Question(
    "second_email", AnswerKind.EMAIL, "Their e-mail address", "Second contact's e-mail address", _SECTION, "D0",
    "/second_email", "", required=False,
)  # fmt: skip
_NAMES: Final = ("second_name", "second_email")


def _award(session: Session, token: str) -> Award:
    office = pages.office()
    return awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))


@blueprint.get("/offers/<token>/second-contact")
def form(token: str) -> ResponseReturnValue:
    """Who it is, and the form; before the offer is accepted, the offer instead."""
    with pages.office().reading() as session:
        award = _award(session, token)
        if award.status in (AwardState.OFFERED, AwardState.REFUSED, AwardState.EXPIRED):
            return redirect(url_for("offers.offer", token=token))
        return _page(award, token)


def change_again(token: str) -> Response:
    """The form with what was just typed, for a form whose session was lost."""
    with pages.office().reading() as session:
        return _page(_award(session, token), token, pages.typed(_NAMES), notice=pages.LOST_SESSION)


@blueprint.post("/offers/<token>/second-contact")
def change(token: str) -> ResponseReturnValue:
    """Change the second contact. Where that takes back the links, the answer itself says so: this one is gone too."""
    office = pages.office()
    raw = pages.typed(_NAMES)
    try:
        with office.sessions.begin() as session:
            award = _award(session, token)
            if not any(contacts.of(award.application).as_fields()[name] != raw[name].strip() for name in _NAMES):
                return redirect(url_for("offers.offer", token=token), code=303)  # pressed twice, or nothing changed
            made = contacts.change_second(
                session, award.id, raw["second_name"], raw["second_email"],
                seen=pages.seen(), office=office, now=office.clock(),
            )  # fmt: skip
            if made.second_email_was and made.second_email_was != award.application.second_email:
                return _changed(award)
    except (WrongInput, ChangedMeanwhile, Conflict, Refused) as refusal:
        faults = [Fault(refusal.field, refusal.field, refusal.reason, "")] if isinstance(refusal, WrongInput) else []
        with office.reading() as session:
            award = _award(session, token)
            if faults:
                return _page(award, token, raw, faults)
            return _page(award, token, raw, notice=refusal.reason, status=409)
    return redirect(url_for("offers.offer", token=token), code=303)


def _changed(award: Award) -> Response:
    return pages.page(
        "second_contact_changed.html",
        title="The second contact is changed",
        award=award,
        application=award.application,
    )


def _page(
    award: Award,
    token: str,
    raw: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    notice: str = "",
    status: int = 200,
) -> Response:
    now_is = contacts.of(award.application)
    shown = now_is.as_fields()
    refusal = contacts.may_change_second(award)
    return pages.page(
        "second_contact.html",
        422 if faults else status,
        title="Your second contact",
        award=award,
        application=award.application,
        now_is=now_is,
        closed_because=refusal.reason if refusal is not None else "",
        components=[pages.component(question, shown if raw is None else raw, faults) for question in (NAME, EMAIL)],
        seen=mark(shown, _NAMES),
        errors=pages.error_list(faults),
        notice=notice,
        back=url_for("offers.offer", token=token),
    )
