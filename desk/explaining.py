"""What the policy and the rules say, as a person in a terminal reads it: the same findings as the pages and the API."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core.assessing import money_for
from core.errors import Refused
from core.office import LONDON, Office
from core.records import Award, LedgerEntry
from core.rules.assessment import assess
from core.rules.calendar import financial_year
from core.rules.money import MoneyError, display, pence_from_typed, pounds
from intake.api import REQUIREMENTS, assessment_data, read_facts
from intake.problems import Problem
from intake.queries import Query

VERDICTS = {"met": "met", "not_met": "NOT MET", "advice": "to do"}
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


def this_year(office: Office) -> int:
    """The financial year that today is in, by the calendar year in which it began."""
    return financial_year(office.today())


def explain(session: Session, office: Office, given: Mapping[str, str]) -> Explained:
    """Assess what was given, as `GET /api/v1/requirements` does. Raises Refused, naming each input that is wrong."""
    given = {name: _typed(text) if name in ("amount", "purchases") else text for name, text in given.items()}
    try:
        facts = read_facts(Query(MultiDict(given), REQUIREMENTS), office)
    except Problem as problem:
        faults = [f"--{fault.pointer.replace('_', '-')}: {fault.detail}" for fault in problem.errors]
        raise Refused(" ".join(faults) or problem.detail) from None
    today = office.today()
    assessment = assess(facts, office.policy, today, money_for(session, facts.fund, facts.start, today))
    data = assessment_data(assessment)
    bought = data["procurement"]
    lines = [
        f"{display(facts.amount)}, {facts.kind.value}: {data['tier']} tier",
        f"Buying: {bought['route'].replace('_', ' ')}, quotes: {bought['quotes']}, portal: {bought['portal']}",
        f"Returns every six months: {', '.join(data['returns']['due']) or 'give --start and --end for the dates'}",
    ]
    if data["meetings"]["every_months"]:
        due = ", ".join(data["meetings"]["due"]) or "give --start and --end for the dates"
        lines.append(f"Meetings every {data['meetings']['every_months']} months: {due}")
    lines.append("")
    for finding in assessment.findings:
        said = f"{finding.because} {finding.remedy}".strip()
        head = f"{VERDICTS[finding.verdict.value]:<8}{finding.rule:<4}"
        lines.append(textwrap.fill(said, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
        lines.append(" " * len(head) + f"({finding.paragraph})")
    return Explained(data, "\n".join(lines))


def statement(session: Session, entries: Sequence[LedgerEntry]) -> list[dict[str, str | None]]:
    """Movements of a fund with what was available after each; a forward commitment takes nothing yet."""
    named = {entry.award_id for entry in entries if entry.award_id}
    found = session.execute(select(Award.id, Award.reference).where(Award.id.in_(named)))
    references = {row.id: row.reference for row in found}
    available, rows = 0, []
    for entry in entries:
        if entry.kind not in ("forward", "forward_closed"):
            available += entry.amount
        rows.append(
            {
                "at": entry.made_at.astimezone(LONDON).strftime("%Y-%m-%d %H:%M"),
                "kind": entry.kind.replace("_", " "),
                "reference": references.get(entry.award_id) if entry.award_id else None,
                "amount": _signed(entry.amount),
                "available": _signed(available),
                "by": entry.actor,
                "note": entry.note,
            }
        )
    return rows


def _signed(pence: int) -> str:
    return f"-{pounds(-pence)}" if pence < 0 else pounds(pence)


def figures(data: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str, str, str, str, str]]:
    """Every figure of a policy with its unit, rule, source and day, found wherever it stands in the data."""
    if {"value", "unit", "rule", "source", "since"} <= data.keys():
        value = data["value"]
        shown = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
        yield name, shown, str(data["unit"]), str(data["rule"]), str(data["source"]), str(data["since"])
        return
    for key, inner in data.items():
        where = f"{name}.{key}" if name else key
        if isinstance(inner, dict):
            yield from figures(inner, where)
        elif isinstance(inner, list):
            for number, one in enumerate(inner, start=1):
                if isinstance(one, dict):
                    yield from figures(one, f"{where}.{one.get('id') or one.get('name') or number}")
