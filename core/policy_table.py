"""The policy as a table: every figure with its value, unit, rule, source and day, in words that people read.

`award-desk policy show`, the public page and what a new version changes are all made from these lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from core.policy_labels import LABELS
from core.rules.calendar import date_text
from core.rules.falling_due import named
from core.rules.money import display
from core.rules.policy import (
    Ages,
    Band,
    CspRoute,
    Delegation,
    Figure,
    Fund,
    Kind,
    NudgeStep,
    Objective,
    OrganisationType,
    Pause,
    Policy,
    Purpose,
    Route,
    YearEnd,
)
from core.rules.questions import ORGANISATION_TYPES, PURPOSES
from core.rules.sources import PARAGRAPHS, TITLES

__all__ = ["NO_DELEGATION", "Change", "Group", "Line", "changes", "grouped", "lines"]

NO_DELEGATION: Final = "None: the Commissioner alone decides."
NOT_SET: Final = "not set"

_GROUPS: Final = (
    ("size", "How much counts as what"),
    ("buying", "Buying"),
    ("monitoring", "Returns and meetings"),
    ("deciding", "Who decides"),
    ("plan", "What awards are for"),
    ("funds", "The funds"),
    ("money", "Money and payment"),
    ("deadlines", "Deadlines and nudges"),
    ("words", "What people agree to"),
    ("forms", "What the forms ask"),
    ("records", "Publication and records"),
    ("office", "The office"),
)
"""The groups of the table and their headings, in the order in which they are read."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    `key` is where it stands in the file, such as "figures.meetings_over"; `row` the row that it is a part of, such as
    "funds.youth-fund", or "", and `whose` the name of the fund whose line it is. `value` has one text, or several where
    the figure is a list. A line that `shares` its source has it from its row.
    """

    key: str
    group: str
    label: str
    value: tuple[str, ...]
    unit: str
    rule: str
    source: str
    since: date
    row: str = ""
    shares: bool = False
    whose: str = ""

    @property
    def said(self) -> str:
        """The value with its unit, in one text: "6 months"."""
        return with_unit("; ".join(self.value), self.unit)

    @property
    def title(self) -> str:
        """What people call its rule."""
        return TITLES[self.rule]

    @property
    def paragraph(self) -> str:
        """What its rule rests on; the figure's own `source` says who set the figure."""
        return PARAGRAPHS[self.rule]


@dataclass(frozen=True)
class Group:
    """Lines that are read together, under a heading."""

    id: str
    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Change:
    """What another policy says differently: `kind` is "changed", "added", "removed" or "source".

    With "source" the value stays, and who set it, from when, or under which rule is new. Of a list `taken_out` and
    `put_in` are what is in one of the two only. `old_source`: the value is new, and the source and the day that it
    claims are those of the old one.
    """

    kind: str
    key: str
    label: str
    before: str
    after: str
    rule: str
    paragraph: str
    taken_out: tuple[str, ...] = ()
    put_in: tuple[str, ...] = ()
    old_source: bool = False

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"taken_out": list(self.taken_out), "put_in": list(self.put_in)}

    @property
    def said(self) -> str:
        """In a line: "Meetings over: £10,000 → £12,000"."""
        if self.kind == "added":
            return f"{self.label}: added: {self.after}"
        if self.kind == "removed":
            return f"{self.label}: taken away; it was {self.before}"
        if self.taken_out or self.put_in:
            parts = (("taken out", self.taken_out), ("put in", self.put_in))
            told = [f"{what}: {'; '.join(texts)}" for what, texts in parts if texts]
            return f"{self.label}: {', '.join(told)}"
        return f"{self.label}: {self.before} → {self.after}"


# ------------------------------------------------------------------------------------------------- values in words

_ROUTES: Final = {
    Route.NONE: "nothing",
    Route.ONE_QUOTE: "one written quote",
    Route.THREE_QUOTES: "three written quotes",
    Route.TENDER: "competitive tender",
    Route.SINGLE_TENDER: "single tender agreement",
}
_CSP: Final = {
    CspRoute.APPLICANT: "it applies",
    CspRoute.ENDORSER: "it may endorse an application",
    CspRoute.NONE: "it has no part",
}
_YEAR_END: Final = {
    YearEnd.REPAYABLE: "repaid to the government",
    YearEnd.CARRIED_FORWARD: "carried forward",
    YearEnd.RETURNED: "returned to the office's general money",
}
_KINDS: Final = {
    Kind.GRANT: "grant",
    Kind.CONTRACT: "contract",
    Kind.CO_COMMISSIONED: "contribution to a co-commissioned contract",
    Kind.INVOICE: "paid invoice",
}
_WORDS: Final[Mapping[type[StrEnum], Mapping[Any, str]]] = {
    Kind: _KINDS,
    Route: _ROUTES,
    CspRoute: _CSP,
    YearEnd: _YEAR_END,
    Purpose: PURPOSES,
    OrganisationType: ORGANISATION_TYPES,
}
_COUNTED: Final = ("months", "days", "years", "questions", "outcomes", "lines", "characters", "financial years")


def with_unit(value: str, unit: str) -> str:
    """A number with what it counts, "1 month", "1/3 of the allocation"; another value as it is."""
    if unit.startswith("share of ") and value != NOT_SET:
        return f"{value} {unit.removeprefix('share ')}"
    if not value.isdecimal():
        return value
    counted, space, rest = unit.partition(" ")
    if value == "1" and counted in _COUNTED:
        counted = counted.removesuffix("s")
    return f"{value} {counted}{space}{rest}"


def _one(value: Any, unit: str) -> str:
    match value:
        case None | "":
            return NOT_SET
        case bool():
            return "yes" if value else "no"
        case int() if unit == "pence":
            return display(value)
        case date():
            return date_text(value)
        case Fraction():
            return str(value) if value else "none"
        case StrEnum():
            return _WORDS.get(type(value), {}).get(value, value.value.replace("_", " "))
        case Ages():
            return f"{value.lowest} to {value.highest}, or to {value.highest_with_send} with SEND"
    return str(value)


_NONE: Final = ("none",)
"""A list with nothing in it, told."""


def _texts(value: Any, unit: str) -> tuple[str, ...]:
    if isinstance(value, tuple):
        if value and all(isinstance(one, NudgeStep) for one in value):
            return _steps(value)
        return tuple(_one(one, unit) for one in value) or _NONE
    return (_one(value, unit),)


def _steps(steps: Sequence[NudgeStep]) -> tuple[str, ...]:
    told: dict[tuple[int, str, str], list[str]] = {}
    for step in steps:
        told.setdefault((step.days, step.says, step.otherwise), []).append(step.to.replace("_", " "))
    return tuple(
        " ".join([f"{_when(days)}: {', '.join(to)}", *(f"“{text}”" for text in texts if text)])
        for (days, *texts), to in told.items()
    )


def _when(days: int) -> str:
    if days == 0:
        return "on the day"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{count} {'before' if days < 0 else 'after'}"


def _range(band: Band[Any]) -> str:
    if band.below is None:
        return f"{display(band.lowest)} and above"
    if band.lowest == 0:
        return f"below {display(band.below)}"
    return f"{display(band.lowest)} and above, below {display(band.below)}"


# --------------------------------------------------------------------------------------------------- names of lines

_GROUP_OF_RULE: Final = {
    "V": "plan", "L": "plan", "F": "money", "P": "size", "U": "forms", "N": "forms", "D": "plan", "T": "buying",
    "R": "monitoring", "A": "deciding", "W": "records",
}  # fmt: skip
_GROUP_OF_KEY: Final = {
    "figures.acceptance_days": "deadlines",
    "figures.decision_days": "deadlines",
    "figures.answer_days": "deadlines",
    "figures.agreement_days": "deadlines",
    "figures.subsidy_limit": "money",
    "figures.subsidy_years": "money",
    "figures.historic_review_months": "monitoring",
    "figures.csp_areas": "plan",
    "figures.declaration": "words",
    "figures.terms": "words",
    "figures.light_application_questions": "forms",
    "figures.light_return_questions": "forms",
    "figures.bank_details_a_day": "money",
    "figures.largest_document": "forms",
    "figures.documents_together": "forms",
    "figures.documents_at_most": "forms",
    "figures.constitution_from": "forms",
    "figures.largest_application": "forms",
    "figures.long_answer_characters": "forms",
    "figures.budget_lines_in_form": "forms",
    "figures.budget_lines_at_most": "forms",
    "figures.short_answer_characters": "forms",
    "figures.reference_alphabet": "records",
    "figures.reference_length": "records",
}


def _group(key: str, rule: str) -> str:
    if rule == "D0":
        return "deadlines"
    return _GROUP_OF_KEY.get(key) or _GROUP_OF_RULE.get(rule[0], "records")


def _label(key: str) -> str:
    return LABELS.get(key) or key.rpartition(".")[2].replace("_", " ").replace("-", " ").capitalize()


# ---------------------------------------------------------------------------------------------------------- lines


def lines(policy: Policy) -> tuple[Line, ...]:
    """Every line of the table, in the order of the file. Two policies that differ have lines that differ."""
    return (
        *(_figure(f"office.{name}", figure, "office") for name, figure in _figures(policy.office)),
        *(_band(f"tiers.{band.name.value}", band, "size") for band in policy.tiers),
        *(_band(f"buying.{band.name.value}", band, "buying") for band in policy.buying),
        *(_figure(_FILED.get(name, f"figures.{name}"), figure) for name, figure in _figures(policy) if name != "plan"),
        *_objectives(policy.plan),
        *(_figure(f"nudges.{kind}", steps, "deadlines") for kind, steps in policy.nudges),
        *_rows(policy),
        *(line for fund in policy.funds for line in _fund(fund)),
        *_delegations(policy.delegations),
        *_pauses(policy.pauses),
    )


_THRESHOLDS: Final = {
    "covered": "where the Act covers the contract",
    "notifiable": "where a smaller contract has notices",
}
_FILED: Final = {"areas": "figures.csp_areas"}
"""Where the file has what the policy has under another name."""


def _objectives(plan: Figure[tuple[Objective, ...]]) -> Iterator[Line]:
    whose = (plan.rule, plan.source, plan.since)
    for place, one in enumerate(plan.value):
        key = f"plan.objectives.{one.id}"
        yield Line(key, "plan", "Objective of the Plan", (one.text,), "text", *whose, row=key, shares=place > 0)


def _figures(holder: Any) -> Iterator[tuple[str, Figure[Any]]]:
    for field in fields(holder):
        value = getattr(holder, field.name)
        if isinstance(value, Figure):
            yield field.name, value


def _figure(key: str, figure: Figure[Any], group: str = "") -> Line:
    return Line(
        key,
        group or _group(key, figure.rule),
        _label(key),
        _texts(figure.value, figure.unit),
        "pounds" if figure.unit == "pence" else figure.unit,
        figure.rule,
        figure.source,
        figure.since,
    )


def _band(key: str, band: Band[Any], group: str) -> Line:
    return Line(key, group, _label(key), (_range(band),), "pounds", band.rule, band.source, band.since, row=key)


def _rows(policy: Policy) -> Iterator[Line]:
    """What the file has as rows of a table of their own."""
    for threshold in policy.thresholds:
        key = f"thresholds.{threshold.id}.{threshold.since.isoformat()}"
        label = _label(f"thresholds.{threshold.id}")
        yield _row(key, "buying", label, display(threshold.value), "pounds", threshold)
    for notice in policy.notices:
        when = "recorded before signing" if notice.before_signing else "recorded after signing"
        routes = ", ".join(_one(route, "") for route in notice.routes)
        text = f"{notice.by}; {when}; for: {routes}; {_THRESHOLDS[notice.threshold]}"
        key = f"notices.{notice.id}.{notice.since.isoformat()}"
        yield _row(key, "buying", notice.name, text, "notice", notice)
    for kept in policy.retention:
        text = with_unit(str(kept.months), "months") + f" from {kept.counted_from}"
        yield _row(f"retention.{kept.id}", "records", kept.what, text, "months", kept)
    for asked in policy.questions:
        told = [asked.title, asked.label, asked.hint, f"answer: {asked.kind.replace('_', ' ')}"]
        told += [f"choices: {', '.join(asked.choices)}" if asked.choices else ""]
        told += [f"at most {asked.word_limit} words" if asked.word_limit is not None else ""]
        told += ["must be answered" if asked.required else "may stay empty"]
        told += [f"from the {asked.least_tier.value} tier on", f"asked by {', '.join(asked.funds or ('every fund',))}"]
        text = "; ".join(part for part in told if part)
        yield _row(
            f"questions.{asked.form}.{asked.id}", "forms", f"Question of the {asked.form}", text, "question", asked
        )
    for row in policy.criteria:
        text = (
            f"{row.text}; 0 to {row.highest} points; weight {row.weight}; for {', '.join(row.funds or ('every fund',))}"
        )
        key = ".".join(["criteria", row.id, *(row.funds or ())])
        yield _row(key, "deciding", "What a panel scores by", text, "points", row)


def _row(key: str, group: str, label: str, text: str, unit: str, row: Any) -> Line:
    return Line(key, group, label, (text,), unit, row.rule, row.source, row.since, row=key)


def _fund(fund: Fund) -> Iterator[Line]:
    row = f"funds.{fund.id}"
    windows = tuple(f"{date_text(one.opens)} to {date_text(one.closes)}" for one in fund.windows)
    plain: tuple[tuple[str, str, Any], ...] = (
        ("name", "Name", fund.name),
        ("description", "What it is", fund.description),
        ("purposes", "What it is for", fund.purposes),
        ("organisation_types", "Who may apply", fund.organisation_types),
        ("csp_route", "A Community Safety Partnership's part", fund.csp_route),
        ("open_to_applications", "Takes applications", fund.open_to_applications),
        ("windows", "Open", windows or "all year"),
        ("kinds", "Kinds of award", fund.kinds),
        ("documents_at_once", "Documents come with the application", fund.documents_at_once),
        ("government_grant", "A government grant", fund.government_grant),
        ("after_year_end", "What is left after 31 March is", fund.after_year_end),
        ("letters", "Letters of its references", fund.letters),
    )
    for name, label, value in plain:
        of = (fund.rule, fund.source, fund.since, row, name != "name", fund.name)
        yield Line(f"{row}.{name}", "funds", label, _texts(value, ""), "text", *of)
    for name, label in (("cap", "At most"), ("ages", "Ages"), ("held_share", "Held for the Constabulary")):
        figure = getattr(fund, name)
        if figure is not None:
            yield replace(_figure(f"{row}.{name}", figure, "funds"), label=label, row=row, whose=fund.name)


def _delegations(rows: Iterable[Delegation]) -> Iterator[Line]:
    seen: dict[str, int] = {}
    for row in rows:
        kinds = ", ".join(_one(kind, "") for kind in row.kinds)
        funds = ", ".join(row.funds) if row.funds is not None else "every fund"
        key = f"delegations.{row.role.value}.{'+'.join(row.kinds)}.{'+'.join(row.funds or ('every-fund',))}"
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            key = f"{key}.{seen[key]}"
        label = f"{_one(row.role, '').capitalize()}, {kinds}, {funds}"
        text = f"up to {display(row.upper_limit)}"
        yield Line(key, "deciding", label, (text,), "pounds", "A1", row.source, row.since, row=key)


def _pauses(rows: Iterable[Pause]) -> Iterator[Line]:
    for row in rows:
        key = f"pauses.{row.first.isoformat()}.{'+'.join(row.holds)}"
        until = f"to {date_text(row.until)}" if row.until is not None else "until the office says otherwise"
        text = f"{date_text(row.first)} {until}: {row.why}; holds {', '.join(named(kind).plural for kind in row.holds)}"
        yield Line(key, "deadlines", "A pause", (text,), "pause", "D0", row.source, row.first, row=key)


def grouped(policy: Policy) -> tuple[Group, ...]:
    """The lines in their groups, in the order in which they are read; a group without a line is left out."""
    found = lines(policy)
    groups = (Group(name, heading, tuple(line for line in found if line.group == name)) for name, heading in _GROUPS)
    return tuple(group for group in groups if group.lines)


# -------------------------------------------------------------------------------------------------------- changes


def changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    """What the second policy says differently, in the order of its lines; what it takes away comes last."""
    old, new = {line.key: line for line in lines(before)}, {line.key: line for line in lines(after)}
    old_rows, new_rows = {line.row for line in old.values()}, {line.row for line in new.values()}
    found: dict[str, Change] = {}
    for key, line in new.items():
        if line.row and line.row not in old_rows:
            found.setdefault(line.row, _whole_row("added", line.row, new))
        elif key not in old:
            found[key] = _change("changed", line, "none", line.said)
        elif old[key].value != line.value or old[key].label != line.label:
            found[key] = _changed(old[key], line)
        elif _provenance(old[key]) != _provenance(line) and not line.shares:
            found[key] = _change("source", line, _whence(old[key]), _whence(line))
    for key, line in old.items():
        if line.row and line.row not in new_rows:
            found.setdefault(line.row, _whole_row("removed", line.row, old))
        elif key not in new:
            found[key] = _change("changed", line, line.said, "none")
    return tuple(found.values())


def _change(kind: str, line: Line, before: str, after: str) -> Change:
    label = f"{line.whose}: {line.label}" if line.whose else line.label
    return Change(kind, line.key, label, before, after, line.rule, line.paragraph)


def _changed(old: Line, new: Line) -> Change:
    old_source = (old.source, old.since) == (new.source, new.since)
    if old.label != new.label:
        told = _change("changed", new, f"{old.label}: {old.said}", f"{new.label}: {new.said}")
        return replace(told, old_source=old_source)
    told = replace(_change("changed", new, old.said, new.said), old_source=old_source)
    if len(old.value) == len(new.value) == 1 or _NONE in (old.value, new.value):
        return told
    taken_out = tuple(one for one in old.value if one not in new.value)
    return replace(told, taken_out=taken_out, put_in=tuple(one for one in new.value if one not in old.value))


def _whole_row(kind: str, row: str, table: dict[str, Line]) -> Change:
    parts = [line for line in table.values() if line.row == row]
    first = parts[0]
    text = first.said if len(parts) == 1 else "; ".join(f"{part.label}: {part.said}" for part in parts)
    label = first.whose or first.label
    before, after = ("", text) if kind == "added" else (text, "")
    return Change(kind, row, label, before, after, first.rule, first.paragraph)


def _provenance(line: Line) -> tuple[str, str, str, date]:
    return line.unit, line.rule, line.source, line.since


def _whence(line: Line) -> str:
    return f"{line.unit}, rule {line.rule}, {line.source}, since {date_text(line.since)}"
