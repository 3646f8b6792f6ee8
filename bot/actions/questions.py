"""Asking the applicant from the card: a question, sending back to be corrected (A5), taking a question back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final, Literal

from bot import modals
from bot.action import Action, Ask, Entered, View
from bot.actions.applications import APPLICATION
from bot.application_card import card_facts
from core import asking
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.records import Application


def _may(action: Literal["query", "take_back"]) -> Callable[[Ask[Application]], Refused | None]:
    return lambda ask: asking.may(ask.session, ask.subject, ask.person, action)


def _open_ask(ask: Ask[Application]) -> View:
    facts = card_facts(ask.session, ask.subject, office=ask.office)
    return modals.ask(facts, ask.channel, asking.usual_answer_day(ask.office, ask.now))


def _open_send_back(ask: Ask[Application]) -> View:
    facts = card_facts(ask.session, ask.subject, office=ask.office)
    letter = asking.letter_back(ask.session, ask.subject, office=ask.office, now=ask.now)
    return modals.send_back(facts, ask.channel, asking.usual_answer_day(ask.office, ask.now), letter)


def _ask(ask: Ask[Application], given: Entered) -> None:
    with _beside():
        asking.ask(
            ask.session, ask.subject, ask.person, given.text("question"),
            office=ask.office, now=ask.now, answer_by=_day(given),
        )  # fmt: skip


def _send_back(ask: Ask[Application], given: Entered) -> None:
    with _beside():
        asking.send_back(
            ask.session, ask.subject, ask.person, letter=given.text("question"),
            office=ask.office, now=ask.now, answer_by=_day(given),
        )  # fmt: skip


@contextmanager
def _beside() -> Iterator[None]:
    """What is refused of a question stands beside it, and of its day beside the day."""
    try:
        yield
    except (Conflict, WrongInput):
        raise
    except asking.NoDay as refusal:
        raise WrongInput("answer_by", refusal.reason, refusal.rule) from refusal
    except Refused as refusal:
        raise WrongInput("question", refusal.reason, refusal.rule) from refusal


def _day(given: Entered) -> date | None:
    """The day that was chosen; None, which is the usual one, where none was."""
    typed = given.text("answer_by")
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError as error:
        raise WrongInput("answer_by", "Choose a day from the calendar.") from error


def _take_back(ask: Ask[Application]) -> str:
    waiting = asking.open_question(ask.session, ask.subject)
    if waiting is None:
        return "There is no question to take back: it has been answered. Read the card again."
    asking.take_back(ask.session, waiting.id, ask.person, now=ask.now)
    return "The question is taken back. The applicant's page says that no answer is needed any more."


ACTIONS: Final = (
    Action("ask", APPLICATION, _may("query"), opens=_open_ask, submits=_ask),
    Action("send_back", APPLICATION, _may("query"), opens=_open_send_back, submits=_send_back),
    Action("take_back", APPLICATION, _may("take_back"), does=_take_back),
)
"""Who may is asked of the core, at the press and at the submission."""
