"""Putting the rooms together for one process: the record, Slack, mail, the web application, and what runs beside it."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import structlog
from flask import Flask
from slack_bolt import App

import bot.app
import bot.endpoint
from bot.practice.page import blueprint as practice_slack_page
from bot.practice.server import PracticeSlack
from bot.practice.workspace import Workspace
from bot.socket_mode import SocketMode
from core import outbox, policies
from desk import practice_office
from desk.opening import Desk
from desk.settings import PREFIX
from desk.slack_door import PRACTICE_SLACK_NOTE, SlackDoor
from intake.access import Access, ApiKey, Mount
from intake.app import create_app
from intake.staff.sign_in import SlackSignIn
from scheduler.delivery import Delivery, Workers
from scheduler.home_courier import HomeCourier
from scheduler.listening import Listener
from scheduler.mail_courier import MailCourier
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
