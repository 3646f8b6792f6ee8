"""What the policy and the rules say, as a person in a terminal reads it: the same findings as the pages and the API."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core.errors import NotFound, Refused
from core.office import Office
from core.policies import SHORT, standing
from core.policy_table import lines
from core.rules.calendar import date_text
from core.rules.money import MoneyError, display, pence_from_api, pence_from_typed, pounds
from core.rules.sources import PARAGRAPHS, TITLES
from desk.terminal import VERDICTS
from intake.api import REQUIREMENTS, explained, explanation_data
from intake.problems import Problem
from intake.queries import Query

LATER = {"payment": "to be paid", "signing": "to be signed", "review": "at review"}
_FIRST = ("not_met", "advice", "met")
WIDTH = 100


@dataclass(frozen=True)
class Explained:
    """What an award needs: `data` as the API answers it, `text` for a person."""

    data: dict[str, Any]
    text: str


def _typed(text: str) -> str:
    """An amount as people type it, as the API has it; what is no amount is left for the API's reading to refuse."""
    try:
        return pounds(pence_from_typed(text))
    except MoneyError:
        return text


def explain(session: Session, office: Office, given: Mapping[str, str]) -> Explained:
    """Assess what was given, as `GET /api/v1/requirements` does. Raises Refused, naming each input that is wrong."""
    given = {name: _typed(text) if name in ("amount", "purchases") else text for name, text in given.items()}
    try:
        told = explained(session, Query(MultiDict(given), REQUIREMENTS), office)
    except Problem as problem:
        faults = [f"--{fault.pointer.replace('_', '-')}: {fault.detail}" for fault in problem.errors]
        raise Refused(" ".join(faults) or problem.detail) from None
    assessment, data = told.assessment, explanation_data(told)
    bought = data["procurement"]
    due = ", ".join(data["returns"]["due"]) or "give --start and --end for the dates"
    amount, under = (
        display(pence_from_api(given["amount"])),
        f"policy {told.policy[:SHORT]} as on {date_text(told.day)}",
    )
    said = [
        f"{amount}, {given['kind']}: {data['tier']} tier, under {under}",
        f"Buying: {bought['route'].replace('_', ' ')}, quotes: {bought['quotes']}, portal: {bought['portal']}",
        f"Returns every {data['returns']['every_months']} months: {due}",
    ]
    if data["meetings"]["every_months"]:
        due = ", ".join(data["meetings"]["due"]) or "give --start and --end for the dates"
        said.append(f"Meetings every {data['meetings']['every_months']} months: {due}")
    said += [textwrap.fill(told.who_may_approve, WIDTH), ""]
    if told.fitting:
        said += [f"What would fit: {', '.join(fund.name for fund in told.fitting)}.", ""]
    for finding in sorted(assessment.findings, key=lambda one: _FIRST.index(one.verdict.value)):
        text = f"{finding.because} {finding.remedy}".strip()
        verdict = VERDICTS[finding.verdict.value]
        if finding.verdict.value == "advice" and finding.needed_by is not None:
            verdict = LATER.get(finding.needed_by.value, verdict)
        head = f"{verdict:<14}{finding.rule:<4}"
        said.append(textwrap.fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
        said.append(" " * len(head) + f"({finding.paragraph})")
    return Explained(data, "\n".join(said))


def rule(session: Session, office: Office, rule_id: str, day: date) -> dict[str, Any]:
    """A rule with its title, what it rests on, and its figures as they hold on a day.

    Raises NotFound for an unknown rule, and for a day before the record of the policy begins.
    """
    if rule_id not in PARAGRAPHS:
        raise NotFound(f"There is no rule {rule_id}. The rules are: {', '.join(PARAGRAPHS)}.")
    found = [line for line in lines(standing(session, office=office, day=day).policy) if line.rule == rule_id]
    return {
        "rule": rule_id,
        "title": TITLES[rule_id],
        "paragraph": PARAGRAPHS[rule_id],
        "figures": [
            {
                "label": f"{line.whose}: {line.label}" if line.whose else line.label,
                "value": line.said,
                "source": line.source,
                "since": line.since.isoformat(),
            }
            for line in found
        ],
    }
