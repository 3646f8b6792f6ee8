"""A question of the office about a return: its recipient answers on the return's page, and corrects a figure (R1)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import asking, returns
from core.errors import Conflict
from core.records import Asked, MonitoringReturn
from core.rules.answers import Limits, clean_long, read_answer
from core.rules.questions import Faults
from core.rules.return_forms import read_figures
from core.shown import Shown
from core.written import LONGEST_WORDS
from intake import pages
from intake.returns import ANSWER, AskedFor, Typed, asked_by_link, not_taken, received_page

blueprint = Blueprint("return_answers", __name__)

_LIMITS = Limits(long=LONGEST_WORDS, short=0, outcomes=0, largest=0, lines=0)

_ENDED = "This question was answered or taken back before your answer came. Nothing was changed."


def _open(session: Session, token: str) -> tuple[AskedFor, MonitoringReturn | None, Asked | None]:
    """The return of the link, and the question that waits for an answer: the one that the page showed."""
    asked = asked_by_link(session, token)
    came_in = returns.received(session, asked.award, asked.deadline.due)
    question = asking.open_question(session, came_in) if came_in is not None else None
    if question is not None and request.form.get("question", str(question.id)) != str(question.id):
        question = None
    return asked, came_in, question


def answer_again(token: str) -> Response:
    """The page with what was just typed, for an answer whose session was lost."""
    with pages.office().reading() as session:
        asked, came_in, question = _open(session, token)
        if came_in is None:
            raise Conflict("We have no return yet to which this could be an answer.", "R1")
        if question is None:
            return _too_late(session, token, asked, came_in, _left(session, asked, came_in))
        typed = {**pages.typed(("answer",)), **asked.typed()}
        return received_page(session, token, asked, came_in, typed=typed, notice=pages.LOST_SESSION)


@blueprint.post("/returns/<token>/answer")
def answer(token: str) -> ResponseReturnValue:
    """Keep the answer, and the figures that were corrected with it.

    A question that has ended stays as it ended; all that was typed when it had is shown to whoever typed it.
    """
    office = pages.office()
    now = office.clock()
    try:
        with office.sessions.begin() as session:
            asked, came_in, question = _open(session, token)
            if came_in is not None and question is not None:
                raw = {**returns.as_typed(came_in), **asked.typed(), **pages.typed(("answer",))}
                text = read_answer(ANSWER, raw, _LIMITS)
                figures, over, faults = read_figures(raw, asked.questions, asked.policy, asked.agreed)
                if isinstance(text, Faults) or figures is None:
                    faults = (*(text if isinstance(text, Faults) else ()), *faults)
                    return received_page(session, token, asked, came_in, typed=raw, faults=faults)
                returns.correct(session, came_in.id, figures, over, source="recipient", now=now)
                asking.answer(session, question.id, str(text), source="recipient", now=now)
                return redirect(url_for("returns.form", token=token), code=303)
    except Conflict:  # answered or taken back at this moment
        pass
    with office.reading() as session:
        asked, came_in, _ = _open(session, token)
        left = _left(session, asked, came_in) if came_in is not None else []
        if came_in is not None and left:
            return _too_late(session, token, asked, came_in, left)
    return redirect(url_for("returns.form", token=token), code=303)


def _left(session: Session, asked: AskedFor, came_in: MonitoringReturn) -> list[Typed]:
    """What was typed that the record does not have: the answer, and figures. What was pressed twice is no loss."""
    written = clean_long(request.form.get("answer", ""))
    said = {one.answer for one in asking.questions(session, came_in)}
    words: list[Typed] = [(ANSWER.label, pages.paragraphs(written))] if written and written not in said else []
    return words + not_taken(asked, came_in, Shown(pages.seen()))


def _too_late(
    session: Session, token: str, asked: AskedFor, came_in: MonitoringReturn, left: Sequence[Typed]
) -> Response:
    """How the return stands, and how the question ended that was on the page."""
    number = request.form.get("question", "")
    meant = next((one for one in asking.questions(session, came_in) if str(one.id) == number), None)
    ended = asking.how_it_ended(meant) if meant is not None else ""
    return received_page(session, token, asked, came_in, too_late=left, notice=ended or _ENDED)
