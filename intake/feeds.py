"""Calendar feeds: the addresses that a calendar reads, and where a recipient makes theirs and takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import applications, awards, feeds
from core.errors import NotFound
from core.links import Purpose, follow
from core.office import Office
from core.records import Award, Deadline
from core.rules.lifecycle import AwardState
from intake import pages
from intake.staff import due_pages

blueprint = Blueprint("feeds", __name__)

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_PURPOSES: Final[dict[str, Purpose]] = {"award": feeds.AWARD, "own": feeds.OWN, "office": feeds.OFFICE}

_HAS_DATES: Final = (AwardState.OFFERED, AwardState.ACTIVE)
"""While an award is in one of these, something of it may fall due."""


@blueprint.get("/calendars/<any(award, own, office):whose>/<token>.ics")
def feed(whose: str, token: str) -> ResponseReturnValue:
    """The feed, or that nothing has changed since the calendar read it last."""
    office = pages.office()
    with office.reading() as session:
        number = follow(session, office.signer, _PURPOSES[whose], token, now=office.clock())
        if whose == "award":
            found = feeds.of_award(session, awards.by_id(session, number), office=office)
        else:
            found = feeds.of_staff(session, number, whole=whose == "office", pages=_staff_page, office=office)
    answer = Response(found.text, content_type=MEDIA_TYPE)
    answer.add_etag()
    answer.last_modified = found.changed_at.replace(microsecond=0)
    answer.headers["Cache-Control"] = "private, no-cache"  # kept by whoever reads it, and asked for again each time
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer.make_conditional(request)


def _staff_page(deadline: Deadline) -> str:
    """Where staff look at what falls due."""
    about = due_pages.page_of(deadline)
    path = about[0] if about is not None else url_for("staff_deadlines.page", number=deadline.id)
    return f"{pages.office().public_url}{path}"


# ----------------------------------------------------------------------------------------------- a recipient's address


@blueprint.get("/offers/<token>/calendar")
def of_offer(token: str) -> ResponseReturnValue:
    """The address of the award's feed, for whoever holds the offer's link."""
    with pages.office().reading() as session:
        return _show(session, _by_offer(session, token))


@blueprint.post("/offers/<token>/calendar")
def change_of_offer(token: str) -> ResponseReturnValue:
    """Make it, make another, or take it back."""
    office = pages.office()
    with office.sessions.begin() as session:
        _change(session, _by_offer(session, token), office.clock())
    return redirect(url_for(".of_offer", token=token), code=303)


@blueprint.get("/a/<token>/calendar")
def of_application(token: str) -> ResponseReturnValue:
    """The same, for whoever holds the application's link."""
    with pages.office().reading() as session:
        return _show(session, _by_application(session, token))


@blueprint.post("/a/<token>/calendar")
def change_of_application(token: str) -> ResponseReturnValue:
    """Make it, make another, or take it back."""
    office = pages.office()
    with office.sessions.begin() as session:
        _change(session, _by_application(session, token), office.clock())
    return redirect(url_for(".of_application", token=token), code=303)


def of_offer_again(token: str) -> Response:
    """The page, for a press whose session was lost."""
    with pages.office().reading() as session:
        return _show(session, _by_offer(session, token), notice=pages.LOST_SESSION)


def of_application_again(token: str) -> Response:
    """The page, for a press whose session was lost."""
    with pages.office().reading() as session:
        return _show(session, _by_application(session, token), notice=pages.LOST_SESSION)


def _by_offer(session: Session, token: str) -> Award:
    office = pages.office()
    return awards.by_id(session, follow(session, office.signer, "offer", token, now=office.clock()))


def _by_application(session: Session, token: str) -> Award:
    office = pages.office()
    number = follow(session, office.signer, "application", token, now=office.clock())
    award = applications.by_id(session, number).award
    if award is None:
        raise NotFound("Nothing falls due for this application yet, so there is no calendar of it.")
    return award


def _change(session: Session, award: Award, now: datetime) -> None:
    if request.form.get("do") == "stop":
        feeds.stop(session, feeds.AWARD, award.id, reference=award.reference, actor="recipient", now=now)
    else:
        feeds.make(session, feeds.AWARD, award.id, reference=award.reference, actor="recipient", now=now)


def _show(session: Session, award: Award, notice: str = "") -> Response:
    office: Office = pages.office()
    return pages.page(
        "calendar.html",
        title="Your dates in your calendar",
        award=award,
        application=award.application,
        address=feeds.address(session, feeds.AWARD, award.id, office),
        running=award.status in _HAS_DATES,
        errors=[],
        notice=notice,
        back=request.path.rsplit("/", 1)[0],
    )
