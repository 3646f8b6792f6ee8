"""How somebody links their own Slack account: two forms, one for the office's e-mail address and one for the code.

Everybody who is not linked is offered it where they are told so: at a press, at the command, in Home. Slack's word on
the account is asked at each step, and the first form says the same whoever's address is given.
"""

from __future__ import annotations

from typing import Any, Final

from slack_bolt import Ack, App, BoltContext

from bot import blocks
from bot.accounts import Account, Accounts
from bot.action import Entered, View
from bot.blocks import Block, Message
from bot.calls import Calls
from bot.presser import FAILED, Presser, beside, broke, worded
from bot.words import Typed, counted
from core import slack_links
from core.errors import Conflict, Refused
from core.links import CODE_DIGITS
from core.office import Office
from core.people import by_slack
from core.rules.policy import Policy

LINK: Final = "link_account"
ADDRESS: Final = "link_address"
CODE: Final = "link_code"

HOW: Final = "Link it here with your office e-mail address: we mail you a code, and you type it in."


def offer(reason: str) -> Message:
    """What somebody is told who is not linked: why nothing was done, and the button that begins the linking."""
    return Message(f"{reason} {HOW}", [blocks.section(blocks.plain(reason)), *_offered()])


def home() -> View:
    """Home of somebody who is not linked."""
    said = "Your Slack account is not linked to anybody on the office's staff list yet, so nothing waits for you here."
    return {"type": "home", "blocks": [blocks.header("Award Desk"), blocks.section(blocks.plain(said)), *_offered()]}


def _offered() -> list[Block]:
    return [
        blocks.section(blocks.plain(HOW)),
        blocks.actions("linking", blocks.button("Link my account", LINK, style="primary")),
    ]


def address_form() -> View:
    """The first form."""
    element = {"type": "email_text_input"}
    hint = "The one that the office has of you. We mail a code to it if it is on the staff list."
    return {
        "type": "modal",
        "callback_id": ADDRESS,
        "title": blocks.plain("Link my account", 24),
        "submit": blocks.plain("Mail me a code", 24),
        "close": blocks.plain("Cancel", 24),
        "blocks": [blocks.field_block("address", "Your office e-mail address", element, hint=hint)],
    }


def code_form(policy: Policy) -> View:
    """The second form: the same whether or not the address is on the staff list."""
    said = (
        f"If that address is on the office's staff list, a code of {CODE_DIGITS} digits is on its way to it. It is "
        f"good for {counted(policy.slack_code_minutes.value, 'minute')}. If no mail comes, look into your spam folder; "
        "then ask the office which address it has of you."
    )
    element = {"type": "plain_text_input", "max_length": 40}
    return {
        "type": "modal",
        "callback_id": CODE,
        "title": blocks.plain("Link my account", 24),
        "submit": blocks.plain("Link", 24),
        "close": blocks.plain("Cancel", 24),
        "blocks": [
            blocks.section(blocks.plain(said)),
            blocks.field_block("code", "The code from the e-mail", element, hint="Blanks do not matter."),
        ],
    }


def notice(said: Typed | str, title: str = "Link my account") -> View:
    """A form that only says something: that it is done, or why not where there is no channel to say it in."""
    return {
        "type": "modal",
        "title": blocks.plain(title, 24),
        "close": blocks.plain("Close", 24),
        "blocks": [blocks.section(blocks.plain(said))],
    }


class Linking:
    """The listeners of linking."""

    def __init__(self, office: Office, calls: Calls, accounts: Accounts) -> None:
        self._office = office
        self._calls = calls
        self._accounts = accounts

    def register(self, app: App) -> None:
        """Register them, before the catch-alls."""
        app.action(LINK)(self.pressed)
        app.view(ADDRESS)(self.address_given)
        app.view(CODE)(self.code_given)

    def pressed(self, body: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """Open the first form, for whoever is not linked and whose account may be."""
        who = Presser.of(body)
        trigger = str(body.get("trigger_id") or "")
        try:
            self._account(who)
            with self._office.reading() as session:
                holder = by_slack(session, who.team, who.user)
            if holder is not None:
                raise Conflict(f"Your Slack account is linked to {holder.name} already. There is nothing to do.")
        except Refused as refusal:
            self._say(who, trigger, worded(refusal))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            self._say(who, trigger, broke("press", LINK))
        else:
            self._calls.open_view(trigger, address_form(), channel=who.channel, user=who.user)
        ack()

    def address_given(self, body: dict[str, Any], view: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """The first form was sent: put the mail into the outbox, whoever's address it is, and ask for the code."""
        try:
            account = self._account(Presser.of(body))
            with self._office.sessions.begin() as session:
                office = self._office.in_force(session)
                slack_links.ask(
                    session,
                    team=account.team,
                    user=account.user,
                    address=Entered(view).text("address"),
                    policy=office.policy,
                    now=office.clock(),
                )
                shows = code_form(office.policy)
        except Refused as refusal:
            ack(response_action="errors", errors=beside(view, "address", worded(refusal)))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            ack(response_action="errors", errors=beside(view, "address", broke("submission", ADDRESS)))
        else:
            ack(response_action="update", view=shows)

    def code_given(self, body: dict[str, Any], view: dict[str, Any], ack: Ack, context: BoltContext) -> None:
        """The second form was sent: link the account, or say why not. A wrong code is counted."""
        try:
            account = self._account(Presser.of(body))
            with self._office.sessions.begin() as session:
                office = self._office.in_force(session)
                answer = slack_links.give(
                    session,
                    team=account.team,
                    user=account.user,
                    code=Entered(view).text("code"),
                    office=office,
                    now=office.clock(),
                )
                said = answer.name if not isinstance(answer, Refused) else ""
            if isinstance(answer, Refused):
                raise answer
        except Refused as refusal:
            ack(response_action="errors", errors=beside(view, "code", worded(refusal)))
        except Exception:  # noqa: BLE001 - the person must be answered, whatever broke; it is logged
            context[FAILED] = True
            ack(response_action="errors", errors=beside(view, "code", broke("submission", CODE)))
        else:
            linked = f"Your Slack account is linked to {said}. You and the office's officers are told by e-mail."
            ack(response_action="update", view=notice(f"{linked} Close this and press again what you wanted to do."))

    def _account(self, who: Presser) -> Account:
        return self._accounts.vouched_as_ours(who.team, who.user)

    def _say(self, who: Presser, trigger: str, said: str) -> None:
        """Privately in the channel; Home has none, and there a form is the only place."""
        if who.channel:
            self._calls.tell(who.channel, who.user, said)
        else:
            self._calls.open_view(trigger, notice(said), channel="", user=who.user)
