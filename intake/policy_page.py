"""The policy for the public: every figure with its rule and source, what held on another day, and what has changed.

Who put a policy in force, and the note they left, are the office's own business and are not shown here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from core import policies
from core.errors import NotFound
from core.office import Office
from core.policies import SHORT, Version
from core.policy_table import NO_DELEGATION, Group, Line, grouped
from core.rules.calendar import date_text
from core.rules.questions import AnswerKind, Fault, Faults, Question, read_question
from core.rules.sources import PARAGRAPHS
from intake import pages
from intake.problems import Problem
from intake.queries import Query

blueprint = Blueprint("policy", __name__)

_DAY: Final = Question(
    "on", AnswerKind.DATE, "Show the policy of another day", "The day", "", "A4", "/on", "Enter a day", required=False
)
_TYPED: Final = re.compile(r"\s*(?P<day>\w{1,2})[\s/.-]+(?P<month>\w+)[\s/.-]+(?P<year>\w{4})\s*")
LONGEST: Final = 40
"""Characters of a day as somebody may type it."""


@blueprint.get("/policy")
def page() -> ResponseReturnValue:
    """The table of the policy in force today, or on the day that is asked for."""
    office = pages.office()
    today = office.today()
    typed = request.args.get("on", "")
    asked, faults = _asked(typed, office, today)
    day = asked or today
    with office.reading() as session:
        found, unknown = None, ""
        try:
            found = policies.standing(session, office=office, day=day)
        except NotFound as refusal:
            unknown = refusal.reason
        history = policies.versions(session, office=office)
    groups = grouped(found.policy) if found else ()
    return pages.page(
        "policy.html",
        422 if faults else 200,
        title="The rules and figures we use",
        found=found,
        groups=groups,
        funds=_funds(groups),
        unknown=unknown,
        day=day,
        today=today,
        versions=_shown(history),
        no_delegation=NO_DELEGATION,
        paragraphs_of=PARAGRAPHS,
        short=SHORT,
        typed=typed[:LONGEST],
        wrong=pages.messages(faults),
        errors=pages.error_list(faults),
    )


@dataclass(frozen=True)
class FundTable:
    """A fund on the page: its place there, the line with its name, and the lines of its table."""

    place: str
    name: Line
    lines: list[Line]


def _funds(groups: Iterable[Group]) -> list[FundTable]:
    lines = [line for group in groups if group.id == "funds" for line in group.lines]
    found = []
    for row, parts in groupby(lines, key=lambda line: line.row):
        name, *others = parts
        found.append(FundTable(row.replace(".", "-"), name, others))
    return found


@dataclass(frozen=True)
class Shown:
    """A version as the page lists it; `whole` is False for one that another replaced on its very first day."""

    version: Version
    whole: bool


def _shown(history: Iterable[Version]) -> list[Shown]:
    """The versions that held or will hold, the latest first."""
    held = [version for version in history if version.held]
    following = [version.first for version in held[1:]]
    return [Shown(one, one.first != after) for one, after in zip(held, [*following, None], strict=False)][::-1]


def _asked(typed: str, office: Office, today: date) -> tuple[date | None, tuple[Fault, ...]]:
    """The day as it was typed, "2027-03-01", "1 March 2027" or "1/3/2027"; none where nothing was."""
    value = read_question(_DAY, _parts(typed[:LONGEST]), office.policy, office.policy.funds[0], today)
    if isinstance(value, Faults):
        example = f"Enter a day such as {date_text(today)}"
        said = value[0].message if _TYPED.fullmatch(typed) else example
        return None, (Fault("on", "on", said, "/on"),)
    return (value if isinstance(value, date) else None), ()


def _parts(typed: str) -> Mapping[str, str]:
    found = _TYPED.fullmatch(typed)
    return {f"on-{part}": text for part, text in found.groupdict().items()} if found else {"on": typed}


@blueprint.get("/policy.json")
def as_json() -> ResponseReturnValue:
    """The same for programs: the whole policy of today, or of the day `on`, which is read as the page reads it."""
    office = pages.office()
    today = office.today()
    query = Query(request.args, ("on",))
    day, faults = _asked(request.args.get("on", ""), office, today)
    for fault in faults:
        query.fault("on", f"{fault.message}.")
    query.done()
    with office.reading() as session:
        try:
            found = policies.standing(session, office=office, day=day or today)
        except NotFound as refusal:
            raise Problem(404, refusal.reason) from None
    return Response(
        json.dumps(found.as_data(staff=False), ensure_ascii=False, indent=1) + "\n", mimetype="application/json"
    )
