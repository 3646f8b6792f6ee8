"""A draft as its pages show it: which pages its answers ask for, how much of each is shown, and what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flask import request
from sqlalchemy.orm import Session

from core import corrections
from core.errors import NotFound
from core.records import Application, Asked
from core.rules.forms import application_book
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Fund, Policy
from core.rules.questions import (
    AnswerKind,
    Faults,
    Page,
    Question,
    application_pages,
    budget_rows,
    describe,
    fields,
    read_question,
)
from intake import pages


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

    def asks(self, form: Page) -> bool:
        """Whether its answers ask for this page."""
        return any(one.slug == form.slug for one in self.pages)

    def number(self, form: Page) -> int:
        """Which of its pages this is, the first being 1."""
        return next(number for number, one in enumerate(self.pages, start=1) if one.slug == form.slug)

    def before(self, page: Page) -> Page | None:
        """The page before this one."""
        position = self.number(page) - 1
        return self.pages[position - 1] if position > 0 else None

    def after(self, page: Page) -> Page | None:
        """The page after this one."""
        position = self.number(page)
        return self.pages[position] if position < len(self.pages) else None


def draft_of(application: Application, policy: Policy, answers: Mapping[str, str] | None = None) -> Draft:
    """The draft as it is stored, or with other answers. Raises NotFound where the policy in force has no such fund."""
    answers = application.answers if answers is None else answers
    fund = policy.fund(application.fund)
    if fund is None:
        raise NotFound("The fund that this application is for is no longer there. Write to the office.")
    return Draft(fund, answers, application_pages(fund, policy, answers))


@dataclass(frozen=True)
class Editing:
    """What the pages of a form change: a draft or, for the question that allows it, a correction of what was sent."""

    draft: Draft
    asked: Asked | None = None


def editing(session: Session, application: Application, policy: Policy) -> Editing | None:
    """What may be changed of an application now; None where nothing may."""
    if application.status == ApplicationState.DRAFT:
        return Editing(draft_of(application, policy))
    asked = corrections.open_for(session, application)
    if asked is None:
        return None
    return Editing(draft_of(application, policy, corrections.answers_of(session, application, asked)), asked)


def not_sent(session: Session, application: Application, policy: Policy) -> list[tuple[str, tuple[str, ...]]]:
    """What was changed in a correction that came too late: each answer that is not as it was sent, as it was typed."""
    answers = corrections.unsent(session, application)
    if answers is None or policy.fund(application.fund) is None:
        return []
    return [
        (question.title, as_typed(question, answers) or ("Nothing: it was made blank",))
        for form in draft_of(application, policy, answers).pages
        for question in form.questions
        if any(str(answers.get(name, "")) != str(application.answers.get(name, "")) for name in fields(question))
    ]


def page_of(draft: Draft, policy: Policy, slug: str) -> Page:
    """The page of this address that is asked, or that might have been: somebody may have it open still."""
    if any(one.slug == slug for one in draft.pages):
        return draft.page(slug)
    found = next((one for one in application_book(draft.fund, policy) if one.slug == slug), None)
    return draft.page(slug) if found is None else found


def names_of(forms: Iterable[Page]) -> tuple[str, ...]:
    """The fields of these pages, in order."""
    return tuple(name for form in forms for question in form.questions for name in fields(question))


def typed(form: Page) -> dict[str, str]:
    """What was typed into the fields of a page; one that was not sent is empty."""
    return pages.typed(names_of([form]))


def budget_of(form: Page) -> Question | None:
    """The question of this page that takes as many lines as somebody likes."""
    return next((question for question in form.questions if question.kind is AnswerKind.BUDGET), None)


def lines_shown(budget: Question, raw: Mapping[str, str]) -> int:
    """How many lines of a budget are shown: those filled in, and the blank ones that were shown or asked for."""
    asked = request.args.get("lines", "")
    wanted = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 0
    sent = sum(f"{budget.id}-item-{row}" in request.form for row in range(1, budget.most_rows + 1))
    filled = budget_rows(budget, raw, budget.most_rows)
    return max([budget.rows, min(wanted, budget.most_rows), sent, *filled])


def shown(form: Page, raw: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions of a page, with as many lines as are to be shown."""
    return tuple(
        replace(one, rows=lines_shown(one, raw)) if one.kind is AnswerKind.BUDGET else one for one in form.questions
    )


def answer_lines(question: Question, raw: Mapping[str, str], fund: Fund, nothing: str) -> tuple[str, ...]:
    """An answer as it is understood; as it was typed where it is not; `nothing` where nothing was."""
    office = pages.office()
    value = read_question(question, raw, office.policy, fund, office.today())
    if not isinstance(value, Faults):
        return describe(question, value)
    return as_typed(question, raw) or (nothing,)


def as_typed(question: Question, raw: Mapping[str, str]) -> tuple[str, ...]:
    """An answer to the letter, a line for each row; the words of a choice for what was chosen."""
    said = [raw.get(name, "").strip() for name in fields(question)]
    if question.kind is AnswerKind.DATE:
        said = [" ".join(text for text in said if text)]
    elif question.kind is AnswerKind.BUDGET:
        pairs = zip(said[::2], said[1::2], strict=True)
        said = [": ".join(text for text in pair if text) for pair in pairs]
    elif question.choices:
        said = [next((choice.text for choice in question.choices if choice.value == text), text) for text in said]
    return tuple(line for text in said for line in text.splitlines() if line.strip())
