"""The monitoring return (R1): one page, saved as one goes, with what was agreed and what was said before beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import asking, documents, issues, more_time, payments, return_drafts, returns
from core.errors import Conflict
from core.links import follow
from core.records import Award, Deadline, MonitoringReturn
from core.rules.lifecycle import AwardState
from core.rules.money import MoneyError, display, pence_from_typed
from core.rules.policy import Policy, Tier
from core.rules.questions import (
    AnswerKind,
    Fault,
    Question,
    describe,
    fields,
    read_return,
    recalled,
    return_questions,
)
from core.rules.return_forms import FIGURES, Agreed, is_over, read_one
from core.shown import Shown, mark
from intake import copies, pages

blueprint = Blueprint("returns", __name__)

ANSWER = Question(
    "answer", AnswerKind.LONG, "Your answer", "Your answer", "Our question", "R1", "/answer",
    "Write your answer to the question",
)  # fmt: skip

RUNNING = (AwardState.ACTIVE, AwardState.COMPLETED, AwardState.DECOMMISSIONED)
"""The states of an award that has returns."""


def of_link(session: Session, token: str) -> tuple[Award, Deadline]:
    """The award and the deadline that the link leads to. Raises NotFound, Gone."""
    office = pages.office()
    found = follow(session, office.signer, "return", token, now=office.clock())
    return returns.of_deadline(session, found)


@dataclass(frozen=True)
class AskedFor:
    """A return as it is asked for: whose it is, under which policy, and its questions."""

    award: Award
    deadline: Deadline
    policy: Policy
    measures: tuple[str, ...]
    agreed: Agreed
    questions: tuple[Question, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields."""
        return tuple(name for question in self.questions for name in fields(question))

    @property
    def open(self) -> bool:
        """Whether it is still expected."""
        return self.award.status in RUNNING and self.deadline.closed_at is None

    def typed(self) -> dict[str, str]:
        """What was sent of its fields; a field that the page did not show is left out."""
        return {name: request.form[name] for name in self.names if name in request.form}


def asked_by_link(session: Session, token: str) -> AskedFor:
    """The return that the link leads to, with its questions. Raises NotFound, Gone."""
    return asked_for(*of_link(session, token))


def asked_for(award: Award, deadline: Deadline) -> AskedFor:
    """A return with its questions, for its recipient and for staff."""
    policy = pages.office().policy_under(award.policy_version)
    measures = tuple(outcome.measure for outcome in award.application.outcomes)
    agreed = returns.agreed(award, deadline, policy)
    asked = return_questions(policy.tier(award.amount), measures, policy, award.fund, agreed)
    return AskedFor(award, deadline, policy, measures, agreed, tuple(_beside_earlier(asked, award, deadline)))


def _beside_earlier(questions: Iterable[Question], award: Award, deadline: Deadline) -> Iterable[Question]:
    """The questions with targets, agreed sums and what was said the last time beside their fields."""
    said = returns.earlier(award, deadline.due)
    last = said[-1] if said else None
    before = {row["measure"]: row["achieved"] for row in last.measures} if last else {}
    spent_of = {row["line"]: row["spent"] for row in last.budget or ()} if last else {}
    for question in questions:
        if question.id == "achieved":
            notes = [
                f"Target: {one.target}." + (f" Last time: {before[one.measure]}." if one.measure in before else "")
                for one in award.application.outcomes
            ]
            yield replace(question, notes=tuple(notes))
        elif question.id == "spending":
            notes = [
                f"Agreed: {display(line.pence)}."
                + (f" Last time: {display(spent_of[line.item])}." if line.item in spent_of else "")
                for line in question.lines
            ]
            yield replace(question, notes=tuple(notes))
        elif question.id == "people" and last:
            yield replace(question, hint=f"{question.hint} Last time: {last.people:,}.")
        elif question.id == "spent":
            told = f" Last time: {display(last.spent)}." if last else ""
            yield replace(question, hint=f"{question.hint} The award is {display(award.amount)}.{told}")
        else:
            yield question


@blueprint.get("/returns/<token>")
def form(token: str) -> ResponseReturnValue:
    """The return as far as it is typed; once it is in, how it stands and what was said."""
    with pages.office().reading() as session:
        asked = asked_by_link(session, token)
        came_in = returns.received(session, asked.award, asked.deadline.due)
        if came_in is not None:
            return received_page(session, token, asked, came_in)
        return _page(session, token, asked)


def receive_again(token: str) -> Response:
    """The form with what was just typed, for a return whose session was lost."""
    with pages.office().reading() as session:
        asked = asked_by_link(session, token)
        came_in = returns.received(session, asked.award, asked.deadline.due)
        if came_in is not None or not asked.open:
            return _too_late(session, token, asked, came_in, not_taken(asked, came_in))
        return _page(session, token, asked, typed=asked.typed(), notice=pages.LOST_SESSION)


@blueprint.post("/returns/<token>")
def receive(token: str) -> ResponseReturnValue:
    """Keep what was typed, and take it in unless it was only to be saved.

    One that is in already stays as it is; whoever typed something else is shown it again.
    """
    office = pages.office()
    now = office.clock()
    try:
        with office.sessions.begin() as session:
            asked = asked_by_link(session, token)
            came_in = returns.received(session, asked.award, asked.deadline.due)
            if came_in is None and asked.open:
                saved = return_drafts.save(session, asked.deadline, asked.typed(), pages.seen(), now=now)
                if saved.theirs:
                    return _page(session, token, asked, theirs=saved.theirs)
                if "save" not in request.form:
                    facts, faults = read_return(
                        saved.answers,
                        asked.measures,
                        asked.policy,
                        asked.policy.tier(asked.award.amount),
                        asked.award.fund,
                        agreed=asked.agreed,
                    )
                    if facts is None:
                        return _page(session, token, asked, faults=faults)
                    returns.receive(session, asked.award, asked.deadline.due, facts, source="recipient", now=now)
                elif request.form["save"] == "documents":
                    return redirect(url_for("documents.listing", door="returns", token=token), code=303)
                return redirect(url_for("returns.form", token=token), code=303)
    except Conflict:  # it came in, or ended, at this moment: the first one stands
        pass
    with office.reading() as session:
        asked = asked_by_link(session, token)
        came_in = returns.received(session, asked.award, asked.deadline.due)
        left = not_taken(asked, came_in)
        return _too_late(session, token, asked, came_in, left) if left else _see(token)


def _see(token: str) -> ResponseReturnValue:
    return redirect(url_for("returns.form", token=token), code=303)


def _too_late(
    session: Session, token: str, asked: AskedFor, came_in: MonitoringReturn | None, left: Sequence[Typed]
) -> Response:
    """How the return stands, with what was typed when it could not be taken any more."""
    if came_in is None:
        return _page(session, token, asked, too_late=left)
    return received_page(session, token, asked, came_in, too_late=left, notice=_CAME_IN if left else "")


_CAME_IN = (
    "This return was sent while you had it open, by somebody else who has the link or in another window. What you "
    "typed that is not in it is below, so that you can copy it."
)

Typed = tuple[str, Sequence[str]]
"""What somebody typed: which field it was, and its lines."""


def not_taken(asked: AskedFor, came_in: MonitoringReturn | None, shown: Shown | None = None) -> list[Typed]:
    """What was typed into the posted form that the return does not say as it stands: whoever wrote it must not lose it.

    What a page filled in itself (`shown`) nobody typed.
    """
    typed, labels = asked.typed(), _labels(asked)
    found: list[Typed] = []
    for question in asked.questions:
        if came_in is not None and read_one(question, typed, asked.policy) == returns.answer_to(came_in, question):
            continue
        for name in fields(question):
            text = typed.get(name, "")
            if text.strip() and not (shown and shown.had(name, text)):
                found.append((labels[name], pages.paragraphs(text)))
    return found


def _page(
    session: Session,
    token: str,
    asked: AskedFor,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    theirs: Mapping[str, str] | None = None,
    notice: str = "",
    too_late: Sequence[Typed] = (),
) -> Response:
    """The form. `typed` is what has not been saved, `theirs` what somebody else had changed meanwhile.

    `too_late` is what was typed and cannot be saved, because the return is not expected any more.
    """
    award, deadline, today = asked.award, asked.deadline, pages.office().today()
    draft = return_drafts.draft_of(session, deadline)
    kept = return_drafts.answers_of(draft)
    raw = {**kept, **(typed or {})}
    labels = _labels(asked)
    owner = documents.Owner(award.application_id, deadline.id)
    shown = [one for one in asked.questions if one.id != "over" or _is_over(raw, asked)]
    # What was typed and not saved is still compared with what its own page had shown.
    seen = pages.seen() if typed is not None else mark(kept, asked.names)
    return pages.page(
        "return.html",
        409 if theirs or too_late else 422 if faults else 200,
        title="Monitoring return",
        due=deadline.due,
        late=max((today - deadline.due).days, 0),
        final=deadline.final,
        open=asked.open,
        closed=award.status in RUNNING and not asked.open,
        earlier=returns.earlier(award, deadline.due),
        components=[pages.component(question, raw, faults) for question in shown],
        receipts=_receipts_asked(asked),
        sent=len([one for one in documents.listed(session, owner) if documents.counts(one)]),
        seen=seen,
        too_late=too_late,
        saved_at=draft.saved_at if draft else None,
        theirs={labels[name]: text for name, text in (theirs or {}).items()},
        replaced={labels[name]: text for name, text in return_drafts.replaced(draft).items() if name in labels},
        errors=pages.error_list(faults),
        notice=notice,
        **_beside(session, token, award, deadline),
    )


def _receipts_asked(asked: AskedFor) -> bool:
    """Whether receipts are asked for, by the award's size; anybody may send them."""
    sizes = list(Tier)
    return sizes.index(asked.policy.tier(asked.award.amount)) >= sizes.index(asked.policy.receipts_from.value)


def _is_over(raw: Mapping[str, str], asked: AskedFor) -> bool:
    """Whether what is typed so far is more than the award."""
    try:
        return is_over(pence_from_typed(raw.get("spent", "")), asked.agreed)
    except MoneyError:
        return False


def _labels(asked: AskedFor) -> dict[str, str]:
    """What people call each field."""
    found: dict[str, str] = {}
    for question in asked.questions:
        rows = question.measures or tuple(line.item for line in question.lines)
        for number, name in enumerate(fields(question)):
            found[name] = f"{question.label}: {rows[number]}" if number < len(rows) else question.label
    return found


def received_page(
    session: Session,
    token: str,
    asked: AskedFor,
    came_in: MonitoringReturn,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    notice: str = "",
    too_late: Sequence[Typed] = (),
) -> Response:
    """How the return stands, once it is in; while a question is open, with the form of its answer.

    `too_late` is what was typed for a return that had come in, or a question that had ended.
    """
    said = asking.questions(session, came_in)
    raw = {**returns.as_typed(came_in), **(typed or {})}
    figures = [one for one in asked.questions if one.id in FIGURES and (one.id != "over" or _is_over(raw, asked))]
    return pages.page(
        "return_received.html",
        409 if too_late else 422 if faults else 200,
        title="Your monitoring return",
        too_late=too_late,
        seen=pages.seen() if typed is not None else mark(returns.as_typed(came_in)),
        came_in=came_in,
        more=said_more(asked, came_in),
        copies=copies.can_be_made(),
        following=_following(asked.award, asked.deadline.due),
        question=next((one for one in said if one.ended_at is None), None),
        answer=pages.component(ANSWER, raw, faults),
        components=[pages.component(one, raw, faults) for one in figures],
        errors=pages.error_list(faults),
        correcting=typed is not None,
        notice=notice,
        answered=[one for one in said if one.answer is not None],
        **_beside(session, token, asked.award, asked.deadline),
    )


@blueprint.get("/returns/<token>/copy.pdf")
def copy(token: str) -> ResponseReturnValue:
    """What was sent of a return, asked and answered, as a PDF; 404 until it is in."""
    with pages.office().reading() as session:
        asked = asked_by_link(session, token)
        came_in = returns.received(session, asked.award, asked.deadline.due)
        if came_in is None:
            abort(404)
        targets = {outcome.measure: outcome.target for outcome in asked.award.application.outcomes}
        words = copies.worded(
            "return_copy.html",
            award=asked.award,
            application=asked.award.application,
            fund_name=pages.office().policy.fund_name(asked.award.fund),
            details=pages.office().policy.office,
            came_in=came_in,
            more=said_more(asked, came_in),
            measures=[_measured(row, targets) for row in came_in.measures],
            asked=asking.questions(session, came_in),
        )
        name = f"{asked.award.reference}-{came_in.due.isoformat()}"
    return copies.answer(words, name, what="return", back=url_for(".form", token=token))


def _measured(row: Mapping[str, str], targets: Mapping[str, str]) -> dict[str, str]:
    target = f"\nTarget: {targets[row['measure']]}" if row["measure"] in targets else ""
    return {"measure": row["measure"], "said": f"{row['achieved']}{target}"}


def said_more(asked: AskedFor, came_in: MonitoringReturn) -> dict[str, str]:
    """What else was said in a return, by its label."""
    questions = {question.id: question for question in asked.questions}
    more: dict[str, str] = {}
    for name, text in came_in.extra.items():
        question = questions.get(name)
        if question is None:  # asked once, and not any more
            more[name.replace("_", " ").capitalize()] = str(text)
        else:
            more[question.label] = "\n".join(describe(question, recalled(question, str(text))))
    return more


def _beside(session: Session, token: str, award: Award, deadline: Deadline) -> dict[str, Any]:
    """What every state of the page shows."""
    requests = more_time.requests(session, deadline)
    waits = any(one.status == more_time.TimeState.ASKED for one in requests)
    return {
        "waits": payments.waiting_for_returns(session, award, deadline.due),
        "award": award,
        "application": award.application,
        "fund_name": pages.office().policy.fund_name(award.fund),
        "token": token,
        "requests": requests,
        "may_ask_time": deadline.is_open and not waits,
        "raised": issues.of_award(session, award),
        "address": f"{pages.office().public_url}{url_for('returns.form', token=token)}",
    }


def _following(award: Award, due: date) -> date | None:
    """The day of the next return that is still to come in."""
    days = [one.due for one in award.deadlines if one.kind == returns.RETURN and one.is_open and one.due > due]
    return min(days, default=None)
