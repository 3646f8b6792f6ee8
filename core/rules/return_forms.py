"""What a monitoring return asks, as data, and reading a whole one: from the form, or from a program (R1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from core.rules.answers import (
    AnswerKind,
    BudgetLine,
    Fault,
    Faults,
    Limits,
    Question,
    Value,
    clean_short,
    fields,
    kept,
    read_answer,
    read_sum,
)
from core.rules.forms import limits_of, to_ask
from core.rules.money import display
from core.rules.policy import Fund, Policy, Tier

__all__ = [
    "FIGURES",
    "Agreed",
    "Figures",
    "ReturnFacts",
    "is_over",
    "read_figures",
    "read_one",
    "read_return",
    "return_book",
    "return_questions",
    "return_questions_asked",
]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a return is read against, beside its measures: the award in pence, its budget, whether it is the last one.

    `show` invites the recipient to show what changed, as those of the crime and disorder fund are (R1).
    """

    amount: int
    lines: tuple[BudgetLine, ...] = ()
    final: bool = False
    show: bool = False


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """A monitoring return as typed values: money in pence; what was achieved, in the order of the agreed measures.

    `budget` is what was spent of each line of the agreed budget, where that was said.
    """

    narrative: str
    people: int
    spent: int
    achieved: tuple[str, ...]
    views: str
    answers: Mapping[str, str]
    budget: tuple[BudgetLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a return, as they can be corrected after it came in: money in pence."""

    people: int
    spent: int
    achieved: tuple[str, ...]
    budget: tuple[BudgetLine, ...] = ()


FIGURES: Final = ("achieved", "people", "spent", "spending", "over")
"""The questions whose answers can be corrected, and why more is spent than was awarded."""

_WHAT: Final = "What happened"
_NUMBERS: Final = "The figures"
_SAID: Final = "What people said"


def return_book(measures: tuple[str, ...], agreed: Agreed | None = None) -> tuple[tuple[Tier, Question], ...]:
    """Every question of a monitoring return, in order, with the smallest tier that is asked it.

    What is only asked where a budget was agreed, at the end, or where more was spent than awarded is one thing to think
    about with what was spent.
    """
    achieved = Question(
        "achieved", AnswerKind.ACHIEVED, "How far have you got with each measure?", "Achieved", _NUMBERS, "N3",
        "/measures", "Enter what was achieved for each measure", hint="Since the start.",
        rows=max(len(measures), 1), measures=measures,
    )  # fmt: skip
    show = " You are welcome to show us: invite us to come and see." if agreed and agreed.show else ""
    return (
        (Tier.LIGHT, Question(
            "narrative", AnswerKind.LONG, "What has changed, and how do you know?", "What changed", _WHAT, "R1",
            "/narrative", "Say what has changed, and how you know", word_limit=500,
            hint=f"For the people you work with. Say it too where nothing has changed yet.{show}",
        )),
        *(((Tier.LIGHT, achieved),) if measures else ()),
        (Tier.LIGHT, Question(
            "people", AnswerKind.NUMBER, "How many people have you reached?", "People reached", _NUMBERS, "R1",
            "/people", "Enter how many people you have reached, 0 if none", hint="Since the start, each person once.",
        )),
        (Tier.LIGHT, Question(
            "spent", AnswerKind.MONEY, "How much of the award has been spent?", "Spent", _NUMBERS, "F7",
            "/spent", "Enter how much has been spent, 0 if nothing", hint="Since the start, in pounds.",
        )),
        *((Tier.LIGHT, question) for question in (_about_spending(agreed) if agreed else ())),
        (Tier.LIGHT, Question(
            "views", AnswerKind.LONG, "What do the people who use it say about it?",
            "Views of those who use it", _SAID, "R3", "/views", "Say what the people who use it say",
            required=False, api_required=False, word_limit=300, hint="Leave this blank if you have not asked them yet.",
        )),
        (Tier.STANDARD, Question(
            "changes", AnswerKind.LONG, "Is anything different from what was agreed?", "Changes", _WHAT, "R1",
            "/changes", "Say what is different", required=False, api_required=False, word_limit=300,
            hint="Dates, places, people, how the money is used. Leave this blank if nothing is.",
        )),
        (Tier.STANDARD, Question(
            "difficulties", AnswerKind.LONG, "What has not gone to plan, and what will you do about it?",
            "Difficulties", _WHAT, "R2", "/answers/difficulties", "Say what has not gone to plan",
            required=False, api_required=False, word_limit=300,
        )),
        (Tier.FULL, Question(
            "partners", AnswerKind.LONG, "What do partner agencies say about it?", "Views of partners", _SAID, "R3",
            "/answers/partners", "Say what partner agencies say", required=False, api_required=False, word_limit=300,
        )),
    )  # fmt: skip


def _about_spending(agreed: Agreed) -> Iterable[Question]:
    if agreed.lines:
        yield Question(
            "spending", AnswerKind.SPENDING, "How much of it went on each line of your budget?", "Spent by line",
            _NUMBERS, "F7", "/budget", "Enter what was spent on each line", required=False, api_required=False,
            hint="Since the start, in pounds. Together the lines come to what has been spent.",
            rows=len(agreed.lines), lines=agreed.lines, shares="spent",
        )  # fmt: skip
    yield Question(
        "over", AnswerKind.LONG, f"Why is more spent than the {display(agreed.amount)} that was awarded?",
        "Spent beyond the award", _NUMBERS, "F7", "/answers/over",
        f"Say why more is spent than the {display(agreed.amount)} that was awarded, or correct what was spent",
        hint="And who pays for the rest.", api_required=False, word_limit=150, shares="spent",
    )  # fmt: skip
    if agreed.final:
        yield Question(
            "underspend", AnswerKind.LONG, "If any of the award is left, how much, and why?", "Underspend", _NUMBERS,
            "F6", "/underspend", "Say how much is left, and why", required=False, api_required=False, word_limit=150,
            hint="Leave this blank if all of it is spent.", shares="spent",
        )  # fmt: skip


def return_questions(
    tier: Tier, measures: tuple[str, ...], policy: Policy, fund_id: str, agreed: Agreed | None = None
) -> tuple[Question, ...]:
    """What a monitoring return of a fund's award asks: more for larger awards, and what the office adds.

    `measures` are those that were agreed, in order; `agreed` is what else was.
    """
    depth = list(Tier).index(tier)
    added = [row for row in policy.added_questions("return", fund_id) if depth >= list(Tier).index(row.least_tier)]
    return (
        *(question for least, question in return_book(measures, agreed) if depth >= list(Tier).index(least)),
        *(to_ask(row, policy, _WHAT) for row in added),
    )


def return_questions_asked(policy: Policy, fund: Fund) -> int:
    """How many questions the longest light return of a fund asks: what is one thing to think about counts once."""
    longest = Agreed(amount=1, lines=(BudgetLine("Any", 1),), final=True)
    asked = return_questions(Tier.LIGHT, ("Any",), policy, fund.id, longest)
    return sum(not question.shares for question in asked)


def read_return(
    raw: Mapping[str, str],
    measures: tuple[str, ...],
    policy: Policy,
    tier: Tier,
    fund_id: str,
    strict_money: bool = False,
    agreed: Agreed | None = None,
) -> tuple[ReturnFacts | None, tuple[Fault, ...]]:
    """A monitoring return of a fund's award, or None and every fault; `strict_money` is the JSON API's reading.

    What was achieved is in `achieved-1`, `achieved-2` … in the order of the agreed measures; where `measure-1` … name
    the measures too, they may come in any order. What was spent of the lines of the budget is in `spending-1` … in the
    same way, named by `line-1` ….
    """
    asked = return_questions(tier, measures, policy, fund_id, agreed)
    if strict_money:
        asked = (*asked, *_beyond(asked))
    values, faults = _read(asked, raw, limits_of(policy), agreed, api=strict_money)
    if faults:
        return None, faults
    extra = {name: kept(value) for name, value in values.items() if name not in _OWN and value is not None}
    return (
        ReturnFacts(
            narrative=cast("str", values["narrative"]),
            people=cast("int", values["people"]),
            spent=cast("int", values["spent"]),
            achieved=cast("tuple[str, ...]", values.get("achieved") or ()),
            views=cast("str", values.get("views") or ""),
            answers=extra,
            budget=cast("tuple[BudgetLine, ...]", values.get("spending") or ()),
        ),
        (),
    )


def read_figures(
    raw: Mapping[str, str], asked: tuple[Question, ...], policy: Policy, agreed: Agreed
) -> tuple[Figures | None, str, tuple[Fault, ...]]:
    """The figures of a return, why more is spent than was awarded ("" where it is not), and every fault."""
    figures = tuple(question for question in asked if question.id in FIGURES)
    values, faults = _read(figures, raw, limits_of(policy), agreed, api=False)
    if faults:
        return None, "", faults
    found = Figures(
        people=cast("int", values["people"]),
        spent=cast("int", values["spent"]),
        achieved=cast("tuple[str, ...]", values.get("achieved") or ()),
        budget=cast("tuple[BudgetLine, ...]", values.get("spending") or ()),
    )
    return found, cast("str", values.get("over") or ""), ()


def read_one(question: Question, raw: Mapping[str, str], policy: Policy) -> Value | Faults:
    """The answer to one question of a return by itself, or its faults."""
    return _READERS.get(question.kind, read_answer)(question, raw, limits_of(policy), api=False)


def _read(
    asked: tuple[Question, ...], raw: Mapping[str, str], limits: Limits, agreed: Agreed | None, *, api: bool
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    for question in asked:
        if question.id == "over" and not is_over(values.get("spent"), agreed):
            continue
        read = _READERS.get(question.kind, read_answer)
        value = read(question, raw, limits, api=api)
        if isinstance(value, Faults):
            faults.extend(value)
        else:
            values[question.id] = value
    faults.extend(_sum_faults(asked, values, raw))
    return values, tuple({(fault.field, fault.pointer): fault for fault in reversed(faults)}.values())[::-1]


_OWN: Final = frozenset({*ReturnFacts.__slots__, "spending"})


def is_over(spent: Value, agreed: Agreed | None) -> bool:
    """Whether more is spent than was awarded."""
    return agreed is not None and isinstance(spent, int) and spent > agreed.amount


def _beyond(asked: tuple[Question, ...]) -> Iterable[Question]:
    """What a program may say of any return, whatever its size and whether it is the last one."""
    known = {question.id for question in asked}
    for _, question in return_book((), Agreed(amount=0, final=True)):
        if question.id in ("changes", "underspend") and question.id not in known:
            yield question


def _fault(question: Question, message: str, field: str | None = None, pointer: str | None = None) -> Fault:
    return Fault(field or fields(question)[0], question.id, message, pointer or question.pointer)


def _achieved(question: Question, raw: Mapping[str, str], limits: Limits, *, api: bool) -> Value | Faults:
    """What was achieved, in the order of the agreed measures; a program may send them by name, in its own order."""
    required = question.api_required if api else question.required
    named = {
        row: clean_short(raw[f"measure-{row}"]) for row in range(1, limits.outcomes + 2) if f"measure-{row}" in raw
    }
    there = _Named(question.measures, "measure", "is not a measure of this award. Its measures")
    rows, faults = _matched(question, there, named) if named else (list(range(1, len(question.measures) + 1)), [])
    found: list[str] = []
    for measure, row in zip(question.measures, rows, strict=True):
        if row is None:
            faults.append(_fault(question, f"Enter what was achieved for: {measure}"))
            continue
        text = clean_short(raw.get(f"{question.id}-{row}", ""))
        field, pointer = f"{question.id}-{row}", f"{question.pointer}/{row - 1}/achieved"
        if not text and required:
            faults.append(_fault(question, f"Enter what was achieved for: {measure}", field, pointer))
        elif len(text) > limits.short:
            message = f"What was achieved must be {limits.short} characters or fewer. It has {len(text)}"
            faults.append(_fault(question, message, field, pointer))
        found.append(text)
    return Faults(faults) if faults else (tuple(found) or None)


class _Named(NamedTuple):
    """What a program may name in its rows, by which member, and what is said of a name that is none of them."""

    names: tuple[str, ...]
    member: str
    wrong: str


def _matched(question: Question, there: _Named, named: Mapping[int, str]) -> tuple[list[int | None], list[Fault]]:
    """For each name that there is the row that has it; and a fault for each row that names something else."""
    free = dict(named)
    rows: list[int | None] = []
    for known in there.names:
        row = next((row for row, name in free.items() if name.casefold() == clean_short(known).casefold()), None)
        rows.append(row)
        if row is not None:
            del free[row]
    unknown = [
        Fault(
            f"{there.member}-{row}",
            question.id,
            f"“{name[:80]}” {there.wrong}: {'; '.join(there.names)}",
            f"{question.pointer}/{row - 1}/{there.member}",
        )
        for row, name in free.items()
    ]
    return rows, unknown


def _spending(question: Question, raw: Mapping[str, str], limits: Limits, *, api: bool) -> Value | Faults:
    """What was spent of each line of the agreed budget, a blank one as nothing; None where nothing is said of any."""
    items = tuple(line.item for line in question.lines)
    most = len(items) + limits.lines
    named = {row: clean_short(raw[f"line-{row}"]) for row in range(1, most + 1) if f"line-{row}" in raw}
    there = _Named(items, "line", "is not a line of the agreed budget. Its lines")
    rows, faults = _matched(question, there, named) if named else (list(range(1, len(items) + 1)), [])
    typed = {row: raw.get(f"{question.id}-{row}", "") for row in rows if row is not None}
    if not faults and not any(clean_short(text) for text in typed.values()):
        return None
    found: list[BudgetLine] = []
    for item, row in zip(items, rows, strict=True):
        text = "" if row is None else typed[row]
        pence = read_sum(item, text if api else clean_short(text), limits, api=api) if clean_short(text) else 0
        if isinstance(pence, str):
            where = f"{question.pointer}/{(row or 1) - 1}/spent"
            faults.append(Fault(f"{question.id}-{row}", question.id, pence, where))
        else:
            found.append(BudgetLine(item, pence))
    return Faults(faults) if faults else tuple(found)


_READERS: Final = {AnswerKind.ACHIEVED: _achieved, AnswerKind.SPENDING: _spending}


def _sum_faults(asked: tuple[Question, ...], values: Mapping[str, Value], raw: Mapping[str, str]) -> Iterable[Fault]:
    """What is wrong with the lines of the budget beside what was spent in all, or where no budget was agreed."""
    spending = next((question for question in asked if question.kind is AnswerKind.SPENDING), None)
    if spending is None:
        if any(name.startswith("line-") for name in raw):
            said = "No budget was agreed line by line for this award: leave this out"
            yield Fault("line-1", "spending", said, "/budget")
        return
    lines, spent = values.get(spending.id), values.get("spent")
    if isinstance(lines, tuple) and isinstance(spent, int):
        out = sum(line.pence for line in lines if isinstance(line, BudgetLine)) - spent
        if out:
            said = (
                f"The lines come to {display(spent + out)}, {display(abs(out))} {'more' if out > 0 else 'less'} than "
                f"the {display(spent)} that has been spent in all. Correct a line or the total"
            )
            yield Fault(fields(spending)[0], spending.id, said, spending.pointer)
