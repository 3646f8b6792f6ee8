"""What happens when somebody presses a button or sends a modal.

The work is done first and the acknowledgement last: an exception just after `ack()` would lose it. Whatever goes
wrong is logged under a reference that the person is told. Nothing here reads the message that was pressed: the record
decides.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from slack_bolt import Ack, App, BoltContext
from sqlalchemy.orm import Session

from bot import command
from bot.access import Unlinked, permit, refuse_strangers, vouched_for
from bot.accounts import Account, Accounts
from bot.action import (
    MENU,
    STALE,
    UNKNOWN,
    Action,
    Ask,
    Carried,
    Entered,
    Step,
    Steps,
    View,
    chosen_action,
    found_subject,
)
from bot.actions import ACTIONS
from bot.calls import Calls
from bot.linking import Linking, notice, offer
from bot.presser import FAILED, Presser, beside, broke, worded
from bot.reading import Reading, is_home
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.rules.money import MoneyError

Outcome = TypeVar("Outcome")

AMOUNT = "Enter pounds in digits alone, such as 2000 or 2000.50."
NOT_DONE = "Nothing was done"
NO_COMMAND = f"Award Desk knows only the command {command.NAME}. Try '{command.NAME} help'."

STEPS_SECONDS = 2.0
"""How long the steps of one submission may take together: Slack gives up after three seconds."""

TOO_SLOW = "There was no time left for this one. Send the form again: what is done stays done."

_EVERYTHING = re.compile(".*", re.DOTALL)


class Listeners:
    """The bot's listeners, each with the office whose record it works on and the Slack that it answers through."""

    def __init__(self, office: Office, calls: Calls, accounts: Accounts) -> None:
        self._office = office
        self._calls = calls
        self._accounts = accounts
        self._reading = Reading(office, calls, accounts)

    def register(self, app: App) -> None:
        """Register a listener for every action that has an access rule, every modal, and catch-alls behind them."""
        for name, action in ACTIONS.items():
            app.action(name)(self.pressed)
            if action.submits is not None or action.each is not None:
                app.view(name)(self.submitted)
            if action.shortcut:
                app.shortcut(name)(self.shortcut_used)
        app.action(MENU)(self.pressed)
        Linking(self._office, self._calls, self._accounts).register(app)
        self._reading.register(app)
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
            self._press(body, action, who, context)
        except Unlinked as refusal:
            self._calls.tell(who.channel, who.user, worded(refusal), offer(worded(refusal)).blocks)
        except Refused as refusal:
            self._tell(body, who, worded(refusal), context)
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            self._tell(body, who, broke("press", str(action.get("action_id"))), context)
        ack()

    def shortcut_used(self, body: dict[str, Any], shortcut: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A global shortcut: open its form. It comes from no channel, so why not is said in a form of its own."""
        who = Presser.of(body)
        action = ACTIONS[str(shortcut["callback_id"])]
        try:
            view = self._viewed(action, action.opens or _nothing, Carried(action.subject.key, 0, 0).packed(), who)
        except Unlinked as refusal:
            said = f"{worded(refusal)} To link it, type {command.NAME} in any channel, or open this app's Home."
            view = notice(said, NOT_DONE)
        except Refused as refusal:
            view = notice(worded(refusal), NOT_DONE)
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            view = notice(broke("shortcut", action.name), NOT_DONE)
        self._calls.open_view(str(body.get("trigger_id") or ""), view, channel=who.channel, user=who.user)
        ack()

    def _tell(self, body: Mapping[str, Any], who: Presser, said: str, context: BoltContext) -> None:
        """Tell whoever pressed: privately in the channel, or on their Home where they pressed there."""
        if is_home(body):
            self._reading.show(who, context, notice=said)
        else:
            self._calls.tell(who.channel, who.user, said)

    def unknown_press(self, body: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A button that no card has any more."""
        self._tell(body, Presser.of(body), UNKNOWN, context)
        ack()

    def _press(self, body: Mapping[str, Any], pressed: Mapping[str, Any], who: Presser, context: BoltContext) -> None:
        carried, name = _carried(pressed), str(pressed["action_id"])
        action = ACTIONS.get(chosen_action(carried) if name == MENU else name)
        if action is None:
            raise Conflict(UNKNOWN)
        if action.does is not None:
            said = self._do(action, action.does, carried, who)
            if said:
                self._tell(body, who, said, context)
        elif action.shows is not None:
            view = self._viewed(action, action.shows, carried, who)
            self._calls.publish(who.user, view)
        elif action.opens is not None:
            view = self._viewed(action, action.opens, carried, who)
            self._calls.open_view(str(body.get("trigger_id") or ""), view, channel=who.channel, user=who.user)

    def _viewed(self, action: Action[Any], makes: Callable[[Ask[Any]], View], carried: str, who: Presser) -> View:
        """A view for somebody who may see it. The session is given back before Slack is asked to show it."""
        account = self._account(action, carried, who, unfound=UNKNOWN)
        with self._office.reading() as session:
            office = self._office.in_force(session)
            subject, _ = found_subject(action, session, carried, lock=False, unfound=UNKNOWN)
            return makes(self._permitted(session, subject, action, account, office, who.channel))

    def submitted(self, body: dict[str, Any], view: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """A modal that was sent: do it in one transaction, or say beside a field why not."""
        action = ACTIONS[str(view["callback_id"])]
        try:
            shows = self._submit(action, body, view)
        except WrongInput as refusal:
            errors = beside(view, refusal.field, worded(refusal))
        except MoneyError:
            errors = beside(view, "amount", AMOUNT)
        except Refused as refusal:
            errors = beside(view, "reasons", worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            errors = beside(view, "reasons", broke("submission", action.name))
        else:
            if shows is None:
                ack()
            else:
                ack(response_action="update", view=shows)
            return
        ack(response_action="errors", errors=errors)

    def _submit(self, action: Action[Any], body: Mapping[str, Any], view: Mapping[str, Any]) -> View | None:
        carried = str(view.get("private_metadata") or "")
        given = Entered(view)
        if action.each is not None:
            return self._do_each(action, action.each, given, carried, Presser.of(body))
        submits = action.submits
        if submits is None:  # registered for no such action
            raise Conflict(STALE)
        return self._do(action, lambda ask: submits(ask, given), carried, Presser.of(body), form=True)

    def _do_each(
        self,
        action: Action[Any],
        each: Callable[[Ask[Any], Entered], Steps],
        given: Entered,
        packed: str,
        who: Presser,
    ) -> View:
        """Do the steps of a submission one after the other, each as far as it may be; say what came of every one.

        A step that a crash cuts off, or that there is no time for, was not begun: what is done stays done, and the
        rest can be sent again.
        """
        started = time.monotonic()
        account = self._account(action, packed, who, unfound=STALE)
        with self._office.reading() as session:
            office = self._office.in_force(session)
            subject, carried = found_subject(action, session, packed, lock=False, unfound=STALE)
            channel = who.channel or carried.channel
            found = each(self._permitted(session, subject, action, account, office, channel), given)
        came = [
            self._step(step, who) if time.monotonic() - started < STEPS_SECONDS else TOO_SLOW for step in found.steps
        ]
        return found.shows(came)

    def _step(self, step: Step, who: Presser) -> str:
        """Do one step; "" where it was done, else why not."""
        action = ACTIONS.get(step.action)
        try:
            if action is None:
                raise Conflict(UNKNOWN)
            self._do(action, step.does, step.carried, who, form=True)
        except Refused as refusal:
            return worded(refusal)
        except Exception:  # noqa: BLE001 - the other steps are to be done, and the person answered; it is logged
            return broke("step", step.action)
        return ""

    def _do(
        self,
        action: Action[Any],
        work: Callable[[Ask[Any]], Outcome],
        packed: str,
        who: Presser,
        *,
        form: bool = False,
    ) -> Outcome:
        """Do what a button says, or a form, in one transaction, its subject held.

        A form is refused whose subject has changed since it was opened, unless its action may be stale.
        """
        unfound = STALE if form else UNKNOWN
        account = self._account(action, packed, who, unfound=unfound)
        with self._office.sessions.begin() as session:
            subject, carried = found_subject(action, session, packed, lock=True, unfound=unfound)
            office = self._office.in_force(session)  # the one policy of all that follows (A4)
            channel = who.channel or carried.channel
            ask = self._permitted(session, subject, action, account, office, channel)
            if form and not action.stale and action.subject.version(subject) != carried.version:
                raise Conflict(action.subject.stale, "A3")
            return work(ask)

    def _account(self, action: Action[Any], packed: str, who: Presser, *, unfound: str) -> Account:
        """Whose account it is, by Slack's word, before anything is opened or done and outside every transaction."""

        def on_record(session: Session) -> None:
            office = self._office.in_force(session)
            subject, _ = found_subject(action, session, packed, lock=False, unfound=unfound)
            now = office.clock()
            refuse_strangers(session, subject, action.name, team=who.team, user=who.user, office=office, now=now)

        return vouched_for(self._office, self._accounts, who.team, who.user, on_record)

    def _permitted(
        self, session: Session, subject: Any, action: Action[Any], account: Account, office: Office, channel: str
    ) -> Ask[Any]:
        return permit(session, subject, action.name, account, office=office, now=office.clock(), channel=channel)


def _carried(pressed: Mapping[str, Any]) -> str:
    """What a button carries, or the choice of a menu; "" for what carries nothing."""
    chosen = pressed.get("selected_option") or {}
    return str(pressed.get("value") or chosen.get("value") or "")


def _nothing(_ask: Ask[Any]) -> View:
    return notice(UNKNOWN, NOT_DONE)


def _ignored() -> None:
    """An event that nothing is done about. Bolt acknowledges events by itself."""


def _no_command(ack: Ack) -> None:
    ack(NO_COMMAND)


def _acknowledged(ack: Ack) -> None:
    """A modal or shortcut of another version of the desk: Slack is answered, nothing is done."""
    ack()
