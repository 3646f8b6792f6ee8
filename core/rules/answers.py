"""One question, and what people write for it, read into a typed value or a fault in their own terms.

The form, the JSON API, the check page and the card all read answers here. Raw answers are `dict[str, str]`, as a form
posts them; a question's `fields` are the names in it that are its own.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from core.rules.calendar import LAST_DAY, date_text
from core.rules.money import MoneyError, display, pence_from_api, pence_from_typed
from core.rules.typed import (
    charity_number,
    company_number,
    day_number,
    month_number,
    narrow,
    postcode,
    typed_count,
    typed_date,
    year_number,
)

__all__ = [
    "AnswerKind",
    "BudgetLine",
    "Choice",
    "Fault",
    "Faults",
    "Limits",
    "Outcome",
    "Question",
    "Value",
    "When",
    "budget_rows",
    "clean_long",
    "clean_short",
    "describe",
    "fields",
    "is_address",
    "kept",
    "read_answer",
    "read_sum",
    "recalled",
    "word_count",
]


class AnswerKind(StrEnum):
    """What sort of answer a question takes, and so how it is asked and read."""

    SHORT = "short"
    LONG = "long"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"
    NUMBER = "number"
    EMAIL = "email"
    POSTCODE = "postcode"
    CHARITY_NUMBER = "charity_number"
    COMPANY_NUMBER = "company_number"
    OUTCOMES = "outcomes"
    ACHIEVED = "achieved"
    BUDGET = "budget"
    SPENDING = "spending"
    DECLARATION = "declaration"


class Choice(NamedTuple):
    """One of the answers to choose from."""

    value: str
    text: str
    hint: str = ""


class When(NamedTuple):
    """A question is asked when this other one was answered with one of these values, or with a number above `over`."""

    question: str
    values: tuple[str, ...] = ()
    over: int | None = None

    def holds(self, answers: Mapping[str, str]) -> bool:
        """Whether the raw answers so far ask for the question."""
        said = clean_short(answers.get(self.question, ""))
        if self.over is not None:
            count = typed_count(said)
            return count is not None and count > self.over
        return said in self.values


class Outcome(NamedTuple):
    """What is to change, how it is measured, and how far (U2, N3)."""

    outcome: str
    measure: str
    target: str


class BudgetLine(NamedTuple):
    """What some of the money pays for, and how much of it, in pence (F7)."""

    item: str
    pence: int


Rows = tuple[Outcome, ...] | tuple[BudgetLine, ...] | tuple[str, ...]
Value = str | int | bool | date | Rows | None
"""A typed answer: text, pence or a count, yes or no, a day, outcomes, lines of a budget, what was achieved; None where
nothing is said."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as data.

    `rule` is the rule or decision that the answer serves; `pointer` is the JSON pointer of the answer in the API's
    body; `missing` is what is said when there is no answer; `label` names the answer in lists and messages.
    `required` is what the form asks for; `api_required` what the JSON API does. `from_amount` is the amount in pence
    from which it is asked at all, `required_from` the one from which an optional question must be answered. `rows` is
    how many rows of an OUTCOMES, ACHIEVED, BUDGET or SPENDING question are shown, `most_rows` how many a BUDGET may
    have, `measures` what was agreed to be measured (ACHIEVED), `lines` the budget that was agreed (SPENDING), `notes`
    what stands beside each row. `shares` is the question that it is one thing to think about with.
    """

    id: str
    kind: AnswerKind
    title: str
    label: str
    section: str
    rule: str
    pointer: str
    missing: str
    hint: str = ""
    required: bool = True
    api_required: bool = True
    word_limit: int | None = None
    choices: tuple[Choice, ...] = ()
    when: When | None = None
    from_amount: int = 0
    required_from: int | None = None
    rows: int = 1
    most_rows: int = 1
    measures: tuple[str, ...] = ()
    lines: tuple[BudgetLine, ...] = ()
    notes: tuple[str, ...] = ()
    shares: str = ""


class Fault(NamedTuple):
    """What is wrong with one field, in the words of the person who filled it in, and what to do."""

    field: str
    question_id: str
    message: str
    pointer: str


class Faults(tuple[Fault, ...]):
    """Faults instead of a value; never empty."""

    __slots__ = ()


class Limits(NamedTuple):
    """How much an answer may hold.

    Characters of long and short answers, rows of outcomes, the largest sum in pence, lines of a budget.
    """

    long: int
    short: int
    outcomes: int
    largest: int
    lines: int


_DATE_PARTS: Final = ("day", "month", "year")
_OUTCOME_PARTS: Final = ("outcome", "measure", "target")
_LINE_PARTS: Final = ("item", "amount")
_YEARS: Final = range(2000, LAST_DAY.year + 1)
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]"
    r"(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
# Formatting characters that hide or reorder text; joiners stay, some scripts need them.
_HIDDEN: Final = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def fields(question: Question) -> tuple[str, ...]:
    """The names of a question's own fields in the raw answers, in the order in which they are shown."""
    if question.kind is AnswerKind.DATE:
        return tuple(f"{question.id}-{part}" for part in _DATE_PARTS)
    if question.kind is AnswerKind.OUTCOMES:
        return tuple(f"{part}-{row}" for row in range(1, question.rows + 1) for part in _OUTCOME_PARTS)
    if question.kind in (AnswerKind.ACHIEVED, AnswerKind.SPENDING):
        return tuple(f"{question.id}-{row}" for row in range(1, question.rows + 1))
    if question.kind is AnswerKind.BUDGET:
        return tuple(f"{question.id}-{part}-{row}" for row in range(1, question.most_rows + 1) for part in _LINE_PARTS)
    return (question.id,)


def read_answer(question: Question, raw: Mapping[str, str], limits: Limits, *, api: bool = False) -> Value | Faults:
    """The typed answer to one question, or its faults. Rows of what was agreed are read by `return_forms`.

    `api` reads what a program sends: money without signs, true or false, dates as YYYY-MM-DD, and only what the
    contract requires is required.
    """
    required = question.api_required if api else question.required
    if question.kind is AnswerKind.OUTCOMES:
        return _outcomes(question, raw, limits, required=required)
    if question.kind is AnswerKind.BUDGET:
        return _budget(question, raw, limits, api=api, required=required)
    if question.kind is AnswerKind.DATE:
        return _date(question, raw, api=api, required=required)
    written = raw.get(question.id, "")
    text = clean_long(written) if question.kind is AnswerKind.LONG else clean_short(written)
    if api and text and question.kind is AnswerKind.MONEY:
        text = written  # a program's blanks are a fault, a person's are not
    if not text:
        return _fault(question, question.missing) if required else None
    return _READERS[question.kind](_Said(question, text, limits, api))


def clean_long(text: str) -> str:
    """Text without control or hidden characters, lines kept, blank ends taken off."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(char for char in text if char in "\n\t" or _printable(char)).strip()


def clean_short(text: str) -> str:
    """The same in one line: every run of blanks is one blank."""
    return " ".join(clean_long(text).split())


def kept(value: Value) -> str:
    """A typed answer as the record keeps it beside the application: yes or no, pence, a day as YYYY-MM-DD, or text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def recalled(question: Question, text: str) -> Value:
    """What `kept` kept, typed again; as it stands where the question has changed its kind since."""
    if question.kind is AnswerKind.YES_NO and text in ("yes", "no"):
        return text == "yes"
    if question.kind in (AnswerKind.MONEY, AnswerKind.NUMBER) and re.fullmatch(r"[0-9]{1,15}", text):
        return int(text)
    if question.kind is AnswerKind.DATE and _ISO.fullmatch(text):
        return date.fromisoformat(text)
    return text


def word_count(text: str) -> int:
    """How many words a text has: what stands between blanks."""
    return len(text.split())


def describe(question: Question, value: Value) -> tuple[str, ...]:
    """An answer as lines for a summary, an e-mail or a card; one line "Not given" where there is none."""
    if value is None or value in ("", ()):
        return ("Not given",)
    if isinstance(value, tuple):
        return _describe_rows(question, value)
    if isinstance(value, bool):
        return (("I confirm" if question.kind is AnswerKind.DECLARATION else "Yes") if value else "No",)
    if isinstance(value, date):
        return (date_text(value),)
    if isinstance(value, int):
        return (display(value) if question.kind is AnswerKind.MONEY else f"{value:,}",)
    if question.kind is AnswerKind.CHOICE:
        return (next((choice.text for choice in question.choices if choice.value == value), value),)
    return tuple(line for line in value.splitlines() if line.strip())


def _describe_rows(question: Question, rows: Rows) -> tuple[str, ...]:
    lines: list[str] = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, BudgetLine):
            lines.append(f"{row.item}: {display(row.pence)}")
        elif isinstance(row, Outcome):
            said = [part.rstrip(".") for part in row]
            lines.append(f"{number}. {said[0]}. Measure: {said[1]}. Target: {said[2]}")
        else:
            measure = question.measures[number - 1] if number <= len(question.measures) else f"Measure {number}"
            lines.append(f"{measure}: {row}")
    return tuple(lines)


def _printable(char: str) -> bool:
    # Cc: control; Cs: half of a pair, which no database stores as text; Cn and Co: no agreed meaning.
    return unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Co") and char not in _HIDDEN


def _fault(question: Question, message: str, field: str | None = None, pointer: str | None = None) -> Faults:
    where = field or fields(question)[0]
    return Faults((Fault(where, question.id, message, question.pointer if pointer is None else pointer),))


class _Said(NamedTuple):
    """An answer in one field, cleaned and not empty, on its way to a reader."""

    question: Question
    text: str
    limits: Limits
    api: bool


def _short(said: _Said) -> Value | Faults:
    if len(said.text) > said.limits.short:
        return _fault(
            said.question,
            f"{said.question.label} must be {said.limits.short} characters or fewer. It has {len(said.text)}",
        )
    return said.text


def _long(said: _Said) -> Value | Faults:
    words = word_count(said.text)
    if said.question.word_limit is not None and words > said.question.word_limit:
        return _fault(
            said.question, f"{said.question.label} must be {said.question.word_limit} words or fewer. It has {words}"
        )
    if len(said.text) > said.limits.long:
        return _fault(
            said.question,
            f"{said.question.label} must be {said.limits.long:,} characters or fewer. It has {len(said.text):,}",
        )
    return said.text


def _money(said: _Said) -> Value | Faults:
    found = read_sum(said.question.label, said.text, said.limits, api=said.api)
    return _fault(said.question, found) if isinstance(found, str) else found


def read_sum(label: str, text: str, limits: Limits, *, api: bool) -> int | str:
    """A sum in pence, or what is wrong with it."""
    try:
        pence = pence_from_api(text) if api else pence_from_typed(text)
    except MoneyError as error:
        return f"{label}: {str(error)[0].lower()}{str(error)[1:]}"
    return pence if pence <= limits.largest else f"{label} must be {display(limits.largest)} or less"


def _choice(said: _Said) -> Value | Faults:
    if said.text not in {choice.value for choice in said.question.choices}:
        offered = ", ".join(choice.value if said.api else choice.text for choice in said.question.choices)
        return _fault(said.question, f"{said.question.label} must be one of these: {offered}")
    return said.text


def _yes_no(said: _Said) -> Value | Faults:
    answer = {"yes": True, "true": True, "no": False, "false": False}.get(said.text.lower())
    if answer is None:
        return _fault(said.question, f"{said.question.label} must be {'true or false' if said.api else 'yes or no'}")
    return answer


def _number(said: _Said) -> Value | Faults:
    count = typed_count(said.text)
    if count is None:
        return _fault(said.question, f"{said.question.label} must be a whole number, such as 12")
    return count


def is_address(text: str) -> bool:
    """Whether this is an e-mail address as the forms take one: 254 characters at most, and no line break in it."""
    local = text.partition("@")[0]
    dots = ".." in text or local.startswith(".") or local.endswith(".")
    return len(text) <= 254 and not dots and _EMAIL.fullmatch(text) is not None


def _email(said: _Said) -> Value | Faults:
    address = said.text if said.api else narrow(said.text).rstrip(".,;")
    if not is_address(address):
        return _fault(said.question, f"{said.question.label} must be an e-mail address, such as name@example.org")
    return address


def _postcode(said: _Said) -> Value | Faults:
    found = postcode(said.text)
    return found or _fault(said.question, f"{said.question.label} must be a full UK postcode, such as PE29 3DN")


def _charity_number(said: _Said) -> Value | Faults:
    wrong = f"{said.question.label} must be 6 or 7 digits, or SC or NIC and 6 digits, such as 1091156"
    return charity_number(said.text) or _fault(said.question, wrong)


def _company_number(said: _Said) -> Value | Faults:
    wrong = f"{said.question.label} must have 8 characters, such as 01234567 or CE012345"
    return company_number(said.text, padded=not said.api) or _fault(said.question, wrong)


def _declaration(said: _Said) -> Value | Faults:
    return True if said.text.lower() in ("yes", "true") else _fault(said.question, said.question.missing)


_READERS: Final = {
    AnswerKind.SHORT: _short,
    AnswerKind.LONG: _long,
    AnswerKind.MONEY: _money,
    AnswerKind.CHOICE: _choice,
    AnswerKind.YES_NO: _yes_no,
    AnswerKind.NUMBER: _number,
    AnswerKind.EMAIL: _email,
    AnswerKind.POSTCODE: _postcode,
    AnswerKind.CHARITY_NUMBER: _charity_number,
    AnswerKind.COMPANY_NUMBER: _company_number,
    AnswerKind.DECLARATION: _declaration,
}


def _date(question: Question, raw: Mapping[str, str], *, api: bool, required: bool) -> Value | Faults:
    whole = clean_short(raw.get(question.id, ""))
    parts = {part: clean_short(raw.get(f"{question.id}-{part}", "")) for part in _DATE_PARTS}
    if whole or api:
        return _iso_date(question, whole, required=required)
    if not any(parts.values()):
        return _fault(question, question.missing) if required else None
    whole_date = typed_date(parts["day"]) if not parts["month"] and not parts["year"] else None
    if whole_date is not None:
        parts = dict(zip(_DATE_PARTS, whole_date, strict=True))
    absent = [part for part in _DATE_PARTS if not parts[part]]
    if absent:
        message = f"{question.label} must include a {' and a '.join(absent)}"
        return _fault(question, message, f"{question.id}-{absent[0]}")
    day, month, year = day_number(parts["day"]), month_number(parts["month"]), year_number(parts["year"])
    checks = (
        ("day", day is not None, "must have a day as a number, such as 27"),
        ("month", month is not None, "must have a month as a number or a name, such as 3 or March"),
        ("year", year is not None, "must have a year of 4 digits, such as 2026"),
    )
    for part, good, message in checks:
        if not good:
            return _fault(question, f"{question.label} {message}", f"{question.id}-{part}")
    return _real_date(question, year or 0, month or 0, day or 0)


def _iso_date(question: Question, whole: str, *, required: bool) -> Value | Faults:
    if not whole:
        return _fault(question, question.missing) if required else None
    if _ISO.fullmatch(whole) is None:
        return _fault(question, f"{question.label} must be a date written as YYYY-MM-DD, such as 2026-04-01")
    year, month, day = whole.split("-")
    return _real_date(question, int(year), int(month), int(day))


def _real_date(question: Question, year: int, month: int, day: int) -> Value | Faults:
    if year not in _YEARS:
        return _fault(
            question,
            f"{question.label} must have a year from {_YEARS[0]} to {_YEARS[-1]}",
            f"{question.id}-year",
        )
    try:
        return date(year, month, day)
    except ValueError:
        return _fault(question, f"{question.label} must be a real date")


def _outcomes(question: Question, raw: Mapping[str, str], limits: Limits, *, required: bool) -> Value | Faults:
    found: list[Outcome] = []
    faults: list[Fault] = []
    rows = [row for row in range(1, limits.outcomes + 1) if any(_cell(raw, part, row) for part in _OUTCOME_PARTS)]
    beyond = f"outcome-{limits.outcomes + 1}"
    if clean_short(raw.get(beyond, "")):
        faults.extend(_fault(question, f"Give {limits.outcomes} outcomes or fewer", beyond))
    wanted = {
        "outcome": "what will change",
        "measure": "how you will measure it",
        "target": "the target that you aim for",
    }
    # An empty question is answered for in its first row, so that each empty box is named.
    for row in rows or ([1] if required else []):
        cells = {part: _cell(raw, part, row) for part in _OUTCOME_PARTS}
        for part, text in cells.items():
            pointer = f"{question.pointer}/{row - 1}/{part}" if rows else question.pointer
            if not text:
                faults.extend(_fault(question, f"Outcome {row}: enter {wanted[part]}", f"{part}-{row}", pointer))
            elif len(text) > limits.short:
                message = f"Outcome {row}: {part} must be {limits.short} characters or fewer. It has {len(text)}"
                faults.extend(_fault(question, message, f"{part}-{row}", pointer))
        found.append(Outcome(**cells))
    if faults:
        return Faults(faults)
    return tuple(found) or None


def budget_rows(question: Question, raw: Mapping[str, str], most: int) -> list[int]:
    """The rows of a budget in which something is written, of the first `most`: blank ones in between do not count."""
    return [row for row in range(1, most + 1) if any(_line_cell(question, raw, part, row) for part in _LINE_PARTS)]


def _line_cell(question: Question, raw: Mapping[str, str], part: str, row: int) -> str:
    return clean_short(raw.get(f"{question.id}-{part}-{row}", ""))


def _budget(question: Question, raw: Mapping[str, str], limits: Limits, *, api: bool, required: bool) -> Value | Faults:
    rows = budget_rows(question, raw, limits.lines + 1)
    if not rows:
        return _fault(question, question.missing) if required else None
    found: list[BudgetLine] = []
    faults: list[Fault] = []
    if rows[-1] > limits.lines:
        beyond = f"{question.id}-item-{rows[-1]}"
        faults.extend(_fault(question, f"Give {limits.lines} lines or fewer: put small costs together", beyond))
    for row in rows:
        line = _line(question, raw, row, limits, api=api)
        if isinstance(line, Faults):
            faults.extend(line)
        else:
            found.append(line)
    return Faults(faults) if faults else tuple(found)


def _line(question: Question, raw: Mapping[str, str], row: int, limits: Limits, *, api: bool) -> BudgetLine | Faults:
    """One line of a budget, or what is wrong with it."""
    item = _line_cell(question, raw, "item", row)
    typed = raw.get(f"{question.id}-amount-{row}", "")
    text = typed if api else clean_short(typed)
    faults: list[Fault] = []

    def wrong(part: str, message: str) -> None:
        where = f"{question.pointer}/{row - 1}/{part}"
        faults.append(Fault(f"{question.id}-{part}-{row}", question.id, message, where))

    if not item:
        wrong("item", f"Line {row}: enter what the money is for")
    elif len(item) > limits.short:
        wrong("item", f"Line {row}: what it is for must be {limits.short} characters or fewer. It has {len(item)}")
    pence = read_sum(f"Line {row}", text, limits, api=api) if text else f"Line {row}: enter how much it costs"
    if isinstance(pence, str):
        wrong("amount", pence)
    elif pence == 0:
        wrong("amount", f"Line {row}: enter a cost of more than £0, or empty the line")
    return Faults(faults) if isinstance(pence, str) or faults else BudgetLine(item, pence)


def _cell(raw: Mapping[str, str], part: str, row: int) -> str:
    return clean_short(raw.get(f"{part}-{row}", ""))
