"""What can be done to an application from its card: recommend, approve, decline, declare an interest, open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from sqlalchemy.orm import Session

from bot import modals
from bot.action import Action, Ask, Entered, Subject, View
from bot.application_card import card_facts
from bot.card_facts import ApplicationCard, Basis
from bot.words import Typed
from core import deciding, legal_basis
from core.deciding import WrongInput
from core.errors import Refused
from core.records import Application


def _find(session: Session, number: int, lock: bool) -> Application | None:
    """Held where it is about to change: nothing can then happen between the questions asked and the change itself.

    Held as `core.applications.held` does, so that whoever holds its award first may still refer to it meanwhile.
    """
    return session.get(Application, number, with_for_update={"key_share": True} if lock else None)


APPLICATION: Final = Subject[Application]("application", _find, lambda application: application.version)


def _may(action: deciding.Action) -> Callable[[Ask[Application]], Refused | None]:
    return lambda ask: deciding.may(ask.session, ask.subject, ask.person, action, office=ask.office, now=ask.now)


def _may_declare(ask: Ask[Application]) -> Refused | None:
    return deciding.may_declare_interest(ask.session, ask.subject, ask.person)


def _look(_ask: Ask[Application]) -> Refused | None:
    """A link to a public page: Slack tells us of the press, and there is nothing to do."""
    return None


def _opens(modal: Callable[[ApplicationCard, str], View]) -> Callable[[Ask[Application]], View]:
    return lambda ask: modal(card_facts(ask.session, ask.subject, office=ask.office), ask.channel)


def _open_approve(ask: Ask[Application]) -> View:
    terms = ask.office.policy.terms.value
    facts = card_facts(ask.session, ask.subject, office=ask.office)
    return modals.approve(facts, ask.channel, terms[0] if terms else "", _basis(ask))


def _open_recommend(ask: Ask[Application]) -> View:
    return modals.recommend(card_facts(ask.session, ask.subject, office=ask.office), ask.channel, _basis(ask))


def _basis(ask: Ask[Application]) -> Basis:
    """What to fill in of the power and the contribution: the recommendation's, else what the desk suggests."""
    known = legal_basis.powers(ask.subject, ask.office)
    filled_in = legal_basis.suggested(ask.subject, ask.office)
    power = next((one.id for one in known if one.text == filled_in.legal_power), "")
    return Basis(tuple((one.id, one.text) for one in known), power, Typed(filled_in.contribution))


_OUTCOMES: Final[Mapping[str, Literal["approve", "less", "decline"]]] = {
    "approve": "approve",
    "less": "less",
    "decline": "decline",
}


def _recommend(ask: Ask[Application], given: Entered) -> None:
    outcome = _OUTCOMES.get(given.text("recommendation"))
    if outcome is None:
        raise WrongInput("recommendation", "Choose what you recommend.")
    deciding.recommend(
        ask.session,
        ask.subject.id,
        ask.person,
        outcome=outcome,
        # Nobody who recommends to decline should be stopped by an amount that then counts for nothing.
        amount=given.pence() if outcome != "decline" else ask.subject.amount or 0,
        reasons=given.text("reasons"),
        conditions=given.text("conditions"),
        legal_power=given.text("legal_power"),
        contribution=given.text("contribution"),
        office=ask.office,
        now=ask.now,
    )


def _approve(ask: Ask[Application], given: Entered) -> None:
    deciding.decide(
        ask.session,
        ask.subject.id,
        ask.person,
        outcome="approved",
        amount=given.pence(),
        reasons=given.text("reasons"),
        conditions=given.text("conditions"),
        legal_power=given.text("legal_power"),
        contribution=given.text("contribution"),
        office=ask.office,
        now=ask.now,
    )


def _decline(ask: Ask[Application], given: Entered) -> None:
    deciding.decide(
        ask.session,
        ask.subject.id,
        ask.person,
        outcome="declined",
        amount=None,
        reasons=given.text("reasons"),
        office=ask.office,
        now=ask.now,
    )


def _interest(ask: Ask[Application], given: Entered) -> None:
    deciding.declare_interest(ask.session, ask.subject.id, ask.person, reason=given.text("reasons"), now=ask.now)


ACTIONS: Final = (
    Action("recommend", APPLICATION, _may("recommend"), opens=_open_recommend, submits=_recommend),
    Action("approve", APPLICATION, _may("approve"), opens=_open_approve, submits=_approve),
    Action("decline", APPLICATION, _may("decline"), opens=_opens(modals.decline), submits=_decline),
    Action("interest", APPLICATION, _may_declare, opens=_opens(modals.interest), submits=_interest, stale=True),
    Action("open", APPLICATION, _look),
)
"""Each with its access rule: (A1, A2, A3) are asked of the core."""
