"""Links by mail: to come back to an application, to everything that an address has, and to start from earlier details.

What is answered is the same whether or not an address is known. Opening a page changes nothing: mail scanners do that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from core import applications, link_mail
from core.answers_given import Given, answers_given
from core.errors import Gone, NotFound
from core.link_terms import link_to
from core.links import followed
from core.records import Application, LinkRequest
from core.rules.answers import clean_short, is_address
from core.rules.lifecycle import ApplicationState
from core.rules.organisations import address_key
from core.rules.policy import Fund
from core.rules.questions import Fault, application_questions
from intake import pages

blueprint = Blueprint("links", __name__)

FIELD = "email"
"""The name of the one box on each of these pages."""

_SAY_WHICH = "Enter your e-mail address"
_NO_ADDRESS = "Enter an e-mail address, such as name@example.org"


def _typed_address() -> tuple[str, list[Fault]]:
    """What was typed, tidied, and what is wrong with it: no line break or second address gets through."""
    typed = clean_short(request.form.get(FIELD, ""))
    if not typed:
        return typed, [_fault(_SAY_WHICH)]
    return typed, [] if is_address(typed) else [_fault(_NO_ADDRESS)]


def _mail(session: Session, kind: link_mail.Kind, typed: str, **about: Any) -> bool:
    """Have links mailed, as `link_mail.ask`, for whoever asks from where they are."""
    office = pages.office()
    network = office.signer.network(request.remote_addr or "", address_key(typed))
    return link_mail.ask(session, kind, typed, policy=office.policy, network=network, **about)


def _fault(message: str) -> Fault:
    return Fault(FIELD, FIELD, message, f"/{FIELD}")


def _box(typed: str, faults: list[Fault], hint: str = "") -> dict[str, Any]:
    box: dict[str, Any] = {
        "id": FIELD,
        "name": FIELD,
        "type": "email",
        "value": typed,
        "label": {"text": "Your e-mail address", "classes": "govuk-label--m"},
        "autocomplete": "email",
        "spellcheck": False,
        "attributes": {"autocapitalize": "none"},
    }
    if hint:
        box["hint"] = {"text": hint}
    if faults:
        box["errorMessage"] = {"text": faults[0].message}
    return box


def _see_other(endpoint: str, **values: Any) -> Redirect:
    return redirect(url_for(endpoint, **values), code=303)


# ------------------------------------------------------------------------------------ coming back to one application


def _application(session: Session, token: str) -> Application:
    office = pages.office()
    link = followed(session, office.signer, "application", token, now=office.clock())
    return applications.by_id(session, link.subject_id)


@blueprint.get("/a/<token>/come-back")
def come_back(token: str) -> ResponseReturnValue:
    """How to come back to an application, on this device or another: by mail, or by its address."""
    with pages.office().reading() as session:
        application = _application(session, token)
        typed = clean_short((application.answers or {}).get("contact_email", ""))
        return _come_back(token, application, typed if is_address(typed) else "")


def come_back_again(token: str) -> Response:
    """The page with the address that was typed, for a post whose session was lost."""
    with pages.office().reading() as session:
        return _come_back(token, _application(session, token), _typed_address()[0], notice=pages.LOST_SESSION)


@blueprint.post("/a/<token>/come-back")
def mail_draft(token: str) -> ResponseReturnValue:
    """Mail the link of this application to the address that was typed, unless that was asked for too often."""
    office = pages.office()
    typed, faults = _typed_address()
    with office.sessions.begin() as session:
        application = _application(session, token)
        if not faults:
            number, now = application.id, office.clock()
            if not _mail(session, "draft", typed, now=now, application_id=number):
                faults = [_fault("We have just sent several e-mails. Wait an hour, or copy the address below instead")]
        if faults:
            return _come_back(token, application, typed, faults)
    return _see_other("links.come_back", token=token, sent="yes")


def _come_back(
    token: str, application: Application, typed: str, faults: list[Fault] | None = None, notice: str = ""
) -> Response:
    office, faults = pages.office(), faults or []
    draft = application.status == ApplicationState.DRAFT
    return pages.page(
        "come_back.html",
        422 if faults else 200,
        title="Save and come back later" if draft else "Come back to your application",
        draft=draft,
        months=office.policy.keep("draft").months,
        box=_box(typed, faults, "We send the link there, and use the address for nothing else."),
        errors=pages.error_list(faults),
        notice=notice,
        sent=request.method == "GET" and request.args.get("sent") == "yes",
        address=f"{office.public_url}{url_for('apply.status', token=token)}",
        here=url_for("links.come_back", token=token),
        back=url_for("apply.status", token=token),
    )


# ------------------------------------------------------------------------------------- everything that an address has


@blueprint.get("/links")
def ask() -> ResponseReturnValue:
    """Ask for links again, with an e-mail address."""
    return _ask("")


def ask_again() -> Response:
    """The page with the address that was typed, for a post whose session was lost."""
    return _ask(_typed_address()[0], notice=pages.LOST_SESSION)


@blueprint.post("/links")
def send() -> ResponseReturnValue:
    """Have the links of the address mailed there. The answer is the same whoever asks, and however often."""
    office = pages.office()
    typed, faults = _typed_address()
    if faults:
        return _ask(typed, faults)
    with office.sessions.begin() as session:
        _mail(session, "list", typed, now=office.clock())
    return _see_other("links.sent")


def _ask(typed: str, faults: list[Fault] | None = None, notice: str = "") -> Response:
    return pages.page(
        "links.html",
        422 if faults else 200,
        title="Get your links again",
        box=_box(typed, faults or [], "The address that you gave us in your application."),
        errors=pages.error_list(faults or []),
        notice=notice,
        back=url_for("check.front"),
    )


@blueprint.get("/links/sent")
def sent() -> ResponseReturnValue:
    """What was done about an address: the same for every one."""
    return pages.page("links_sent.html", title="Check your e-mail", again=url_for("links.ask"), fund=None)


# --------------------------------------------------------------------------------------- starting from earlier details


def _fund(fund_id: str) -> Fund:
    fund = pages.office().policy.fund(fund_id)
    if fund is None or not fund.open_to_applications:
        raise NotFound("There is no fund at this address that takes applications. The start page lists those that do.")
    return fund


@blueprint.get("/apply/<fund_id>/applied-before")
def before(fund_id: str) -> ResponseReturnValue:
    """Ask for a link that starts an application from the details that were given the last time."""
    return _before(_fund(fund_id), "")


def before_again(fund_id: str) -> Response:
    """The page with the address that was typed, for a post whose session was lost."""
    return _before(_fund(fund_id), _typed_address()[0], notice=pages.LOST_SESSION)


@blueprint.post("/apply/<fund_id>/applied-before")
def send_start(fund_id: str) -> ResponseReturnValue:
    """Have the link mailed. The answer is the same whoever asks, and however often."""
    office, fund = pages.office(), _fund(fund_id)
    typed, faults = _typed_address()
    if faults:
        return _before(fund, typed, faults)
    with office.sessions.begin() as session:
        _mail(session, "start", typed, now=office.clock(), fund=fund.id)
    return _see_other("links.start_sent", fund_id=fund.id)


def _before(fund: Fund, typed: str, faults: list[Fault] | None = None, notice: str = "") -> Response:
    return pages.page(
        "applied_before.html",
        422 if faults else 200,
        title="Have you applied before?",
        fund=fund,
        box=_box(typed, faults or [], "The address that you gave us in your last application."),
        errors=pages.error_list(faults or []),
        notice=notice,
        back=url_for("apply.fund_page", fund_id=fund.id),
    )


@blueprint.get("/apply/<fund_id>/applied-before/sent")
def start_sent(fund_id: str) -> ResponseReturnValue:
    """What was done about an address: the same for every one."""
    fund = _fund(fund_id)
    again = url_for("links.before", fund_id=fund.id)
    return pages.page("links_sent.html", title="Check your e-mail", again=again, fund=fund)


def _request(session: Session, token: str, *, hold: bool = False) -> tuple[LinkRequest, str]:
    """The request that a link to start with belongs to, and the address that it was mailed to."""
    office = pages.office()
    link = followed(session, office.signer, "start", token, now=office.clock())
    query = select(LinkRequest).where(LinkRequest.id == link.subject_id, LinkRequest.address == link.address)
    found = session.scalars(query.with_for_update() if hold else query).one_or_none()
    if found is None:
        raise Gone("This link has expired.")
    return found, link.address


def _started(session: Session, started: int, address: str) -> Redirect:
    """To the draft that this link has started already: it starts one, however often it is pressed."""
    office = pages.office()
    link = link_to(session, "application", started, policy=office.policy, now=office.clock(), address=address)
    return _see_other("apply.status", token=office.signer.token("application", link))


@blueprint.get("/start/<token>")
def start(token: str) -> ResponseReturnValue:
    """The details that can be taken over, for whoever was mailed this link."""
    with pages.office().reading() as session:
        return _start(session, token)


def start_again(token: str) -> Response:
    """The page again, for a post whose session was lost."""
    with pages.office().reading() as session:
        return _start(session, token, notice=pages.LOST_SESSION)


def _start(session: Session, token: str, notice: str = "") -> Response:
    found, address = _request(session, token)
    fund = _fund(found.fund or "")
    return pages.page(
        "start.html",
        title=f"Apply to the {fund.name}",
        fund=fund,
        given=_given(session, fund, address),
        started=found.started_id is not None,
        notice=notice,
    )


def _details(session: Session, fund: Fund, address: str) -> tuple[Application | None, Mapping[str, str]]:
    """The last application of an address and its details, those that this fund asks for too."""
    earlier = link_mail.latest_of(session, address)
    if earlier is None:
        return None, {}
    asked = {question.id for question in application_questions(fund, pages.office().policy)}
    return earlier, {name: text for name, text in link_mail.details_of(earlier).items() if name in asked}


def _given(session: Session, fund: Fund, address: str) -> tuple[Given, ...]:
    earlier, details = _details(session, fund, address)
    if earlier is None:
        return ()
    labels = {
        question.label for question in application_questions(fund, pages.office().policy) if question.id in details
    }
    return tuple(one for one in answers_given(earlier, pages.office().policy) if one.label in labels)


@blueprint.post("/start/<token>")
def begin(token: str) -> ResponseReturnValue:
    """Start the one draft of this link, with the details of the last application or without, and go to it."""
    office = pages.office()
    with office.sessions.begin() as session:
        found, address = _request(session, token, hold=True)
        if found.started_id is None:
            fund, now = _fund(found.fund or ""), office.clock()
            _, details = _details(session, fund, address)
            wanted = details if request.form.get("with") == "these" else {}
            draft = applications.start(session, fund.id, office=office, now=now, answers=wanted)
            found.started_id = draft.id
        return _started(session, found.started_id, address)
