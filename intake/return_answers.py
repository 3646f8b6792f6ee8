"""A question of the office about a return: its recipient answers on the return's page, and corrects a figure (R1)."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import asking, returns
from core.errors import Conflict
from core.records import Asked, MonitoringReturn
from core.rules.answers import Limits, clean_long, read_answer
from core.rules.questions import Faults
from core.rules.return_forms import read_figures
from core.written import LONGEST_WORDS
from intake import pages
from intake.returns import ANSWER, AskedFor, asked_by_link, figures_of, received_page

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
        asked, came_in, _ = _open(session, token)
        if came_in is None:
            raise Conflict("We have no return yet to which this could be an answer.", "R1")
        typed = {**pages.typed(("answer",)), **asked.typed()}
        return received_page(session, token, asked, came_in, typed=typed, notice=pages.LOST_SESSION)


@blueprint.post("/returns/<token>/answer")
def answer(token: str) -> ResponseReturnValue:
    """Keep the answer, and the figures that were corrected with it.

    A question that has ended stays as it ended; an answer that comes after that is shown to whoever wrote it.
    """
    office = pages.office()
    now = office.clock()
    try:
        with office.sessions.begin() as session:
            asked, came_in, question = _open(session, token)
            if came_in is not None and question is not None:
                raw = {**figures_of(came_in), **asked.typed(), **pages.typed(("answer",))}
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
    return _too_late(token)


def _too_late(token: str) -> ResponseReturnValue:
    """How the return stands, with the answer that was not kept; an answer that was pressed twice is no fault."""
    written = clean_long(request.form.get("answer", ""))
    with pages.office().reading() as session:
        asked, came_in, _ = _open(session, token)
        said = {one.answer for one in asking.questions(session, came_in)} if came_in is not None else set()
        if came_in is not None and written and written not in said:
            return received_page(session, token, asked, came_in, unsent=written, notice=_ENDED)
    return redirect(url_for("returns.form", token=token), code=303)
