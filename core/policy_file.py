"""The policy file: reads TOML, checks it, and hands the rules a `Policy`; and the days that nobody works.

A wrong file never becomes a policy: it raises `PolicyError`, whose text is one line that says where, what and how to
mend it.
"""

import hashlib
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from govuk_bank_holidays.bank_holidays import BankHolidays
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from core.rules import policy as rules
from core.rules.money import MoneyError, pence_from_api, pounds
from core.rules.sources import PARAGRAPHS

__all__ = [
    "SHIPPED",
    "PolicyError",
    "PolicyShelf",
    "bank_holidays",
    "policy_as_data",
    "policy_from_text",
    "read_policy",
]

SHIPPED: Final = Path(str(resources.files("core").joinpath("policy.toml")))
"""The policy that the desk comes with."""

T = TypeVar("T")
_Where = tuple[str | int, ...]


class PolicyError(Exception):
    """A policy file that cannot be used. Its text is one line: the first fault; `faults` has all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep every fault; the text is the first, and how many follow."""
        more = len(faults) - 1
        super().__init__(faults[0] + (f" (and {more} more)" if more else ""))
        self.faults = tuple(faults)


# ------------------------------------------------------------------------------------------------ the file's shape


def _pence(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError('money is pounds in quotes, such as "5000.00"')  # noqa: TRY004 - pydantic wants ValueError
    try:
        return pence_from_api(value)
    except MoneyError:
        raise ValueError('money is pounds with two decimals, such as "5000.00"') from None


def _share(value: object) -> Fraction:
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,6}/[1-9][0-9]{0,5}", value) is None:
        raise ValueError('a share is a fraction in quotes, such as "1/3"')
    if Fraction(value) >= 1:
        raise ValueError("a share is less than the whole")
    return Fraction(value)


def _rule(value: object) -> object:
    if value not in PARAGRAPHS:
        raise ValueError(f"it must be the id of a rule: one of {', '.join(PARAGRAPHS)}")
    return value


_Pence = Annotated[int, BeforeValidator(_pence)]
_Share = Annotated[Fraction, BeforeValidator(_share)]
_Rule = Annotated[str, BeforeValidator(_rule)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
_Whole = Annotated[int, Field(strict=True)]
_Count = Annotated[int, Field(strict=True, ge=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Figure(_Row, Generic[T]):
    value: T
    unit: _Text
    rule: _Rule
    source: _Text
    since: date

    def figure(self) -> rules.Figure[T]:
        return rules.Figure(self.value, self.unit, self.rule, self.source, self.since)


class _Sum(_Figure[_Pence]):
    unit: Literal["pounds"]

    def figure(self) -> rules.Figure[int]:
        return rules.Figure(self.value, "pence", self.rule, self.source, self.since)


class _Office(_Row):
    name: _Figure[_Text]
    commissioner: _Figure[_Text]
    email: _Figure[str]
    phone: _Figure[str]
    website: _Figure[str]
    portal_name: _Figure[str]
    portal_address: _Figure[str]
    giving_prefix: _Figure[str]
    organisation_id: _Figure[str]


class _Band(_Row, Generic[T]):
    name: T
    lowest: _Pence = Field(alias="from")
    below: _Pence | None = None
    rule: _Rule
    source: _Text
    since: date

    def band(self) -> rules.Band[T]:
        return rules.Band(self.name, self.lowest, self.below, self.rule, self.source, self.since)


class _Figures(_Row):
    grant_quotes: _Figure[Annotated[bool, Field(strict=True)]]
    grant_route_at_most: _Figure[Literal["one_quote", "three_quotes"]]
    portal_over: _Sum
    multi_year_months: _Figure[_Count]
    full_plan_months: _Figure[_Count]
    return_months: _Figure[_Count]
    final_return_grace: _Figure[Annotated[int, Field(strict=True, ge=0)]]
    return_without_term_months: _Figure[_Count]
    meetings_over: _Sum
    meeting_months: _Figure[_Count]
    meeting_months_victims: _Figure[_Count]
    acceptance_days: _Figure[_Count]
    recommenders: _Figure[Annotated[tuple[rules.Role, ...], Field(min_length=1)]]
    largest_application: _Sum
    long_answer_characters: _Figure[_Count]
    short_answer_characters: _Figure[_Count]
    outcomes_in_form: _Figure[_Count]
    outcomes_at_most: _Figure[_Count]
    reference_alphabet: _Figure[Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{10,}$")]]
    reference_length: _Figure[Annotated[int, Field(strict=True, ge=4)]]
    csp_areas: _Figure[Annotated[tuple[_Text, ...], Field(min_length=1)]]
    declaration: _Figure[_Text]
    terms: _Figure[Annotated[tuple[_Text, ...], Field(min_length=1)]]


class _Objective(_Row):
    id: _Slug
    text: _Text


class _Plan(_Row):
    source: _Text
    since: date
    objectives: Annotated[tuple[_Objective, ...], Field(min_length=1)]


class _Step(_Row):
    days: _Whole
    to: Annotated[tuple[Literal["recipient", "officer", "director"], ...], Field(min_length=1)]


class _Nudges(_Row):
    source: _Text
    since: date
    steps: tuple[_Step, ...]


class _Ages(_Row):
    lowest: Annotated[int, Field(strict=True, ge=0)]
    highest: _Whole
    highest_with_send: _Whole


class _Window(_Row):
    opens: date
    closes: date


class _Fund(_Row):
    id: _Slug
    name: _Text
    letters: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    rule: Literal["F1", "F2", "F3", "F4", "F5"]
    description: _Text
    purposes: Annotated[tuple[rules.Purpose, ...], Field(min_length=1)]
    kinds: Annotated[tuple[rules.Kind, ...], Field(min_length=1)]
    organisation_types: Annotated[tuple[rules.OrganisationType, ...], Field(min_length=1)]
    csp_route: rules.CspRoute
    open_to_applications: Annotated[bool, Field(strict=True)]
    government_grant: Annotated[bool, Field(strict=True)]
    windows: tuple[_Window, ...] = ()
    source: _Text
    since: date
    cap: _Sum | None = None
    ages: _Figure[_Ages] | None = None
    held_share: _Figure[_Share] | None = None

    def fund(self) -> rules.Fund:
        ages = self.ages
        return rules.Fund(
            **self.model_dump(exclude={"windows", "cap", "ages", "held_share"}),
            windows=tuple(rules.Window(window.opens, window.closes) for window in self.windows),
            cap=self.cap.figure() if self.cap else None,
            ages=rules.Figure(
                rules.Ages(**ages.value.model_dump()), ages.unit, ages.rule, ages.source, ages.since
            ) if ages else None,
            held_share=self.held_share.figure() if self.held_share else None,
        )  # fmt: skip


class _Delegation(_Row):
    role: rules.Role
    of: rules.Body = rules.Body.OFFICE
    kinds: Annotated[tuple[rules.Kind, ...], Field(min_length=1)]
    funds: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    upper_limit: _Pence
    since: date
    source: _Text


class _File(_Row):
    office: _Office
    tiers: tuple[_Band[rules.Tier], ...]
    buying: tuple[_Band[Literal["one_quote", "three_quotes", "tender"]], ...]
    figures: _Figures
    plan: _Plan
    nudges: dict[_Slug, _Nudges]
    funds: Annotated[tuple[_Fund, ...], Field(min_length=1)]
    delegations: tuple[_Delegation, ...] = ()

    def policy(self) -> rules.Policy:
        figures = {name: getattr(self.figures, name).figure() for name in _Figures.model_fields}
        route = figures["grant_route_at_most"]
        figures["grant_route_at_most"] = rules.Figure(
            rules.Route(route.value), route.unit, route.rule, route.source, route.since
        )
        return rules.Policy(
            office=rules.OfficeDetails(
                **{name: getattr(self.office, name).figure() for name in _Office.model_fields}
            ),
            tiers=tuple(band.band() for band in self.tiers),
            buying=tuple(
                rules.Band(rules.Route(band.name), band.lowest, band.below, band.rule, band.source, band.since)
                for band in self.buying
            ),
            plan=rules.Figure(
                tuple(rules.Objective(row.id, row.text) for row in self.plan.objectives),
                "objectives", "L4", self.plan.source, self.plan.since,
            ),
            areas=figures.pop("csp_areas"),
            nudges=tuple((kind, _steps(row)) for kind, row in self.nudges.items()),
            funds=tuple(fund.fund() for fund in self.funds),
            delegations=tuple(rules.Delegation(**row.model_dump(exclude={"of"})) for row in self.delegations),
            **figures,
        )  # fmt: skip


def _steps(row: _Nudges) -> rules.Figure[tuple[rules.NudgeStep, ...]]:
    steps = [rules.NudgeStep(step.days, to) for step in row.steps for to in step.to]
    ordered = tuple(sorted(steps, key=lambda step: step.days))
    return rules.Figure(ordered, "days from the due date", "D0", row.source, row.since)


# ------------------------------------------------------------------------------------------------------- reading


def read_policy(path: Path) -> rules.Policy:
    """The policy in this file. Raises PolicyError where it is missing, is no TOML, or says what cannot be."""
    return policy_from_text(_text_of(path), path.name)


def policy_from_text(text: str, name: str = "policy") -> rules.Policy:
    """The policy in this text; `name` is what a PolicyError calls it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([f"{name} is not TOML: {error}. Correct that line."]) from None
    lines = _lines(text)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        faults = [
            _said(name, lines, tuple(fault["loc"]), _plain(fault["type"], fault["msg"])) for fault in error.errors()
        ]
        raise PolicyError(faults) from None
    wrong = [_said(name, lines, where, message) for where, message in _checks(file)]
    if wrong:
        raise PolicyError(wrong)
    return file.policy()


class PolicyShelf:
    """The policy in force, and its version: the SHA-256 of the file's text, in hexadecimal.

    Reading is done when the shelf is made and when it is told to; a wrong file never replaces a good policy.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        """Read the file. Raises PolicyError."""
        self._path = path
        self._held = self._read()

    def current(self) -> tuple[str, rules.Policy]:
        """Version and policy in force."""
        version, policy, _ = self._held
        return version, policy

    def text(self) -> str:
        """The text of the file in force, for whoever keeps versions."""
        return self._held[2]

    def reload(self) -> tuple[str, rules.Policy]:
        """Read the file again. Raises PolicyError, and keeps what was in force, where it is wrong now."""
        self._held = self._read()
        return self.current()

    def _read(self) -> tuple[str, rules.Policy, str]:
        text = _text_of(self._path)
        policy = policy_from_text(text, self._path.name)
        return hashlib.sha256(text.encode()).hexdigest(), policy, text


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
        "funds": [_plain_value(fund) for fund in policy.funds],
        "delegations": [
            _plain_value(row) | {"upper_limit": pounds(row.upper_limit), "rule": "A1", "unit": "pounds"}
            for row in policy.delegations
        ],
    }


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError([f"{path} cannot be read ({error.strerror}). Name a policy file that is there."]) from None
    except UnicodeDecodeError:
        raise PolicyError([f"{path.name} is not text in UTF-8. Save it as UTF-8."]) from None


# -------------------------------------------------------------------------------------------------------- checks


def _checks(file: _File) -> Iterable[tuple[_Where, str]]:
    """What no single value shows: gaps, contradictions, names that lead nowhere. Each with its place and remedy."""
    yield from _band_faults("tiers", file.tiers, [tier.value for tier in rules.Tier])
    yield from _band_faults("buying", file.buying, ["one_quote", "three_quotes", "tender"])
    yield from _figure_faults(file)
    yield from _nudge_faults(file.nudges)
    yield from _fund_faults(file.funds)
    yield from _delegation_faults(file)
    yield from _repeated(("plan", "objectives"), "id", [row.id for row in file.plan.objectives])
    yield from _repeated(("figures", "csp_areas"), "area", list(file.figures.csp_areas.value))


def _band_faults(key: str, bands: Sequence[_Band[Any]], names: list[str]) -> Iterable[tuple[_Where, str]]:
    found = [str(getattr(band.name, "value", band.name)) for band in bands]
    if found != names:
        yield (key,), f"the bands must be these, in this order: {', '.join(names)}"
        return
    if bands[0].lowest != 0:
        yield (key, 0, "from"), f'there is a gap below {pounds(bands[0].lowest)}: start the first band from "0.00"'
    for index, (band, following) in enumerate(itertools.pairwise(bands)):
        if band.below is None or band.below < following.lowest:
            yield (
                (key, index, "below"),
                f'there is a gap between two bands: end this one below "{pounds(following.lowest)}"',
            )
        elif band.below > following.lowest:
            yield (
                (key, index, "below"),
                f'two bands overlap: end this one below "{pounds(following.lowest)}"',
            )
    yield from (
        ((key, index, "below"), "the band holds nothing: its end must be above its start")
        for index, band in enumerate(bands)
        if band.below is not None and band.below <= band.lowest
    )
    if bands[-1].below is not None:
        yield (key, len(bands) - 1, "below"), "no band holds larger amounts: take this line out of the last band"


def _figure_faults(file: _File) -> Iterable[tuple[_Where, str]]:
    figures = file.figures
    tender = file.buying[-1].lowest if file.buying else 0
    if figures.portal_over.value < tender:
        yield (
            ("figures", "portal_over"),
            f'the portal would be required below a tender (T4): make it "{pounds(tender)}" or more',
        )
    if figures.return_months.value > 6:
        yield (
            ("figures", "return_months"),
            "every recipient sends a return at least every six months (R1): make it 6 or less",
        )
    if figures.return_without_term_months.value > 6:
        yield ("figures", "return_without_term_months"), "a return is due within six months (R1): make it 6 or less"
    for name in ("meeting_months", "meeting_months_victims"):
        most = 6 if name == "meeting_months" else 3
        if getattr(figures, name).value > most:
            yield ("figures", name), f"meetings are at least every {most} months (R2): make it {most} or less"
    if figures.outcomes_in_form.value > figures.outcomes_at_most.value:
        yield ("figures", "outcomes_in_form"), "it cannot be more than outcomes_at_most: lower it"
    if len(set(figures.reference_alphabet.value)) != len(figures.reference_alphabet.value):
        yield ("figures", "reference_alphabet"), "a character is there twice: take one out"
    unfit = {rules.Role.COMMISSIONER, rules.Role.AUDITOR} & set(figures.recommenders.value)
    if unfit:
        yield ("figures", "recommenders"), f"{', '.join(sorted(unfit))} cannot recommend (A2): take it out"


def _nudge_faults(nudges: Mapping[str, _Nudges]) -> Iterable[tuple[_Where, str]]:
    for kind in ("return", "acceptance", "meeting"):
        if kind not in nudges:
            yield ("nudges",), f"the steps for {kind} are missing: add [nudges.{kind}]"
    for kind, row in nudges.items():
        if "return" in kind and kind != "return":
            yield ("nudges", kind), 'only the kind "return" may have that word in its name: rename it'
        yield from _repeated(("nudges", kind), "step", [(step.days, to) for step in row.steps for to in step.to])


def _fund_faults(funds: Sequence[_Fund]) -> Iterable[tuple[_Where, str]]:
    yield from _repeated(("funds",), "id", [fund.id for fund in funds])
    yield from _repeated(("funds",), "letters", [fund.letters for fund in funds])
    for index, fund in enumerate(funds):
        place: _Where = ("funds", index)
        for name in ("purposes", "kinds", "organisation_types"):
            yield from _repeated((*place, name), "value", list(getattr(fund, name)))
        if fund.cap and fund.cap.value == 0:
            yield (*place, "cap"), "a cap of nothing closes the fund: raise it, or set open_to_applications = false"
        if fund.ages and not fund.ages.value.lowest <= fund.ages.value.highest <= fund.ages.value.highest_with_send:
            yield (*place, "ages"), "the ages are out of order: lowest, then highest, then highest_with_send"
        community = rules.OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP
        if fund.csp_route is rules.CspRoute.APPLICANT and community not in fund.organisation_types:
            yield (*place, "organisation_types"), f"its applicants are partnerships: add {community.value}"
        if fund.rule == "F3" and fund.held_share is None:
            yield place, "the share held for the Constabulary is missing (F3): add held_share"
        windows = sorted(fund.windows, key=lambda window: window.opens)
        if any(window.closes < window.opens for window in windows):
            yield (*place, "windows"), "a window closes before it opens: correct its days"
        elif any(later.opens <= earlier.closes for earlier, later in itertools.pairwise(windows)):
            yield (*place, "windows"), "two windows overlap: make them one"


def _delegation_faults(file: _File) -> Iterable[tuple[_Where, str]]:
    known = {fund.id for fund in file.funds}
    for index, row in enumerate(file.delegations):
        place: _Where = ("delegations", index)
        if row.of is rules.Body.CONSTABULARY:
            yield (*place, "of"), "constabulary staff neither recommend nor decide (A2): take this delegation out"
        if row.role in (rules.Role.COMMISSIONER, rules.Role.AUDITOR):
            yield (*place, "role"), f"{row.role.value} takes no delegation (A1): name another role"
        if row.upper_limit == 0:
            yield (*place, "upper_limit"), "a limit of nothing delegates nothing: raise it, or take the row out"
        for fund_id in row.funds or ():
            if fund_id not in known:
                yield (*place, "funds"), f"{fund_id} is no fund of this file: use one of {', '.join(sorted(known))}"


def _repeated(place: _Where, what: str, values: Sequence[Hashable]) -> Iterable[tuple[_Where, str]]:
    for value, times in Counter(values).items():
        if times > 1:
            shown = " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
            yield place, f"the {what} {shown} is there {times} times: keep one"


# ---------------------------------------------------------------------------------------- saying what is wrong


def _said(name: str, lines: Mapping[_Where, int], where: _Where, message: str) -> str:
    line = next((lines[where[:length]] for length in range(len(where), 0, -1) if where[:length] in lines), None)
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    return f"{name}{f' line {line}' if line else ''}: {place}: {message}"


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "it is missing: add it"
    if kind == "extra_forbidden":
        return "nothing of this name is known: correct the name, or take it out"
    text = " ".join(message.removeprefix("Value error, ").removeprefix("Input ").split())
    return text if kind == "value_error" else f"it {text}: correct it"


_TABLE: Final = re.compile(r"\[(?P<many>\[)?\s*(?P<path>[A-Za-z0-9_.-]+)\s*\]")
_KEY: Final = re.compile(r"(?P<key>[A-Za-z0-9_-]+)\s*=")


def _lines(text: str) -> dict[_Where, int]:
    """Where each table and key of a TOML text stands; what is inside an inline table counts as its key's line."""
    lines: dict[_Where, int] = {}
    rows: Counter[_Where] = Counter()
    table: _Where = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _TABLE.match(line):
            path: _Where = tuple(heading["path"].split("."))
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
            "value": pounds(value.value) if money else _plain_value(value.value),
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
