"""Bank details: asked of the recipient on a page of their own, once the offer is accepted (L5, W4).

What we hold is never shown but for the last two digits. What was just typed is shown again only in the direct answer to
whoever sent it: with an error, after a lost session, or where somebody else was faster. It is kept in no cookie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import awards, bank_details
from core.errors import Conflict, Refused
from core.links import follow
from core.records import Award
from core.rules.banking import FIELDS, read_account
from core.rules.lifecycle import AwardState
from core.rules.questions import Fault
from intake import pages

blueprint = Blueprint("bank_details", __name__)

TOO_OFTEN = 429
"""The status of an answer to somebody who has given details too often in one day."""


def _award(session: Session, token: str) -> Award:
    office = pages.office()
    return awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))


@blueprint.get("/offers/<token>/bank-details")
def form(token: str) -> ResponseReturnValue:
    """What we hold, all but two digits hidden, and the form; before the offer is accepted, the offer instead."""
    with pages.office().reading() as session:
        award = _award(session, token)
        if award.status in (AwardState.OFFERED, AwardState.REFUSED, AwardState.EXPIRED):
            return redirect(url_for("offers.offer", token=token))
        return _page(session, award, token, {})


def give_again(token: str) -> Response:
    """The form with what was just typed, for a form whose session was lost."""
    with pages.office().reading() as session:
        award = _award(session, token)
        return _page(session, award, token, pages.typed((*FIELDS, "seen")), notice=pages.LOST_SESSION)


@blueprint.post("/offers/<token>/bank-details")
def give(token: str) -> ResponseReturnValue:
    """Take in the bank details, or put them in the place of earlier ones."""
    office = pages.office()
    raw = pages.typed((*FIELDS, "seen"))
    try:
        with office.sessions.begin() as session:
            award = _award(session, token)
            account, faults = read_account(raw)
            if account is None and bank_details.may_give(award) is None:
                return _page(session, award, token, raw, faults)
            if account is not None:
                bank_details.give(session, award.id, account, seen=_seen(raw), office=office, now=office.clock())
    except (Conflict, Refused) as refusal:
        status = 409 if isinstance(refusal, Conflict) else TOO_OFTEN
        with office.reading() as session:
            award = _award(session, token)
            return _page(session, award, token, raw, notice=refusal.reason, status=status)
    return redirect(url_for("bank_details.form", token=token), code=303)


def _seen(raw: Mapping[str, str]) -> int | None:
    return int(raw["seen"]) if raw["seen"].isascii() and raw["seen"].isdecimal() and len(raw["seen"]) < 7 else None


def _page(
    session: Session,
    award: Award,
    token: str,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
    status: int = 200,
) -> Response:
    bank = bank_details.shown(session, award, pages.office())
    refusal = bank_details.may_give(award)
    return pages.page(
        "bank_details.html",
        422 if faults else status,
        title="Bank details",
        award=award,
        application=award.application,
        bank=bank,
        open=refusal is None,
        closed_because=refusal.reason if refusal is not None else "",
        asked=refusal is None and (not bank.held or bool(raw) or "change" in request.args),
        changing="?change=yes",
        raw=raw,
        wrong=pages.messages(faults),
        errors=pages.error_list(faults),
        notice=notice,
        address=request.path,
        back=url_for("offers.offer", token=token),
    )
