"""Where staff see what something that falls due is about: from its own page, the office's dates and calendars."""

from __future__ import annotations

from flask import url_for

from core.bids import BID
from core.forums import FORUM
from core.meetings import MEETING
from core.opportunities import CLOSING
from core.published import RULES
from core.records import Deadline
from core.returns import RETURN


def page_of(deadline: Deadline) -> tuple[str, str] | None:
    """The page's path and what it is of, in words; None for what comes about by itself, as a window's days do."""
    return _of_award(deadline) or _of_application(deadline) or _of_office(deadline)


def _of_award(deadline: Deadline) -> tuple[str, str] | None:
    award = deadline.award
    if award is None:
        return None
    if deadline.kind == MEETING:
        return url_for("staff_meetings.page", number=deadline.id), "the meeting"
    if deadline.kind == RETURN:
        return url_for("staff_returns.page", reference=award.reference, due=deadline.due.isoformat()), "the return"
    return url_for("staff_awards.page", reference=award.reference), "the award"


def _of_application(deadline: Deadline) -> tuple[str, str] | None:
    application = deadline.application
    if application is None or not application.reference:
        return None
    return url_for("staff_applications.page", reference=application.reference), "the application"


def _of_office(deadline: Deadline) -> tuple[str, str] | None:
    if deadline.kind == FORUM:
        return url_for("staff_forums.listing"), "the Provider Forums"
    if deadline.kind in RULES:
        return url_for("staff_office_dates.record_form", number=deadline.id), "what was published"
    number = deadline.subject.partition(":")[2]
    if deadline.kind == BID and number.isdecimal():
        return url_for("staff_bids.page", number=int(number)), "the bid"
    if deadline.kind == CLOSING and number.isdecimal():
        return url_for("staff_opportunities.page", number=int(number)), "the opportunity"
    return None
