"""The offer: terms and measures, accepted or refused by a named person, on one page with one form (A6, N3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import awards
from core.errors import Conflict, Gone
from core.links import follow
from core.records import Award
from core.returns import RETURN
from core.rules.lifecycle import AwardState
from core.rules.money import display
from core.rules.questions import Fault
from intake import documents, pages

blueprint = Blueprint("offers", __name__)

FIELDS = ("decision", "name", "terms", "measures")


def _award(session: Session, token: str) -> Award:
    office = pages.office()
    award = awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))
    if award.status == AwardState.EXPIRED:  # the link itself runs out too, at the end of the day of acceptance
        raise Gone(
            f"This offer was open until {pages.day_text(award.accept_by)}. Ask us for a new one if you still want it.",
            "A6",
        )
    return award


@blueprint.get("/offers/<token>")
def offer(token: str) -> ResponseReturnValue:
    """The offer and its form; after the answer, what happens next."""
    with pages.office().reading() as session:
        return _page(_award(session, token), {})


def answer_again(token: str) -> Response:
    """The form with what was just chosen, for an answer whose session was lost."""
    with pages.office().reading() as session:
        return _page(_award(session, token), pages.typed(FIELDS), notice=pages.LOST_SESSION)


@blueprint.post("/offers/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Accept or refuse. An offer that was answered already shows that answer."""
    office = pages.office()
    raw = pages.typed(FIELDS)
    try:
        with office.sessions.begin() as session:
            award = _award(session, token)
            if award.status == AwardState.OFFERED:
                faults = _faults(raw, measured=bool(award.application.outcomes))
                if faults:
                    return _page(award, raw, faults)
                if raw["decision"] == "accept":
                    awards.accept(session, award, name=raw["name"], office=office, now=office.clock())
                else:
                    awards.refuse(session, award, name=raw["name"], now=office.clock(), office=office)
    except Conflict:  # answered twice at once: the page says which answer stands
        pass
    return redirect(url_for("offers.offer", token=token), code=303)


def _faults(raw: Mapping[str, str], *, measured: bool) -> list[Fault]:
    faults: list[Fault] = []

    def fault(field: str, message: str) -> None:
        faults.append(Fault(field, field, message, f"/{field}"))

    if raw["decision"] not in ("accept", "refuse"):
        fault("decision", "Select whether you accept or refuse the offer")
    if not raw["name"].strip():
        fault("name", "Enter your full name")
    elif len(raw["name"]) > 200:
        fault("name", "Your name must be 200 characters or fewer")
    if raw["decision"] == "accept":
        if raw["terms"] != "yes":
            fault("terms", "Confirm that you accept the terms and conditions, or refuse the offer")
        if measured and raw["measures"] != "yes":
            fault("measures", "Confirm that you accept the measures and targets, or refuse the offer")
    return faults


def _page(award: Award, raw: Mapping[str, str], faults: Sequence[Fault] = (), notice: str = "") -> Response:
    office = pages.office()
    fund = office.policy.fund(award.fund)
    application = award.application
    return pages.page(
        "offer.html",
        422 if faults else 200,
        title=f"Offer of {display(award.amount)} to {application.organisation_name}",
        award=award,
        application=application,
        fund_name=fund.name if fund else award.fund,
        terms=office.policy_under(award.policy_version).terms.value,
        documents=documents.notice(application, "offers", str((request.view_args or {})["token"])),
        returns=[deadline.due for deadline in award.deadlines if deadline.kind == RETURN],
        meetings=[deadline.due for deadline in award.deadlines if deadline.kind == awards.MEETING],
        raw=raw,
        wrong=pages.messages(faults),
        errors=pages.error_list(faults),
        notice=notice,
        address=request.path,
    )
