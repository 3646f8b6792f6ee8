"""All the questions of a fund's application on one page, to be read and printed before anybody starts."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from core.errors import NotFound
from core.rules.forms import application_book
from core.rules.money import display
from core.rules.policy import Fund
from core.rules.questions import AnswerKind, Page, Question, asked_when
from intake import pages

blueprint = Blueprint("questions", __name__)


@dataclass(frozen=True)
class ToRead:
    """A question as somebody reads it on paper. `rules` say when it is asked, and how much may be written."""

    title: str
    hint: str
    rules: tuple[str, ...]
    choices: tuple[str, ...]
    long: bool


@dataclass(frozen=True)
class ToReadTogether:
    """One page of the form as somebody reads it on paper, with its number."""

    number: int
    title: str
    hint: str
    questions: tuple[ToRead, ...]


@blueprint.get("/apply/<fund_id>/questions")
def page(fund_id: str) -> ResponseReturnValue:
    """Every question with its hint, its choices, how many words it takes and when it is asked."""
    fund = pages.office().policy.fund(fund_id)
    if fund is None or not fund.open_to_applications:
        raise NotFound("There is no fund at this address that takes applications. The start page lists those that do.")
    return pages.page(
        "questions.html",
        title=f"Questions of the {fund.name}",
        fund=fund,
        sections=_sections(fund),
        back=url_for("apply.fund_page", fund_id=fund.id),
    )


def _sections(fund: Fund) -> dict[str, list[ToReadTogether]]:
    book = application_book(fund, pages.office().policy)
    asked = [question for form in book for question in form.questions]
    found: dict[str, list[ToReadTogether]] = {}
    for number, form in enumerate(book, start=1):
        found.setdefault(form.section, []).append(_page(number, form, asked))
    return found


def _page(number: int, form: Page, asked: list[Question]) -> ToReadTogether:
    return ToReadTogether(number, form.title, form.hint, tuple(_question(one, asked) for one in form.questions))


def _question(question: Question, asked: list[Question]) -> ToRead:
    rules = [asked_when(question, asked)]
    if question.required_from is not None:
        rules.append(f"Optional below {display(question.required_from)}.")
    elif not question.required:
        rules.append("Optional.")
    if question.word_limit:
        rules.append(f"Up to {question.word_limit} words.")
    if question.kind is AnswerKind.OUTCOMES:
        rules.append("What will change, how you will measure it, and your target.")
    if question.kind is AnswerKind.BUDGET:
        rules.append(f"What it is for and its cost, up to {question.most_rows} lines.")
    return ToRead(
        title=question.title,
        hint=question.hint,
        rules=tuple(rule for rule in rules if rule),
        choices=tuple(choice.text for choice in question.choices),
        long=question.kind in (AnswerKind.LONG, AnswerKind.OUTCOMES, AnswerKind.BUDGET),
    )
