"""The courier of Homes: everybody's tab in Slack that was opened lately, shown anew after a change.

A worker of its own carries these, so that no card waits behind them. To publish twice does no harm: an attempt in
doubt is simply made again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy.orm import Session

from bot.action import View
from bot.home import home
from bot.home_facts import home_facts
from core import homes
from core.office import Office
from core.outbox import Channel
from core.records import OutboxMessage
from scheduler.delivery import Handed
from scheduler.slack_courier import sorted_trouble
from scheduler.trouble import Away
from scheduler.wording import NothingLeft

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HomeParcel:
    """Each reader's Slack account with the view to publish for it."""

    views: tuple[tuple[str, View], ...]


class HomeCourier:
    """Publishes through `client`, which has no retry handlers."""

    channel: Channel = "home"

    def __init__(self, office: Office, client: WebClient) -> None:
        self._office = office
        self._client = client

    def word(self, message: OutboxMessage) -> HomeParcel:
        """Every reader's Home as it stands now. Raises NothingLeft where a later change waits, or nobody reads."""
        now = self._office.clock()
        with self._office.reading() as session:
            office = self._office.in_force(session)
            if homes.is_overtaken(session, message):
                raise NothingLeft("a later change waits, and shows this one too")
            readers = homes.readers(session, today=office.today())
            views = [
                (one.slack_user, home(home_facts(session, one, office=office, now=now)))
                for one in readers
                if one.slack_user
            ]
        if not views:
            raise NothingLeft("nobody has opened Home lately")
        return HomeParcel(tuple(views))

    def find(self, _parcel: HomeParcel) -> Handed | None:
        """Nothing: it is published again."""
        return None

    def send(self, parcel: HomeParcel) -> Handed:
        """Publish each. One that Slack refuses holds up no other. Raises Away, or what Slack has against them all."""
        refused: list[Exception] = []
        for user, view in parcel.views:
            try:
                self._client.views_publish(user_id=user, view=view)
            except SlackApiError as error:
                trouble = sorted_trouble("views.publish", error.response)
                if isinstance(trouble, Away):
                    raise trouble from error
                log.warning("the Home of %s was not shown: %s", user, trouble)
                refused.append(trouble)
            except (SlackClientError, OSError, HTTPException) as error:
                raise Away(f"Slack is away: views.publish: {str(error) or type(error).__name__}") from error
        if refused and len(refused) == len(parcel.views):
            raise refused[0]
        return Handed()

    def note(self, session: Session, parcel: HomeParcel, handed: Handed) -> None:
        """Nothing follows from it."""

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """Nothing: whoever opens Home gets it afresh."""
