"""The application: one thing a page, saved as one goes, submitted once however often the button is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from core import applications
from core.assessing import finding_data, money_for
from core.errors import Conflict, NotFound, Refused
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
    Faults,
    Page,
    Question,
    application_pages,
    budget_rows,
    describe,
    fields,
    read_application,
    read_page,
    read_question,
)
from intake import documents, pages
from intake.status import where_it_stands

blueprint = Blueprint("apply", __name__)

TO_CHECK = "check"
"""The value of `return` on a page that was opened from the answers: back there when it is right."""


@dataclass(frozen=True)
class Draft:
    """A draft as its pages show it: its fund, what was typed, and the pages that its answers ask for."""

    fund: Fund
    raw: Mapping[str, str]
    pages: tuple[Page, ...]

    def page(self, slug: str) -> Page:
        """The page of this address. Raises NotFound for one that this application does not have."""
        for one in self.pages:
            if one.slug == slug:
                return one
        raise NotFound("This application has no such page: an earlier answer may have taken it away.")

    def before(self, page: Page) -> Page | None:
        """The page before this one."""
        position = self.pages.index(page)
        return self.pages[position - 1] if position else None

    def after(self, page: Page) -> Page | None:
        """The page after this one."""
        position = self.pages.index(page)
        return self.pages[position + 1] if position + 1 < len(self.pages) else None


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
    today = pages.office().today()
    return pages.page(
        "fund.html",
        title=f"Apply to the {fund.name}",
        fund=fund,
        open=fund.is_open(today),
        closes=fund.closes(today),
        opens=min((window.opens for window in fund.windows if window.opens > today), default=None),
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
    """Start a draft and go to its first page."""
    fund = _open_fund(fund_id)
    office = pages.office()
    now = office.clock()
    with office.sessions.begin() as session:
        application = applications.start(session, fund.id, office=office, now=now)
        link = link_for(session, "application", application.id, now=now)
    first = application_pages(fund, office.policy, {})[0]
    return _see_other("apply.page", token=office.signer.token("application", link), slug=first.slug)


def _see_other(endpoint: str, **values: Any) -> Redirect:
    return redirect(url_for(endpoint, **values), code=303)


def _application(session: Session, token: str) -> Application:
    office = pages.office()
    found = follow(session, office.signer, "application", token, now=office.clock())
    return applications.by_id(session, found)


def _draft(application: Application) -> Draft:
    fund = _policy().fund(application.fund)
    if fund is None:
        raise NotFound("The fund that this application is for is no longer there. Write to the office.")
    return Draft(fund, application.answers, application_pages(fund, _policy(), application.answers))


def _is_draft(application: Application) -> bool:
    return application.status == ApplicationState.DRAFT


def _still_draft(application: Application) -> Application:
    """The application, for a form that is to be shown again. Raises Conflict for one that was sent meanwhile."""
    if not _is_draft(application):
        raise Conflict("This application has been sent, so it can no longer be changed. Write to us if you need to.")
    return application


@blueprint.get("/a/<token>/<slug>")
def page(token: str, slug: str) -> ResponseReturnValue:
    """One page of the form, with what was typed before."""
    with pages.office().reading() as session:
        application = _application(session, token)
        if not _is_draft(application):
            return _see_other("apply.status", token=token)
        draft = _draft(application)
    return _form(token, draft, draft.page(slug), draft.raw)


def page_again(token: str, slug: str) -> Response:
    """The page with what was just typed, unsaved, for a post whose session was lost."""
    with pages.office().reading() as session:
        draft = _draft(_still_draft(_application(session, token)))
    form = draft.page(slug)
    return _form(token, draft, form, {**draft.raw, **_typed(form, draft.raw)}, notice=pages.LOST_SESSION)


def _typed(form: Page, raw: Mapping[str, str]) -> dict[str, str]:
    """What was typed into a page, without the blank fields that nothing was ever typed into."""
    sent = pages.typed(name for question in form.questions for name in fields(question))
    return {name: text for name, text in sent.items() if text or name in raw}


@blueprint.post("/a/<token>/<slug>")
def save_page(token: str, slug: str) -> ResponseReturnValue:
    """Keep what was typed, right or wrong; go on only when it is right."""
    office = pages.office()
    with office.sessions.begin() as session:
        application = _application(session, token)
        if not _is_draft(application):
            return _see_other("apply.status", token=token)
        draft = _draft(application)
        form = draft.page(slug)
        applications.save(session, application, _typed(form, draft.raw), now=office.clock())
        draft = _draft(application)
    if "add" in request.form:
        return _another_line(token, form, draft)
    _, faults = read_page(form, draft.raw, office.policy, draft.fund, office.today())
    if faults:
        return _form(token, draft, form, draft.raw, faults)
    following = _next(draft, form)
    if following is None:
        return _see_other("apply.check_answers", token=token)
    if request.form.get("return") == TO_CHECK:
        return redirect(_change(token, following.slug), code=303)
    return _see_other("apply.page", token=token, slug=following.slug)


def _another_line(token: str, form: Page, draft: Draft) -> ResponseReturnValue:
    """Back to the page, which is saved, with one more line; what is wrong in it is said when it is sent as a whole."""
    budget = _budget(form)
    if budget is None:
        return _see_other("apply.page", token=token, slug=form.slug)
    lines = min(_lines_shown(budget, draft.raw) + 1, budget.most_rows)
    checking = {"return": TO_CHECK} if request.form.get("return") == TO_CHECK else {}
    anchor = f"{budget.id}-item-{lines}"
    return _see_other("apply.page", token=token, slug=form.slug, lines=lines, _anchor=anchor, **checking)


def _budget(form: Page) -> Question | None:
    """The question of this page that takes as many lines as somebody likes."""
    return next((question for question in form.questions if question.kind is AnswerKind.BUDGET), None)


def _lines_shown(budget: Question, raw: Mapping[str, str]) -> int:
    """How many lines of a budget are shown: those filled in, and the blank ones that were shown or asked for."""
    asked = request.args.get("lines", "")
    wanted = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 0
    sent = sum(f"{budget.id}-item-{row}" in request.form for row in range(1, budget.most_rows + 1))
    filled = budget_rows(budget, raw, budget.most_rows)
    return max([budget.rows, min(wanted, budget.most_rows), sent, *filled])


def _shown(form: Page, raw: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions of a page, with as many lines as are to be shown."""
    return tuple(
        replace(one, rows=_lines_shown(one, raw)) if one.kind is AnswerKind.BUDGET else one for one in form.questions
    )


def _next(draft: Draft, form: Page) -> Page | None:
    """The page to go to; None for the answers. From the answers, only what this page's answer newly asks is shown."""
    following = draft.after(form)
    if request.form.get("return") != TO_CHECK or following is None:
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
    token: str, draft: Draft, form: Page, raw: Mapping[str, str], faults: Sequence[Fault] = (), notice: str = ""
) -> Response:
    alone = len(form.questions) == 1
    from_check = request.values.get("return") == TO_CHECK
    before = draft.before(form)
    questions = _shown(form, raw)
    if from_check:
        back = url_for("apply.check_answers", token=token)
    elif before is not None:
        back = url_for("apply.page", token=token, slug=before.slug)
    else:
        back = url_for("apply.status", token=token)
    return pages.page(
        "question.html",
        422 if faults else 200,
        title=form.title,
        form=form,
        alone=alone,
        components=[pages.component(question, raw, faults, heading=alone) for question in questions],
        another=any(one.kind is AnswerKind.BUDGET and one.rows < one.most_rows for one in questions),
        errors=pages.error_list(faults),
        notice=notice,
        from_check=from_check,
        address=url_for("apply.page", token=token, slug=form.slug),
        number=draft.pages.index(form) + 1,
        total=len(draft.pages),
        fund=draft.fund,
        back=back,
        later=url_for("apply.status", token=token),
    )


@blueprint.get("/a/<token>/check-answers")
def check_answers(token: str) -> ResponseReturnValue:
    """Everything that was answered, each with a link to change it, and what the rules say of it so far."""
    with pages.office().reading() as session:
        application = _application(session, token)
        if not _is_draft(application):
            return _see_other("apply.status", token=token)
        return _answers(session, token, application)


def submit_again(token: str) -> Response:
    """The answers again, for a submission whose session was lost."""
    with pages.office().reading() as session:
        return _answers(session, token, _still_draft(_application(session, token)), notice=pages.LOST_SESSION)


def _answers(
    session: Session, token: str, application: Application, *, pressed: bool = False, notice: str = ""
) -> Response:
    office = pages.office()
    draft, today = _draft(application), office.today()
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
        422 if pressed and faults else 200,
        title="Check your answers",
        sections=_summary(token, draft),
        errors=errors if pressed else [],
        open_questions=errors,
        findings=findings,
        blocking=[finding for finding in findings if finding["verdict"] == "not_met"],
        is_open=draft.fund.is_open(today),
        fund=draft.fund,
        notice=notice,
        token=token,
        back=url_for("apply.page", token=token, slug=draft.pages[-1].slug),
    )


def _change(token: str, slug: str) -> str:
    return f"{url_for('apply.page', token=token, slug=slug)}?return={TO_CHECK}"


def _findings(session: Session, facts: ApplicationFacts) -> list[dict[str, str]]:
    office = pages.office()
    today = office.today()
    told = facts.facts()
    money = money_for(session, told, today)
    return [finding_data(finding) for finding in assess(told, office.policy, today, money, office.holidays).findings]


def _summary(token: str, draft: Draft) -> dict[str, list[dict[str, Any]]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for form in draft.pages:
        for question in form.questions:
            lines = _lines(question, draft)
            change = _change(token, form.slug)
            sections.setdefault(form.section, []).append({"label": question.label, "lines": lines, "change": change})
    return sections


def _lines(question: Question, draft: Draft) -> tuple[str, ...]:
    """An answer as it is understood; as it was typed where it is not."""
    value = read_question(question, draft.raw, _policy(), draft.fund, pages.office().today())
    if not isinstance(value, Faults):
        return describe(question, value)
    said = [draft.raw.get(name, "").strip() for name in fields(question)]
    typed = [text for text in said if text]
    if question.kind is AnswerKind.BUDGET:
        rows = (
            f"{item}: {cost}" if item and cost else item or cost
            for item, cost in zip(said[::2], said[1::2], strict=True)
        )
        return tuple(row for row in rows if row) or ("Not answered yet",)
    if question.kind is AnswerKind.DATE and typed:
        return (" ".join(typed),)
    return tuple(typed) or ("Not answered yet",)


@blueprint.post("/a/<token>/check-answers")
def submit(token: str) -> ResponseReturnValue:
    """Submit, once: whoever presses again sees the same page."""
    office = pages.office()
    try:
        with office.sessions.begin() as session:
            application = applications.held(session, _application(session, token).id)  # no save comes in between
            if _is_draft(application):
                draft = _draft(application)
                facts, _ = read_application(draft.fund, draft.raw, office.policy, office.today())
                if facts is None:
                    return _answers(session, token, application, pressed=True)
                if not draft.fund.is_open(office.today()):
                    raise Refused(
                        f"The {draft.fund.name} has closed, so this cannot be sent now. It is still saved.", "T4"
                    )
                applications.submit(session, application, facts, office=office, by="applicant", now=office.clock())
    except Conflict:  # pressed twice at once: the first press submitted it, and its page answers both
        pass
    return _see_other("apply.status", token=token)


@blueprint.get("/a/<token>")
def status(token: str) -> ResponseReturnValue:
    """Where it stands: what is still to be answered, or what has happened since and what comes next."""
    office = pages.office()
    with office.reading() as session:
        application = _application(session, token)
        if _is_draft(application):
            return _progress(token, application)
        return where_it_stands(session, token, application)


def _progress(token: str, application: Application) -> Response:
    office = pages.office()
    draft, today = _draft(application), office.today()
    tasks: list[dict[str, Any]] = []
    first: str | None = None
    for form in draft.pages:
        _, faults = read_page(form, draft.raw, office.policy, draft.fund, today)
        address = url_for("apply.page", token=token, slug=form.slug)
        if faults and first is None:
            first = address
        tag = {"tag": {"text": "To do", "classes": "govuk-tag--blue"}} if faults else {"text": "Done"}
        tasks.append({"section": form.section, "title": {"text": form.title}, "href": address, "status": tag})
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
        done=sum(1 for task in tasks if "text" in task["status"]),
        total=len(tasks),
        carry_on=first or url_for("apply.check_answers", token=token),
        saved_at=application.saved_at,
        documents=documents.notice(application, "a", token),
        address=f"{office.public_url.rstrip('/')}{url_for('apply.status', token=token)}",
    )
