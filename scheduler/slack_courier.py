"""The courier of Slack: one card an application, updated in place, its thread, and messages in the deadlines channel.

Slack has no key that makes a post happen once. So every post carries its outbox key as metadata, and a message that was
tried before is looked for in its channel before it is posted: after a crash, a time-out or a lost answer. What stands
in a thread no channel's history shows; of that see `SlackCourier.find`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.application_card import message_for
from bot.blocks import Message
from bot.document_message import message_for_harmful
from bot.left_message import message_for_left
from bot.mail_refused_message import message_for_refusal
from bot.notices import notice_for
from bot.recipient_message import message_for_issue, message_for_meeting_time, message_for_time_request
from bot.sitting_message import message_for_sitting
from bot.thread_note import message_for_line
from core import (
    applications,
    card_notes,
    direct,
    documents,
    issues,
    leaving,
    mail_refusals,
    meeting_answers,
    more_time,
    nudge_messages,
    outbox,
    round_messages,
    rounds,
)
from core.errors import NotFound
from core.office import Office
from core.outbox import Channel
from core.records import Card, Event, OutboxMessage
from scheduler import staff_nudges
from scheduler.delivery import Handed
from scheduler.slack_pace import AGAIN, Pace
from scheduler.trouble import Away, Limited, Misconfigured, NotNow, Unsendable
from scheduler.wording import NothingLeft

EVENT_TYPE = "award_desk"
"""The metadata's event type, by which our own messages are known in a channel."""

SECONDS = 25
"""How long Slack may take to answer one call: the time-out to give the client.

Long, because a post that was given up is in doubt: if Slack is only slow it still appears, perhaps after it
was looked for.
"""

CLAIM_LEFT = timedelta(seconds=1.5 * SECONDS)
"""How much of the claim must be left when a post begins, so that nobody else posts the same while Slack thinks."""

SKEW = timedelta(minutes=1)
"""How far Slack's clock and ours may be apart: a lookup begins so much before the message was made."""

PAGE = 200
"""How many messages of a channel one call of a lookup reads."""

PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""Slack's errors that pass by themselves."""

IMPOSSIBLE = frozenset(
    {
        "block_mismatch",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_json",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "json_not_object",
        "markdown_text_conflict",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
"""Slack's errors about the message itself. Those about whom it is for are UNREACHABLE.

Every other error is about the office's Slack, and can be mended there."""


_NAME = re.compile("[a-z0-9_]+")
"""What Slack's names for its errors look like: anything else was said by whoever stands before it."""

UNREACHABLE = frozenset({"cannot_dm_bot", "user_disabled", "user_not_found", "user_not_visible", "users_not_found"})
"""Slack's errors about a person who cannot be written to: they have left Slack. 'award-desk check' names them."""


def _along(parcel: SlackParcel) -> dict[str, Any]:
    return {"also": list(parcel.also)} if parcel.also else {}


@dataclass(frozen=True)
class SlackParcel:
    """A message, and where it goes: to `card` if there is one, else into `channel`.

    `key` is what a lookup searches for, from `made_at` on. `application_id` or `sitting_id` is whose one message it is,
    which is updated in place; neither for what is said once.
    `claimed_until` is the instant until which the message is ours. `under` is the card in whose thread it goes, and
    `after` the last message that we know we have there ("": none). `person` is the Slack account of the one person whom
    it is for ("": it is for a channel), and `also` are the messages to them that it holds as well. What is said `once`
    is updated where it stands, and not posted anew where somebody has deleted it. `out` are the nudges of the `first`
    message, and of those, that the person is not told of, because they have an interest: the channel is.
    """

    channel: str
    message: Message
    key: str
    made_at: datetime
    claimed_until: datetime
    application_id: int | None = None
    sitting_id: int | None = None
    card: Handed | None = None
    under: Handed | None = None
    after: str = ""
    person: str = ""
    also: tuple[int, ...] = ()
    once: bool = False
    out: tuple[int, ...] = ()
    first: OutboxMessage | None = None

    @property
    def stays(self) -> bool:
        """Whether it is the one message of something, and so must show how things stand now."""
        return self.application_id is not None or self.sitting_id is not None


class SlackCourier:
    """Posts and updates through `client`, which has no retry handlers and a time-out of SECONDS.

    `approvals` and `deadlines` are channel ids. A name will do for Slack's posting, but not for its reading: with a
    name a message in doubt can be looked up only once something else was posted there by this process. Without a
    `pace` nothing waits but what Slack has refused.
    """

    channel: Channel = "slack"

    def __init__(
        self, office: Office, client: WebClient, *, approvals: str, deadlines: str, pace: Pace | None = None
    ) -> None:
        self._office = office
        self._pace = pace or Pace(office.clock, every=timedelta())
        self._client = client
        self._approvals = approvals
        self._deadlines = deadlines
        self._ids: dict[str, str] = {}

    def word(self, message: OutboxMessage) -> SlackParcel:
        """The Slack message of an outbox message, as things stand now. Raises NothingLeft, NotFound."""
        with self._office.reading() as session:
            if message.kind == "card":
                return self._card(session, message)
            if message.kind in direct.KINDS:
                return self._direct(session, message)
            if message.kind == card_notes.KIND:
                return self._note(session, message)
            if message.kind == round_messages.KIND:
                return self._sitting(session, message)
            if message.kind == nudge_messages.SHOWN:
                return self._shown(session, message)
            return self._parcel(message, self._deadlines, self._in_deadlines(session, message))

    def _in_deadlines(self, session: Session, message: OutboxMessage) -> Message:
        """What the deadlines channel is told."""
        told = message.payload
        match message.kind:
            case nudge_messages.STAFF:
                return staff_nudges.in_channel(session, message, self._office.in_force(session))
            case mail_refusals.KIND:
                return self._refusal(session, message)
            case leaving.KIND:
                return message_for_left(session, told, self._office.public_url)
            case "more_time_asked":
                return message_for_time_request(more_time.by_id(session, told["time_request_id"]))
            case "issue_raised":
                return message_for_issue(issues.by_id(session, told["issue_id"]))
            case "meeting_time_proposed":
                proposal = meeting_answers.proposal_by_id(session, told["meeting_proposal_id"])
                return message_for_meeting_time(proposal, self._office.public_url)
            case "award_notice":
                return notice_for(session, told)
            case "document_found_harmful":
                return message_for_harmful(documents.by_id(session, told["document_id"]))
        raise NotFound(f"Nobody words a Slack message of the kind {message.kind}.")

    def _card(self, session: Session, message: OutboxMessage) -> SlackParcel:
        application = applications.by_id(session, message.payload["application_id"])
        worded = message_for(session, application, office=self._office.in_force(session))
        card = session.get(Card, application.id)
        return self._parcel(
            message,
            self._approvals,
            worded,
            application_id=application.id,
            card=Handed(card.channel, card.ts) if card else None,
        )

    def _sitting(self, session: Session, message: OutboxMessage) -> SlackParcel:
        """A sitting's one message. Many changes come together when it is decided as a set: the last shows them all."""
        sitting = rounds.by_id(session, message.payload["sitting_id"])
        there = Handed(sitting.channel, sitting.ts) if sitting.channel and sitting.ts else None
        if there is not None and round_messages.is_overtaken(session, message):
            raise NothingLeft("A later change of the sitting waits to be shown, and shows this one too.")
        worded = message_for_sitting(session, sitting, office=self._office.in_force(session))
        return self._parcel(message, self._approvals, worded, sitting_id=sitting.id, card=there)

    def _note(self, session: Session, message: OutboxMessage) -> SlackParcel:
        """What goes into a card's thread: the card was posted before it, or never will be."""
        application = applications.by_id(session, message.payload["application_id"])
        card, line = session.get(Card, application.id), session.get(Event, message.payload["line"])
        if card is None or line is None:
            raise NothingLeft("The application has no card in Slack to tell this under. It is on the record.")
        mine = OutboxMessage.subject == message.subject, OutboxMessage.kind == card_notes.KIND
        worded = message_for_line(line, application, self._office.in_force(session).policy)
        return self._parcel(
            message,
            card.channel,
            worded,
            under=Handed(card.channel, card.ts),
            after=session.scalar(select(func.max(OutboxMessage.slack_ts)).where(*mine)) or "",
        )

    def _direct(self, session: Session, message: OutboxMessage) -> SlackParcel:
        """What one person is told, in one message; in quiet hours nothing. Whoever is away has somebody standing in."""
        now = self._office.clock()
        office = self._office.in_force(session)
        wait = direct.told_from(now, office=office) - now
        if wait > timedelta() and not message.payload.get("ordered"):
            raise NotNow("these are quiet hours", wait.total_seconds(), tried=False)
        reader = staff_nudges.reader_of(session, message, office)
        if reader is None:
            return self._parcel(message, self._deadlines, self._of_nobody(session, message, office))
        whole = [message]
        whole += [
            one
            for one in direct.together_with(session, message, now=now)
            if staff_nudges.reader_of(session, one, office) is reader
        ]
        return self._parcel(
            message,
            "",
            staff_nudges.to_person(session, whole, reader, office, now=now),
            person=str(reader.slack_user),
            also=tuple(one.id for one in whole[1:]),
            out=tuple(staff_nudges.not_for(session, whole, reader)),
            first=message,
        )

    def _of_nobody(self, session: Session, message: OutboxMessage, office: Office) -> Message:
        """For whoever has left, or has no Slack account, the channel is told what falls due and what they are to look
        after: nobody else will be. Raises NothingLeft.
        """
        if message.kind == direct.NUDGE:
            return staff_nudges.in_channel(session, message, office)
        worded = staff_nudges.given(session, message, office) if message.kind == direct.GIVEN else None
        if worded is None:
            raise NothingLeft("Whoever it was for has left, or is not linked to Slack any more.")
        return worded

    def _shown(self, session: Session, message: OutboxMessage) -> SlackParcel:
        """A message that told of deadlines, with what was done about them since, where it stands."""
        office = self._office.in_force(session)
        worded, there = staff_nudges.shown_again(session, message, office, now=office.clock())
        return self._parcel(message, there.slack_channel or "", worded, card=there, once=True)

    def _refusal(self, session: Session, message: OutboxMessage) -> Message:
        refused = session.get(OutboxMessage, message.payload["message_id"])
        if refused is None:
            raise NotFound("The mail that was refused is not in the outbox any more.")
        return message_for_refusal(session, refused, told=message.payload, public_url=self._office.public_url)

    def _parcel(self, message: OutboxMessage, channel: str, worded: Message, **more: Any) -> SlackParcel:
        return SlackParcel(
            channel=channel,
            message=worded,
            key=message.key,
            made_at=message.made_at,
            claimed_until=message.claimed_until or self._office.clock(),
            **more,
        )

    def find(self, parcel: SlackParcel) -> Handed | None:
        """Where an earlier attempt has posted it, if one has; a card that is known to be there is simply updated.

        What is found was worded at that attempt. A card must show how things stand now, and so may have to change.

        A channel's history shows no reply, but of its card the moment of the latest one. A reply that came after all
        that we know to be ours there, and that Slack lets us change, is ours: so it is the one in doubt. Only where
        somebody replied between the attempt and this look can a note appear twice, which is better than not at all.
        Raises Away or Misconfigured.
        """
        parcel = self._addressed(parcel)
        if parcel.card is not None:
            return None
        if parcel.under is not None:
            return self._replied(parcel, parcel.under)
        found = self._posted(parcel)
        return found if found is not None and (not parcel.stays or self._update(parcel, found)) else None

    def send(self, parcel: SlackParcel) -> Handed:
        """Post it, or update the card that is there. Raises Unsendable, Away or Misconfigured."""
        parcel = self._addressed(parcel)
        if parcel.card is not None:
            if parcel.once:
                self._pace.take(AGAIN, "", parcel.key)
            if self._update(parcel, parcel.card):
                return parcel.card
            if parcel.once:
                raise NothingLeft("The message was deleted in Slack. What was done is on the record.")
            self._forget(parcel)
        if self._office.clock() > parcel.claimed_until - CLAIM_LEFT:
            raise Away("too little of the claim was left to post safely", retry_after=0)
        content: dict[str, Any] = {
            "channel": parcel.channel,
            "text": parcel.message.text,
            "blocks": parcel.message.blocks,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": parcel.key, **_along(parcel)}},
            "parse": "none",
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if parcel.under is not None:
            content["thread_ts"] = parcel.under.slack_ts
        try:
            answer = self._call("chat.postMessage", content)
        except _MessageNotFound as error:
            raise NothingLeft("The card was deleted in Slack, and its thread with it. It is on the record.") from error
        posted = Handed(str(answer["channel"]), str(answer["ts"]), parcel.also)
        self._ids[parcel.channel] = str(posted.slack_channel)
        return posted

    def note(self, session: Session, parcel: SlackParcel, handed: Handed) -> None:
        """Remember where the card or the sitting's message is, and that what went along with it has gone."""
        if handed.also:
            outbox.settle_along(
                session,
                handed.also,
                now=self._office.clock(),
                slack_channel=handed.slack_channel,
                slack_ts=handed.slack_ts,
            )
        if parcel.out and parcel.first is not None:
            nudge_messages.tell_in_channel(session, parcel.first, now=self._office.clock(), nudges=parcel.out)
        if parcel.sitting_id is not None:
            sitting = rounds.by_id(session, parcel.sitting_id)
            sitting.channel, sitting.ts = handed.slack_channel, handed.slack_ts
        if parcel.application_id is not None:
            session.merge(Card(application_id=parcel.application_id, channel=handed.slack_channel, ts=handed.slack_ts))

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """Tell in the deadlines channel what falls due and Slack does not take for the one whose it is: an account that
        is no more, say; or what they are not to hear of, having an interest. Of all else the outbox and the log say
        what was refused.
        """
        if message.kind != direct.NUDGE:
            return
        if isinstance(trouble, Unsendable):
            nudge_messages.tell_in_channel(session, message, now=now)
            return
        reader = staff_nudges.reader_of(session, message, self._office.in_force(session))
        out = staff_nudges.not_for(session, [message], reader) if reader is not None else []
        if out:
            nudge_messages.tell_in_channel(session, message, now=now, nudges=out)

    def _addressed(self, parcel: SlackParcel) -> SlackParcel:
        """The parcel with the channel of the one person whom it is for, which Slack is asked for once."""
        if not parcel.person:
            return parcel
        if parcel.person not in self._ids:
            opened = self._call("conversations.open", {"users": parcel.person})
            self._ids[parcel.person] = str(opened["channel"]["id"])
        return replace(parcel, channel=self._ids[parcel.person])

    def _update(self, parcel: SlackParcel, there: Handed) -> bool:
        """Show the message as it is now, where it is. False if somebody has deleted it there."""
        try:
            self._call(
                "chat.update",
                {
                    "channel": there.slack_channel,
                    "ts": there.slack_ts,
                    "text": parcel.message.text,
                    "blocks": parcel.message.blocks,
                    "parse": "none",
                    "link_names": False,
                },
            )
        except _MessageNotFound:
            return False
        return True

    def _forget(self, parcel: SlackParcel) -> None:
        """The message was deleted in Slack: an application or a sitting without one gets a new one."""
        with self._office.sessions.begin() as session:
            if parcel.sitting_id is not None:
                sitting = rounds.by_id(session, parcel.sitting_id)
                sitting.channel = sitting.ts = None
                return
            card = session.get(Card, parcel.application_id)
            if card is not None:
                session.delete(card)

    def _replied(self, parcel: SlackParcel, card: Handed) -> Handed | None:
        """The latest reply under a card, if it is the note in doubt."""
        asked = {"channel": card.slack_channel, "latest": card.slack_ts, "inclusive": True, "limit": 1}
        found = self._call("conversations.history", asked).get("messages") or [{}]
        latest = str(found[0].get("latest_reply") or "") if found[0].get("ts") == card.slack_ts else ""
        if not latest or float(latest) <= max(float(parcel.after or 0), (parcel.made_at - SKEW).timestamp()):
            return None
        reply = Handed(card.slack_channel, latest)
        try:
            return reply if self._update(parcel, reply) else None
        except _NotOurs:
            return None

    def _posted(self, parcel: SlackParcel) -> Handed | None:
        channel = self._ids.get(parcel.channel, parcel.channel)
        for message in self._history(channel, since=parcel.made_at - SKEW):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == EVENT_TYPE and payload.get("key") == parcel.key:
                return Handed(channel, str(message["ts"]), tuple(payload.get("also") or ()))
        return None

    def _history(self, channel: str, *, since: datetime) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {
            "channel": channel,
            "include_all_metadata": True,
            "oldest": f"{since.timestamp():.6f}",
            "limit": PAGE,
        }
        while True:
            answer = self._call("conversations.history", asked)
            yield from answer.get("messages", [])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            asked["cursor"] = cursor

    def _call(self, method: str, arguments: dict[str, Any]) -> SlackResponse:
        """Call a method of Slack's, at its pace. What it says against us is sorted by what is to be done about it."""
        channel, metadata = str(arguments.get("channel", "")), arguments.get("metadata") or {}
        key = str((metadata.get("event_payload") or {}).get("key", ""))
        self._pace.take(method, channel, key)
        try:
            match method:
                case "chat.postMessage":
                    return self._client.chat_postMessage(**arguments)
                case "conversations.open":
                    return self._client.conversations_open(**arguments)
                case "chat.update":
                    return self._client.chat_update(**arguments)
                case _:
                    return self._client.conversations_history(**arguments)
        except SlackApiError as error:
            trouble = sorted_trouble(method, error.response)
            if isinstance(trouble, Limited):
                raise self._pace.refused(method, channel, key, trouble.seconds) from error
            raise trouble from error
        except (SlackClientError, OSError, HTTPException) as error:  # time-outs and lost connections are OSErrors
            raise Away(f"Slack is away: {method}: {str(error) or type(error).__name__}") from error


class _MessageNotFound(Misconfigured):
    """The message that was to be updated, or replied to, is not there."""


class _NotOurs(Misconfigured):
    """The message that was to be updated is somebody else's."""


def sorted_trouble(method: str, answer: SlackResponse) -> Exception:
    """What Slack said against a call, sorted by what is to be done about it."""
    said = answer.data if isinstance(answer.data, dict) else {}  # what stands before Slack may answer any JSON, or none
    error = str(said.get("error") or "no error named")
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or error in {"ratelimited", "rate_limited"}:
        return Limited(f"Slack limits {method}", _retry_after(answer.headers))
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or error in PASSING:
        return Away(f"Slack is away: {method} answered {answer.status_code} {error}")
    if answer.status_code != HTTPStatus.OK or not _NAME.fullmatch(error):
        return Away(f"{method} got no answer of Slack's, but {answer.status_code}: {error[:100]}")
    if error in IMPOSSIBLE or (method == "conversations.open" and error in UNREACHABLE):
        details = (said.get("response_metadata") or {}).get("messages") or []
        return Unsendable(f"Slack refuses {method}: {error} {'; '.join(map(str, details))}".rstrip(), error)
    if (method, error) in {("chat.update", "message_not_found"), ("chat.postMessage", "thread_not_found")}:
        return _MessageNotFound(f"Slack refuses {method}: {error}")
    if error == "cant_update_message":
        return _NotOurs(f"Slack refuses {method}: {error}")
    needed = said.get("needed")
    return Misconfigured(
        f"Slack refuses {method}: {error}{f' (the scope {needed} is missing)' if needed else ''}. "
        "Check the Slack token, its scopes, the channels in the settings and that the bot is in them"
    )


def _retry_after(headers: dict[str, Any]) -> float:
    """The seconds that Slack asks us to wait; 1 where it does not say."""
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        return max(float(found[0] if isinstance(found, list) else found), 0.0)
    except ValueError:
        return 1.0
