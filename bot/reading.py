"""What staff read in Slack: their Home tab and the answers of the command. Nothing is decided here."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import command, linking
from bot.access import Unlinked, reader, vouched_for
from bot.accounts import Account, Accounts
from bot.action import View
from bot.blocks import Message
from bot.calls import MOST_TOLD, Calls
from bot.home import for_nobody, home
from bot.home_facts import home_facts
from bot.presser import FAILED, Presser, broke, worded
from bot.words import escaped
from core import homes
from core.errors import Refused
from core.office import Office


class Reading:
    """The listeners of Home and of the command."""

    def __init__(self, office: Office, calls: Calls, accounts: Accounts) -> None:
        self._office = office
        self._calls = calls
        self._accounts = accounts

    def register(self, app: App) -> None:
        """Register them, before the catch-alls."""
        app.event("app_home_opened")(self.home_opened)
        app.command(command.NAME)(self.command_given)

    def home_opened(self, event: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        """Somebody looks at their Home: it is made afresh, and from now on shown anew when something changes."""
        if event.get("tab") != "home":
            return
        who = Presser(str(body.get("team_id") or ""), str(event.get("user") or ""), "")
        shown_last = event.get("view") or {}
        self.show(who, context, opened=True, over=str(shown_last.get("hash") or ""))

    def show(
        self, who: Presser, context: BoltContext, *, notice: str = "", opened: bool = False, over: str = ""
    ) -> None:
        """Publish somebody's Home as things stand, with what they were just refused. `over` is the hash of the last."""
        try:
            account = self._account(who)
            if opened:
                self._note_opened(account)
            view = self._home(account, notice)
        except Unlinked:
            view = linking.home()
        except Refused as refusal:
            view = for_nobody(notice or worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            view = for_nobody(broke("making", "Home"))
        if not self._calls.publish(who.user, view, over=over) and over:
            self._calls.publish(who.user, view)

    def command_given(self, body: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """The command: answered privately, from the record."""
        who = Presser(str(body.get("team_id") or ""), str(body.get("user_id") or ""), str(body.get("channel_id") or ""))
        try:
            said = self._answer(who, str(body.get("text") or ""))
        except Unlinked as refusal:
            said = linking.offer(worded(refusal))
        except Refused as refusal:
            said = Message(escaped(worded(refusal), MOST_TOLD))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            said = Message(broke("answering", "the command"))
        told: dict[str, Any] = {"text": said.text, "response_type": "ephemeral"}
        if said.blocks:
            told["blocks"] = said.blocks
        ack(**told)

    def _answer(self, who: Presser, text: str) -> Message:
        account = self._account(who)
        with self._office.reading() as session:
            office = self._office.in_force(session)
            person = reader(session, account.team, account.user)
            # Slack escapes what was typed; it is looked for as it was typed.
            return command.answered(session, person, html.unescape(text), office=office, now=office.clock())

    def _account(self, who: Presser) -> Account:
        """Whose account it is, by the record and by Slack's word. Raises Refused."""
        return vouched_for(
            self._office, self._accounts, who.team, who.user, lambda session: reader(session, who.team, who.user)
        )

    def _note_opened(self, account: Account) -> None:
        today = self._office.today()
        with self._office.reading() as session:
            if homes.is_noted(session, reader(session, account.team, account.user), today=today):
                return
        with self._office.sessions.begin() as session:
            homes.opened(session, reader(session, account.team, account.user), today=today)

    def _home(self, account: Account, notice: str) -> View:
        with self._office.reading() as session:
            office = self._office.in_force(session)
            person = reader(session, account.team, account.user)
            return home(home_facts(session, person, office=office, now=office.clock(), notice=notice))


def is_home(body: Mapping[str, Any]) -> bool:
    """Whether a press came from Home, where nobody can be told anything in a channel."""
    return (body.get("view") or {}).get("type") == "home"
