"""Putting the rooms together for one process: the record, Slack, mail, the web application, and what runs beside it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask
from slack_bolt import App
from slack_sdk import WebClient
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

import bot.app
import bot.endpoint
from bot.practice.page import blueprint as practice_slack_page
from bot.practice.server import PracticeSlack
from bot.practice.workspace import Workspace
from bot.socket_mode import SocketMode
from core import database, outbox, policies, webhooks
from core.clamd import Clamd
from core.document_store import DocumentStore
from core.field_cipher import FieldCipher
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, PolicyError, bank_holidays, policy_from_text, policy_text
from desk import practice_office
from desk.settings import PREFIX, Chosen, SettingsError
from intake.access import Access, ApiKey, Mount
from intake.app import create_app
from intake.staff.sign_in import SlackSignIn
from scheduler.delivery import Delivery, Workers
from scheduler.home_courier import HomeCourier
from scheduler.listening import Listener
from scheduler.mail import Sender, SmtpSender
from scheduler.mail_courier import MailCourier
from scheduler.mailbox import PracticeMailbox
from scheduler.notify import NotifySender
from scheduler.practice_mail import blueprint as practice_mail_page
from scheduler.slack_courier import SECONDS, SlackCourier
from scheduler.slack_pace import Pace
from scheduler.timetable import Timetable
from scheduler.webhook_courier import WebhookCourier

log = structlog.get_logger(__name__)

BOT_SECONDS = 2
"""How long Slack may take while a person waits for a press to be answered."""

PRACTICE_PATIENCE = 1.5
"""Seconds for which a page of the practice Slack waits for what a press or a form brings about."""

PRACTICE_SLACK_NOTE = "practice-slack.json"
"""Where `up` leaves the practice Slack's address for the other commands, in the data folder."""


def now() -> datetime:
    """The one clock of the desk."""
    return datetime.now(UTC)


@dataclass
class SlackDoor:
    """A Slack to talk to: Slack itself, or the practice one."""

    token: str
    api_url: str
    signing_secret: str
    approvals: str
    deadlines: str
    app_token: str = ""
    """For Socket Mode; "" where there is none."""

    def client(self, seconds: int) -> WebClient:
        """A client that never retries by itself: who calls decides."""
        return WebClient(token=self.token, base_url=self.api_url, timeout=seconds, retry_handlers=[])


@dataclass
class Desk:
    """The parts of one process. What is started is stopped by `stop`, in the opposite order."""

    chosen: Chosen
    engine: Engine
    office: Office
    stops: list[Callable[[], Any]] = field(default_factory=list)

    def stop(self) -> None:
        """Stop what was started, the last first."""
        while self.stops:
            self.stops.pop()()

    @property
    def mailbox(self) -> PracticeMailbox:
        """The practice mailbox of this data folder."""
        return PracticeMailbox(self.chosen.data_dir / "practice-mail", self.mail_from)

    @property
    def mail_from(self) -> str:
        """Where mail comes from: the setting, or else the office's own address in the policy."""
        return self.chosen.raw.mail_from or self.office.in_force().policy.office.email.value

    def sender(self) -> Sender | None:
        """Where mail goes; None where there is nowhere yet, and mail waits."""
        if self.chosen.raw.smtp_url:
            return SmtpSender(self.chosen.raw.smtp_url, self.mail_from)
        if self.chosen.raw.notify_api_key:
            raw = self.chosen.raw
            return NotifySender(raw.notify_api_key, raw.notify_template_id, url=raw.notify_url)
        return self.mailbox if self.chosen.practice_mail else None


def open_desk(chosen: Chosen, *, migrate: bool, only_read: bool = False) -> Desk:
    """Open the record and read the policy file. Raises SettingsError where either cannot be used.

    A SQLite record's tables are always brought up to date, PostgreSQL's only with `migrate`: there, tables that are
    not up to date stop the start. With `only_read` nothing is brought up to date, and the database refuses any write.
    """
    path = chosen.raw.policy or SHIPPED
    try:
        text = policy_text(path)
        policy = policy_from_text(text, path.name)
    except PolicyError as error:
        raise SettingsError(f"{PREFIX}POLICY is wrong: {error}") from None
    try:
        engine = (database.open_to_read if only_read else database.open_database)(chosen.database_url)
        if not only_read and (migrate or engine.dialect.name == "sqlite"):
            database.upgrade(engine)
        elif not database.is_current(engine):
            raise SettingsError("The record's tables are not up to date: run 'award-desk db upgrade' first.")
    except (SQLAlchemyError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise SettingsError(f"{PREFIX}DATABASE_URL is wrong, or the database is away: {first}") from None
    url = chosen.raw.documents_url or (chosen.data_dir.resolve() / "documents").as_uri()
    try:
        store = DocumentStore(url)
    except ValueError as error:
        engine.dispose()
        raise SettingsError(f"{PREFIX}DOCUMENTS_URL is wrong: {error}; give an fsspec URL, or leave it out.") from None
    office = Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=now,
        policy=policy,
        policy_text=text,
        holidays=bank_holidays(),
        signer=Signer(chosen.secret_key, chosen.public_url),
        public_url=chosen.public_url,
        practice=chosen.practice,
        documents=store,
        scanner=Clamd(chosen.raw.clamd) if chosen.raw.clamd else None,
        cipher=FieldCipher(chosen.field_keys),
    )
    webhooks.follow(office.sessions, [endpoint.id for endpoint in chosen.raw.endpoints()])
    try:
        office.in_force()
    except PolicyError as error:
        engine.dispose()
        raise SettingsError(f"The policy in force by the record cannot be read by this version: {error}") from None
    desk = Desk(chosen, engine, office)
    desk.stops.append(engine.dispose)
    return desk


def note_policy(desk: Desk) -> None:
    """Note the policy file that this process starts with, and say in one line where it is not what is in force."""
    given = desk.chosen.raw.policy
    name = given.name if given else "the shipped policy"
    with desk.office.sessions.begin() as session:
        stands = policies.note_file(session, office=desk.office, name=name, now=desk.office.clock())
    if stands is policies.AtStart.COMES_LATER:
        log.info("the policy file comes into force later", file=name, remedy="nothing to do until its day")
    elif stands is policies.AtStart.DIFFERS and given is None:
        log.info("the record's policy is in force, not the shipped one", remedy="see 'award-desk policy show'")
    elif stands is policies.AtStart.DIFFERS:
        remedy = f"run 'award-desk policy apply {given}' to bring the file into force, or take {PREFIX}POLICY out"
        log.warning("the policy file is not what is in force: the record's policy is", file=name, remedy=remedy)


def start_practice_slack(desk: Desk, request_url: str) -> PracticeSlack:
    """Start the practice Slack on a port of its own, and note its address for the other commands."""
    workspace = Workspace(
        practice_office.slack_people(),
        practice_office.slack_channels(),
        path=desk.chosen.data_dir / "practice-slack.db",
        installation=practice_office.slack_app(),
    )
    token, app_token = (f"{kind}-practice-{secrets.token_hex(12)}" for kind in ("xoxb", "xapp"))
    slack = PracticeSlack(workspace, token, secrets.token_hex(16), request_url, app_token=app_token)
    slack.start()
    note = desk.chosen.data_dir / PRACTICE_SLACK_NOTE
    _write_private(note, json.dumps({"token": slack.token, "api_url": slack.api_url, "app_token": slack.app_token}))

    def stop() -> None:
        note.unlink(missing_ok=True)
        slack.stop()
        workspace.close()

    desk.stops.append(stop)
    return slack


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def slack_door(desk: Desk, practice: PracticeSlack | None = None) -> SlackDoor | None:
    """The Slack of this process; None where there is none, and cards wait.

    A command that is not `up` finds the practice Slack by the note that `up` left.
    """
    raw = desk.chosen.raw
    if desk.chosen.slack:
        return SlackDoor(
            token=raw.slack_bot_token,
            api_url=raw.slack_api_url,
            signing_secret=raw.slack_signing_secret,
            approvals=raw.slack_approvals_channel,
            deadlines=raw.slack_deadlines_channel,
            app_token=raw.slack_app_token,
        )
    if practice is not None:
        token, api_url, signing, app_token = (
            practice.token, practice.api_url, practice.signing_secret, practice.app_token,
        )  # fmt: skip
    else:
        try:
            told = json.loads((desk.chosen.data_dir / PRACTICE_SLACK_NOTE).read_text())
        except (OSError, ValueError):
            return None
        token, api_url, signing, app_token = told["token"], told["api_url"], "", told.get("app_token", "")
    return SlackDoor(token, api_url, signing, practice_office.APPROVALS, practice_office.DEADLINES, app_token)


def deliveries(desk: Desk, door: SlackDoor | None, *, paced: bool = True) -> list[Delivery]:
    """One delivery for each channel that there is somewhere to deliver to.

    Not `paced`: Slack is sent what there is at once, by a command that ends then; what it refuses waits for the others.
    """
    made = []
    if door is not None:
        courier = SlackCourier(
            desk.office,
            door.client(SECONDS),
            approvals=door.approvals,
            deadlines=door.deadlines,
            pace=Pace(desk.office.clock) if paced else None,
        )
        made.append(Delivery(desk.office, courier))
        made.append(Delivery(desk.office, HomeCourier(desk.office, door.client(SECONDS))))
    sender = desk.sender()
    if sender is not None:
        courier_of_mail = MailCourier(desk.office, sender, from_policy=not desk.chosen.raw.mail_from)
        made.append(Delivery(desk.office, courier_of_mail))
    made.append(Delivery(desk.office, WebhookCourier(desk.office, desk.chosen.raw.endpoints())))
    return made


def start_delivering(desk: Desk, door: SlackDoor | None) -> Workers:
    """Start a worker for each channel, woken by what is put in this process and, on PostgreSQL, in any other."""
    workers = Workers(desk.office, deliveries(desk, door))
    outbox.call_after_put(desk.office.sessions, workers.wake)
    workers.start()
    desk.stops.append(workers.stop)
    if desk.engine.dialect.name == "postgresql":
        listener = Listener(desk.engine, workers.wake)
        listener.start()
        desk.stops.append(listener.stop)
    return workers


def start_timetable(desk: Desk) -> Timetable:
    """Start the timetable: a sweep now, and one every quarter of an hour."""
    timetable = Timetable(desk.office)
    timetable.start()
    desk.stops.append(timetable.stop)
    return timetable


def bolt_app(desk: Desk, door: SlackDoor) -> App:
    """The bot's listeners, for HTTP or Socket Mode."""
    return bot.app.build(desk.office, client=door.client(BOT_SECONDS), signing_secret=door.signing_secret)


def socket_mode(desk: Desk, door: SlackDoor) -> SocketMode:
    """The bot's listeners behind a socket that is not open yet."""
    return SocketMode(bolt_app(desk, door), desk.office, app_token=door.app_token, client=door.client(BOT_SECONDS))


def web_app(desk: Desk, door: SlackDoor | None, practice: PracticeSlack | None = None) -> Flask:
    """Intake's application, with Slack's request URL and, in practice, the practice pages mounted in it."""
    mounts = []
    if door is not None and door.signing_secret:
        endpoint = bot.endpoint.blueprint(bolt_app(desk, door), desk.office, door.signing_secret)
        mounts.append(Mount(endpoint, Access.SIGNED, csrf=False, limited=False))
    if practice is not None:
        mounts.append(Mount(practice_slack_page(practice, patience=PRACTICE_PATIENCE), Access.PRACTICE))
    if desk.chosen.practice_mail:
        mounts.append(Mount(practice_mail_page(desk.mailbox), Access.PRACTICE))
    raw = desk.chosen.raw
    keys = {one.key: ApiKey(one.name, one.staff) for one in raw.holders()}
    sign_in = None
    if raw.slack_client_id and raw.slack_client_secret:
        sign_in = SlackSignIn(raw.slack_client_id, raw.slack_client_secret, raw.slack_api_url)
    return create_app(
        desk.office,
        secret_key=desk.chosen.secret_key,
        api_keys=keys,
        mounts=mounts,
        notify_callback_token=raw.notify_callback_token,
        slack_sign_in=sign_in,
    )
