"""Delivery: what happens to a message when all is well, when something fails, and when the process dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from sqlalchemy import Engine, select

from bot.practice.faults import Fault
from core import applications, events, outbox
from core.outbox import CLAIM
from core.records import Card, Deadline, OutboxMessage
from desk import assembly
from desk.opening import Desk as Opened
from desk.settings import Chosen, Settings
from scheduler.delivery import LONGEST_AWAY, STOP_SECONDS, Checkpoint, Delivery, DeliveryWorker, Workers
from scheduler.mail import Mail
from scheduler.mail_courier import MailCourier
from scheduler.slack_courier import CLAIM_LEFT, SECONDS, SlackCourier
from scheduler.timetable import run_sweep
from scheduler.trouble import Away, NotNow, Unsendable
from tests.broken_record import shut
from tests.scheduler.practice_desk import APPROVALS, DEADLINES, PUBLIC_URL, START, Crash, Desk


def test_an_application_has_one_card_that_is_updated_in_place(desk: Desk) -> None:
    application = desk.submit()
    desk.deliver()
    (posted,) = desk.cards()
    assert str(application.reference) in posted.text
    desk.recommend(application)
    desk.decide(application)
    desk.deliver()
    (updated,) = desk.cards()
    assert updated.ts == posted.ts
    assert updated.body != posted.body
    with desk.office.reading() as session:
        card = session.get(Card, application.id)
        assert card is not None
        assert (card.channel, card.ts) == (APPROVALS.channel_id, posted.ts)
    assert not desk.open_messages()


def test_a_settled_message_keeps_where_it_went(desk: Desk) -> None:
    application = desk.submit()
    desk.deliver()
    message = desk.message(f"card:{application.id}:{application.version}")
    assert (message.outcome, message.slack_channel) == ("sent", APPROVALS.channel_id)
    assert message.slack_ts == desk.cards()[0].ts
    assert message.settled_at == START


@pytest.mark.parametrize("step", ["claimed", "worded", "sent"])
def test_a_crash_loses_no_card_and_posts_none_twice(
    desk: Desk, crash_at: Callable[[str], Checkpoint], step: str
) -> None:
    desk.submit()
    with pytest.raises(Crash):
        desk.slack_delivery(crash_at(step)).deliver_all()
    assert desk.slack_delivery().deliver_all().sent == 0, "the dead sender's claim still holds"
    desk.clock.forward(seconds=CLAIM.total_seconds() + 1)
    assert desk.slack_delivery().deliver_all().sent == 1
    assert len(desk.cards()) == 1
    assert not [message for message in desk.open_messages() if message.channel == "slack"]


def test_a_crash_after_the_settling_changes_nothing(desk: Desk, crash_at: Callable[[str], Checkpoint]) -> None:
    desk.submit()
    with pytest.raises(Crash):
        desk.slack_delivery(crash_at("settled")).deliver_all()
    desk.clock.forward(minutes=5)
    assert desk.slack_delivery().deliver_all().sent == 0
    assert len(desk.cards()) == 1


def test_a_card_found_after_a_crash_shows_how_things_stand_now(
    desk: Desk, crash_at: Callable[[str], Checkpoint]
) -> None:
    application = desk.submit()
    with pytest.raises(Crash):
        desk.slack_delivery(crash_at("sent")).deliver_all()
    (before,) = desk.cards()
    desk.recommend(application)
    desk.clock.forward(minutes=5)
    enough = iter((False, True))  # the recommendation's own message must not be what changes the card here
    assert desk.slack_delivery().deliver_all(until=lambda: next(enough)).sent == 1
    (after,) = desk.cards()
    assert after.ts == before.ts
    assert after.text != before.text


@pytest.mark.parametrize("step", ["claimed", "worded", "sent", "settled"])
def test_a_crash_loses_no_mail_and_keeps_its_message_id(
    desk: Desk, crash_at: Callable[[str], Checkpoint], step: str
) -> None:
    desk.active()
    for _ in range(10):
        try:
            desk.mail_delivery(crash_at(step)).deliver_all()
        except Crash:
            desk.clock.forward(minutes=2)
    desk.mail_delivery().deliver_all()
    subjects = [mail.subject for mail in desk.mailbox.mails()]
    assert len(subjects) == 3, subjects  # receipt, offer, award started
    assert len({mail.message_id for mail in desk.mailbox.mails()}) == 3
    assert not [message for message in desk.open_messages() if message.channel == "mail"]


@pytest.mark.parametrize("step", ["claimed", "worded", "sent", "settled"])
def test_a_crash_tells_the_deadlines_channel_once(desk: Desk, crash_at: Callable[[str], Checkpoint], step: str) -> None:
    award = desk.active()
    desk.quiet()
    desk.clock.set_day(desk.returns_due(award)[0])
    assert run_sweep(desk.office)
    for _ in range(5):
        try:
            desk.slack_delivery(crash_at(step)).deliver_all()
        except Crash:
            desk.clock.forward(minutes=2)
    desk.slack_delivery().deliver_all()
    assert len(desk.told()) == 1
    assert award.reference in desk.told()[0].text


@pytest.mark.parametrize("fault", [Fault.lose_answer(), Fault.post_then_hang(30)], ids=["answer lost", "hang"])
def test_a_post_in_doubt_is_looked_up_before_it_is_posted_again(desk: Desk, fault: Fault) -> None:
    desk.expects_a_hang()
    desk.submit()
    desk.slack.faults.add("chat.postMessage", fault)
    first = desk.slack_delivery().deliver_all()
    assert (first.sent, first.put_back) == (0, 1)
    assert len(desk.cards()) == 1
    desk.clock.forward(seconds=3)
    assert desk.slack_delivery().deliver_all().sent == 1
    assert len(desk.cards()) == 1


def test_a_lookup_reads_on_past_the_first_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.slack_courier.PAGE", 2)
    desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.lose_answer())
    desk.slack_delivery().deliver_all()
    for number in range(5):
        desk.client.chat_postMessage(channel=APPROVALS.channel_id, text=f"People talk {number}")
    desk.clock.forward(seconds=3)
    desk.slack_delivery().deliver_all()
    assert len(desk.cards()) == 6
    assert not [message for message in desk.open_messages() if message.channel == "slack"]


def test_a_failing_lookup_leaves_the_doubt(desk: Desk) -> None:
    desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.lose_answer())
    desk.slack_delivery().deliver_all()
    for _ in range(3):
        desk.clock.forward(minutes=1)
        desk.slack.faults.add("conversations.history", Fault.status(500))
        assert desk.slack_delivery().deliver_all().put_back == 1
    desk.clock.forward(minutes=1)
    assert desk.slack_delivery().deliver_all().sent == 1
    assert len(desk.cards()) == 1


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.hang(30), Fault.error("internal_error")])
def test_a_slack_that_is_away_is_tried_again_later_and_later(desk: Desk, fault: Fault) -> None:
    desk.expects_a_hang()
    application = desk.submit()
    key = f"card:{application.id}:{application.version}"
    waits = []
    for _ in range(3):
        desk.slack.faults.add("chat.postMessage", fault)
        desk.slack_delivery().deliver_all()
        waits.append((desk.message(key).not_before - desk.clock()).total_seconds())
        desk.clock.now = desk.message(key).not_before
    assert waits == [2, 4, 8]
    desk.slack_delivery().deliver_all()
    assert len(desk.cards()) == 1


@pytest.mark.parametrize("data", ["away", [], {}], ids=repr)
def test_what_answers_in_slacks_stead_is_slack_being_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, data: object
) -> None:
    answer = SlackResponse(
        client=desk.client,
        http_verb="POST",
        api_url="chat.postMessage",
        req_args={},
        data=data,  # type: ignore[arg-type]  # JSON need not be an object
        headers={},
        status_code=503,
    )

    def posted(**_message: object) -> SlackResponse:
        answer.validate()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped
        return answer

    monkeypatch.setattr(desk.client, "chat_postMessage", posted)
    application = desk.submit()
    assert desk.slack_delivery().deliver_all().put_back == 1
    assert str(desk.message(f"card:{application.id}:{application.version}").error).startswith("Away")


def test_a_claim_outlasts_a_post_by_far() -> None:
    assert timedelta(seconds=SECONDS) < CLAIM_LEFT < CLAIM - timedelta(seconds=20)
    assert SECONDS > 20, "a Slack that is only slow is not asked twice"
    assert SECONDS < STOP_SECONDS


def test_a_service_that_is_away_is_tried_often_enough(desk: Desk) -> None:
    application = desk.submit()
    key = f"card:{application.id}:{application.version}"
    desk.slack.faults.add("chat.postMessage", Fault.status(503), times=None)
    for _ in range(12):
        desk.slack_delivery().deliver_all()
        desk.clock.now = desk.message(key).not_before
    desk.slack_delivery().deliver_all()
    assert desk.message(key).not_before - desk.clock() == LONGEST_AWAY


def test_a_limit_is_kept_to_as_slack_says_for_every_message(desk: Desk) -> None:
    first, second = desk.submit(), desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.ratelimited(7))
    delivery = desk.slack_delivery()
    drained = delivery.deliver_all()
    assert drained.retry_at == START + timedelta(seconds=7)
    assert desk.message(f"card:{first.id}:{first.version}").not_before == START + timedelta(seconds=7)
    desk.clock.forward(seconds=6)
    assert delivery.deliver_all().sent == 0, "the second message waits too: the limit is Slack's, not the message's"
    desk.clock.forward(seconds=2)
    assert delivery.deliver_all().sent == 2
    assert str(second.reference) in desk.cards()[1].text


def test_one_message_that_fails_does_not_stop_the_others(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = desk.submit(), desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.error("invalid_blocks"))
    drained = desk.slack_delivery().deliver_all()
    assert (drained.failed, drained.sent) == (1, 1)
    message = desk.message(f"card:{bad.id}:{bad.version}")
    assert message.outcome == "failed"
    assert "invalid_blocks" in (message.error or "")
    assert [record for record in caplog.records if record.levelno == logging.ERROR and message.key in record.message]
    assert [str(good.reference) in card.text for card in desk.cards()] == [True]


@pytest.mark.parametrize("error", ["channel_not_found", "invalid_auth", "not_in_channel", "something_new"])
def test_what_the_office_can_mend_waits_and_is_said_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    application = desk.submit()
    desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.error(error), times=4)
    delivery = desk.slack_delivery()
    for _ in range(2):
        assert delivery.deliver_all().put_back == 2
        desk.clock.forward(minutes=6)
    said = [record for record in caplog.records if record.levelno == logging.ERROR and error in record.message]
    assert len(said) == 1
    assert desk.message(f"card:{application.id}:{application.version}").outcome is None
    assert delivery.deliver_all().sent == 2


def test_a_card_that_somebody_deleted_is_posted_anew(desk: Desk) -> None:
    application = desk.submit()
    desk.deliver()
    desk.slack.workspace.remove(APPROVALS.channel_id, desk.cards()[0].ts)
    desk.recommend(application)
    desk.deliver()
    assert len(desk.cards()) == 1
    with desk.office.reading() as session:
        card = session.get(Card, application.id)
        assert card is not None
        assert card.ts == desk.cards()[0].ts


def test_nothing_is_posted_with_too_little_of_the_claim_left(desk: Desk) -> None:
    desk.submit()
    slow = desk.slack_delivery(lambda step: desk.clock.forward(seconds=50) if step == "worded" else None)
    assert slow.deliver_all().put_back == 1
    assert desk.cards() == []
    assert desk.slack_delivery().deliver_all().sent == 1


def test_messages_of_one_subject_go_in_order(desk: Desk) -> None:
    class OneRefusal:
        name = "a mail server"
        tells_later = False

        def __init__(self) -> None:
            self.sent: list[str] = []
            self.refusals = [NotNow("mailbox full")]

        def find(self, mail: Mail) -> bool:
            return False

        def send(self, mail: Mail) -> None:
            if self.refusals:
                raise self.refusals.pop()
            self.sent.append(mail.subject)

    sender = OneRefusal()
    application = desk.submit()
    with desk.office.sessions.begin() as session:
        applications.withdraw(
            session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
        )
    delivery = Delivery(desk.office, MailCourier(desk.office, sender))
    delivery.deliver_all()
    assert sender.sent == [], "the withdrawal waits for the receipt"
    desk.clock.forward(seconds=3)
    delivery.deliver_all()
    assert [subject.split()[0] for subject in sender.sent] == ["We", "Your"]


def test_two_at_once_deliver_each_message_once(desk: Desk) -> None:
    for _ in range(8):
        desk.submit()
    deliveries = [desk.slack_delivery() for _ in range(3)]
    threads = [threading.Thread(target=delivery.deliver_all) for delivery in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.cards()) == 8
    assert len({card.text for card in desk.cards()}) == 8


class Refusing:
    """A mail server that always answers the same."""

    name = "the mail server"
    tells_later = False

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble

    def find(self, mail: Mail) -> bool:
        return False

    def send(self, mail: Mail) -> None:
        raise self.trouble


def test_a_refused_address_is_settled_and_goes_into_the_trail(desk: Desk) -> None:
    application = desk.submit()
    drained = Delivery(
        desk.office, MailCourier(desk.office, Refusing(Unsendable("answered 550 No such user", "550")))
    ).deliver_all()
    assert drained.failed == 1
    assert application.reference is not None
    with desk.office.reading() as session:
        (line,) = [one for one in events.history(session, application.reference) if one.kind == "mail_refused"]
        assert line.data["code"] == "550"
        assert line.data["mail"] == "receipt"
        assert "riverside" not in str(line.data)
        assert events.broken_at(session) is None
    assert desk.message(f"receipt:{application.id}").outcome == "failed"
    desk.slack_delivery().deliver_all()
    (told,) = desk.told()
    said = f"{told.text} {told.blocks}"
    assert application.reference in told.text
    assert "the receipt" in said
    assert "Telephone the contact" in said
    assert "Ada Applicant" in said
    assert "riverside.example" not in said


def test_a_mail_server_that_is_away_loses_nothing(desk: Desk) -> None:
    application = desk.submit()
    drained = Delivery(desk.office, MailCourier(desk.office, Refusing(Away("gone")))).deliver_all()
    assert (drained.failed, drained.put_back) == (0, 1)
    desk.clock.forward(seconds=3)
    desk.mail_delivery().deliver_all()
    (mail,) = desk.mailbox.mails()
    assert str(application.reference) in mail.subject


def test_a_fault_of_ours_is_logged_and_tried_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    application = desk.submit()
    drained = Delivery(desk.office, MailCourier(desk.office, Refusing(ZeroDivisionError("oops")))).deliver_all()
    assert drained.put_back == 1
    assert "oops" in (desk.message(f"receipt:{application.id}").error or "")
    assert "ZeroDivisionError" in caplog.text


def test_a_nudge_for_a_return_that_has_come_in_meanwhile_is_not_sent(desk: Desk) -> None:
    award = desk.active()
    desk.quiet()
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due)
    run_sweep(desk.office)
    with desk.office.sessions.begin() as session:
        for deadline in session.scalars(select(Deadline).where(Deadline.award_id == award.id)):
            deadline.met_at = desk.clock()
    before = len(desk.mailbox.ids())
    slack, mail = desk.deliver()
    assert (slack.sent, mail.sent) == (0, 0)
    assert len(desk.mailbox.ids()) == before
    assert desk.told() == []
    assert not desk.open_messages()


def test_workers_deliver_at_once_when_woken_and_stop(desk: Desk) -> None:
    workers = Workers(desk.office, [desk.slack_delivery(), desk.mail_delivery()], poll=60)
    outbox.call_after_put(desk.office.sessions, workers.wake)
    workers.start()
    try:
        desk.submit()
        _wait_for(lambda: len(desk.cards()) == 1 and len(desk.mailbox.ids()) == 1)
    finally:
        workers.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("delivery-")]


def test_workers_find_by_poll_what_nobody_woke_them_for(desk: Desk) -> None:
    workers = Workers(desk.office, [desk.slack_delivery(), desk.mail_delivery()], poll=0.1)
    workers.start()
    try:
        desk.submit()
        _wait_for(lambda: len(desk.cards()) == 1 and len(desk.mailbox.ids()) == 1)
    finally:
        workers.stop()


def test_a_process_sends_at_once_what_it_puts_there_itself(
    desk: Desk, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is put together for `up`: nobody looks again by itself before the test has given up."""
    monkeypatch.setattr(assembly, "Workers", partial(Workers, poll=600))
    chosen = Chosen(
        raw=Settings.model_construct(),
        practice=True,
        database_url="",
        data_dir=tmp_path,
        public_url=PUBLIC_URL,
        field_keys={},
        secret_key="",
        practice_slack=False,
        practice_mail=True,
    )
    process = Opened(chosen, engine, desk.office)
    assembly.start_delivering(process, None)
    try:
        desk.submit()  # found by the first look
        _wait_for(lambda: all(one.channel != "mail" for one in desk.open_messages()))
        desk.submit()
        _wait_for(lambda: len(process.mailbox.ids()) == 2)
    finally:
        process.stop()


def test_a_stop_before_a_start_is_nothing(desk: Desk) -> None:
    Workers(desk.office, [desk.mail_delivery()]).stop()


def test_a_post_carries_nothing_that_slack_would_act_on(desk: Desk) -> None:
    desk.submit(organisation_name="<!channel> <https://evil.example|your grant portal>", title="@here")
    desk.deliver()
    (card,) = desk.cards()
    assert "<!channel>" not in card.text
    assert "<https://evil" not in card.text
    with desk.office.reading() as session:
        key = session.scalars(select(OutboxMessage.key).where(OutboxMessage.kind == "card")).one()
    read = desk.client.conversations_history(channel=APPROVALS.channel_id, include_all_metadata=True)
    assert read["messages"][0]["metadata"] == {"event_type": "award_desk", "event_payload": {"key": key}}


def test_a_channel_named_rather_than_numbered_is_learnt_from_the_first_post(desk: Desk) -> None:
    courier = SlackCourier(desk.office, desk.client, approvals="#approvals", deadlines=DEADLINES.channel_id)
    delivery = Delivery(desk.office, courier)
    desk.submit()
    assert delivery.deliver_all().sent == 1
    desk.submit()
    desk.slack.faults.add("chat.postMessage", Fault.lose_answer())
    delivery.deliver_all()
    desk.clock.forward(seconds=3)
    assert delivery.deliver_all().sent == 1
    assert len(desk.cards()) == 2


def test_a_wrong_token_is_the_offices_to_mend(desk: Desk) -> None:
    desk.submit()
    stranger = WebClient("xoxb-wrong", base_url=desk.slack.api_url, timeout=30, retry_handlers=[])
    courier = SlackCourier(desk.office, stranger, approvals=APPROVALS.channel_id, deadlines=DEADLINES.channel_id)
    assert Delivery(desk.office, courier).deliver_all().put_back == 1
    desk.clock.forward(minutes=6)
    assert desk.slack_delivery().deliver_all().sent == 1


def _wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_what_is_logged_of_a_fault_shows_nothing_that_was_to_be_sent(
    desk: Desk, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    desk.submit()
    key = next(one.key for one in desk.open_messages() if one.channel == "mail")
    worker = DeliveryWorker(desk.mail_delivery(), desk.office, poll=0.1)
    with shut(engine, "outbox_message"), caplog.at_level(logging.DEBUG):
        worker.start()
        until = time.monotonic() + 30
        while "trying again" not in caplog.text and time.monotonic() < until:
            time.sleep(0.02)
        worker.stop()
    assert "UPDATE outbox_message" in caplog.text
    assert "DETAIL" not in caplog.text
    assert key not in caplog.text
