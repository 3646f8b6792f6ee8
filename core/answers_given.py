"""What an applicant answered, told by the same questions that asked it: for their own copy, the officer and exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.records import Application
from core.rules.policy import Policy
from core.rules.questions import BudgetLine, Outcome, Question, Value, application_questions, describe, recalled

PERSONAL: Final = re.compile(r"mail|address|postcode|phone|bank|account", re.IGNORECASE)
"""Names of what is a personal detail beyond a contact's name (W4), whatever an office calls its own questions."""

_COLUMNS: Final = {"start": "start_on", "end": "end_on"}
"""Where a question's column has another name."""


@dataclass(frozen=True)
class Given:
    """One answer: the part of the form, what it is called there, its lines, and the id of its question."""

    section: str
    label: str
    lines: tuple[str, ...]
    id: str = ""

    @property
    def personal(self) -> bool:
        """Whether it is a personal detail beyond a contact's name, which stays out of Slack (W4)."""
        return bool(PERSONAL.search(self.id))


def answers_given(application: Application, policy: Policy) -> tuple[Given, ...]:
    """Everything that was answered in a submitted application, in the order of the form, under its own labels.

    A question that the policy no longer has comes last, by its id: what was answered is never hidden.
    """
    asked = _asked(application, policy)
    told = [_given(question, _value(application, question)) for question in asked]
    known = {question.id for question in asked}
    told += [
        Given("Other answers", name.replace("_", " ").capitalize(), (str(text),), name)
        for name, text in (application.extra or {}).items()
        if name not in known
    ]
    return tuple(given for given in told if given is not None)


def _asked(application: Application, policy: Policy) -> tuple[Question, ...]:
    fund = policy.fund(application.fund)
    return application_questions(fund, policy) if fund else ()


def _given(question: Question, value: Value) -> Given | None:
    return (
        None
        if value in (None, "", ())
        else Given(question.section, question.label, describe(question, value), question.id)
    )


def _value(application: Application, question: Question) -> Value:
    if question.id == "outcomes":
        return tuple(Outcome(one.outcome, one.measure, one.target) for one in application.outcomes)
    if question.id == "budget":
        return tuple(BudgetLine(one.item, one.pence) for one in application.budget_lines)
    if question.id == "buys":
        return bool(application.purchases)
    if question.id == "purchases":
        return application.purchases or None
    if question.id == "declaration":
        return True
    if question.id in (application.extra or {}):
        return recalled(question, str(application.extra[question.id]))
    value: Value = getattr(application, _COLUMNS.get(question.id, question.id), None)
    return value
