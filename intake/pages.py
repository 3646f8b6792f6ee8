"""What every page needs: the office, the look, and questions of `core.rules.questions` as GOV.UK components."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from core.office import Office, london_moment
from core.policy_file import PolicyError
from core.rules.calendar import date_text
from core.rules.money import display
from core.rules.questions import AnswerKind, Fault, Question, budget_rows, budget_so_far, fields
from core.written import LONGEST_WORDS
from intake import assets
from intake.headers import nonce

LOST_SESSION = (
    "We did not save this, because your browser had been away for a while or does not keep cookies. "
    "Nothing that you typed is lost: check it below and send it again."
)
"""Said above a form that came without a valid form token, and is shown again with everything in it."""

_WIDTHS = {
    AnswerKind.MONEY: "govuk-input--width-10",
    AnswerKind.NUMBER: "govuk-input--width-4",
    AnswerKind.POSTCODE: "govuk-input--width-10",
    AnswerKind.CHARITY_NUMBER: "govuk-input--width-10",
    AnswerKind.COMPANY_NUMBER: "govuk-input--width-10",
}
_AUTOCOMPLETE = {
    "organisation_name": "organization",
    "contact_name": "name",
    "contact_email": "email",
    "postcode": "postal-code",
}
_DATE_WIDTHS = {"day": 2, "month": 5, "year": 4}
_MONEY = {"prefix": {"text": "£"}, "inputmode": "decimal", "spellcheck": False}
_CELLS = {"outcome": "What will change", "measure": "How you will measure it", "target": "Your target"}


@dataclass(frozen=True)
class Component:
    """One GOV.UK component: which macro draws it, and with what."""

    macro: str
    params: dict[str, Any]


def office() -> Office:
    """The office that this application serves, under the policy in force: one policy for the whole of a request."""
    found = g.get("office")
    if not isinstance(found, Office):
        found = g.office = _served().in_force()
    return found


def _served() -> Office:
    found = current_app.extensions["office"]
    if not isinstance(found, Office):
        raise TypeError("create_app hands over the office")
    return found


def _office_on_a_page() -> Office:
    """The office as a page names it. A page that says that the record is away must not ask the record who we are."""
    try:
        return office()
    except (SQLAlchemyError, PolicyError):
        return _served()


def install(app: Flask) -> None:
    """Give templates what they need on every page."""
    app.jinja_env.filters["money"] = display
    app.jinja_env.filters["day"] = date_text
    app.jinja_env.filters["moment"] = london_moment
    app.jinja_env.filters["paragraphs"] = paragraphs

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        desk = _office_on_a_page()
        return {
            "desk": desk,
            "details": desk.policy.office,
            "nonce": nonce,
            "styled": assets.present(_static() / assets.FOLDER.name),
            "asset": asset,
            "longest_words": LONGEST_WORDS,
        }


def asset(name: str) -> str:
    """The address of a static file, which changes when the file does, so that a browser may keep it."""
    return url_for("static", filename=name, v=f"{(_static() / name).stat().st_mtime_ns:x}")


def _static() -> Path:
    return Path(current_app.static_folder or "static")


def paragraphs(text: str | None) -> list[str]:
    """The lines of a longer text that hold anything."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


_INDENT = re.compile(r"\n\s+(?=<(?!/textarea))")
"""Blanks between two lines of tags. What somebody typed has no tag in it, only the end of its field after it."""


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page of the desk, without the indentation of its templates: that alone is a quarter of a long table."""
    return Response(_INDENT.sub("\n", render_template(f"intake/{template}", **values)), status=status)


def typed(names: Iterable[str]) -> dict[str, str]:
    """What was typed into these fields of the posted form; a field that was not sent is empty."""
    return {name: request.form.get(name, "") for name in names}


def seen() -> str:
    """What the posted form says that its page showed (`core.shown`); "" where it does not."""
    return request.form.get("seen", "")


def error_list(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """The faults for the error summary, each a link to its field."""
    return [{"text": fault.message, "href": f"#{fault.field}"} for fault in faults]


def messages(faults: Sequence[Fault]) -> dict[str, str]:
    """The fault of each field, the first where there are several."""
    found: dict[str, str] = {}
    for fault in faults:
        found.setdefault(fault.field, fault.message)
    return found


def component(
    question: Question, raw: Mapping[str, str], faults: Sequence[Fault] = (), *, heading: bool = False
) -> Component:
    """A question as a component, with what was typed and what is wrong. `heading`: its title is the page's heading."""
    wrong = messages(faults)
    size = "l" if heading else "s"
    label = {"text": question.title, "classes": f"govuk-label--{size}", "isPageHeading": heading}
    legend = {"text": question.title, "classes": f"govuk-fieldset__legend--{size}", "isPageHeading": heading}
    shared: dict[str, Any] = {"hint": {"text": question.hint}} if question.hint else {}
    own = next((wrong[name] for name in (question.id, *fields(question)) if name in wrong), None)
    if own is not None and question.kind not in (
        AnswerKind.OUTCOMES,
        AnswerKind.ACHIEVED,
        AnswerKind.BUDGET,
        AnswerKind.SPENDING,
    ):
        shared["errorMessage"] = {"text": own}
    if question.kind in (AnswerKind.CHOICE, AnswerKind.YES_NO):
        items = [
            {"value": choice.value, "text": choice.text, **({"hint": {"text": choice.hint}} if choice.hint else {})}
            for choice in question.choices
        ]
        inline = "govuk-radios--inline" if question.kind is AnswerKind.YES_NO else ""
        value = _chosen(question, raw)
        return Component(
            "radios",
            {
                "name": question.id,
                "idPrefix": question.id,
                "items": items,
                "value": value,
                "classes": inline,
                "fieldset": {"legend": legend},
                **shared,
            },
        )
    if question.kind is AnswerKind.DATE:
        return Component("date", {**_date(question, raw, wrong), "fieldset": {"legend": legend}, **shared})
    if question.kind is AnswerKind.DECLARATION:
        return _declaration(question, raw, legend, shared)
    if question.kind is AnswerKind.OUTCOMES:
        return _rows(question, raw, wrong, heading=heading)
    if question.kind in (AnswerKind.ACHIEVED, AnswerKind.SPENDING):
        return _beside_rows(question, raw, wrong, heading=heading)
    if question.kind is AnswerKind.BUDGET:
        return _budget(question, raw, faults, heading=heading)
    params = {"id": question.id, "name": question.id, "value": raw.get(question.id, ""), "label": label, **shared}
    if question.kind is AnswerKind.LONG:
        words = {"maxwords": question.word_limit} if question.word_limit else {}
        rows = 8 if question.word_limit is None or question.word_limit > 150 else 4
        return Component("words" if words else "textarea", {**params, **words, "rows": rows})
    return Component("input", {**params, **_input(question)})


def _chosen(question: Question, raw: Mapping[str, str]) -> str:
    said = raw.get(question.id, "")
    if question.kind is AnswerKind.YES_NO:
        return {"true": "yes", "false": "no"}.get(said.lower(), said)
    return said


def _input(question: Question) -> dict[str, Any]:
    more: dict[str, Any] = {"classes": _WIDTHS.get(question.kind, "")}
    if question.kind is AnswerKind.MONEY:
        more |= _MONEY
    elif question.kind is AnswerKind.NUMBER:
        more |= {"inputmode": "numeric", "spellcheck": False}
    elif question.kind is AnswerKind.EMAIL:
        more |= {"type": "email", "spellcheck": False, "attributes": {"autocapitalize": "none"}}
    elif question.kind in (AnswerKind.POSTCODE, AnswerKind.CHARITY_NUMBER, AnswerKind.COMPANY_NUMBER):
        more |= {"spellcheck": False, "attributes": {"autocapitalize": "characters"}}
    if question.id in _AUTOCOMPLETE:
        more["autocomplete"] = _AUTOCOMPLETE[question.id]
    return more


def _date(question: Question, raw: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, Any]:
    whole = raw.get(question.id, "").split("-") if raw.get(question.id) else []
    given = dict(zip(("year", "month", "day"), whole, strict=False)) if len(whole) == 3 else {}
    items = []
    for part, width in _DATE_WIDTHS.items():
        name = f"{question.id}-{part}"
        bad = " govuk-input--error" if name in wrong or question.id in wrong else ""
        items.append(
            {
                "name": name,
                "id": name,
                "label": part.capitalize(),
                "value": raw.get(name, "") or given.get(part, ""),
                "classes": f"govuk-input--width-{width}{bad}",
                "inputmode": "text" if part == "month" else "numeric",
            }
        )
    return {"id": question.id, "items": items}


def _declaration(
    question: Question, raw: Mapping[str, str], legend: dict[str, Any], shared: dict[str, Any]
) -> Component:
    return Component(
        "checkboxes",
        {
            "name": question.id,
            "idPrefix": question.id,
            "values": ["yes"] if raw.get(question.id, "").lower() in ("yes", "true") else [],
            "items": [{"value": "yes", "text": "I confirm"}],
            "fieldset": {"legend": legend},
            **shared,
        },
    )


def _cell(name: str, text: str, raw: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, Any]:
    params: dict[str, Any] = {"id": name, "name": name, "value": raw.get(name, ""), "label": {"text": text}}
    if name in wrong:
        params["errorMessage"] = {"text": wrong[name]}
    return params


def _rows(question: Question, raw: Mapping[str, str], wrong: Mapping[str, str], *, heading: bool) -> Component:
    rows = [
        {
            "legend": f"Outcome {row}" if row == 1 else f"Outcome {row} (optional)",
            "cells": [_cell(f"{part}-{row}", text, raw, wrong) for part, text in _CELLS.items()],
        }
        for row in range(1, question.rows + 1)
    ]
    return Component("rows", {"title": question.title, "hint": question.hint, "heading": heading, "rows": rows})


def _beside_rows(question: Question, raw: Mapping[str, str], wrong: Mapping[str, str], *, heading: bool) -> Component:
    """A field for each thing that was agreed, a measure or a line of the budget, with what stands beside it."""
    money = _MONEY | {"classes": _WIDTHS[AnswerKind.MONEY]} if question.kind is AnswerKind.SPENDING else {}
    names = question.measures or tuple(line.item for line in question.lines)
    cells = []
    for row, name in enumerate(names, start=1):
        hint = {"hint": {"text": question.notes[row - 1]}} if row <= len(question.notes) else {}
        cells.append({**_cell(f"{question.id}-{row}", name, raw, wrong), **hint, **money})
    rows = [{"legend": "", "cells": cells}]
    return Component("rows", {"title": question.title, "hint": question.hint, "heading": heading, "rows": rows})


def _budget(question: Question, raw: Mapping[str, str], faults: Sequence[Fault], *, heading: bool) -> Component:
    """The lines of a budget. What is wrong with all of them together is said above them, not at one."""
    whole = next(
        (one.message for one in faults if one.question_id == question.id and one.pointer == question.pointer), ""
    )
    wrong = messages([one for one in faults if one.pointer != question.pointer])
    described = {"describedBy": f"{question.id}-error"} if whole else {}
    shown = max([question.rows, *budget_rows(question, raw, question.most_rows)])
    rows = []
    for row in range(1, shown + 1):
        item = _cell(f"{question.id}-item-{row}", "What it is for", raw, wrong)
        cost = _cell(f"{question.id}-amount-{row}", "Cost", raw, wrong)
        rows.append({"legend": f"Line {row}", "cells": [{**item, **described}, {**cost, **described, **_MONEY}]})
    return Component(
        "budget",
        {
            "id": question.id,
            "title": question.title,
            "hint": question.hint,
            "heading": heading,
            "rows": rows,
            "error": whole,
            "note": "" if faults else budget_so_far(question, raw),
        },
    )
