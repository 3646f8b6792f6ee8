"""The start page, and "can we apply, and what will we be asked for?": every answer with its rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from core import funds, publication
from core.assessing import finding_data
from core.explaining import Explanation, explain
from core.funds import FundPosition
from core.publication import PublicAward
from core.rules.assessment import Assessment, Facts
from core.rules.calendar import financial_year, year_label
from core.rules.money import display
from core.rules.policy import Fund, Kind, OrganisationType, Purpose
from core.rules.questions import (
    PURPOSES,
    AnswerKind,
    Choice,
    Fault,
    Page,
    Question,
    Value,
    application_questions,
    fields,
    is_asked,
    read_page,
)
from intake import pages

blueprint = Blueprint("check", __name__)

ASKED = ("amount", "purpose", "organisation_type", "age_from", "age_to", "send", "start", "end", "buys", "purchases")
"""The application's own questions that decide what is asked for."""

TITLE = "Check if you can apply, and what we will ask for"

LATELY = 2
"""How many of a fund's latest awards the start page names."""


@dataclass(frozen=True)
class OpenFund:
    """A fund that takes applications, as the start page shows it."""

    fund: Fund
    closes: date | None
    position: FundPosition
    lately: tuple[PublicAward, ...]


@blueprint.get("/")
def front() -> ResponseReturnValue:
    """The open funds."""
    office = pages.office()
    today = office.today()
    year = financial_year(today)
    with office.reading() as session:
        money = funds.positions(session, office.policy, year)
        open_now = [fund.id for fund in office.policy.funds if fund.is_open(today)]
        lately = publication.latest(session, open_now, LATELY, office=office)
        found = [
            OpenFund(fund, fund.closes(today), position, tuple(lately[fund.id]))
            for fund, position in zip(office.policy.funds, money, strict=True)
            if fund.id in lately
        ]
    others = [(fund, fund.opens(today)) for fund in office.policy.funds if not fund.is_open(today)]
    return pages.page("front.html", title="Apply for a grant", open_funds=found, others=others, year=year_label(year))


@blueprint.get("/check")
def check() -> ResponseReturnValue:
    """The questions, and once they are answered what the rules say, and which fund would fit."""
    office = pages.office()
    today = office.today()
    raw = {name: value for name, value in request.args.items() if name != "fund"}
    chosen = office.policy.fund(request.args.get("fund", ""))
    fund = chosen or next((one for one in office.policy.funds if one.is_open(today)), office.policy.funds[0])
    form = _form(fund)
    asked = bool(request.args)
    faults: tuple[Fault, ...] = ()
    values: dict[str, Value] = {}
    if asked:
        values, faults = read_page(
            Page(form.slug, form.title, form.section, tuple(one for one in form.questions if is_asked(one, raw))),
            raw,
            office.policy,
            fund,
            today,
        )
        if chosen is None:
            faults = (Fault("fund", "fund", "Select a fund", "/fund"), *faults)
    told = _explained(values, fund) if asked and not faults else None
    mine = told.assessment if told else None
    findings = [finding_data(finding) for finding in mine.findings] if mine else []
    return pages.page(
        "check.html",
        422 if faults else 200,
        title=_answer(mine, fund, cast("int", values["amount"])) if mine else TITLE,
        subject=TITLE,
        fund=chosen,
        components=[
            pages.component(_fund_question(today), {"fund": fund.id if chosen else ""}, faults),
            *(
                # before a fund is chosen, hints with the limits of one would mislead
                pages.component(question if chosen else replace(question, hint=""), raw, faults)
                for question in form.questions
            ),
        ],
        errors=pages.error_list(faults),
        mine=mine,
        **{verdict: [one for one in findings if one["verdict"] == verdict] for verdict in ("not_met", "advice", "met")},
        fitting=told.fitting if told else (),
        who=told.who_may_approve if told else "",
        answered=mine is not None,
        is_open=fund.is_open(today) and fund.open_to_applications,
        carried={name: raw[name] for name in carried_names(fund) if raw.get(name)},
    )


def _answer(mine: Assessment, fund: Fund, amount: int) -> str:
    """What the rules say, in a sentence that heads the page."""
    asked = f"{display(amount)} from the {fund.name}"
    if mine.blocking:
        return f"{asked} could not be approved as you describe it"
    return f"Nothing that you have told us stands in the way of {asked}"


def carried_names(fund: Fund) -> tuple[str, ...]:
    """The fields of this page that an application to the fund asks too, so that nobody answers them twice."""
    asked = [question for question in application_questions(fund, pages.office().policy) if question.id in ASKED]
    return tuple(name for question in asked for name in fields(question))


def _fund_question(today: date) -> Question:
    choices = tuple(
        Choice(fund.id, fund.name, "" if fund.is_open(today) else "Not open for applications at the moment.")
        for fund in pages.office().policy.funds
    )
    return Question(
        "fund", AnswerKind.CHOICE, "Which fund?", "Fund", "", "F0", "/fund", "Select a fund", choices=choices
    )


def _purpose_question() -> Question:
    """The purposes of every fund, so that the one that fits can be named."""
    choices = tuple(Choice(purpose.value, text) for purpose, text in PURPOSES.items())
    title = "What is it mainly for?"
    return Question("purpose", AnswerKind.CHOICE, title, "Purpose", "", "F0", "/purpose", title, choices=choices)


def _form(fund: Fund) -> Page:
    """The application's questions that this page asks; only what every answer needs is required."""
    found = {question.id: question for question in application_questions(fund, pages.office().policy)}
    found["purpose"] = _purpose_question()
    questions = tuple(found[name] for name in ASKED if name in found)
    return Page(
        "check",
        "Check",
        "",
        tuple(one if one.id in ("amount", "purchases") else replace(one, required=False) for one in questions),
    )


def _purpose(values: Mapping[str, Value], fund: Fund) -> Purpose | None:
    """What the money is for: as answered, or as the chosen fund has it where it has one purpose only."""
    said = values.get("purpose")
    if said:
        return Purpose(str(said))
    return fund.purposes[0] if len(fund.purposes) == 1 else None


def _explained(values: Mapping[str, Value], fund: Fund) -> Explanation:
    office = pages.office()
    with office.reading() as session:
        return explain(session, _facts(values, _purpose(values, fund), fund), office=office, today=office.today())


def _facts(values: Mapping[str, Value], purpose: Purpose | None, fund: Fund) -> Facts:
    kind = values.get("organisation_type")
    return Facts(
        kind=Kind.GRANT,
        amount=cast("int", values["amount"]),
        fund=fund.id,
        purpose=purpose,
        purchases=cast("int", values.get("purchases") or 0),
        start=cast("date | None", values.get("start")),
        end=cast("date | None", values.get("end")),
        organisation_type=OrganisationType(str(kind)) if kind else None,
        age_from=cast("int | None", values.get("age_from")),
        age_to=cast("int | None", values.get("age_to")),
        send=cast("bool | None", values.get("send")),
    )
