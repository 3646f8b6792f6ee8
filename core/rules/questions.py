"""Which questions an applicant or a recipient is asked, as data, and reading a whole page, application or return.

A page is one thing to think about; what belongs together (a name and its e-mail address, a start and an end) shares
one. The form, the JSON API, the check page, the card and the e-mails all take their questions from here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, cast

from core.rules.answers import (
    AnswerKind,
    BudgetLine,
    Choice,
    Fault,
    Faults,
    Limits,
    Outcome,
    Question,
    Value,
    When,
    budget_rows,
    describe,
    fields,
    kept,
    read_answer,
    recalled,
)
from core.rules.calendar import date_text
from core.rules.facts import Facts, History, PlanFacts
from core.rules.forms import ORGANISATION_TYPES, PURPOSES, Page, api_questions, application_book, limits_of
from core.rules.money import MoneyError, display, pence_from_typed
from core.rules.organisations import address_key
from core.rules.policy import CrimeGround, Fund, Kind, OrganisationType, Policy, Purpose
from core.rules.return_forms import Agreed, ReturnFacts, read_return, return_questions, return_questions_asked

__all__ = [
    "ORGANISATION_TYPES",
    "PURPOSES",
    "Agreed",
    "AnswerKind",
    "ApplicationFacts",
    "BudgetLine",
    "Choice",
    "Fault",
    "Faults",
    "Outcome",
    "Page",
    "Question",
    "ReturnFacts",
    "Value",
    "When",
    "application_pages",
    "application_questions",
    "asked_when",
    "budget_rows",
    "budget_so_far",
    "describe",
    "fields",
    "history_facts",
    "is_asked",
    "kept",
    "plan_facts",
    "questions_asked",
    "read_application",
    "read_page",
    "read_question",
    "read_return",
    "recalled",
    "return_questions",
    "return_questions_asked",
    "second_contact_faults",
]


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """A whole application as typed values: money in pence, days as dates. `answers` holds what has no field here."""

    fund: str
    organisation_name: str
    organisation_type: OrganisationType
    charity_number: str | None
    company_number: str | None
    postcode: str
    contact_name: str
    contact_email: str
    title: str
    need: str
    existing_provision: str
    plan_objective: str
    csp_area: str
    age_from: int | None
    age_to: int | None
    send: bool | None
    outcomes: tuple[Outcome, ...]
    start: date
    end: date
    amount: int
    purchases: int
    purpose: Purpose
    answers: Mapping[str, str]
    budget: tuple[BudgetLine, ...] = ()
    second_name: str | None = None
    second_email: str | None = None

    def facts(self, *, amount: int | None = None) -> Facts:
        """What the rules assess, as a grant; `amount` in pence where less is considered than was asked for."""
        grounds = self.answers.get("crime_grounds")
        return Facts(
            kind=Kind.GRANT,
            amount=self.amount if amount is None else amount,
            fund=self.fund,
            purpose=self.purpose,
            purchases=self.purchases,
            start=self.start,
            end=self.end,
            application=True,
            organisation_type=self.organisation_type,
            csp_area=self.csp_area,
            age_from=self.age_from,
            age_to=self.age_to,
            send=self.send,
            plan_objective=self.plan_objective,
            need=self.need,
            existing_provision=self.existing_provision,
            outcomes=len(self.outcomes),
            crime_grounds=(CrimeGround(grounds),) if grounds else None,
            plan=plan_facts(self.answers, self.purpose),
            history=history_facts(self.answers),
        )


def application_questions(fund: Fund, policy: Policy) -> tuple[Question, ...]:
    """Every question that an application to this fund may be asked, in order, whatever has been answered."""
    return tuple(question for page in application_book(fund, policy) for question in page.questions)


def application_pages(fund: Fund, policy: Policy, answers: Mapping[str, str]) -> tuple[Page, ...]:
    """The pages that an applicant sees, given the raw answers so far: what does not apply is left out."""
    pages = []
    amount = _amount(answers)
    for page in application_book(fund, policy):
        asked = tuple(_at_size(question, amount) for question in page.questions if is_asked(question, answers))
        if asked:
            pages.append(Page(page.slug, page.title, page.section, asked, page.hint))
    return tuple(pages)


def is_asked(question: Question, answers: Mapping[str, str]) -> bool:
    """Whether a question applies, given the raw answers so far."""
    if question.from_amount and _amount(answers) < question.from_amount:
        return False
    return question.when is None or question.when.holds(answers)


def _amount(answers: Mapping[str, str]) -> int:
    """The amount asked for in pence, 0 while there is none that can be read."""
    return _pence(answers.get("amount", ""))


def _pence(typed: str) -> int:
    try:
        return pence_from_typed(typed)
    except MoneyError:
        return 0


def _at_size(question: Question, amount: int) -> Question:
    """The question as it is put for this amount: what is optional for smaller ones may be required."""
    if question.required_from is None or amount < question.required_from:
        return question
    return replace(question, required=True)


def budget_so_far(question: Question, answers: Mapping[str, str]) -> str:
    """How far what can be read of a budget's lines is from the amount; "" where nothing is to be said."""
    amount, total = _amount(answers), 0
    for row in budget_rows(question, answers, question.most_rows):
        total += _pence(answers.get(f"{question.id}-amount-{row}", ""))
    if not amount or not total:
        return ""
    if total == amount:
        return f"Your lines add up to {display(total)}, which is what you are asking for."
    compared = "more" if total > amount else "less"
    return f"Your lines add up to {display(total)} so far: {display(abs(total - amount))} {compared} than you ask for."


def asked_when(question: Question, questions: Iterable[Question]) -> str:
    """When a question is asked, in words, for somebody who reads them all before starting; "" where it always is.

    `questions` are those of the same form, one of which may decide it.
    """
    said = [f"for {display(question.from_amount)} or more"] if question.from_amount else []
    if question.when is not None:
        decides = next(one for one in questions if one.id == question.when.question)
        if question.when.over is not None:
            said.append(f"if “{decides.label}” is over {question.when.over}")
        else:
            texts = [choice.text for choice in decides.choices if choice.value in question.when.values]
            said.append(f"if you answer “{'” or “'.join(texts)}” to “{decides.title}”")
    return f"Only {', and '.join(said)}." if said else ""


def questions_asked(fund: Fund, policy: Policy, organisation: OrganisationType) -> int:
    """How many questions the longest light application of such an organisation is asked: its pages."""
    return sum(
        any(_may_be_asked(question, organisation) for question in page.questions)
        for page in application_book(fund, policy)
    )


def _may_be_asked(question: Question, organisation: OrganisationType) -> bool:
    if question.from_amount:
        return False
    when = question.when
    return when is None or when.question != "organisation_type" or organisation.value in when.values


def plan_facts(answers: Mapping[str, str], purpose: Purpose | None) -> PlanFacts:
    """What the answers kept beside an application tell the rules of Understand and Plan."""

    def truth(name: str) -> bool | None:
        return {"yes": True, "no": False}.get(answers.get(name, ""))

    return PlanFacts(
        existing_service=answers.get("existing_service"),
        needs_assessment=answers.get("needs_assessment"),
        engagement=answers.get("engagement"),
        partnership=answers.get("partnership"),
        pathways=answers.get("pathways"),
        service_user_voice=answers.get("service_user_voice"),
        local_need=answers.get("local_need"),
        co_design=answers.get("co_design"),
        early_intervention=truth("early_intervention"),
        countywide=truth("countywide"),
        at_risk=True if purpose is Purpose.YOUNG_PEOPLE else truth("at_risk"),
        enterprise=truth("enterprise"),
    )


def history_facts(answers: Mapping[str, str]) -> History:
    """What the answers kept beside an application tell the rules of earlier money."""
    assistance = answers.get("assistance", "")
    return History(assistance=int(assistance) if assistance.isdecimal() else None)


def read_question(
    question: Question,
    raw: Mapping[str, str],
    policy: Policy,
    fund: Fund,  # noqa: ARG001 - the question was made for a fund, and callers name both
    today: date,
) -> Value | Faults:
    """The typed answer to one question of the form, None where an optional one is left blank, or its faults."""
    value = read_answer(question, raw, limits_of(policy))
    if isinstance(value, Faults):
        return value
    faults = _across((question,), {question.id: value}, today)
    return Faults(faults) if faults else value


def read_page(
    page: Page,
    raw: Mapping[str, str],
    policy: Policy,
    fund: Fund,  # noqa: ARG001 - the page was made for a fund, and callers name both
    today: date,
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    """The typed answers of one page, and what is wrong with it, also between its answers (an end before its start)."""
    return _read(page.questions, raw, limits_of(policy), today, api=False)


def read_application(
    fund: Fund, raw: Mapping[str, str], policy: Policy, today: date, strict_money: bool = False
) -> tuple[ApplicationFacts | None, tuple[Fault, ...]]:
    """A whole application, or None and every fault.

    `strict_money` is the JSON API's reading: money and dates as the contract writes them, only what the contract
    requires is required, and any purpose or age may be stated, so that the rules can answer it.
    """
    questions = api_questions(fund, policy) if strict_money else application_questions(fund, policy)
    amount = _amount(raw)
    asked = (
        questions
        if strict_money
        else tuple(_at_size(question, amount) for question in questions if is_asked(question, raw))
    )
    values, faults = _read(asked, raw, limits_of(policy), today, api=strict_money)
    if faults:
        return None, faults
    return _application(fund, values), ()


def _read(
    questions: Iterable[Question], raw: Mapping[str, str], limits: Limits, today: date, *, api: bool
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    asked = tuple(questions)
    for question in asked:
        value = read_answer(question, raw, limits, api=api)
        if isinstance(value, Faults):
            faults.extend(value)
        else:
            values[question.id] = value
    faults.extend(_across(asked, values, today))
    return values, _once(faults)


def _once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple({(fault.field, fault.pointer): fault for fault in reversed(tuple(faults))}.values())[::-1]


def _across(questions: tuple[Question, ...], values: Mapping[str, Value], today: date) -> list[Fault]:
    """What is wrong with an answer beside today or another answer."""
    by_id = {question.id: question for question in questions}
    faults: list[Fault] = []

    def fault(question_id: str, message: str) -> None:
        question = by_id[question_id]
        faults.append(Fault(fields(question)[0], question_id, message, question.pointer))

    start, end = values.get("start"), values.get("end")
    if isinstance(end, date):
        if isinstance(start, date) and end < start:
            fault("end", f"The end must be on or after the start, {date_text(start)}")
        elif end < today:
            fault("end", f"The end must be today, {date_text(today)}, or later: money cannot be given for what is over")
    for question_id, message in (*_ages(values, by_id), *_second_contact(values)):
        if question_id in by_id:
            fault(question_id, message)
    if values.get("amount") == 0:
        fault("amount", "The amount must be more than £0")
    budget, amount = values.get("budget"), values.get("amount")
    if isinstance(budget, tuple) and isinstance(amount, int) and amount:
        out = sum(line.pence for line in budget if isinstance(line, BudgetLine)) - amount
        if out:
            fault("budget", _does_not_add_up(amount, out))
    if values.get("purchases") == 0 and by_id["purchases"].when is not None:
        fault("purchases", "The largest purchase must be more than £0, or answer that you will buy nothing")
    return faults


def _ages(values: Mapping[str, Value], by_id: Mapping[str, Question]) -> list[tuple[str, str]]:
    faults = []
    lowest, highest = values.get("age_from"), values.get("age_to")
    if isinstance(lowest, int) and isinstance(highest, int) and highest < lowest:
        faults.append(("age_to", f"The oldest must be {lowest} or over, the age of the youngest"))
    for name in ("age_from", "age_to"):
        age = values.get(name)
        if isinstance(age, int) and age > _OLDEST:
            faults.append((name, f"{by_id[name].label} must be an age in years, {_OLDEST} or less"))
    return faults


def _second_contact(values: Mapping[str, Value]) -> list[tuple[str, str]]:
    if "second_email" not in values:  # it is not asked here, or cannot be read, which is said elsewhere
        return []
    first, name, email = (str(values.get(one) or "") for one in ("contact_email", "second_name", "second_email"))
    return second_contact_faults(first, name, email)


def second_contact_faults(first_email: str, second_name: str, second_email: str) -> list[tuple[str, str]]:
    """What is wrong with a second contact beside the first: the field, and why.

    Whoever gives one gives a name and an address, and not the first contact's.
    """
    if second_name and not second_email:
        return [("second_email", "Enter the e-mail address of the second person, or leave their name blank")]
    if second_email and address_key(second_email) == address_key(first_email):
        same = "The second person’s e-mail address must not be the first one’s"
        return [("second_email", f"{same}. If there is nobody else, leave both boxes blank")]
    if second_email and not second_name:
        return [("second_name", "Enter the name of the second person, or leave their e-mail address blank")]
    return []


_OLDEST: Final = 120


def _does_not_add_up(amount: int, out: int) -> str:
    """What is said of budget lines that come to `out` pence more, or less where it is negative, than the amount."""
    compared = "more" if out > 0 else "less"
    return (
        f"Your lines add up to {display(amount + out)}, which is {display(abs(out))} {compared} than the "
        f"{display(amount)} that you are asking for. Change a line or the amount, so that they are the same"
    )


def _application(fund: Fund, values: Mapping[str, Value]) -> ApplicationFacts:
    def text(name: str) -> str:
        return cast("str", values[name])

    purpose = values.get("purpose")
    return ApplicationFacts(
        fund=fund.id,
        organisation_name=text("organisation_name"),
        organisation_type=OrganisationType(text("organisation_type")),
        charity_number=cast("str | None", values.get("charity_number")),
        company_number=cast("str | None", values.get("company_number")),
        postcode=text("postcode"),
        contact_name=text("contact_name"),
        contact_email=text("contact_email"),
        title=text("title"),
        need=text("need"),
        existing_provision=text("existing_provision"),
        plan_objective=text("plan_objective"),
        csp_area=text("csp_area"),
        age_from=cast("int | None", values.get("age_from")),
        age_to=cast("int | None", values.get("age_to")),
        send=cast("bool | None", values.get("send")),
        outcomes=cast("tuple[Outcome, ...]", values["outcomes"]),
        start=cast("date", values["start"]),
        end=cast("date", values["end"]),
        amount=cast("int", values["amount"]),
        purchases=cast("int", values.get("purchases") or 0),
        purpose=Purpose(str(purpose)) if purpose else fund.purposes[0],
        answers={name: kept(value) for name, value in values.items() if name not in _OWN and value is not None},
        budget=cast("tuple[BudgetLine, ...]", values.get("budget") or ()),
        second_name=cast("str | None", values.get("second_name")),
        second_email=cast("str | None", values.get("second_email")),
    )


_OWN: Final = frozenset({*ApplicationFacts.__slots__, "buys", "declaration"})
"""The questions of an application that have a field of their own, or say nothing beside the others."""
