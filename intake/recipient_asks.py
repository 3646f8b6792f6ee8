"""What a recipient may do from a return's link beside sending it: ask for more time (D0), raise an issue (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from core import issues, more_time
from core.errors import Conflict
from core.records import Award, Deadline
from core.rules.answers import Limits, read_answer
from core.rules.calendar import date_text
from core.rules.questions import AnswerKind, Fault, Faults, Question, fields
from core.written import LONGEST_WORDS
from intake import pages
from intake.returns import Typed, of_link

blueprint = Blueprint("recipient_asks", __name__)

_SECTION: Final = "Your return"
REASON: Final = Question(
    "reason", AnswerKind.LONG, "Why do you need more time?", "Why you need more time", _SECTION, "D0", "/reason",
    "Say why you need more time", hint="A sentence is enough.",
)  # fmt: skip
ISSUE: Final = Question(
    "issue", AnswerKind.LONG, "What do you want to raise?", "What you raise", _SECTION, "R2", "/issue",
    "Say what you want to raise",
    hint="Something that worries you, something that has changed, or a question. Leave out names of people you help.",
)  # fmt: skip


def _until(latest: date) -> Question:
    return Question(
        "until", AnswerKind.DATE, "When can you send it?", "The day on which you can send it", _SECTION, "D0", "/until",
        "Enter the day on which you can send it", hint=f"At the latest {date_text(latest)}. For example, 27 3 2027.",
    )  # fmt: skip


def _limits() -> Limits:
    return Limits(long=LONGEST_WORDS, short=200, outcomes=1, largest=0, lines=1)


def _typed(*questions: Question) -> dict[str, str]:
    return pages.typed(name for question in questions for name in fields(question))


@blueprint.get("/returns/<token>/more-time")
def more_time_form(token: str) -> ResponseReturnValue:
    """Ask for a later day."""
    with pages.office().reading() as session:
        award, deadline = of_link(session, token)
        if not deadline.is_open or _waits(more_time.requests(session, deadline)):
            return _back(token)
        return _more_time(token, award, deadline, {})


def more_time_again(token: str) -> Response:
    """The form with what was just typed, for a request whose session was lost."""
    with pages.office().reading() as session:
        award, deadline = of_link(session, token)
        typed = _typed(_until(date.max), REASON)
        return _more_time(token, award, deadline, typed, notice=pages.LOST_SESSION)


@blueprint.post("/returns/<token>/more-time")
def ask_more_time(token: str) -> ResponseReturnValue:
    """Put the request to the office. What was typed is shown again where none is needed, or one waits already."""
    office = pages.office()
    try:
        with office.sessions.begin() as session:
            award, deadline = of_link(session, token)
            if not deadline.is_open:
                raise Conflict(more_time.NOT_NEEDED, "D0")
            latest = more_time.latest_day(award, deadline, office)
            asked = (_until(latest), REASON)
            raw = _typed(*asked)
            read = [read_answer(question, raw, _limits()) for question in asked]
            faults = [fault for value in read if isinstance(value, Faults) for fault in value]
            until, reason = read
            if isinstance(until, date):
                refusal = more_time.why_not(deadline, until, latest, office.today())
                faults += [Fault("until-day", "until", refusal, "/until")] if refusal else []
            if faults:
                return _more_time(
                    token, award, deadline, raw, sorted(faults, key=lambda one: one.question_id != "until")
                )
            if isinstance(until, date) and isinstance(reason, str):
                more_time.ask(session, award, deadline, until, reason, office=office, now=office.clock())
    except Conflict as conflict:
        return _not_asked(token, conflict)
    return _back(token)


def _not_asked(token: str, conflict: Conflict) -> ResponseReturnValue:
    """Why nothing was asked, with what was typed; for a second press of what was asked, how that stands."""
    with pages.office().reading() as session:
        award, deadline = of_link(session, token)
        asked = (_until(date.max), REASON)
        raw = _typed(*asked)
        until, reason = (read_answer(question, raw, _limits()) for question in asked)
        if any(
            _waits([one]) and (one.until, one.reason) == (until, reason)
            for one in more_time.requests(session, deadline)
        ):
            return _back(token)
        day = [date_text(until)] if isinstance(until, date) else pages.paragraphs(" ".join(_typed(asked[0]).values()))
        parts = zip((question.label for question in asked), (day, pages.paragraphs(raw[REASON.id])), strict=True)
        unsent = [(label, lines) for label, lines in parts if any(line.strip() for line in lines)]
        if not unsent:
            return _back(token)
        return _more_time(token, award, deadline, {}, notice=conflict.reason, unsent=unsent)


def _more_time(
    token: str,
    award: Award,
    deadline: Deadline,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
    unsent: Sequence[Typed] = (),
) -> Response:
    """The form; with `unsent`, which was typed and is not needed any more, that in its place."""
    latest = more_time.latest_day(award, deadline, pages.office())
    asked = (_until(latest), REASON)
    return pages.page(
        "ask_more_time.html",
        409 if unsent else 422 if faults else 200,
        title="Ask for more time",
        unsent=unsent,
        award=award,
        application=award.application,
        due=deadline.due,
        open=deadline.is_open,
        possible=not more_time.why_not(deadline, latest, latest, pages.office().today()),
        latest=latest,
        components=[pages.component(question, raw, faults) for question in asked],
        errors=pages.error_list(faults),
        notice=notice,
        back=url_for("returns.form", token=token),
    )


@blueprint.get("/returns/<token>/issue")
def issue_form(token: str) -> ResponseReturnValue:
    """Raise an issue."""
    with pages.office().reading() as session:
        award, _ = of_link(session, token)
        return _issue(token, award, {})


def issue_again(token: str) -> Response:
    """The form with what was just typed, for an issue whose session was lost."""
    with pages.office().reading() as session:
        award, _ = of_link(session, token)
        return _issue(token, award, _typed(ISSUE), notice=pages.LOST_SESSION)


@blueprint.post("/returns/<token>/issue")
def raise_issue(token: str) -> ResponseReturnValue:
    """Keep the issue and tell its owner."""
    office = pages.office()
    with office.sessions.begin() as session:
        award, _ = of_link(session, token)
        raw = _typed(ISSUE)
        read = read_answer(ISSUE, raw, _limits())
        if isinstance(read, Faults):
            return _issue(token, award, raw, read)
        issues.raise_issue(session, award, str(read), source="recipient", now=office.clock())
    return _back(token)


def _issue(
    token: str, award: Award, raw: Mapping[str, str], faults: Sequence[Fault] = (), notice: str = ""
) -> Response:
    return pages.page(
        "raise_issue.html",
        422 if faults else 200,
        title=ISSUE.title,
        award=award,
        application=award.application,
        components=[pages.component(ISSUE, raw, faults, heading=True)],
        errors=pages.error_list(faults),
        notice=notice,
        back=url_for("returns.form", token=token),
    )


def _waits(requests: Sequence[object]) -> bool:
    return any(getattr(one, "status", "") == more_time.TimeState.ASKED for one in requests)


def _back(token: str) -> ResponseReturnValue:
    return redirect(url_for("returns.form", token=token), code=303)
