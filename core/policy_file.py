"""The policy file: reads TOML, checks it, and hands the rules a `Policy`; and the days that nobody works.

A wrong file never becomes a policy: it raises `PolicyError`, whose text is one line that says where, what and how to
mend it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from govuk_bank_holidays.bank_holidays import BankHolidays
from pydantic import ValidationError

from core.policy_checks import Where, contradictions, form_faults
from core.policy_shape import File
from core.policy_words import shape_faults
from core.rules import policy as rules
from core.rules.money import pounds

__all__ = [
    "FORMAT",
    "SHIPPED",
    "PolicyError",
    "bank_holidays",
    "begins_later",
    "came_later",
    "policy_as_data",
    "policy_from_text",
    "policy_text",
    "read_policy",
    "stored_policy",
]

SHIPPED: Final = Path(str(resources.files("core").joinpath("policy.toml")))
"""The policy that the desk comes with."""

FORMAT: Final = 5
"""The format of the file that this desk writes. An older one is read with what came later as it is shipped."""

_FORMATS: Final = range(1, FORMAT + 1)


class PolicyError(Exception):
    """A policy file that cannot be used. Its text is one line: the first fault; `faults` has all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep every fault; the text is the first, and how many follow."""
        more = len(faults) - 1
        super().__init__(faults[0] + (f" (and {more} more)" if more else ""))
        self.faults = tuple(faults)


# ------------------------------------------------------------------------------------------------------- reading


def read_policy(path: Path) -> rules.Policy:
    """The policy in this file. Raises PolicyError where it is missing, is no TOML, or says what cannot be."""
    return policy_from_text(policy_text(path), path.name)


def stored_policy(text: str, name: str) -> rules.Policy:
    """The policy of a version that was good when it was stored: later checks do not take it away (A4)."""
    return _shaped(text, name).policy()


def policy_from_text(text: str, name: str = "policy") -> rules.Policy:
    """The policy in this text; `name` is what a PolicyError calls it."""
    file, lines = _shaped(text, name), _lines(text)
    wrong = [_said(name, lines, where, message) for where, message in contradictions(file, _shipped_units())]
    if wrong:
        raise PolicyError(wrong)
    policy = file.policy()
    wrong = [_said(name, lines, where, message) for where, message in form_faults(policy)]
    if wrong:
        raise PolicyError(wrong)
    return policy


def _shaped(text: str, name: str) -> File:
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise PolicyError([f"{name} is not TOML that can be read: it is nested too deeply. Correct it."]) from None
    except ValueError as error:  # TOML's own, and Python's about a number of thousands of digits
        raise PolicyError([f"{name} is not TOML: {error}. Correct that line."]) from None
    lines = _lines(text)
    if data.get("format", 1) not in _FORMATS or isinstance(data.get("format"), bool | float):
        raise PolicyError([_said(name, lines, ("format",), f"this desk reads the formats 1 to {FORMAT}: correct it")])
    try:
        return File.model_validate(_brought_up(data))
    except ValidationError as error:
        raise PolicyError([_said(name, lines, *fault) for fault in shape_faults(error)]) from None


def came_later(text: str) -> tuple[str, ...]:
    """What a file of an older format does not say, and so holds as it is shipped, such as "figures.forum_months"."""
    data = tomllib.loads(text)
    return tuple(name for name, missing in _later(data) if missing)


_DATED_ROWS: Final = ("delegations", "notices", "thresholds")
"""Rows that hold from their own day on, whenever the policy came into force."""


def begins_later(text: str, name: str, day: date) -> tuple[str, ...]:
    """A fault for each figure that holds only from after `day`; rows that wait for their own day are none."""
    data = {key: value for key, value in tomllib.loads(text).items() if key not in _DATED_ROWS}
    lines = _lines(text)
    remedy = f"later than {day}, when the policy comes into force: give that day with --from, or correct it"
    return tuple(_said(name, lines, where, f"it holds from {since}, {remedy}") for where, since in _since(data, day))


def _since(value: Any, day: date, where: Where = ()) -> Iterable[tuple[Where, date]]:
    """Where a day from which something holds is later than `day`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "since" and isinstance(inner, date):
                since = date(inner.year, inner.month, inner.day)  # TOML may have a time of day with it
                if since > day:
                    yield (*where, key), since
            yield from _since(inner, day, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _since(inner, day, (*where, index))


_FIGURES_OF: Final[Mapping[int, tuple[str, ...]]] = {
    2: (
        "decision_days", "power_grants", "power_victims", "over_allocation", "chief_finance_over", "subsidy_limit",
        "subsidy_years", "buying_together_months", "meeting_invitation_days", "forum_months", "review_months",
        "historic_review_months", "published_items_over", "published_copies_over", "publication_working_day",
        "light_application_questions", "light_return_questions", "full_plan_months_plan", "full_plan_months_do",
    ),
    3: (
        "answer_days",
        "more_time_days", "receipts_from",
        "allocation_years_ahead",
        "similar_bid_months", "similar_amount_share", "return_link_months", "renewed_link_days", "start_link_days",
        "link_mails_an_hour", "link_mails_a_day", "budget_lines_in_form", "budget_lines_at_most",
        "largest_document", "documents_together", "documents_at_most", "constitution_from",
    ),
    4: (
        "bank_details_a_day", "refused_shown_days", "signed_in_hours",
        "slack_code_minutes", "slack_code_tries", "slack_codes_an_hour",
        "digest_day", "digest_hour", "quiet_from", "quiet_until",
    ),
    5: ("overdue_return_blocks", "closing_days", "snooze_days", "annual_report_months", "agreement_days"),
}  # fmt: skip
"""The figures that came with each format after the first."""

_TABLES_OF: Final[Mapping[int, tuple[str, ...]]] = {
    2: ("thresholds", "notices", "retention"),
    3: (),
    4: ("criteria",),
    5: (),
}
"""The tables that came with each format after the first."""


_NUDGES_OF: Final[Mapping[int, tuple[str, ...]]] = {
    2: (), 3: (), 4: (),
    5: (
        "decision", "answer", "agreement", "payment", "review", "retention", "forum", "bid", "window-opens",
        "window-closes", "opportunity", "publication", "annual-report",
    ),
}  # fmt: skip
"""The kinds of deadline whose steps came with each format after the first."""


def _format_of(data: Mapping[str, Any]) -> int:
    """The format that a file says it has; 1 where it says none."""
    return int(data.get("format", 1))


def _came_after(data: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """The figures, the tables and the kinds of deadline that came after the file's format."""
    formats = range(_format_of(data) + 1, FORMAT + 1)
    figures, tables, kinds = (
        [name for one in formats for name in came[one]] for came in (_FIGURES_OF, _TABLES_OF, _NUDGES_OF)
    )
    return figures, tables, kinds


def _later(data: Mapping[str, Any]) -> Iterable[tuple[str, bool]]:
    """What came after the file's format, and whether the file is without it."""
    figures, tables, kinds = _came_after(data)
    there, nudges = data.get("figures", {}), data.get("nudges", {})
    yield from ((f"figures.{name}", name not in there) for name in figures)
    yield from ((name, name not in data) for name in tables)
    yield from ((f"nudges.{kind}", kind not in nudges) for kind in kinds)


def _brought_up(data: Mapping[str, Any]) -> dict[str, Any]:
    """A file of an older format as one of this format: what came later is as shipped, since it was not in use then."""
    brought = dict(data)
    first = _format_of(data) == 1
    if _format_of(data) == FORMAT or not isinstance(data.get("figures", {}), dict):
        return brought
    figures, tables, kinds = _came_after(data)
    shipped = _shipped_data()
    brought["format"] = FORMAT
    brought["figures"] = {name: shipped["figures"][name] for name in figures} | data.get("figures", {})
    if INVITATION in figures and INVITATION not in data.get("figures", {}):
        brought["figures"][INVITATION] = {**shipped["figures"][INVITATION], **_first_invitation(data)}
    brought |= {name: shipped[name] for name in tables if name not in data}
    if isinstance(data.get("nudges", {}), dict):
        brought["nudges"] = {kind: shipped["nudges"][kind] for kind in kinds} | data.get("nudges", {})
    if first and isinstance(data.get("funds"), list):
        brought["funds"] = [_fund_of_1(fund) if isinstance(fund, dict) else fund for fund in data["funds"]]
    return brought


INVITATION: Final = "meeting_invitation_days"


def _first_invitation(data: Mapping[str, Any]) -> dict[str, int]:
    """When invitations to meetings go out by a file that says it only in its steps: on the first of them (R2)."""
    try:
        return {"value": -min(step["days"] for step in data["nudges"]["meeting"]["steps"])}
    except (LookupError, TypeError, ValueError):
        return {}  # what is wrong with the steps is said of the steps


def _fund_of_1(fund: Mapping[str, Any]) -> dict[str, Any]:
    if fund.get("government_grant"):
        after = rules.YearEnd.REPAYABLE
    else:
        after = rules.YearEnd.CARRIED_FORWARD if fund.get("rule") == "F4" else rules.YearEnd.RETURNED
    return {"after_year_end": after.value, **fund}


@cache
def _shipped_data() -> dict[str, Any]:
    return tomllib.loads(policy_text(SHIPPED))


@cache
def _shipped_units() -> Mapping[Where, str]:
    """The unit of each figure, by its place: of the office, of the figures, and of any fund."""
    data = _shipped_data()
    figures = [((part, name), row) for part in ("office", "figures") for name, row in data[part].items()]
    funds = [(("funds", name), row) for fund in data["funds"] for name, row in fund.items() if isinstance(row, dict)]
    return {place: row["unit"] for place, row in (*figures, *funds)}


@cache
def bank_holidays() -> frozenset[date]:
    """The bank holidays of England and Wales, from the official list that comes with the package; no network."""
    holidays = BankHolidays(use_cached_holidays=True)
    return frozenset(row["date"] for row in holidays.get_holidays(division=BankHolidays.ENGLAND_AND_WALES))


def policy_as_data(policy: rules.Policy) -> dict[str, Any]:
    """The whole policy as JSON-ready data: money as pounds ("5000.00"), days as YYYY-MM-DD, shares as "1/3"."""
    figures = {
        field.name: _plain_value(value)
        for field in dataclass_fields(policy)
        if isinstance(value := getattr(policy, field.name), rules.Figure) and field.name not in ("plan", "areas")
    }
    return {
        "office": _plain_value(policy.office),
        "tiers": [_band_data(band) for band in policy.tiers],
        "buying": [_band_data(band) for band in policy.buying],
        "figures": figures | {"plan_objectives": _plain_value(policy.plan), "csp_areas": _plain_value(policy.areas)},
        "plan_objectives": [{"id": objective.id, "text": objective.text} for objective in policy.plan_objectives],
        "csp_areas": list(policy.csp_areas),
        "nudges": {kind: _plain_value(steps) for kind, steps in policy.nudges},
        "thresholds": [_plain_value(row) | {"value": pounds(row.value), "unit": "pounds"} for row in policy.thresholds],
        "notices": [_plain_value(row) for row in policy.notices],
        "retention": [_plain_value(row) for row in policy.retention],
        "questions": [_plain_value(row) for row in policy.questions],
        "criteria": [_plain_value(row) for row in policy.criteria],
        "funds": [_plain_value(fund) for fund in policy.funds],
        "delegations": [
            _plain_value(row) | {"upper_limit": pounds(row.upper_limit), "rule": "A1", "unit": "pounds"}
            for row in policy.delegations
        ],
        "pauses": [_plain_value(row) for row in policy.pauses],
    }


def policy_text(path: Path) -> str:
    """The text of a policy file. Raises PolicyError where it is missing, or is no text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyError([f"{path} cannot be read ({error.strerror}). Name a policy file that is there."]) from None
    except UnicodeDecodeError:
        raise PolicyError([f"{path.name} is not text in UTF-8. Save it as UTF-8."]) from None


# ---------------------------------------------------------------------------------------- saying what is wrong


def _said(name: str, lines: Mapping[Where, int], where: Where, message: str) -> str:
    line = next((lines[where[:length]] for length in range(len(where), 0, -1) if where[:length] in lines), None)
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    return f"{name}{f' line {line}' if line else ''}: {place}: {message}"


_TABLE: Final = re.compile(r"\[(?P<many>\[)?\s*(?P<path>[A-Za-z0-9_.-]+)\s*\]")
_KEY: Final = re.compile(r"(?P<key>[A-Za-z0-9_-]+)\s*=")


def _lines(text: str) -> dict[Where, int]:
    """Where each table and key of a TOML text stands; what is inside an inline table counts as its key's line."""
    lines: dict[Where, int] = {}
    rows: Counter[Where] = Counter()
    table: Where = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _TABLE.match(line):
            path: Where = tuple(heading["path"].split("."))
            table = path
            if heading["many"]:
                lines.setdefault(path, number)
                table = (*path, rows[path])
                rows[path] += 1
            lines[table] = number
        elif key := _KEY.match(line):
            lines[(*table, key["key"])] = number
    return lines


# -------------------------------------------------------------------------------------------------------- as data


def _plain_value(value: Any) -> Any:
    if isinstance(value, rules.Figure):
        money = value.unit == "pence"
        return {
            "value": pounds(value.value) if money and value.value is not None else _plain_value(value.value),
            "unit": "pounds" if money else value.unit,
            "rule": value.rule,
            "source": value.source,
            "since": value.since.isoformat(),
        }
    if is_dataclass(value):
        return {field.name: _plain_value(getattr(value, field.name)) for field in dataclass_fields(value)}
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Fraction) else value


def _band_data(band: rules.Band[Any]) -> dict[str, Any]:
    return {
        "name": _plain_value(band.name),
        "from": pounds(band.lowest),
        "below": None if band.below is None else pounds(band.below),
        "unit": "pounds",
        "rule": band.rule,
        "source": band.source,
        "since": band.since.isoformat(),
    }
