"""Entering an application for somebody who cannot use the form: the fund, the consent, then the form itself."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import entering
from core.errors import Conflict, NotFound, Refused
from core.links import leading, link_for
from core.records import Application
from core.rules.questions import application_pages
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent

blueprint = Blueprint("staff_entering", __name__)

FORM = "enter"


@blueprint.get("/desk/enter")
def page() -> ResponseReturnValue:
    """Which fund, and the note of the consent; and what was begun and not sent."""
    return _show(Sent(FORM))


def again() -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(forms.again(FORM))


@blueprint.post("/desk/enter")
def begin() -> ResponseReturnValue:
    """Start the draft, and go on to its first page."""
    office, now = pages.office(), pages.office().clock()
    typed = forms.typed()
    fund = office.policy.fund(typed.get("fund", ""))
    if fund is None or not fund.is_open(office.today()):
        return _show(Sent(FORM, typed, fault="Choose a fund that is open", at="fund", status=422))
    try:
        with office.sessions.begin() as session:
            person = staff_session.acting(session)
            application = entering.begin(session, fund.id, person, consent=typed.get(WORDS, ""), office=office, now=now)
            token = office.signer.token("application", link_for(session, "application", application.id, now=now))
    except (Conflict, NotFound):
        raise
    except Refused as refusal:
        return _show(Sent(FORM, typed, fault=refusal.reason, status=422))
    first = application_pages(fund, office.policy, {})[0]
    return redirect(url_for("apply.page", token=token, slug=first.slug), code=303)


def _show(sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        drafts = [_draft(session, one) for one in entering.drafts_of(session, staff.id)]
    return pages.page(
        "staff/enter.html",
        sent.status,
        title="Enter an application for somebody",
        staff=staff,
        funds=[
            {"value": one.id, "text": one.name}
            for one in office.policy.funds
            if one.open_to_applications and one.is_open(today)
        ],
        drafts=drafts,
        sent=sent,
        errors=sent.errors,
        notice=sent.notice,
        longest=entering.LONGEST_CONSENT,
        back=url_for("staff_front.page"),
    )


def _draft(session: Session, application: Application) -> dict[str, object]:
    office = pages.office()
    link = leading(session, "application", application.id, now=office.clock())
    return {
        "name": str(application.answers.get("organisation_name") or "No name yet"),
        "fund": office.policy.fund_name(application.fund),
        "saved_at": application.saved_at,
        "href": url_for("apply.status", token=office.signer.token("application", link)) if link else "",
    }
