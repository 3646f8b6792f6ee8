"""The front of the staff pages: what waits for the office, the oldest first."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from core import waiting
from core.office import london_day
from core.rules.words import counted
from core.waiting import Waiting, Waits
from intake import pages
from intake.staff import session as staff_session

blueprint = Blueprint("staff_front", __name__)

A_PAGE: Final = 40
"""How many things are on one page."""

NAMES: Final = {
    Waits.APPLICATION: "Applications",
    Waits.RETURN: "Returns to read",
    Waits.OVERDUE: "Overdue returns",
    Waits.DUTY: "Other things overdue",
    Waits.MORE_TIME: "Requests for more time",
    Waits.ISSUE: "Issues",
    Waits.MEASURES: "Other measures proposed",
    Waits.MEETING_TIME: "Other times for a meeting",
    Waits.BANK_DETAILS: "Bank details to verify",
    Waits.DOCUMENT: "Documents",
    Waits.MAIL: "Mail that was refused",
}
"""Each kind as its filter names it."""

ONE: Final = {
    Waits.APPLICATION: "Application",
    Waits.RETURN: "Return",
    Waits.OVERDUE: "Overdue return",
    Waits.DUTY: "Overdue",
    Waits.MORE_TIME: "More time",
    Waits.ISSUE: "Issue",
    Waits.MEASURES: "Measures",
    Waits.MEETING_TIME: "Meeting",
    Waits.BANK_DETAILS: "Bank details",
    Waits.DOCUMENT: "Document",
    Waits.MAIL: "Mail",
}


_OF_APPLICATIONS: Final = frozenset({Waits.APPLICATION, Waits.DOCUMENT})


@blueprint.get("/desk")
def page() -> ResponseReturnValue:
    """All that waits, or one kind of it, a page at a time."""
    office, staff = pages.office(), staff_session.staff()
    now, today = office.clock(), office.today()
    with office.reading() as session:
        found = waiting.everything(session, policy=office.policy, today=today, now=now)
    counts = Counter(one.kind for one in found)
    said = request.args.get("kind", "")
    kind = Waits(said) if said in set(Waits) else None
    shown = [one for one in found if kind is None or one.kind is kind]
    if kind is Waits.ISSUE:
        shown = waiting.mine_first(shown, staff.id)
    last = max((len(shown) - 1) // A_PAGE + 1, 1)
    number = min(_number(request.args.get("page", "")), last)
    return pages.page(
        "staff/front.html",
        title="What waits",
        staff=staff,
        kinds=[(one.value, f"{NAMES[one]} ({counts[one]})") for one in Waits if counts[one] or one is kind],
        kind=kind.value if kind else "",
        total=len(found),
        shown=len(shown),
        items=[_item(one, staff.id, now) for one in shown[(number - 1) * A_PAGE : number * A_PAGE]],
        page=number,
        last=last,
    )


def _number(text: str) -> int:
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _item(one: Waiting, person: int, now: datetime) -> dict[str, Any]:
    return {
        "waiting": one,
        "what": ONE[one.kind],
        "mine": one.owner == person,
        "age": _age(one.since, now),
        "address": _address(one),
    }


def _age(since: datetime, now: datetime) -> str:
    days = (london_day(now) - london_day(since)).days
    return "today" if days <= 0 else counted(days, "day")


def _address(one: Waiting) -> str:
    """Where it is looked at."""
    if one.kind is Waits.DUTY and one.deadline is not None:
        return url_for("staff_deadlines.page", number=one.deadline)
    if one.kind in (Waits.RETURN, Waits.OVERDUE) and one.due is not None:
        return url_for("staff_returns.page", reference=one.reference, due=one.due.isoformat())
    if one.kind is Waits.MEETING_TIME and one.deadline is not None:
        return url_for("staff_meetings.page", number=one.deadline)
    if one.kind is Waits.MAIL:
        return url_for("staff_contacts.page", reference=one.reference)
    about = "staff_applications.page" if one.kind in _OF_APPLICATIONS else "staff_awards.page"
    return url_for(about, reference=one.reference)
