"""Deadlines to put into a calendar: beside the page of an offer and of a return, for whoever got no file by mail."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import awards, returns
from core.calendar_files import MEDIA_TYPE, calendar_file
from core.errors import NotFound
from core.links import follow
from core.records import Deadline
from intake import pages

blueprint = Blueprint("dates", __name__)


@blueprint.get("/offers/<token>/dates.ics")
def of_offer(token: str) -> ResponseReturnValue:
    """The day by which the offer is to be answered; once it is accepted, the days on which its returns are due."""
    office = pages.office()
    with office.reading() as session:
        award = awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))
        return _file(session, [one for one in award.deadlines if one.kind in (awards.ACCEPTANCE, returns.RETURN)])


@blueprint.get("/returns/<token>/date.ics")
def of_return(token: str) -> ResponseReturnValue:
    """The day on which the return is due."""
    office = pages.office()
    with office.reading() as session:
        found = follow(session, office.signer, "return", token, now=office.clock())
        return _file(session, [returns.of_deadline(session, found)[1]])


def _file(session: Session, found: Iterable[Deadline]) -> Response:
    text = calendar_file(session, found, office=pages.office())
    if not text:
        raise NotFound("Nothing is due here any more, so there is no date to put into a calendar.")
    headers = {"Content-Disposition": 'attachment; filename="dates.ics"'}
    return Response(text, content_type=MEDIA_TYPE, headers=headers)
