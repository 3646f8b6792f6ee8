"""Which Slack account stands behind a press: asked of Slack itself (`users.info`), never of the payload.

A payload says who pressed, by (team, user). It does not say that the account is a guest's, a bot's, another
organisation's, or has been deactivated since; that is asked here, while somebody waits, and whatever is not a clear
yes is a no.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.calls import ACCOUNT_SECONDS, refused_as, short_client
from core.errors import Refused

_log = logging.getLogger(__name__)

KEPT: Final = timedelta(minutes=5)
"""How long Slack's good word for an account is taken: no longer, so that a deactivation bites; no shorter, since Slack
limits how often it is asked (`users.info`: some 100 a minute for the whole app)."""

MOST_KEPT: Final = 500
"""Accounts whose good word is kept: more than an office has people. Of more, the one asked longest ago goes."""

SILENT: Final = "Slack could not tell us who you are, so nothing was done. Press again in a minute."


class NotVouchedFor(Refused):
    """Slack says that this account may not act here, or says nothing of it that can be relied on."""


@dataclass(frozen=True)
class Account:
    """A Slack account that Slack vouched for, at most `KEPT` ago: only `Accounts` makes them."""

    team: str
    user: str


class Bar(StrEnum):
    """Why an account may not act here, by what Slack says of it; the gravest first."""

    DEACTIVATED = "deactivated"
    BOT = "bot"
    STRANGER = "stranger"
    GUEST = "guest"
    ELSEWHERE = "elsewhere"
    UNCONFIRMED = "unconfirmed"


_REASONS: Final[Mapping[Bar, str]] = {
    Bar.DEACTIVATED: "Slack says that your account has been deactivated, so it can do nothing here.",
    Bar.BOT: "This is for people: Slack says that your account is a bot's.",
    Bar.STRANGER: "Slack says that your account belongs to another organisation, so it can do nothing here.",
    Bar.GUEST: "Slack says that your account is a guest's. Guests neither recommend nor decide.",
    Bar.ELSEWHERE: "Slack says that your account belongs to another workspace than ours, so it can do nothing here.",
    Bar.UNCONFIRMED: (
        "Slack says that the e-mail address of your account has not been confirmed. "
        "Confirm it in Slack's own settings, then press again."
    ),
}

_FLAGS: Final = (
    ("deleted", Bar.DEACTIVATED),
    ("is_bot", Bar.BOT),
    ("is_stranger", Bar.STRANGER),
    ("is_restricted", Bar.GUEST),
    ("is_ultra_restricted", Bar.GUEST),
)


class Accounts:
    """Slack's word on accounts. Safe to share between threads; ask it outside every transaction: Slack may be slow."""

    def __init__(self, client: WebClient, clock: Callable[[], datetime]) -> None:
        self._client = short_client(client, ACCOUNT_SECONDS)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Account, datetime] = OrderedDict()
        self._workspace = ""

    def kept(self, team: str, user: str) -> Account | None:
        """The account if Slack vouched for it within `KEPT`; Slack is not asked."""
        account = Account(team, user)
        with self._lock:
            asked = self._kept.get(account)
        return account if asked is not None and timedelta(0) <= self._clock() - asked < KEPT else None

    def vouched(self, team: str, user: str) -> Account:
        """The account `user` of the workspace `team`, if Slack vouches for it now or did so within `KEPT`.

        Raises NotVouchedFor, in words for whoever pressed. Only a yes is kept: whoever is let in again acts at once.
        """
        if not (team and user):
            raise NotVouchedFor(SILENT, "A1")
        kept = self.kept(team, user)
        if kept is not None:
            return kept
        account = Account(team, user)
        now = self._clock()
        bar = bar_on(self._asked(account), account.team)
        with self._lock:
            self._kept.pop(account, None)
            if bar is None:
                self._kept[account] = now
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        if bar is not None:
            _log.warning("the Slack account %s/%s was refused: %s", team, user, bar.value)
            raise NotVouchedFor(_REASONS[bar], "A1")
        return account

    def vouched_as_ours(self, team: str, user: str) -> Account:
        """The same for an account that is on nobody's record yet: its workspace is to be the bot's own.

        Of an account on the record somebody of the office has said so. The workspace of the bot's token never
        changes, so `auth.test` is asked once. Raises NotVouchedFor.
        """
        if not self._workspace:
            self._workspace = str(self._answer("auth.test", self._client.auth_test).get("team_id") or "")
        if not self._workspace:
            raise NotVouchedFor(SILENT, "A1")
        if team != self._workspace:
            raise NotVouchedFor(_REASONS[Bar.ELSEWHERE], "A1")
        return self.vouched(team, user)

    def _asked(self, account: Account) -> Mapping[str, Any]:
        found = self._answer("users.info", lambda: self._client.users_info(user=account.user)).get("user")
        if not isinstance(found, dict) or found.get("id") != account.user:
            _log.warning("users.info said nothing that can be used of %s/%s", account.team, account.user)
            raise NotVouchedFor(SILENT, "A1")
        return found

    def _answer(self, method: str, call: Callable[[], Any]) -> Mapping[str, Any]:
        """What Slack answers, which is a mapping. Raises NotVouchedFor for everything else that can happen."""
        try:
            said = call().data
        except SlackApiError as error:
            _log.warning("%s was refused: %s", method, refused_as(error))
            raise NotVouchedFor(SILENT, "A1") from error
        except Exception as error:  # away, too slow, hung up, or an answer that the client stumbles on
            _log.warning("%s had no answer: %s", method, type(error).__name__)
            raise NotVouchedFor(SILENT, "A1") from error
        if not isinstance(said, dict):
            _log.warning("%s was answered with what is no JSON object", method)
            raise NotVouchedFor(SILENT, "A1")
        return said


def bar_on(said: Mapping[str, Any], team: str) -> Bar | None:
    """What bars an account of the workspace `team`, by what Slack said of it; None: nothing does."""
    for flag, bar in _FLAGS:
        if said.get(flag):
            return bar
    # The payload's team may be null where the app is installed for a whole organisation: the answer's counts.
    # Slack always says which; what says nothing of it has said nothing against an account that the office has linked.
    if said.get("team_id") not in (None, team):
        return Bar.ELSEWHERE
    return None if said.get("is_email_confirmed", True) is True else Bar.UNCONFIRMED
