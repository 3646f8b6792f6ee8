"""What happens when somebody presses a button or sends a modal.

The work is done first and the acknowledgement last: an exception just after `ack()` would lose it. Whatever goes
wrong is logged under a reference that the person is told. Nothing here reads the message that was pressed: the record
decides.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from slack_bolt import Ack, App, BoltContext
from sqlalchemy.orm import Session

from bot import modals
from bot.access import ACTIONS, permit
from bot.application_card import card_facts
from bot.calls import Calls
from bot.cards import ApplicationCard
from bot.modals import Carried, Entered, View
from bot.words import shown
from core import applications, deciding
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Person
from core.rules.money import MoneyError

_log = logging.getLogger(__name__)

FAILED = "award_desk_failed"
"""Set in bolt's context when a listener broke down: its answer is not kept to be given again to a repeated request."""

MOST_ERROR = 1_000
"""Characters of an error beside a field."""

STALE = (
    "This application has changed since you opened this form. Close it, read the card again and press the button again."
)
AMOUNT = "Enter pounds in digits alone, such as 2000 or 2000.50."
NO_COMMAND = "Award Desk has no commands yet. Use the buttons on the cards in the approvals channel."
UNKNOWN = "This button is not known any more. Use the newest card of the application."

_EVERYTHING = re.compile(".*", re.DOTALL)


@dataclass(frozen=True)
class Presser:
    """Who pressed and where, as Slack vouches for it. A channel is empty where there was none."""

    team: str
    user: str
    channel: str

    @classmethod
    def of(cls, body: Mapping[str, Any], channel: str = "") -> Presser:
        """Read from a payload. The team is the person's own: in a shared channel it is not the channel's."""
        user = body.get("user") or {}
        team = user.get("team_id") or (body.get("team") or {}).get("id") or ""
        here = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or channel
        return cls(str(team), str(user.get("id") or ""), str(here or ""))


class Listeners:
    """The bot's listeners, each with the office whose record it works on and the Slack that it answers through."""

    def __init__(self, office: Office, calls: Calls) -> None:
        self._office = office
        self._calls = calls

    def register(self, app: App) -> None:
        """Register a listener for every action that has an access rule, every modal, and catch-alls behind them."""
        for action in ACTIONS:
            app.action(action)(self.pressed)
        for callback in SUBMISSIONS:
            app.view(callback)(self.submitted)
        app.event("app_home_opened")(_ignored)
        app.action(_EVERYTHING)(self.unknown_press)
        app.view(_EVERYTHING)(_acknowledged)
        app.view_closed(_EVERYTHING)(_acknowledged)
        app.shortcut(_EVERYTHING)(_acknowledged)
        app.command(_EVERYTHING)(_no_command)
        app.event(_EVERYTHING)(_ignored)

    def pressed(self, body: dict[str, Any], action: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A button on a card: open its modal, or say privately why not."""
        who = Presser.of(body)
        try:
            self._press(body, action, who)
        except Refused as refusal:
            self._calls.tell(who.channel, who.user, worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            self._calls.tell(who.channel, who.user, _broke("press", str(action.get("action_id"))))
        ack()

    def unknown_press(self, body: dict[str, Any], ack: Ack) -> None:
        """A button that no card has any more."""
        who = Presser.of(body)
        self._calls.tell(who.channel, who.user, UNKNOWN)
        ack()

    def _press(self, body: Mapping[str, Any], action: Mapping[str, Any], who: Presser) -> None:
        name = str(action["action_id"])
        opens = MODALS.get(name)
        if opens is None:
            return
        application_id = _application_in(action)
        now = self._office.clock()
        with self._office.reading() as session:
            office = self._office.in_force(session)
            application = applications.by_id(session, application_id)
            permit(session, application, name, team=who.team, user=who.user, office=office, now=now)
            view = opens(card_facts(session, application, office=office), who.channel, office)
        # The session is given back before Slack is asked: a slow Slack must not hold on to the database.
        self._calls.open_view(str(body.get("trigger_id") or ""), view, channel=who.channel, user=who.user)

    def submitted(self, body: dict[str, Any], view: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A modal that was sent: do it in one transaction, or say beside a field why not."""
        try:
            self._submit(body, view)
        except WrongInput as refusal:
            errors = _beside(view, refusal.field, worded(refusal))
        except MoneyError:
            errors = _beside(view, "amount", AMOUNT)
        except Refused as refusal:
            errors = _beside(view, "reasons", worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            errors = _beside(view, "reasons", _broke("submission", str(view.get("callback_id"))))
        else:
            ack()
            return
        ack(response_action="errors", errors=errors)

    def _submit(self, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        name = str(view["callback_id"])
        try:
            carried = Carried.unpacked(str(view.get("private_metadata") or ""))
        except ValueError as error:
            raise Conflict(STALE) from error
        who = Presser.of(body, carried.channel)
        now = self._office.clock()
        with self._office.sessions.begin() as session:
            # Held from here on, so that nothing can change between the questions asked here and the change itself.
            application = session.get(Application, carried.application, with_for_update=True)
            if application is None:
                raise Conflict(STALE)
            office = self._office.in_force(session)  # the one policy of all that follows (A4)
            person = permit(session, application, name, team=who.team, user=who.user, office=office, now=now)
            if name != "interest" and application.version != carried.version:
                raise Conflict(STALE, "A3")
            SUBMISSIONS[name](session, application, person, modals.entered(view), office)


Opens = Callable[[ApplicationCard, str, Office], View]
Submission = Callable[[Session, Application, Person, Entered, Office], None]


def _open_approve(facts: ApplicationCard, channel: str, office: Office) -> View:
    terms = office.policy.terms.value
    return modals.approve(facts, channel, terms[0] if terms else "")


MODALS: Final[Mapping[str, Opens]] = {
    "recommend": lambda facts, channel, _office: modals.recommend(facts, channel),
    "approve": _open_approve,
    "decline": lambda facts, channel, _office: modals.decline(facts, channel),
    "interest": lambda facts, channel, _office: modals.interest(facts, channel),
}
"""The actions that open a modal, each with what makes it."""


_OUTCOMES: Final[Mapping[str, Literal["approve", "less", "decline"]]] = {
    "approve": "approve",
    "less": "less",
    "decline": "decline",
}


def _recommend(session: Session, application: Application, person: Person, given: Entered, office: Office) -> None:
    outcome = _OUTCOMES.get(given.recommendation)
    if outcome is None:
        raise WrongInput("recommendation", "Choose what you recommend.")
    deciding.recommend(
        session,
        application.id,
        person,
        outcome=outcome,
        # Nobody who recommends to decline should be stopped by an amount that then counts for nothing.
        amount=given.pence() if outcome != "decline" else application.amount or 0,
        reasons=given.reasons,
        conditions=given.conditions,
        office=office,
        now=office.clock(),
    )


def _approve(session: Session, application: Application, person: Person, given: Entered, office: Office) -> None:
    deciding.decide(
        session,
        application.id,
        person,
        outcome="approved",
        amount=given.pence(),
        reasons=given.reasons,
        conditions=given.conditions,
        office=office,
        now=office.clock(),
    )


def _decline(session: Session, application: Application, person: Person, given: Entered, office: Office) -> None:
    deciding.decide(
        session,
        application.id,
        person,
        outcome="declined",
        amount=None,
        reasons=given.reasons,
        conditions=given.conditions,
        office=office,
        now=office.clock(),
    )


def _interest(session: Session, application: Application, person: Person, given: Entered, office: Office) -> None:
    deciding.declare_interest(session, application.id, person, reason=given.reasons, now=office.clock())


SUBMISSIONS: Final[Mapping[str, Submission]] = {
    "recommend": _recommend,
    "approve": _approve,
    "decline": _decline,
    "interest": _interest,
}
"""The modals, by callback_id, each with what its submission does. Access is asked for the action of that name."""


def worded(refusal: Refused) -> str:
    """A refusal for the person it concerns, with the rule that they can look up."""
    known = not refusal.rule or refusal.rule in refusal.reason
    return refusal.reason if known else f"{refusal.reason} (Rule {refusal.rule})"


def _application_in(action: Mapping[str, Any]) -> int:
    """Which application a button is about. Raises Conflict for a value that this version of the desk did not write."""
    try:
        found = json.loads(str(action.get("value") or ""))
    except ValueError:
        found = None
    number = found.get("application") if isinstance(found, dict) else None
    if type(number) is not int:
        raise Conflict(UNKNOWN)
    return number


def _beside(view: Mapping[str, Any], block_id: str, reason: str) -> dict[str, str]:
    """An error beside the input `block_id`, or where the view has no such input beside its reasons or its first one."""
    inputs = [block.get("block_id") for block in view.get("blocks", []) if block.get("type") == "input"]
    places = [block_id, "reasons", *inputs]
    place = next((str(one) for one in places if one in inputs), block_id)
    return {place: shown(reason, MOST_ERROR)}


def _broke(what: str, name: str) -> str:
    """Log the exception at hand under a reference, and word it for the person who waits."""
    reference = secrets.token_hex(4)
    _log.exception("fault %s in the %s of %s", reference, what, name)
    return (
        f"Something went wrong on our side (fault {reference}). Tell the office; look at the card before you try again."
    )


def _ignored() -> None:
    """An event that nothing is done about. Bolt acknowledges events by itself."""


def _acknowledged(ack: Ack) -> None:
    """A modal or shortcut of another version of the desk: Slack is answered, nothing is done."""
    ack()


def _no_command(ack: Ack) -> None:
    ack(NO_COMMAND)
