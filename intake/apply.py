"""The application: one thing a page, saved as one goes, submitted once however often the button is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from core import applications, corrections, entering, publication
from core.assessing import finding_data, money_for
from core.errors import ChangedMeanwhile, Conflict, NotFound, Refused
from core.links import follow, link_for
from core.records import Application
from core.rules.assessment import assess
from core.rules.forms import application_book
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Fund, Policy
from core.rules.questions import (
    AnswerKind,
    ApplicationFacts,
    Fault,
    Page,
    application_pages,
    fields,
    read_application,
    read_page,
)
from core.rules.words import listed
from core.shown import Shown, mark
from intake import documents, pages
from intake.check import carried_names
from intake.drafts import (
    Draft,
    Editing,
    answer_lines,
    as_typed,
    budget_of,
    draft_of,
    editing,
    lines_shown,
    names_of,
    not_sent,
    page_of,
    shown,
    typed,
)
from intake.known_bids import known_bids
from intake.status import where_it_stands

blueprint = Blueprint("apply", __name__)

TO_CHECK = "check"
"""The value of `return` on a page that was opened from the answers: back there when it is right."""

LATELY = 5
"""How many of a fund's latest awards its page names."""


def _policy() -> Policy:
    return pages.office().policy


def _open_fund(fund_id: str) -> Fund:
    fund = _policy().fund(fund_id)
    if fund is None or not fund.open_to_applications:
        raise NotFound("There is no fund at this address that takes applications. The start page lists those that do.")
    return fund


@blueprint.get("/apply/<fund_id>")
def fund_page(fund_id: str) -> ResponseReturnValue:
    """What a fund is for, what will be asked, and the button that starts."""
    fund = _open_fund(fund_id)
    office = pages.office()
    today = office.today()
    with office.reading() as session:
        lately = publication.latest(session, [fund.id], LATELY, office=office)[fund.id]
    return pages.page(
        "fund.html",
        title=f"Apply to the {fund.name}",
        fund=fund,
        open=fund.is_open(today),
        closes=fund.closes(today),
        opens=fund.opens(today),
        lately=lately,
        sections=_sections(fund),
        terms=_policy().terms.value,
        back=url_for("check.front"),
    )


def _sections(fund: Fund) -> dict[str, list[Page]]:
    found: dict[str, list[Page]] = {}
    for one in application_book(fund, _policy()):
        found.setdefault(one.section, []).append(one)
    return found


@blueprint.post("/apply/<fund_id>")
def begin(fund_id: str) -> ResponseReturnValue:
    """Start a draft, with what was answered on the check page if it comes from there, and go to its first page."""
    fund = _open_fund(fund_id)
    office = pages.office()
    now = office.clock()
    carried = {name: text for name, text in pages.typed(carried_names(fund)).items() if text}
    with office.sessions.begin() as session:
        application = applications.start(session, fund.id, office=office, now=now, answers=carried)
        link = link_for(session, "application", application.id, now=now)
    first = application_pages(fund, office.policy, {})[0]
    return _see_other("apply.page", token=office.signer.token("application", link), slug=first.slug)


def _see_other(endpoint: str, **values: Any) -> Redirect:
    return redirect(url_for(endpoint, **values), code=303)


def _application(session: Session, token: str) -> Application:
    office = pages.office()
    found = follow(session, office.signer, "application", token, now=office.clock())
    return applications.by_id(session, found)


def _is_draft(application: Application) -> bool:
    return application.status == ApplicationState.DRAFT


def _still_open(session: Session, application: Application) -> Editing:
    """What may be changed of it. Raises Conflict for one that was sent, or whose correction nobody waits for now."""
    found = editing(session, application, _policy())
    if found is None:
        raise Conflict("This application has been sent, so it can no longer be changed. Write to us if you need to.")
    return found


@blueprint.get("/a/<token>/<slug>")
def page(token: str, slug: str) -> ResponseReturnValue:
    """One page of the form, with what was typed before."""
    with pages.office().reading() as session:
        found = editing(session, _application(session, token), _policy())
        if found is None:
            return _see_other("apply.status", token=token)
        draft = found.draft
    return _form(token, draft, draft.page(slug), draft.raw, correcting=found.asked is not None)


def page_again(token: str, slug: str) -> Response:
    """The page with what was just typed, unsaved, for a post whose session was lost."""
    with pages.office().reading() as session:
        application = _application(session, token)
        found = editing(session, application, _policy())
        draft = found.draft if found is not None else draft_of(application, _policy())
        closed = corrections.how_it_closed(session, application) if found is None else ""
    form = page_of(draft, _policy(), slug)
    if found is None or not draft.asks(form):
        return _to_copy(token, form, sent=found is None, closed=closed)
    raw, correcting = {**draft.raw, **typed(form)}, found.asked is not None
    return _form(token, draft, form, raw, notice=pages.LOST_SESSION, seen=pages.seen(), correcting=correcting)


@blueprint.post("/a/<token>/<slug>")
def save_page(token: str, slug: str) -> ResponseReturnValue:
    """Keep what was typed, right or wrong; go on only when it is right. Nobody's text is lost to somebody else's."""
    office = pages.office()
    with office.sessions.begin() as session:
        application = applications.held(session, _application(session, token).id)  # one save at a time
        found = editing(session, application, office.policy)
        draft = found.draft if found is not None else draft_of(application, office.policy)
        form = page_of(draft, office.policy, slug)
        said = typed(form)
        if found is None:
            if applications.same_answers(said, draft.raw):
                return _see_other("apply.status", token=token)
            return _to_copy(token, form, sent=True, closed=corrections.how_it_closed(session, application))
        correcting = found.asked
        try:
            keep = applications.save if correcting is None else corrections.save
            keep(session, application, said, now=office.clock(), seen=pages.seen())
        except ChangedMeanwhile as error:
            if draft.asks(form):
                return _both(token, draft, form, said, error.saved, correcting=correcting is not None)
            return _to_copy(token, form)
        found = editing(session, application, office.policy)
        draft = found.draft if found is not None else draft
    if not draft.asks(form):
        return _to_copy(token, form, kept=True)
    if "add" in request.form:
        return _another_line(token, form, draft)
    _, faults = read_page(form, draft.raw, office.policy, draft.fund, office.today())
    if faults:
        return _form(token, draft, form, draft.raw, faults, correcting=correcting is not None)
    following = _next(draft, form)
    if following is None:
        return _see_other("apply.check_answers", token=token)
    if _from_check():
        return redirect(_change(token, following.slug), code=303)
    return _see_other("apply.page", token=token, slug=following.slug)


def _both(
    token: str,
    draft: Draft,
    form: Page,
    said: Mapping[str, str],
    saved: Mapping[str, str],
    *,
    correcting: bool,
) -> Response:
    """The page with what was typed in its boxes, and what somebody saved meanwhile beside them."""
    beside = {
        question.id: answer_lines(question, draft.raw, draft.fund, "Nothing: it is blank now")
        for question in form.questions
        if not applications.same_answers({name: saved.get(name, "") for name in fields(question)}, said)
    }
    return _form(token, draft, form, {**draft.raw, **said}, notice=_CHANGED, beside=beside, correcting=correcting)


_CHANGED = (
    "Other answers were saved on this page after you opened it, by somebody else who has the address or in another "
    "window. Nothing is lost: what you typed is in the boxes, and what is saved now is shown with it. Keep either, or "
    "put both together and save."
)


def _to_copy(token: str, form: Page, *, sent: bool = False, kept: bool = False, closed: str = "") -> Response:
    """What was typed into a page that takes no answer any more, so that it can be copied.

    `sent`: the application has been sent; else an earlier answer has taken the page away. `kept`: it was saved.
    `closed` is why a correction of it is not waited for any more.
    """
    said = typed(form)
    answers = [(question.title, lines) for question in form.questions if (lines := as_typed(question, said))]
    if closed:
        return _too_late(token, answers, closed)
    return pages.page(
        "to_copy.html",
        409,
        title="This application has been sent" if sent else "This page is not asked any more",
        sent=sent,
        kept=kept,
        answers=answers,
        overview=url_for("apply.status", token=token),
    )


def _another_line(token: str, form: Page, draft: Draft) -> ResponseReturnValue:
    """Back to the page, which is saved, with one more line; what is wrong in it is said when it is sent as a whole."""
    budget = budget_of(form)
    if budget is None:
        return _see_other("apply.page", token=token, slug=form.slug)
    lines = min(lines_shown(budget, draft.raw) + 1, budget.most_rows)
    checking = {"return": TO_CHECK} if _from_check() else {}
    anchor = f"{budget.id}-item-{lines}"
    return _see_other("apply.page", token=token, slug=form.slug, lines=lines, _anchor=anchor, **checking)


def _next(draft: Draft, form: Page) -> Page | None:
    """The page to go to; None for the answers. From the answers, only what this page's answer newly asks is shown."""
    following = draft.after(form)
    if not _from_check() or following is None:
        return following
    own = {question.id for question in form.questions}
    newly_asked = any(
        (question.when is not None and question.when.question in own) or (question.from_amount and "amount" in own)
        for question in following.questions
    )
    if not newly_asked:
        return None
    _, faults = read_page(following, draft.raw, _policy(), draft.fund, pages.office().today())
    return following if faults else None


def _form(
    token: str,
    draft: Draft,
    form: Page,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
    *,
    seen: str = "",
    beside: Mapping[str, Sequence[str]] | None = None,
    correcting: bool = False,
) -> Response:
    """A page with these answers in it.

    `seen` is what the page last showed as saved, what is saved now unless given; `beside` is what is saved now, by
    question, where it is not what is in the boxes.
    """
    alone = len(form.questions) == 1
    questions = shown(form, raw)
    status = 422 if faults else 200
    return pages.page(
        "question.html",
        409 if beside else status,
        title=form.title,
        form=form,
        alone=alone,
        asked=[
            (pages.component(question, raw, faults, heading=alone), question.label, (beside or {}).get(question.id))
            for question in questions
        ],
        another=any(one.kind is AnswerKind.BUDGET and one.rows < one.most_rows for one in questions),
        errors=pages.error_list(faults),
        notice=notice,
        beside=bool(beside),
        from_check=_from_check(),
        address=url_for("apply.page", token=token, slug=form.slug),
        seen=seen or mark(draft.raw, names_of([form])),
        number=draft.number(form),
        total=len(draft.pages),
        fund=draft.fund,
        back=_back(token, draft, form),
        correcting=correcting,
        later=url_for("apply.check_answers" if correcting else "apply.status", token=token),
    )


def _from_check() -> bool:
    """Whether the page was opened from the answers."""
    return request.values.get("return") == TO_CHECK


def _back(token: str, draft: Draft, form: Page) -> str:
    before = draft.before(form)
    if _from_check():
        return url_for("apply.check_answers", token=token)
    if before is None:
        return url_for("apply.status", token=token)
    return url_for("apply.page", token=token, slug=before.slug)


@blueprint.get("/a/<token>/check-answers")
def check_answers(token: str) -> ResponseReturnValue:
    """Everything that was answered, each with a link to change it, and what the rules say of it so far."""
    with pages.office().reading() as session:
        application = _application(session, token)
        if editing(session, application, _policy()) is None:
            return _see_other("apply.status", token=token)
        return _answers(session, token, application)


def submit_again(token: str) -> Response:
    """The answers again, for a submission whose session was lost."""
    with pages.office().reading() as session:
        application = _application(session, token)
        late = not_sent(session, application, _policy())
        if editing(session, application, _policy()) is None and late:
            return _too_late(token, late, corrections.how_it_closed(session, application))
        return _answers(session, token, application, notice=pages.LOST_SESSION)


def _answers(
    session: Session, token: str, application: Application, *, notice: str = "", status: int = 200
) -> Response:
    office = pages.office()
    found, today = _still_open(session, application), office.today()
    draft = found.draft
    facts, faults = read_application(draft.fund, draft.raw, office.policy, today)
    findings = _findings(session, facts) if facts else []
    where = {question.id: form.slug for form in draft.pages for question in form.questions}
    errors = [
        {
            "text": fault.message,
            "href": _change(token, where[fault.question_id]) + f"#{fault.field}",
        }
        for fault in faults
    ]
    return pages.page(
        "check_answers.html",
        status,
        title="Check your answers",
        seen=mark(_held(draft)),
        sections=_summary(token, draft),
        errors=errors if status == 422 else [],
        open_questions=errors,
        findings=findings,
        blocking=[finding for finding in findings if finding["verdict"] == "not_met"],
        is_open=found.asked is not None or draft.fund.is_open(today),
        correcting=found.asked,
        fund=draft.fund,
        notice=notice,
        token=token,
        known=known_bids(session, token, application, facts),
        listed=listed,
        back=url_for("apply.status", token=token)
        if found.asked is not None
        else url_for("apply.page", token=token, slug=draft.pages[-1].slug),
    )


def _held(draft: Draft) -> dict[str, str]:
    """All that is answered of the pages that it is asked, by field."""
    return {name: str(draft.raw.get(name, "")) for name in names_of(draft.pages)}


_CHANGED_SINCE = (
    "An answer has changed since you opened this page, so nothing has been sent. Check the answers as they are now, "
    "and send them if they are right."
)


def _change(token: str, slug: str) -> str:
    return f"{url_for('apply.page', token=token, slug=slug)}?return={TO_CHECK}"


def _findings(session: Session, facts: ApplicationFacts) -> list[dict[str, str]]:
    office = pages.office()
    today = office.today()
    told = facts.facts()
    money = money_for(session, told, today)
    return [finding_data(finding) for finding in assess(told, office.policy, today, money, office.closed_days).findings]


def _summary(token: str, draft: Draft) -> dict[str, list[dict[str, Any]]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for form in draft.pages:
        for question in form.questions:
            lines = answer_lines(question, draft.raw, draft.fund, "Not answered yet")
            change = _change(token, form.slug)
            sections.setdefault(form.section, []).append({"label": question.label, "lines": lines, "change": change})
    return sections


@blueprint.post("/a/<token>/check-answers")
def submit(token: str) -> ResponseReturnValue:
    """Submit, or send the corrected application, once: whoever presses again sees the same page."""
    office = pages.office()
    try:
        with office.sessions.begin() as session:
            application = applications.held(session, _application(session, token).id)  # no save comes in between
            found = editing(session, application, _policy())
            if found is None:
                late = not_sent(session, application, _policy())
                closed = corrections.how_it_closed(session, application)
                return _too_late(token, late, closed) if late else _see_other("apply.status", token=token)
            draft = found.draft
            if Shown(pages.seen()).changed(_held(draft)):
                return _answers(session, token, application, notice=_CHANGED_SINCE, status=409)
            facts, _ = read_application(draft.fund, draft.raw, office.policy, office.today())
            if facts is None:
                return _answers(session, token, application, status=422)
            if found.asked is not None:
                now = office.clock()
                corrections.send(session, found.asked.id, facts, office=office, source="applicant", now=now)
            elif not draft.fund.is_open(office.today()):
                raise Refused(f"The {draft.fund.name} has closed, so this cannot be sent now. It is still saved.", "T4")
            else:
                entering.submit(session, application, facts, office=office, now=office.clock())
    except Conflict:  # pressed twice at once: the first press submitted it, and its page answers both
        pass
    except Refused as refusal:
        if refusal.rule != "A5":
            raise
        with office.reading() as session:
            return _answers(session, token, _application(session, token), notice=refusal.reason, status=422)
    return _see_other("apply.status", token=token)


def _too_late(token: str, changed: Sequence[tuple[str, Sequence[str]]], closed: str) -> Response:
    """What was changed in an application whose correction nobody waits for any more, and why, so that it is copied."""
    return pages.page(
        "to_copy.html",
        409,
        title="We do not wait for a correction any more",
        closed=closed,
        sent=True,
        answers=changed,
        overview=url_for("apply.status", token=token),
    )


@blueprint.get("/a/<token>")
def status(token: str) -> ResponseReturnValue:
    """Where it stands: what is still to be answered, or what has happened since and what comes next."""
    office = pages.office()
    with office.reading() as session:
        application = _application(session, token)
        if _is_draft(application):
            return _progress(token, application)
        return where_it_stands(session, token, application)


def _task_status(*, begun: bool, faulty: bool) -> dict[str, Any]:
    """How far a page is: a tag for what is left to do, plain words for what is not."""
    if not faulty:
        return {"text": "Done" if begun else "Optional"}
    if begun:
        return {"tag": {"text": "To finish", "classes": "govuk-tag--yellow"}}
    return {"tag": {"text": "To do", "classes": "govuk-tag--blue"}}


def _last_task(token: str, *, ready: bool) -> dict[str, Any]:
    """The last row of the list: a link once everything before it is done."""
    title = {"text": "Check your answers and send them"}
    if not ready:
        return {
            "title": title,
            "status": {"text": "Cannot start yet", "classes": "govuk-task-list__status--cannot-start-yet"},
        }
    address = url_for("apply.check_answers", token=token)
    return {"title": title, "href": address, "status": {"tag": {"text": "To do", "classes": "govuk-tag--blue"}}}


def _progress(token: str, application: Application) -> Response:
    office = pages.office()
    draft, today = draft_of(application, _policy()), office.today()
    tasks: list[dict[str, Any]] = []
    first: str | None = None
    for form in draft.pages:
        _, faults = read_page(form, draft.raw, office.policy, draft.fund, today)
        address = url_for("apply.page", token=token, slug=form.slug)
        if faults and first is None:
            first = address
        begun = any(draft.raw.get(name, "").strip() for name in names_of([form]))
        status = _task_status(begun=begun, faulty=bool(faults))
        tasks.append({"section": form.section, "title": {"text": form.title}, "href": address, "status": status})
    done = sum(1 for task in tasks if "text" in task["status"])
    sections: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        sections.setdefault(task["section"], []).append(task)
    return pages.page(
        "progress.html",
        title=f"Your application to the {draft.fund.name}",
        fund=draft.fund,
        is_open=draft.fund.is_open(today),
        closes=draft.fund.closes(today),
        sections=sections,
        done=done,
        total=len(tasks),
        last=[_last_task(token, ready=done == len(tasks))],
        carry_on=first or url_for("apply.check_answers", token=token),
        saved_at=application.saved_at,
        documents=documents.notice(application, "a", token),
        address=f"{office.public_url}{url_for('apply.status', token=token)}",
    )
