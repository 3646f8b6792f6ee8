"""An application that was sent: where it stands, what happens next and by when, what was decided and why.

Whoever holds its link answers the office's question here, withdraws, and keeps a copy. That an officer has recommended
it is the office's own business: to the applicant it waits for a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import applications, asking, corrections, decide_by, entering, events, payments
from core.answers_given import answers_given
from core.assessing import facts_of, findings_told
from core.errors import Conflict, Refused
from core.explaining import explain
from core.links import follow
from core.office import london_day
from core.records import Application, Asked, Award, Event
from core.rules.answers import clean_long
from core.rules.calendar import date_text
from core.rules.lifecycle import APPLICATION, ApplicationAction, ApplicationState, AwardState
from core.rules.policy import Fund, Policy
from core.rules.states import NotAllowed
from intake import copies, documents, known_bids, pages
from intake.drafts import not_sent
from intake.to_come import to_come

blueprint = Blueprint("status", __name__)

ANSWER = "answer"
"""The field of the answer to a question."""

_UNDECIDED = frozenset({ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED})


@dataclass(frozen=True)
class Step:
    """One step of the way: what it is, when, and how it stands: "done", "now", "yours", "later" or "ended"."""

    what: str
    when: str
    stands: str


@dataclass(frozen=True)
class Help:
    """What would help an application that was declined: what to mend, where else to apply, and when again."""

    remedies: tuple[str, ...]
    funds: tuple[Fund, ...]
    again: str


def _policy() -> Policy:
    return pages.office().policy


def _sent(session: Session, token: str) -> Application:
    """The application of a link, once it was sent. Raises NotFound; 404 for a draft, which has nothing of this."""
    office = pages.office()
    number = follow(session, office.signer, "application", token, now=office.clock())
    application = applications.by_id(session, number)
    if application.reference is None:
        abort(404)
    return application


def where_it_stands(
    session: Session,
    token: str,
    application: Application,
    *,
    typed: str = "",
    unsent: str = "",
    fault: str = "",
    notice: str = "",
    status: int = 200,
) -> Response:
    """The page that an application's link leads to once it was sent.

    `typed` is what stands in the box of the open question, with the `fault` in it; `unsent` an answer to a question
    that waits for none any more; `notice` says what came between.
    """
    office = pages.office()
    asked = asking.questions(session, application)
    waiting = next((one for one in asked if one.ended_at is None), None)
    history = events.history(session, application.reference or "")
    taken_back = _taken_back(application, history)
    reader = known_bids.reader(session, token)
    aim = _aim(session, application)
    return pages.page(
        "status.html",
        status,
        title="Your application",
        token=token,
        application=application,
        entered=entering.of(session, application),
        award=application.award,
        waits=payments.waiting_for_returns(session, application.award) if application.award is not None else [],
        state=_shown_state(application),
        fund_name=_policy().fund_name(application.fund),
        steps=_steps(application, waiting, history, aim),
        next_steps=[*_TAKEN_BACK.get(taken_back, ()), *_next_steps(application, aim)],
        to_come=to_come(session, application.award),
        taken_back=taken_back,
        waiting=waiting,
        correcting=waiting is not None and corrections.begun(session, waiting) is not None,
        not_sent=not_sent(session, application, _policy()),
        ended=[one for one in asked if one.ended_at is not None],
        typed=typed,
        too_late=unsent,
        fault=fault,
        errors=[{"text": fault, "href": f"#{ANSWER}"}] if fault else [],
        notice=notice,
        help=_what_would_help(session, application, reader=reader),
        can_withdraw=_can(application, ApplicationAction.WITHDRAW),
        findings=[one for one in _findings(session, application, reader) if one["verdict"] != "met"],
        history=_history(history),
        answers=answers_given(application, _policy()),
        documents=documents.notice(application, "a", token),
        copies=copies.can_be_made(),
        address=f"{office.public_url}{url_for('apply.status', token=token)}",
    )


def _taken_back(application: Application, history: Sequence[Event]) -> str:
    """The outcome that we took back and have not put another in the place of: "approved", "declined", or ""."""
    if application.decision is not None or application.status == ApplicationState.WITHDRAWN:
        return ""
    undone = [line for line in history if line.kind == "decision_undone"]
    return str(undone[-1].data.get("outcome")) if undone else ""


_TAKEN_BACK: Mapping[str, Sequence[str]] = {
    "approved": ["We took our offer back: it was made in error. Its link no longer works."],
    "declined": ["We took our decision back: it was made in error."],
}


def _shown_state(application: Application) -> str:
    if application.award is not None:
        return application.award.status
    state = ApplicationState(application.status)
    return ApplicationState.SUBMITTED.value if state in _UNDECIDED else state.value


def _can(application: Application, action: ApplicationAction) -> bool:
    try:
        APPLICATION.next(ApplicationState(application.status), action)
    except NotAllowed:
        return False
    return True


# ---------------------------------------------------------------------------------------------- answering a question


@blueprint.post("/a/<token>/answer")
def answer(token: str) -> ResponseReturnValue:
    """Answer the open question. What cannot be taken is shown again with what was typed."""
    office = pages.office()
    typed, number = request.form.get(ANSWER, ""), request.form.get("question", "")
    try:
        with office.sessions.begin() as session:
            application = _sent(session, token)
            asked = _asked(session, application, number)
            if asked.answer is not None and asked.answer == clean_long(typed):  # pressed twice
                return redirect(url_for("apply.status", token=token), code=303)
            asking.answer(session, asked.id, typed, source="applicant", now=office.clock())
    except Conflict as conflict:
        return _again(token, unsent=typed, notice=conflict.reason, status=409)
    except Refused as refusal:
        if refusal.rule != "A5":
            raise
        return _again(token, typed=typed, fault=refusal.reason, status=422)
    return redirect(url_for("apply.status", token=token), code=303)


def _asked(session: Session, application: Application, number: str) -> Asked:
    """The question that a form answers: of this application, and no other."""
    mine = {str(one.id): one for one in asking.questions(session, application)}
    if number not in mine:
        abort(404)
    return mine[number]


def _again(token: str, **more: Any) -> Response:
    with pages.office().reading() as session:
        return where_it_stands(session, token, _sent(session, token), **more)


def answer_again(token: str) -> Response:
    """The page with the answer that was just typed, for one whose session was lost."""
    with pages.office().reading() as session:
        application = _sent(session, token)
        typed, waiting = request.form.get(ANSWER, ""), asking.open_question(session, application)
        same = waiting is not None and str(waiting.id) == request.form.get("question")
        said, left = (typed, "") if same else ("", typed)
        return where_it_stands(session, token, application, typed=said, unsent=left, notice=pages.LOST_SESSION)


# ------------------------------------------------------------------------------------------------------- withdrawing


@blueprint.get("/a/<token>/withdraw")
def withdraw_form(token: str) -> ResponseReturnValue:
    """Ask whether to withdraw."""
    with pages.office().reading() as session:
        application = _sent(session, token)
        if not _can(application, ApplicationAction.WITHDRAW):
            return redirect(url_for("apply.status", token=token), code=303)
        return _withdraw_page(token, application)


def withdraw_again(token: str) -> Response:
    """The same question, for a press whose session was lost."""
    with pages.office().reading() as session:
        return _withdraw_page(token, _sent(session, token), notice=pages.LOST_SESSION)


def _withdraw_page(token: str, application: Application, notice: str = "") -> Response:
    fund = _policy().fund(application.fund)
    return pages.page(
        "withdraw.html",
        title="Do you want to withdraw this application?",
        application=application,
        fund_name=_policy().fund_name(application.fund),
        is_open=fund is not None and fund.is_open(pages.office().today()),
        notice=notice,
        back=url_for("apply.status", token=token),
    )


@blueprint.post("/a/<token>/withdraw")
def withdraw(token: str) -> ResponseReturnValue:
    """Withdraw, once: whoever presses again sees that it is withdrawn. Raises Conflict once it was decided."""
    office = pages.office()
    with office.sessions.begin() as session:
        application = applications.held(session, _sent(session, token).id)
        if application.decision is not None:
            raise Conflict("We have decided on this application, so it cannot be withdrawn. Its page says how.", "A3")
        if application.status != ApplicationState.WITHDRAWN:
            applications.withdraw(session, application, office=office, now=office.clock())
    return redirect(url_for("apply.status", token=token), code=303)


# ------------------------------------------------------------------------------------------------------------ a copy


@blueprint.get("/a/<token>/copy.pdf")
def copy(token: str) -> ResponseReturnValue:
    """What was sent, asked and answered, as a PDF."""
    office = pages.office()
    with office.reading() as session:
        application = _sent(session, token)
        sections: dict[str, list[Any]] = {}
        for given in answers_given(application, _policy()):
            sections.setdefault(given.section, []).append(given)
        words = copies.worded(
            "copy.html",
            application=application,
            fund_name=_policy().fund_name(application.fund),
            details=_policy().office,
            sections=sections,
            asked=asking.questions(session, application),
        )
        name = application.reference or ""
    return copies.answer(words, name, what="application", back=url_for("apply.status", token=token))


# ------------------------------------------------------------------------------------------------- what it stands at


def _steps(application: Application, waiting: Asked | None, trail: Sequence[Event], aim: date | None) -> list[Step]:
    """The way of an application, from its sending to the end of its award: what is done, what is next."""
    ended = {line.kind: date_text(london_day(line.at)) for line in trail}
    sent = date_text(london_day(application.submitted_at)) if application.submitted_at else ""
    if application.decision is not None and application.decision.outside_on is not None and application.award:
        agreed = Step("It was decided outside this service", date_text(application.decision.outside_on), "done")
        return [agreed, *_award_steps(application.award, ended)]
    steps = [Step("You sent the application", sent, "done")]
    state = ApplicationState(application.status)
    if state is ApplicationState.WITHDRAWN:
        return [*steps, Step("You withdrew it", ended.get("withdrawn", ""), "ended")]
    if state is ApplicationState.DECLINED:
        return [*steps, Step("We decided not to fund it", ended.get("declined", ""), "ended")]
    award = application.award
    if award is not None:
        return [*steps, Step("We approved it", ended.get("approved", ""), "done"), *_award_steps(award, ended)]
    if waiting is not None:
        by = f"By {date_text(waiting.answer_by)} if you can" if waiting.answer_by else ""
        steps.append(Step("You answer our question", by, "yours"))
    by = f"We aim for {date_text(aim)}" if aim and waiting is None else ""
    return [*steps, Step("We read it and decide", by, "later" if waiting else "now"), Step("We tell you", "", "later")]


def _award_steps(award: Award, ended: Mapping[str, str]) -> list[Step]:
    by = date_text(award.accept_by)
    runs = f"{date_text(award.start_on)} to {date_text(award.end_on)}"
    outside = award.application.decision.outside_accepted_on if award.application.decision is not None else None
    on = date_text(outside) if outside is not None else ended.get("offer_accepted", "")
    accepted = Step("You accepted the offer", on, "done")
    return {
        AwardState.OFFERED: [
            Step("You accept or refuse the offer", f"By {by}", "yours"),
            Step("It runs", runs, "later"),
        ],
        AwardState.ACTIVE: [accepted, Step("The award runs", runs, "now")],
        AwardState.COMPLETED: [accepted, Step("The award ran", runs, "done")],
        AwardState.REFUSED: [Step("You turned the offer down", ended.get("offer_refused", ""), "ended")],
        AwardState.EXPIRED: [Step("The offer ran out", by, "ended")],
        AwardState.DECOMMISSIONED: [accepted, Step("The award ended early", "", "ended")],
    }[AwardState(award.status)]


def _next_steps(application: Application, aim: date | None) -> list[str]:
    """What happens next and by when, for the state that it is in."""
    award = application.award
    if award is not None:
        accept_by = date_text(award.accept_by)
        return {
            AwardState.OFFERED: [
                f"We have e-mailed the offer to {application.contact_name}. Accept or refuse it by {accept_by}.",
                "An offer that is not accepted by then runs out.",
            ],
            AwardState.ACTIVE: [
                f"The award runs from {date_text(award.start_on)} to {date_text(award.end_on)}.",
            ],
            AwardState.COMPLETED: ["The award is complete. Nothing more is needed."],
            AwardState.REFUSED: ["You turned the offer down. Nothing more is needed."],
            AwardState.EXPIRED: [
                f"The offer was not accepted by {accept_by}, so it ran out. Write to us if you still want it."
            ],
            AwardState.DECOMMISSIONED: ["The award has ended early. Write to us with any question."],
        }[AwardState(award.status)]
    by = f" We aim to tell you by {date_text(aim)}." if aim else ""
    state = ApplicationState(application.status)
    if state in _UNDECIDED:
        return [
            "An officer reads it, and somebody else decides.",
            f"We e-mail you the decision with its reasons.{by}",
            "If we need to know more, we ask you by e-mail and on this page.",
        ]
    return {
        ApplicationState.QUERIED: ["We go on with your application as soon as you have answered."],
        ApplicationState.DECLINED: ["We are not able to fund this. Our reasons are below. You may apply again."],
        ApplicationState.WITHDRAWN: ["We do not decide on it. Nothing more is needed. You may apply again."],
    }.get(state, [])


def _aim(session: Session, application: Application) -> date | None:
    """By when the office means to have decided, while it can go on and that day has not passed."""
    aim = decide_by.day_of(session, application, _policy())
    return aim if aim is not None and aim >= pages.office().today() else None


def _findings(session: Session, application: Application, reader: str) -> list[dict[str, str]]:
    """What the rules said of it when it was sent, as the reader's address may be told of it."""
    sent_on = london_day(application.submitted_at or application.started_at)
    return findings_told(
        session, application, application.findings or [], reader, found_on=sent_on, office=pages.office()
    )


def _what_would_help(session: Session, application: Application, *, reader: str) -> Help | None:
    """For one that was declined: what stood against it and its remedy, which fund would fit, when to apply again.

    That a return is overdue is told to the `reader` whose address owes it: anybody can type an organisation's name.
    """
    decision = application.decision
    if decision is None or decision.outcome != "declined":
        return None
    office = pages.office()
    today = office.today()
    decided_on = london_day(decision.made_at)
    found = findings_told(session, application, decision.findings, reader, found_on=decided_on, office=office)
    wanting = sorted(found, key=lambda finding: finding["verdict"] != "not_met")
    remedies = tuple(
        f"{finding['because']} {finding['remedy']}"
        for finding in wanting
        if finding["verdict"] != "met"
        and finding.get("remedy")
        and finding.get("needed_by") in ("", "recommendation", "approval")
    )
    told = replace(facts_of(application), application=False)
    fund = office.policy.fund(application.fund)
    return Help(remedies, explain(session, told, office=office, today=today).fitting, _again_from(fund, today))


def _again_from(fund: Fund | None, today: date) -> str:
    """When somebody may apply to a fund again, in a sentence."""
    if fund is None or not fund.open_to_applications:
        return ""
    if fund.is_open(today):
        closes = fund.closes(today)
        return f"The {fund.name} is open now" + (f", until {date_text(closes)}." if closes else ".")
    opens = min((window.opens for window in fund.windows if window.opens > today), default=None)
    if opens is None:
        return f"The {fund.name} is closed. The start page says when it opens again."
    return f"The {fund.name} opens again on {date_text(opens)}."


_TOLD: Mapping[str, str] = {
    "submitted": "You sent the application",
    "queried": "We asked you a question",
    "answered": "You answered our question",
    "corrected": "You corrected the application",
    "question_taken_back": "We took our question back",
    "approved": "Approved",
    "declined": "Declined",
    "offered": "We e-mailed you the offer",
    "offer_accepted": "You accepted the offer",
    "recorded_outside": "We put the award on our record: it was decided outside this service",
    "offer_refused": "You turned the offer down",
    "offer_expired": "The offer ran out",
    "decision_undone": "We took that decision back, and decide again",
    "offer_withdrawn": "We took the offer back",
    "return_received": "We received a monitoring return",
    "withdrawn": "You withdrew the application",
}
"""The lines of the trail that an applicant sees, in their words. Others are the office's own business."""


def _history(trail: Sequence[Event]) -> list[dict[str, Any]]:
    return [{"at": line.at, "what": _TOLD[line.kind]} for line in trail if line.kind in _TOLD]
