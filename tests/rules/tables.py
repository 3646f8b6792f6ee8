"""Reads the tables of cases in `cases/`, and says where an answer of the rules is not as a row has it.

A table is Markdown, under a heading and a sentence of what it shows; `cases/README.md` says what its columns mean. What
does not read as one is refused with its file and line: a row that nobody checks is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from core.policy_file import bank_holidays
from core.rules.assessment import Assessment, assess
from core.rules.calendar import nudge_dates
from core.rules.facts import BuyingFacts, Facts, History, Money, PanelMember, PlanFacts, Verdict
from core.rules.fund_rules import allocatable
from core.rules.policy import CrimeGround, Kind, OrganisationType, Policy, Purpose, SingleTenderReason
from core.rules.sources import PARAGRAPHS

__all__ = [
    "CASES",
    "Allocation",
    "Award",
    "Deadline",
    "MalformedError",
    "Row",
    "differences",
    "read_all",
    "read_table_file",
]

CASES: Final = Path(__file__).parent / "cases"
TODAY: Final = date(2026, 11, 23)
NOT_GIVEN: Final = "-"
NONE: Final = "none"
SILENT: Final = "silent"
QUIET: Final = "quiet"
"""Of a rule that only ever warns: it is met, or it has nothing to say."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MalformedError(ValueError):
    """A table that cannot be read as one, with its file and line."""


@dataclass(frozen=True)
class Award:
    """Asks what an award of these facts needs."""

    facts: Facts
    today: date
    money: Money | None


@dataclass(frozen=True)
class Allocation:
    """Asks what of an allocation can be awarded (F3)."""

    fund: str
    total: int


@dataclass(frozen=True)
class Deadline:
    """Asks on which days people hear of a deadline (D0)."""

    kind: str
    due: date


Question: TypeAlias = Award | Allocation | Deadline


@dataclass(frozen=True)
class Row:
    """One case: what it shows in words, what it asks, and by column what is expected, as it is written."""

    id: str
    words: str
    place: str
    asks: Question
    expected: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.id}: {self.words} ({self.place})"


# ------------------------------------------------------------------------------------- cells that describe an award


def _pence(text: str) -> int:
    found = re.fullmatch(r"£(\d{1,3}(?:,\d{3})*)\.(\d\d)", text)
    if found is None:
        raise ValueError(f"{text!r} is no amount: write £1,000.00")
    return int(found[1].replace(",", "")) * 100 + int(found[2])


def _pounds(pence: int) -> str:
    return f"£{pence // 100:,}.{pence % 100:02d}"


def _day(text: str) -> date:
    found = re.fullmatch(r"([1-9]\d?) ([A-Z][a-z]{2}) (\d{4})", text)
    if found is None or found[2] not in MONTHS:
        raise ValueError(f"{text!r} is no day: write 1 Apr 2027")
    return date(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))


def _in_words(days: Iterable[date]) -> str:
    return ", ".join(f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in days) or NONE


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"{text!r} is neither yes nor no")
    return text == "yes"


def _count(text: str) -> int:
    if not re.fullmatch(r"0|[1-9]\d*", text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _grounds(text: str) -> tuple[CrimeGround, ...]:
    return tuple(CrimeGround(ground) for ground in text.split(", "))


def _notices(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


def _panel(text: str) -> tuple[PanelMember, ...]:
    """Members as "independent, office, independent but conflicted"."""
    members = []
    for number, member in enumerate(text.split(", "), start=1):
        found = re.fullmatch(r"(office|force|bidder|independent)( but conflicted)?", member)
        if found is None:
            raise ValueError(f"{member!r} is no member of a panel")
        members.append(PanelMember(f"Member {number}", found[1], found[2] is not None))
    return tuple(members)


FACTS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "kind": ("kind", Kind),
    "amount": ("amount", _pence),
    "fund": ("fund", str),
    "purpose": ("purpose", Purpose),
    "purchases": ("purchases", _pence),
    "victim service": ("victim_service", _yes),
    "planned": ("planned", _yes),
    "competed": ("competed", _yes),
    "single tender reason": ("single_tender_reason", SingleTenderReason),
    "start": ("start", _day),
    "end": ("end", _day),
    "application": ("application", _yes),
    "applicant": ("organisation_type", OrganisationType),
    "area": ("csp_area", str),
    "from age": ("age_from", _count),
    "to age": ("age_to", _count),
    "SEND": ("send", _yes),
    "objective": ("plan_objective", str),
    "need": ("need", str),
    "existing provision": ("existing_provision", str),
    "outcomes": ("outcomes", _count),
    "grounds": ("crime_grounds", _grounds),
    "existing service": ("plan.existing_service", str),
    "needs assessment": ("plan.needs_assessment", str),
    "engagement": ("plan.engagement", str),
    "partnership": ("plan.partnership", str),
    "pathways": ("plan.pathways", str),
    "voice of users": ("plan.service_user_voice", str),
    "early intervention": ("plan.early_intervention", _yes),
    "countywide": ("plan.countywide", _yes),
    "local need": ("plan.local_need", str),
    "co-design": ("plan.co_design", str),
    "local supplier": ("plan.local_supplier", _yes),
    "at risk": ("plan.at_risk", _yes),
    "safeguarding seen": ("plan.safeguarding_seen", _yes),
    "enterprise": ("plan.enterprise", _yes),
    "letters kept": ("plan.subsidy_letters", _yes),
    "bank verified": ("plan.bank_verified", _yes),
    "named in bid": ("plan.named_in_bid", _yes),
    "bid won on": ("plan.bid_won_on", _day),
    "partner leads": ("buying.partner_leads", _yes),
    "light touch": ("buying.light_touch", _yes),
    "envelope shown": ("buying.envelope_shown", _yes),
    "quality share": ("buying.quality_share", _count),
    "cost share": ("buying.cost_share", _count),
    "evidence": ("buying.single_tender_evidence", str),
    "approver authorised": ("buying.approver_authorised", _yes),
    "ground": ("buying.ground", str),
    "notices": ("buying.notices", _notices),
    "panel": ("buying.panel", _panel),
    "users invited": ("buying.users_invited", _yes),
    "why not invited": ("buying.users_not_invited_because", str),
    "whole contract": ("buying.whole_contract", _pence),
    "same supplier": ("history.same_supplier", _pence),
    "live awards": ("history.live_awards", _pence),
    "assistance": ("history.assistance", _pence),
}
"""Column of a table: the field of `Facts` that it gives, or of a part of it, and how its cells are read."""

CIRCUMSTANCES: Final[Mapping[str, Callable[[str], Any]]] = {"allocated": _pence, "available": _pence, "today": _day}


def _award(given: Mapping[str, str]) -> Award:
    told = {column: text for column, text in given.items() if text != NOT_GIVEN}
    if not {"kind", "amount"} <= set(told):
        raise ValueError("an award has a kind and an amount")
    parts: dict[str, dict[str, Any]] = {"": {}, "plan": {}, "buying": {}, "history": {}}
    for column in told.keys() & FACTS.keys():
        field, read = FACTS[column]
        part, _, name = field.rpartition(".")
        parts[part][name] = read(told[column])
    plan, buying, history = PlanFacts(**parts["plan"]), BuyingFacts(**parts["buying"]), History(**parts["history"])
    facts = Facts(**parts[""], plan=plan, buying=buying, history=history)
    around = {column: parse(told[column]) if column in told else None for column, parse in CIRCUMSTANCES.items()}
    asked_for_money = {"allocated", "available"} & set(given)
    money = Money(around["allocated"], around["available"]) if asked_for_money else None
    return Award(facts, around["today"] or TODAY, money)


def _allocation(given: Mapping[str, str]) -> Allocation:
    return Allocation(given["fund"], _pence(given["total"]))


def _deadline(given: Mapping[str, str]) -> Deadline:
    return Deadline(given["deadline"], _day(given["due"]))


# ------------------------------------------------------------------------------------------ cells that are expected


def _one_of(*words: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")

    return check


def _days(text: str) -> None:
    if text != NONE:
        for day in text.split(", "):
            _day(day)


def _verdicts(text: str) -> tuple[tuple[str, str], ...]:
    said = []
    for part in text.split(", "):
        rule, _, verdict = part.partition(" ")
        if rule not in PARAGRAPHS:
            raise ValueError(f"{rule!r} is no rule")
        _one_of(*Verdict, SILENT, QUIET)(verdict)
        said.append((rule, verdict))
    if len({rule for rule, _ in said}) < len(said):
        raise ValueError("a rule is named twice")
    return tuple(said)


def _says(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Z]\d): (\S.*)", text)
    if found is None or found[1] not in PARAGRAPHS:
        raise ValueError(f"{text!r} is no rule and its words: write P0: up to 6 months")
    return found[1], found[2]


BOOLEAN: Final = _one_of("yes", "no")
RHYTHM: Final = _one_of(NONE, "3 months", "6 months")

EXPECTED: Final[Mapping[str, Callable[[str], object]]] = {
    "tier": _one_of("light", "standard", "full"),
    "route": _one_of("none", "one_quote", "three_quotes", "tender", "single_tender"),
    "quotes": _one_of("0", "1", "3"),
    "website": BOOLEAN,
    "portal": _one_of("required", "advised", "no"),
    "panel member": BOOLEAN,
    "meetings every": RHYTHM,
    "meeting days": _days,
    "returns every": RHYTHM,
    "return days": _days,
    "verdicts": _verdicts,
    "says": _says,
}
"""Column of a table of awards that says what is expected, and what may stand in it."""

_HEARS: Final = {f"{person} hears": _days for person in ("recipient", "second contact", "officer", "director")}

SHAPES: Final[
    tuple[tuple[frozenset[str], Mapping[str, Callable[[str], object]], Callable[[Mapping[str, str]], Question]], ...]
] = (
    (frozenset({*FACTS, *CIRCUMSTANCES}), EXPECTED, _award),
    (frozenset({"fund", "total"}), {"can be awarded": _pence}, _allocation),
    (frozenset({"deadline", "due"}), _HEARS, _deadline),
)
"""The three kinds of table: what describes a case, what is expected of it, and how a row is read."""


# -------------------------------------------------------------------------------------------------- reading a table


@cache
def read_all(folder: Path = CASES) -> tuple[Row, ...]:
    """Every row of every table, in the order of the files. Raises MalformedError, also where two rows have one id."""
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    rows = [row for path in files for row in read_table_file(path.name, path.read_text(encoding="utf-8"))]
    seen: dict[str, Row] = {}
    for row in rows:
        if row.id in seen:
            raise MalformedError(f"{row.place}: {row.id} is the id of another row, {seen[row.id]}")
        seen[row.id] = row
    return tuple(rows)


def read_table_file(name: str, text: str) -> list[Row]:
    """The rows of one file's tables. Raises MalformedError, with the line, for whatever does not read as one."""
    rows: list[Row] = []
    heading = sentence = ""
    shared: dict[str, str] = {}
    columns: list[str] = []
    ruled = False
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{name}, line {number}"
        if line.startswith("|"):
            try:
                cells = _cells(line)
                if not columns:
                    if not heading or not sentence:
                        raise ValueError("a table has a heading, and a sentence of what it shows")
                    _shape(cells, shared)
                    columns, ruled = cells, False
                elif not ruled:
                    if len(cells) != len(columns) or not all(re.fullmatch(r"-{3,}", cell) for cell in cells):
                        raise ValueError("under its columns a table has a line of ---")
                    ruled = True
                else:
                    rows.append(_row(place, columns, shared, cells))
            except (ValueError, KeyError) as problem:
                raise MalformedError(f"{place}: {problem}") from problem
            continue
        if columns:
            columns, shared, sentence = [], {}, ""
        if line.startswith("#"):
            heading, sentence = line.lstrip("# "), ""
        elif line.startswith("All rows:"):
            shared = _shared(place, line)
        elif line.strip():
            sentence = line
    return rows


def _cells(line: str) -> list[str]:
    if not line.endswith("|"):
        raise ValueError("a row ends with a bar")
    cells = [cell.strip() for cell in line[1:-1].split("|")]
    if not all(cells):
        raise ValueError(f"a cell is empty: write {NOT_GIVEN} for what is not given, {NONE} for nothing expected")
    return cells


def _shared(place: str, line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in line.removeprefix("All rows:").strip().removesuffix(".").split("; "):
        column, equals, value = part.partition(" = ")
        if not (column and equals and value.strip()) or column in found:
            raise MalformedError(f"{place}: {part!r} is not one column = one value")
        found[column] = value.strip()
    return found


def _shape(
    columns: list[str], shared: Mapping[str, str]
) -> tuple[Mapping[str, Callable[[str], object]], Callable[[Mapping[str, str]], Question]]:
    """What a table with these columns expects, and how its rows are read."""
    if columns[:2] != ["id", "case"]:
        raise ValueError("a table begins with id and case")
    named = [*shared, *columns[2:]]
    if len(set(named)) < len(named):
        raise ValueError("a column is named twice")
    for given, expected, read in SHAPES:
        if {*named} & {*expected} and {*named} <= {*given, *expected}:
            if {*shared} & {*expected}:
                raise ValueError("what is expected stands in the row itself")
            return expected, read
    known = {name for given, expected, _ in SHAPES for name in (*given, *expected)}
    unknown = sorted({*named} - known)
    raise ValueError(f"unknown: {', '.join(unknown)}" if unknown else "no column says what is expected of such rows")


def _row(place: str, columns: list[str], shared: Mapping[str, str], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under {len(columns)} columns")
    written = dict(zip(columns, cells, strict=True))
    expects, read = _shape(columns, shared)
    number, words = written.pop("id"), written.pop("case")
    if not re.fullmatch(r"[A-Z0-9]+-\d\d", number):
        raise ValueError(f"{number!r} is no id: write R1-01")
    expected = {column: text for column, text in written.items() if column in expects}
    for column, text in expected.items():
        try:
            expects[column](text)
        except ValueError as problem:
            raise ValueError(f"{column}: {problem}") from problem
    given = {**shared, **{column: text for column, text in written.items() if column not in expects}}
    return Row(number, words, place, read(given), expected)


# ------------------------------------------------------------------------------------------------ asking the rules


def differences(row: Row, policy: Policy) -> list[str]:
    """Where the rules' answer under this policy is not as the row has it; nothing where all of it is."""
    match row.asks:
        case Award(facts, today, money):
            return _award_differences(row, assess(facts, policy, today, money))
        case Allocation(fund_id, total):
            fund = policy.fund(fund_id)
            assert fund is not None, f"{fund_id} is no fund of the policy"
            answered = {"can be awarded": _pounds(allocatable(total, fund))}
        case Deadline(kind, due):
            days = nudge_dates(due, policy.nudge_steps[kind], bank_holidays())
            answered = {
                column: _in_words(day for step, day in days if f"{step.to.replace('_', ' ')} hears" == column)
                for column in _HEARS
            }
    return [_told(column, text, answered[column]) for column, text in row.expected.items() if answered[column] != text]


def _award_differences(row: Row, answer: Assessment) -> list[str]:
    answered = _in_columns(answer)
    found = []
    for column, text in row.expected.items():
        if column == "verdicts":
            said = {finding.rule: str(finding.verdict) for finding in answer.findings}
            for rule, verdict in _verdicts(text):
                answered_so = said.get(rule, SILENT)
                if answered_so not in ((Verdict.MET, SILENT) if verdict == QUIET else (verdict,)):
                    found.append(_told(rule, verdict, answered_so))
        elif column == "says":
            rule, words = _says(text)
            because = " ".join(finding.because for finding in answer.findings if finding.rule == rule)
            if words not in because:
                found.append(_told(rule, words, because))
        elif answered[column] != text:
            found.append(_told(column, text, answered[column]))
    return found


def _in_columns(answer: Assessment) -> dict[str, str]:
    bought = answer.procurement
    return {
        "tier": str(answer.tier),
        "route": str(bought.route),
        "quotes": str(bought.quotes),
        "website": _yes_or_no(bought.website),
        "portal": str(bought.portal),
        "panel member": _yes_or_no(bought.independent_panel_member),
        "meetings every": _rhythm(answer.meetings.every_months),
        "meeting days": _in_words(answer.meetings.due),
        "returns every": _rhythm(answer.returns.every_months),
        "return days": _in_words(answer.returns.due),
    }


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _rhythm(months: int | None) -> str:
    return f"{months} months" if months else NONE


def _told(what: str, written: str, answered: str) -> str:
    return f"{what}: written {written}; answered {answered}"
