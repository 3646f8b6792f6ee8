"""GOV.UK Notify as the sender: what it is given, what its answers mean, and that nothing goes out twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core import applications, asking, events
from core.outbox import by_reference, reference_of
from core.rules.policy import Role
from scheduler.delivery import Checkpoint, Delivery
from scheduler.mail import Mail
from scheduler.mail_courier import MailCourier
from scheduler.notify import DAILY_SECONDS, RATE_SECONDS, NotifySender, body_of
from scheduler.trouble import Away, Misconfigured, Unsendable
from tests.scheduler.notify_server import (
    BAD_ADDRESS,
    BROKEN,
    DAILY,
    KEY,
    RATE,
    SECRET,
    SERVICE,
    TEAM_ONLY,
    TEMPLATE,
    TRIAL,
    WRONG_KEY,
    Fault,
    NotifyServer,
)
from tests.scheduler.practice_desk import PUBLIC_URL, Crash, Desk

MAIL = Mail(
    to="ada@riverside.example",
    to_name="Ada Applicant",
    subject="We offer you £2,000",
    text="Dear Ada,\n",
    html="<html><head><title>No</title></head><body><p>Dear Ada,</p></body></html>",
    message_id="<1@desk.example.org>",
    made_at=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
    reference="1-abc",
)


@pytest.fixture
def notify() -> Iterator[NotifyServer]:
    with NotifyServer() as running:
        yield running


@pytest.fixture
def sender(notify: NotifyServer) -> NotifySender:
    return NotifySender(KEY, TEMPLATE, url=notify.url, timeout=30)


@pytest.fixture
def hasty(notify: NotifyServer) -> NotifySender:
    """One that does not wait long: for a Notify that hangs."""
    return NotifySender(KEY, TEMPLATE, url=notify.url, timeout=1)


def delivery(desk: Desk, sender: NotifySender, **more: Any) -> Delivery:
    return Delivery(desk.office, MailCourier(desk.office, sender), **more)


def test_a_mail_is_given_with_subject_body_and_reference(notify: NotifyServer, sender: NotifySender) -> None:
    sender.send(MAIL)
    (taken,) = notify.mails
    assert taken["email_address"] == "ada@riverside.example"
    assert taken["template_id"] == TEMPLATE
    assert taken["personalisation"] == {"subject": "We offer you £2,000", "body": "Dear Ada,\n"}
    assert taken["reference"] == "1-abc"


@pytest.mark.parametrize(
    ("fault", "means", "retry_after"),
    [
        (BAD_ADDRESS, Unsendable, None),
        (TEAM_ONLY, Misconfigured, None),
        (TRIAL, Misconfigured, None),
        (WRONG_KEY, Misconfigured, None),
        (RATE, Away, RATE_SECONDS),
        (DAILY, Away, DAILY_SECONDS),
        (BROKEN, Away, None),
        (Fault.error(503, "", ""), Away, None),
        (Fault.error(404, "", ""), Misconfigured, None),
        (Fault.hang(30), Away, 10),
        (Fault.something_else(b"<html>Sign in to the network"), Away, 10),
        (Fault.something_else(b"[]"), Away, 10),
    ],
)
def test_what_notifys_answers_mean(
    notify: NotifyServer, hasty: NotifySender, fault: Fault, means: type[Exception], retry_after: int | None
) -> None:
    notify.add(fault)
    with pytest.raises(means) as refusal:
        hasty.send(MAIL)
    assert type(refusal.value) is means
    assert getattr(refusal.value, "retry_after", None) == retry_after
    assert "http" not in str(refusal.value)
    assert "ada@" not in str(refusal.value)


def test_a_notify_that_is_not_there_is_away() -> None:
    with pytest.raises(Away):
        NotifySender(KEY, TEMPLATE, url="http://127.0.0.1:9", timeout=0.5).send(MAIL)


def test_a_check_looks_at_key_and_template_and_sends_nothing(notify: NotifyServer, sender: NotifySender) -> None:
    sender.check()
    assert notify.calls == [f"GET /v2/template/{TEMPLATE}"]
    notify.template["body"] = "Dear ((name))"
    with pytest.raises(Misconfigured, match=r"subject is \(\(subject\)\)"):
        sender.check()
    with pytest.raises(Misconfigured, match="API key"):
        NotifySender(f"desk-{SERVICE}-{SECRET[:-1]}1", TEMPLATE, url=notify.url, timeout=30).check()


def test_an_attempt_in_doubt_is_looked_up_before_it_is_sent_again(
    desk: Desk, notify: NotifyServer, hasty: NotifySender
) -> None:
    application = desk.submit()
    notify.add(Fault.taken_then_hang(30))
    assert delivery(desk, hasty).deliver_all().put_back == 1
    desk.clock.forward(seconds=11)
    assert delivery(desk, hasty).deliver_all().sent == 1
    assert len(notify.mails) == 1
    assert desk.message(f"receipt:{application.id}").outcome == "sent"
    assert notify.calls == ["POST /v2/notifications/email", "GET /v2/notifications"]


def test_what_was_not_taken_is_sent_again(desk: Desk, notify: NotifyServer, hasty: NotifySender) -> None:
    desk.submit()
    notify.add(Fault.hang(30), BROKEN)
    for _ in range(3):
        delivery(desk, hasty).deliver_all()
        desk.clock.forward(minutes=1)
    assert notify.calls == [
        "POST /v2/notifications/email",
        "GET /v2/notifications",  # broken: the doubt stays, so nothing is sent
        "GET /v2/notifications",
        "POST /v2/notifications/email",
    ]
    assert len(notify.mails) == 1


@pytest.mark.parametrize("step", ["claimed", "worded", "sent", "settled"])
def test_a_crash_sends_each_mail_once(
    desk: Desk, notify: NotifyServer, sender: NotifySender, crash_at: Callable[[str], Checkpoint], step: str
) -> None:
    desk.offered()
    for _ in range(6):
        try:
            delivery(desk, sender, checkpoint=crash_at(step)).deliver_all()
        except Crash:
            desk.clock.forward(minutes=2)
    delivery(desk, sender).deliver_all()
    assert len(notify.mails) == len({mail["reference"] for mail in notify.mails}) == 2
    assert not [message for message in desk.open_messages() if message.channel == "mail"]


def test_a_team_only_key_loses_nothing_and_is_said(
    desk: Desk, notify: NotifyServer, sender: NotifySender, caplog: pytest.LogCaptureFixture
) -> None:
    desk.submit()
    notify.add(TEAM_ONLY)
    assert delivery(desk, sender).deliver_all().put_back == 1
    assert "team-only" in caplog.text
    desk.clock.forward(minutes=2)
    assert delivery(desk, sender).deliver_all().sent == 1


def test_a_refused_address_reaches_trail_and_officer(desk: Desk, notify: NotifyServer, sender: NotifySender) -> None:
    application = desk.submit()
    notify.add(BAD_ADDRESS)
    assert delivery(desk, sender).deliver_all().failed == 1
    with desk.office.reading() as session:
        (line,) = [one for one in events.history(session, application.reference or "") if one.kind == "mail_refused"]
    assert (line.actor, line.data["code"]) == ("GOV.UK Notify", "400 ValidationError")
    desk.slack_delivery().deliver_all()
    (told,) = desk.told()
    assert str(application.reference) in told.text
    assert "telephone" in told.text


def test_a_refused_question_reaches_the_officer_too(desk: Desk, notify: NotifyServer, sender: NotifySender) -> None:
    application, officer = desk.submit(), desk.person(Role.OFFICER)
    delivery(desk, sender).deliver_all()
    with desk.office.sessions.begin() as session:
        about = applications.by_id(session, application.id)
        asking.ask(session, about, officer, "For whom?", office=desk.office, now=desk.clock())
    notify.add(BAD_ADDRESS)
    assert delivery(desk, sender).deliver_all().failed == 1
    desk.slack_delivery().deliver_all()
    (told,) = desk.told()
    assert str(application.reference) in told.text


def test_a_reference_is_of_one_message_of_one_record(desk: Desk) -> None:
    application = desk.submit()
    message = desk.message(f"receipt:{application.id}")
    reference = reference_of(message)
    assert re.fullmatch(r"\d+-[0-9a-f]{32}", reference)
    with desk.office.sessions.begin() as session:
        found = by_reference(session, reference)
        assert found is not None
        assert found.id == message.id
        other = f"{message.id}-{'0' * 32}"
        for wrong in (other, "", "1", f"{message.id}", f"999-{reference.split('-')[1]}", "9" * 40 + "-" + "0" * 32):
            assert by_reference(session, wrong) is None


HOSTILE = [
    "# heading",
    "- item",
    "* item",
    "• item",
    "1. item",
    "^ inset",
    "---",
    "=====",
    "[words](https://evil.example)",
    "https://evil.example/x",
    "![picture](x)",
    "`code`",
    "```",
    "a | b",
    "~~~",
    "_x_ *y*",
    "((name))",
    "\\",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_what_somebody_typed_is_no_markdown(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    body = body_of(f"<body><p>Dear</p><p>{escaped}</p><p>Title: {escaped}<br>Next: x</p><p>Bye</p></body>")
    lines = [line for line in body.splitlines() if line]
    assert len(lines) == 5, body
    for line in lines[1:3]:
        assert not re.match(r" *(#|[-*•] |[0-9]+\.|\^|[-=*_]{3,}|>|```|~~~|    )", line), line
        assert not re.search(r"(?<!\\)\[|https?://", line), line
        shown = re.sub(r"\\([\\`*{}\[\]()#+\-.!_>~|])", r"\1", line).replace("\u00a0", "")
        assert words.replace("://", ": //") in shown


def test_a_letter_keeps_its_shape(desk: Desk, notify: NotifyServer, sender: NotifySender) -> None:
    desk.active()
    delivery(desk, sender).deliver_all()
    offer, started = notify.mails[1], notify.mails[2]
    body = offer["personalisation"]["body"]
    assert "\n# What to do now\n" in body
    links = re.findall(r"https?://\S+", body)
    assert len(links) == 1
    assert f"\n\n{links[0]}\n\n" in body
    assert links[0].startswith(f"{PUBLIC_URL}/offers/")
    assert re.search(r"\n\* \d+ \w+ 20\d\d\n\* \d+ \w+ 20\d\d \(the last one\)\n", started["personalisation"]["body"])
    assert "\n\n\n" not in body
