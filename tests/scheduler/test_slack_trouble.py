"""Slack that limits, breaks down, loses answers or is away for an hour: nothing lost, nothing twice, in order."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from datetime import timedelta

import pytest
from slack_sdk import WebClient

from bot.practice.faults import Fault
from core import applications, outbox
from core.records import Application
from scheduler.delivery import Delivery, Workers
from scheduler.slack_courier import SlackCourier
from scheduler.slack_pace import AGAIN, AT_ONCE, POST, Pace
from scheduler.timetable import run_sweep
from scheduler.trouble import NotNow
from tests.conftest import Clock
from tests.scheduler.practice_desk import APPROVALS, DEADLINES, START, TOKEN, Desk


def paced(desk: Desk, *, every: timedelta = timedelta(seconds=1), seconds: float = 30) -> Delivery:
    client = WebClient(TOKEN, base_url=desk.slack.api_url, timeout=seconds, retry_handlers=[])  # type: ignore[arg-type]
    courier = SlackCourier(
        desk.office,
        client,
        approvals=APPROVALS.channel_id,
        deadlines=DEADLINES.channel_id,
        pace=Pace(desk.office.clock, every=every),
    )
    return Delivery(desk.office, courier)


def withdraw(desk: Desk, application: Application) -> None:
    with desk.office.sessions.begin() as session:
        applications.withdraw(
            session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
        )


def references(desk: Desk) -> list[str]:
    """Whose cards there are, in the order in which they were posted."""
    return [found[0] for card in desk.cards() if (found := re.search("YF-2026-[0-9A-Z]{6}", card.text))]


def waiting(desk: Desk) -> list[str]:
    return [message.key for message in desk.open_messages() if message.channel == "slack"]


# --- the pace ------------------------------------------------------------------------------------------------------


def held(pace: Pace, key: str, channel: str = "C1", method: str = POST) -> float:
    try:
        pace.take(method, channel, key)
    except NotNow as trouble:
        return float(trouble.retry_after or 0)
    return 0


def test_a_few_posts_go_at_once_and_then_one_a_second_in_their_order() -> None:
    clock = Clock(START)
    pace = Pace(clock)
    assert [held(pace, f"m{n}") for n in range(AT_ONCE + 3)] == [0] * AT_ONCE + [1, 2, 3]
    assert held(pace, "other", "C2") == 0, "another channel has a line of its own"
    assert held(pace, "update", method="chat.update") == 0
    clock.forward(seconds=1)
    assert [held(pace, f"m{n}") for n in range(AT_ONCE, AT_ONCE + 3)] == [0, 1, 2], "each keeps its place"
    assert held(pace, "late") == 3


def test_digests_that_are_shown_anew_have_a_slow_line_and_leave_the_updates_of_cards_free() -> None:
    clock = Clock(START)
    pace = Pace(clock)
    assert [held(pace, f"m{n}", "", AGAIN) for n in range(AT_ONCE + 3)] == [0] * AT_ONCE + [2, 4, 6]
    assert held(pace, "card", method="chat.update") == 0
    clock.forward(seconds=2)
    assert [held(pace, f"m{n}", "", AGAIN) for n in range(AT_ONCE, AT_ONCE + 3)] == [0, 2, 4]
    clock.forward(seconds=3600)
    assert [held(pace, f"n{n}", "", AGAIN) for n in range(AT_ONCE + 1)] == [0] * AT_ONCE + [2]


def test_what_slack_refused_goes_first_when_it_may_and_the_others_after_it() -> None:
    clock = Clock(START)
    pace = Pace(clock)
    assert [held(pace, f"m{n}") for n in range(AT_ONCE + 2)][-2:] == [1, 2]
    assert pace.refused(POST, "C1", "m2", 30).retry_after == 30
    clock.forward(seconds=2)
    assert [held(pace, "m3"), held(pace, "m4")] == [29, 30]
    assert held(pace, "elsewhere", "C2") == 0
    clock.forward(seconds=28)
    assert [held(pace, one) for one in ("m2", "m3", "m4")] == [0, 1, 2]
    pace.refused("chat.update", "C1", "u", 5)
    assert held(pace, "u", "C9", "chat.update") == 5, "a method's limit is the same in every channel"
    assert held(pace, "h", "C1", "conversations.history") == 0


def test_fifty_applications_at_once_keep_to_slacks_limits(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        desk.submit()
    made = [message.key for message in desk.open_messages() if message.channel == "slack"]
    desk.slack.workspace.limit_rates()
    delivery = paced(desk)
    seconds = 0.0
    with caplog.at_level(logging.INFO):
        while waiting(desk):
            drained = delivery.deliver_all()
            if drained.retry_at is None:
                break
            step = (drained.retry_at - desk.clock()).total_seconds()
            assert 0 < step <= 1, "somebody wakes for the next one, and not for each of those behind it"
            desk.clock.forward(seconds=step)
            seconds += step
    assert "Slack limits" not in caplog.text
    assert len(desk.cards()) == 50
    assert seconds <= 50
    assert [desk.message(key).attempts for key in made] == [1] * 50, "waiting for its turn is no attempt"
    assert references(desk) == [str(one) for one in _in_order(desk)]


def _in_order(desk: Desk) -> list[str | None]:
    with desk.office.reading() as session:
        return [one.reference for one in session.query(Application).order_by(Application.id)]


def test_a_limit_in_one_channel_holds_up_no_other_and_no_update(desk: Desk) -> None:
    award = desk.active()
    old = desk.submit()
    desk.quiet()
    desk.clock.set_day(desk.returns_due(award)[0])
    delivery = paced(desk, every=timedelta())
    desk.slack.faults.add(POST, Fault.ratelimited(30))
    new = desk.submit()
    run_sweep(desk.office)
    withdraw(desk, old)
    drained = delivery.deliver_all()
    key = f"card:{new.id}:{new.version}"
    left = {one.partition(":")[0] for one in waiting(desk) if one != key}
    assert key in waiting(desk)
    assert left <= {"card_note"}, "what goes into a thread is a post there too"
    assert drained.retry_at == desk.clock() + timedelta(seconds=30)
    assert desk.message(key).attempts == 0
    assert str(award.reference) in desk.told()[-1].text
    assert "ithdrawn" in desk.cards()[-1].text
    desk.clock.forward(seconds=29)
    assert delivery.deliver_all().sent == 0
    desk.clock.forward(seconds=1)
    delivery.deliver_all()
    assert waiting(desk) == []


# --- trouble -------------------------------------------------------------------------------------------------------


def test_a_message_that_slack_always_breaks_down_over_holds_up_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = desk.submit(organisation_name="Breaks Slack")
    good = [desk.submit() for _ in range(3)]
    courier_call = SlackCourier._call

    def call(self: SlackCourier, method: str, arguments: dict[str, object]) -> object:
        if method == POST and "Breaks Slack" in str(arguments["text"]):
            desk.slack.faults.add(POST, Fault.status(500))
        return courier_call(self, method, arguments)

    monkeypatch.setattr(SlackCourier, "_call", call)
    delivery = paced(desk)
    for _ in range(12):
        drained = delivery.deliver_all()
        desk.clock.now = drained.retry_at or desk.clock.now
    assert len(desk.cards()) == len(good)
    assert waiting(desk) == [f"card:{bad.id}:{bad.version}"]


def test_what_came_later_does_not_overtake_what_waits_for_slack_to_be_back(desk: Desk) -> None:
    first = desk.submit()
    delivery = paced(desk)
    desk.slack.faults.add(POST, Fault.status(503))
    retry_at = delivery.deliver_all().retry_at
    second = desk.submit()
    assert delivery.deliver_all().sent == 0, "woken by the second, while the first waits"
    assert retry_at is not None
    desk.clock.now = retry_at
    delivery.deliver_all()
    assert references(desk) == [first.reference, second.reference]


def test_an_hour_of_slack_being_away_loses_nothing_and_keeps_the_order(desk: Desk) -> None:
    posted = [desk.submit() for _ in range(3)]
    delivery = paced(desk)
    delivery.deliver_all()
    desk.slack.faults.add("*", Fault.status(503), times=None)
    late: list[Application] = []
    for minute in range(60):
        if minute % 10 == 0:
            late.append(desk.submit())
        if minute == 20:
            withdraw(desk, posted[0])
        if minute == 40:
            withdraw(desk, late[1])
        end = desk.clock() + timedelta(minutes=1)
        while desk.clock() < end:
            retry_at = delivery.deliver_all().retry_at
            assert retry_at is not None
            desk.clock.now = min(max(retry_at, desk.clock() + timedelta(milliseconds=50)), end)
    assert len(desk.cards()) == 3
    desk.slack.faults.clear()
    back = desk.clock()
    while waiting(desk):
        retry_at = delivery.deliver_all().retry_at
        desk.clock.now = retry_at or desk.clock.now
    assert desk.clock() - back < timedelta(seconds=30)
    assert references(desk) == [str(one) for one in _in_order(desk)]
    assert len(desk.cards()) == 3 + len(late)
    assert "ithdrawn" in desk.cards()[0].text
    assert "ithdrawn" in desk.cards()[4].text


FAULTS = (
    (POST, Fault.status(500)),
    (POST, Fault.lose_answer()),
    (POST, Fault.post_then_hang(0.7)),
    (POST, Fault.ratelimited(1)),
    (POST, Fault.garbage()),
    ("chat.update", Fault.status(502)),
    ("chat.update", Fault.lose_answer()),
    ("chat.update", Fault.ratelimited(2)),
    ("chat.update", Fault.post_then_hang(0.7)),
    ("conversations.history", Fault.status(500)),
    ("conversations.history", Fault.ratelimited(1)),
)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_goes_wrong_each_application_has_one_card_that_is_right(desk: Desk, seed: int) -> None:
    """Many cards and changes at once, faults in between, and two processes that deliver."""
    chance = random.Random(seed)
    deliveries = [paced(desk, every=timedelta(), seconds=0.5) for _ in range(2)]
    made: list[Application] = []
    gone: set[int] = set()
    for step in range(12):
        for method, fault in chance.sample(FAULTS, 3):
            desk.slack.faults.add(method, fault)
        made += [desk.submit() for _ in range(2)]
        if step % 2:
            left = [one for one in made if one.id not in gone]
            changed = chance.choice(left)
            gone.add(changed.id)
            withdraw(desk, changed)
        _all_at_once(deliveries)
        desk.clock.forward(seconds=chance.choice([1, 5, 20]))
    desk.slack.faults.clear()
    for _ in range(40):
        if not waiting(desk):
            break
        desk.clock.forward(seconds=20)
        _all_at_once(deliveries)
    assert waiting(desk) == []
    found = references(desk)
    assert sorted(found) == sorted(str(one.reference) for one in made), "each once, none twice, none lost"
    for application in made:
        card = desk.cards()[found.index(str(application.reference))]
        assert ("ithdrawn" in card.text) is (application.id in gone), card.text


def _all_at_once(deliveries: list[Delivery]) -> None:
    threads = [threading.Thread(target=delivery.deliver_all) for delivery in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.alone
def test_a_card_shows_a_change_in_place_within_two_seconds(desk: Desk) -> None:
    """Also while fifty cards wait for their turn: an update has a line of its own."""
    workers = Workers(desk.office, [paced(desk)], poll=60)
    outbox.call_after_put(desk.office.sessions, workers.wake)
    application = desk.submit()
    workers.start()
    try:
        _until(lambda: len(desk.cards()) == 1)
        for _ in range(20):
            desk.submit()
        began = time.monotonic()
        withdraw(desk, application)
        _until(lambda: "ithdrawn" in desk.cards()[0].text)
        assert time.monotonic() - began < 2
    finally:
        workers.stop()
    assert references(desk)[0] == application.reference


def _until(true: object, seconds: float = 30) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
