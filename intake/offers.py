"""The offer: terms and measures, accepted or refused by a named person, on one page with one form (A6, N3).

On the same form the applicant may propose other measures; the offer then stays open, and its date stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import awards, bank_details, measures
from core.errors import Conflict, Gone
from core.links import follow
from core.measures import Proposed
from core.records import Award
from core.rules.answers import clean_long, clean_short
from core.rules.calendar import date_text
from core.rules.lifecycle import AwardState
from core.rules.money import display
from core.rules.questions import Fault
from core.written import LONGEST_WORDS
from intake import documents, pages
from intake.to_come import to_come

blueprint = Blueprint("offers", __name__)

FIELDS = ("decision", "name", "role", "terms", "measures", "why", "why_not", "seen")
LONGEST_NAME = 200
"""Characters of the name, and of the role, of whoever answers."""

DECISIONS = ("accept", "propose", "refuse")


def _award(session: Session, token: str) -> Award:
    office = pages.office()
    award = awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))
    if award.status == AwardState.EXPIRED:  # the link itself runs out too, at the end of the day of acceptance
        raise Gone(
            f"This offer was open until {date_text(award.accept_by)}. Ask us for a new one if you still want it.",
            "A6",
        )
    return award


@blueprint.get("/offers/<token>")
def offer(token: str) -> ResponseReturnValue:
    """The offer and its form; after the answer, what happens next."""
    with pages.office().reading() as session:
        return _page(session, _award(session, token), {})


def answer_again(token: str) -> Response:
    """The form with what was just chosen, for an answer whose session was lost."""
    with pages.office().reading() as session:
        award = _award(session, token)
        return _page(session, award, _typed(award), notice=pages.LOST_SESSION)


def _typed(award: Award) -> dict[str, str]:
    """What was typed. A measure's field that was not sent is as it was offered."""
    raw = pages.typed(FIELDS)
    for one in award.application.outcomes:
        for name, offered in (("measure", one.measure), ("target", one.target)):
            raw[f"{name}-{one.position}"] = request.form.get(f"{name}-{one.position}", offered)
    return raw


@blueprint.post("/offers/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Accept, refuse, or propose other measures. An offer that was answered already shows that answer."""
    office = pages.office()
    try:
        with office.sessions.begin() as session:
            award = _award(session, token)
            if award.status == AwardState.OFFERED:
                raw = _typed(award)
                waits = measures.open_of(session, award) is not None
                faults = _faults(raw, award, waits=waits)
                if faults:
                    return _page(session, award, raw, faults)
                _do(session, award, raw)
    except Conflict as refusal:  # answered or changed meanwhile: the page says what stands now
        with office.reading() as session:
            award = _award(session, token)
            if award.status == AwardState.OFFERED:
                return _page(session, award, _typed(award), notice=refusal.reason, status=409)
    return redirect(url_for("offers.offer", token=token), code=303)


def _do(session: Session, award: Award, raw: Mapping[str, str]) -> None:
    office = pages.office()
    now = office.clock()
    if raw["decision"] == "accept":
        awards.accept(session, award, name=raw["name"], role=raw["role"], seen=raw["seen"], office=office, now=now)
    elif raw["decision"] == "refuse":
        awards.refuse(session, award, name=raw["name"], role=raw["role"], why=raw["why_not"], now=now, office=office)
    else:
        measures.propose(session, award.id, name=raw["name"], wanted=_wanted(raw, award), why=raw["why"], now=now)


def _wanted(raw: Mapping[str, str], award: Award) -> list[Proposed]:
    return [
        Proposed(one.position, raw[f"measure-{one.position}"], raw[f"target-{one.position}"])
        for one in award.application.outcomes
    ]


def _faults(raw: Mapping[str, str], award: Award, *, waits: bool) -> list[Fault]:
    faults: list[Fault] = []

    def fault(field: str, message: str) -> None:
        faults.append(Fault(field, field, message, f"/{field}"))

    choices = DECISIONS if award.application.outcomes and not waits else ("accept", "refuse")
    if raw["decision"] == "propose" and waits:
        fault("decision", "You have proposed a change already. Wait for our answer, or accept or refuse the offer")
    elif raw["decision"] not in choices:
        fault("decision", "Select whether you accept or refuse the offer")
    if raw["decision"] == "propose" and not faults:
        faults += _proposal_faults(raw, award)
    if raw["decision"] == "accept":
        if raw["terms"] != "yes":
            fault("terms", "Confirm that you accept the terms and conditions, or refuse the offer")
        if award.application.outcomes and raw["measures"] != "yes":
            fault("measures", "Confirm that you accept the measures and targets, or refuse the offer")
    for field, what in (("name", "Your name"), ("role", "Your role")):
        if len(raw[field]) > LONGEST_NAME:
            fault(field, f"{what} must be {LONGEST_NAME} characters or fewer")
    if not clean_short(raw["name"]):
        fault("name", "Enter your full name")
    if len(clean_long(raw["why_not"])) > LONGEST_WORDS:
        fault("why_not", f"Why you turn it down must be {LONGEST_WORDS:,} characters or fewer")
    return faults


def _proposal_faults(raw: Mapping[str, str], award: Award) -> list[Fault]:
    faults = []
    for one in _wanted(raw, award):
        for field, text, what in (
            (f"measure-{one.position}", one.measure, "measure"),
            (f"target-{one.position}", one.target, "target"),
        ):
            if not clean_short(text):
                faults.append(Fault(field, field, f"Enter {what} {one.position}, or put back what we offered", ""))
            elif len(clean_short(text)) > measures.LONGEST_MEASURE:
                words = f"{what.capitalize()} {one.position} must be {measures.LONGEST_MEASURE} characters or fewer"
                faults.append(Fault(field, field, words, ""))
    if not faults and not measures.differing(award.application.outcomes, _wanted(raw, award)):
        first = f"measure-{award.application.outcomes[0].position}"
        faults.append(Fault(first, first, "Change at least one measure or target, or accept the offer as it is", ""))
    if not clean_long(raw["why"]):
        faults.append(Fault("why", "why", "Enter why you would rather measure this", ""))
    elif len(clean_long(raw["why"])) > LONGEST_WORDS:
        faults.append(Fault("why", "why", f"Keep the reason to {LONGEST_WORDS:,} characters", ""))
    return faults


def _page(
    session: Session,
    award: Award,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
    status: int = 200,
) -> Response:
    office = pages.office()
    application = award.application
    proposals = measures.of_award(session, award)
    return pages.page(
        "offer.html",
        422 if faults else status,
        title=f"Offer of {display(award.amount)} to {application.organisation_name}",
        award=award,
        application=application,
        fund_name=office.policy.fund_name(award.fund),
        conditions=awards.own_conditions(award, office=office),
        terms=office.policy_under(award.policy_version).terms.value,
        documents=documents.notice(application, "offers", str((request.view_args or {})["token"])),
        to_come=to_come(session, award),
        proposal=proposals[-1] if proposals else None,
        seen=awards.measures_seen(award),
        bank=bank_details.shown(session, award, office),
        takes_bank=bank_details.may_give(award) is None,
        raw=raw,
        wrong=pages.messages(faults),
        errors=pages.error_list(faults),
        notice=notice,
        address=request.path,
    )
