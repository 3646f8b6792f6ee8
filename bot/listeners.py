"""What happens when somebody presses a button or sends a modal.

The work is done first and the acknowledgement last: an exception just after `ack()` would lose it. Whatever goes
wrong is logged under a reference that the person is told. Nothing here reads the message that was pressed: the record
decides.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from slack_bolt import Ack, App, BoltContext
from sqlalchemy.orm import Session

from bot.access import permit
from bot.action import STALE, UNKNOWN, Action, Ask, Entered, View, found_subject
from bot.actions import ACTIONS
from bot.calls import Calls
from bot.words import shown
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.rules.money import MoneyError

_log = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")

FAILED = "award_desk_failed"
"""Set in bolt's context when a listener broke down: its answer is not kept to be given again to a repeated request."""

MOST_ERROR = 1_000
"""Characters of an error beside a field."""

AMOUNT = "Enter pounds in digits alone, such as 2000 or 2000.50."
NO_COMMAND = "Award Desk has no commands yet. Use the buttons on the cards in the approvals channel."

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
        for name, action in ACTIONS.items():
            app.action(name)(self.pressed)
            if action.submits is not None:
                app.view(name)(self.submitted)
        app.event("app_home_opened")(_ignored)
        app.action(_EVERYTHING)(self.unknown_press)
        app.view(_EVERYTHING)(_acknowledged)
        app.view_closed(_EVERYTHING)(_acknowledged)
        app.shortcut(_EVERYTHING)(_acknowledged)
        app.command(_EVERYTHING)(_no_command)
        app.event(_EVERYTHING)(_ignored)

    def pressed(self, body: dict[str, Any], action: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A button: open its modal or do what it says, or say privately why not."""
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

    def _press(self, body: Mapping[str, Any], pressed: Mapping[str, Any], who: Presser) -> None:
        action = ACTIONS[str(pressed["action_id"])]
        carried = _carried(pressed)
        if action.does is not None:
            said = self._do(action, action.does, carried, who)
            if said:
                self._calls.tell(who.channel, who.user, said)
        elif action.opens is not None:
            with self._office.reading() as session:
                office = self._office.in_force(session)
                subject, _ = found_subject(action, session, carried, lock=False)
                view = action.opens(self._permitted(session, subject, action, who, office))
            # The session is given back before Slack is asked: a slow Slack must not hold on to the database.
            self._calls.open_view(str(body.get("trigger_id") or ""), view, channel=who.channel, user=who.user)

    def submitted(self, body: dict[str, Any], view: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A modal that was sent: do it in one transaction, or say beside a field why not."""
        action = ACTIONS[str(view["callback_id"])]
        try:
            shows = self._submit(action, body, view)
        except WrongInput as refusal:
            errors = _beside(view, refusal.field, worded(refusal))
        except MoneyError:
            errors = _beside(view, "amount", AMOUNT)
        except Refused as refusal:
            errors = _beside(view, "reasons", worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            errors = _beside(view, "reasons", _broke("submission", action.name))
        else:
            if shows is None:
                ack()
            else:
                ack(response_action="update", view=shows)
            return
        ack(response_action="errors", errors=errors)

    def _submit(self, action: Action[Any], body: Mapping[str, Any], view: Mapping[str, Any]) -> View | None:
        submits = action.submits
        if submits is None:  # registered for no such action
            raise Conflict(STALE)
        carried = str(view.get("private_metadata") or "")
        given = Entered(view)
        return self._do(action, lambda ask: submits(ask, given), carried, Presser.of(body), fresh=not action.stale)

    def _do(
        self,
        action: Action[Any],
        work: Callable[[Ask[Any]], Outcome],
        packed: str,
        who: Presser,
        *,
        fresh: bool = False,
    ) -> Outcome:
        """Do something in one transaction, its subject held; what has changed since is refused where it is `fresh`."""
        with self._office.sessions.begin() as session:
            subject, carried = found_subject(action, session, packed, lock=True)
            office = self._office.in_force(session)  # the one policy of all that follows (A4)
            here = who if who.channel else replace(who, channel=carried.channel)
            ask = self._permitted(session, subject, action, here, office)
            if fresh and action.subject.version(subject) != carried.version:
                raise Conflict(STALE, "A3")
            return work(ask)

    def _permitted(self, session: Session, subject: Any, action: Action[Any], who: Presser, office: Office) -> Ask[Any]:
        return permit(
            session,
            subject,
            action.name,
            team=who.team,
            user=who.user,
            office=office,
            now=office.clock(),
            channel=who.channel,
        )


def worded(refusal: Refused) -> str:
    """A refusal for the person it concerns, with the rule that they can look up."""
    known = not refusal.rule or refusal.rule in refusal.reason
    return refusal.reason if known else f"{refusal.reason} (Rule {refusal.rule})"


def _carried(pressed: Mapping[str, Any]) -> str:
    """What a button carries, or the choice of a menu; "" for what carries nothing."""
    chosen = pressed.get("selected_option") or {}
    return str(pressed.get("value") or chosen.get("value") or "")


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
