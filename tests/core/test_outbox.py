"""The outbox: written with what it tells, claimed by one, in order within a subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import database, outbox
from core.office import Office
from core.records import OutboxMessage, Person
from tests.core.casework import at_once, messages


def put(office: Office, key: str, *, subject: str | None = None, kind: str = "card", **given: Any) -> None:
    with office.sessions.begin() as session:
        outbox.put(session, kind, subject=subject or key, key=key, payload={}, now=office.clock(), **given)


def claim(office: Office, channel: outbox.Channel = "slack") -> OutboxMessage | None:
    with office.sessions.begin() as session:
        return outbox.claim(session, channel, now=office.clock())


def claimed(office: Office, channel: outbox.Channel = "slack") -> OutboxMessage:
    message = claim(office, channel)
    assert message is not None
    return message


def settle(office: Office, message: OutboxMessage, outcome: Any = "sent", **given: Any) -> bool:
    with office.sessions.begin() as session:
        return outbox.settle(session, message, outcome, now=office.clock(), **given)


def waiting(office: Office) -> int:
    with office.reading() as session:
        return outbox.waiting(session)


def test_messages_of_a_channel_are_claimed_oldest_first(office: Office) -> None:
    put(office, "first")
    put(office, "mail", kind="receipt")
    put(office, "second")
    assert [claimed(office).key, claimed(office).key, claim(office)] == ["first", "second", None]
    assert claimed(office, "mail").key == "mail"


def test_messages_of_one_subject_wait_for_each_other(office: Office) -> None:
    put(office, "1", subject="application:1")
    put(office, "2", subject="application:1")
    put(office, "mail", subject="application:1", kind="receipt")
    put(office, "other", subject="application:2")
    first = claimed(office)
    assert [first.key, claimed(office).key, claim(office)] == ["1", "other", None]
    assert claimed(office, "mail").key == "mail"
    assert settle(office, first, slack_channel="C1", slack_ts="1.2")
    assert claimed(office).key == "2"


def test_what_failed_for_good_no_longer_holds_up_its_subject(office: Office) -> None:
    put(office, "1", subject="application:1")
    put(office, "2", subject="application:1")
    assert settle(office, claimed(office), "failed", error="channel_not_found")
    assert claimed(office).key == "2"
    assert [(one.outcome, one.error) for one in messages(office)] == [("failed", "channel_not_found"), (None, None)]


def test_nothing_is_claimed_before_its_time(office: Office, clock: Any) -> None:
    put(office, "later", not_before=clock.now + timedelta(seconds=30))
    assert claim(office) is None
    clock.forward(seconds=30)
    assert claimed(office).key == "later"


def test_a_claim_runs_out_and_its_holder_can_no_longer_settle(office: Office, clock: Any) -> None:
    put(office, "1")
    first = claimed(office)
    assert first.attempts == 1
    clock.forward(seconds=60)
    assert claim(office) is None
    clock.forward(seconds=1)
    second = claimed(office)
    assert (second.id, second.attempts) == (first.id, 2)
    assert not settle(office, first)
    with office.sessions.begin() as session:
        assert not outbox.put_back(session, first, not_before=clock.now, error="late")
    assert settle(office, second, slack_ts="1.2", slack_channel="C1")
    assert not settle(office, second)
    [message] = messages(office)
    assert (message.outcome, message.settled_at, message.slack_ts) == ("sent", clock.now, "1.2")
    assert claim(office) is None
    assert waiting(office) == 0


def test_what_is_put_back_is_tried_again_from_then_on_and_its_subject_waits(office: Office, clock: Any) -> None:
    put(office, "1", subject="application:1")
    put(office, "2", subject="application:1")
    first = claimed(office)
    with office.sessions.begin() as session:
        assert outbox.put_back(session, first, not_before=clock.now + timedelta(seconds=5), error="ratelimited")
    assert claim(office) is None
    clock.forward(seconds=5)
    again = claimed(office)
    assert (again.key, again.attempts, again.error) == ("1", 2, "ratelimited")


def test_the_same_thing_is_never_put_twice(office: Office) -> None:
    put(office, "receipt:1", kind="receipt")
    with pytest.raises(IntegrityError):
        put(office, "receipt:1", kind="receipt")
    settle(office, claimed(office, "mail"))
    with pytest.raises(IntegrityError):
        put(office, "receipt:1", kind="receipt")


def test_an_unknown_kind_of_message_is_an_error_where_it_is_written(office: Office) -> None:
    with pytest.raises(KeyError):
        put(office, "1", kind="telegram")


def test_each_message_is_claimed_by_one_of_many_senders(office: Office) -> None:
    with office.sessions.begin() as session:
        for number in range(40):
            key = str(number)
            outbox.put(session, "card", subject=f"s{number % 20}", key=key, payload={}, now=office.clock())

    def drain() -> list[str]:
        keys = []
        while (message := claim(office)) is not None:
            keys.append(message.key)
            assert settle(office, message)
        return keys

    came = at_once([drain] * 6)
    keys = [key for batch in came.done for key in batch]
    keys += drain()  # a sender stops when all that is left waits for another's; the poll comes back for it
    assert sorted(keys, key=int) == [str(number) for number in range(40)]
    assert [one.attempts for one in messages(office)] == [1] * 40


def test_one_message_is_claimed_once_however_many_want_it(office: Office) -> None:
    put(office, "1")
    came = at_once([lambda: claim(office)] * 10)
    assert len([one for one in came.done if one is not None]) == 1


def test_a_process_that_is_alone_frees_the_claims_of_the_one_before_it(office: Office) -> None:
    put(office, "1")
    put(office, "2")
    dead, settled = claimed(office), claimed(office)
    settle(office, settled)
    with office.sessions.begin() as session:
        outbox.release_claims(session)
    again = claimed(office)
    assert (again.key, again.attempts) == ("1", 2)
    assert not settle(office, dead)
    assert claim(office) is None


def test_what_is_withheld_is_never_sent(office: Office) -> None:
    put(office, "sent")
    settle(office, claimed(office))
    put(office, "past")
    with office.sessions.begin() as session:
        outbox.put(session, "card", subject="now", key="now", payload={}, now=office.clock())
        outbox.withhold(session, now=office.clock())
    put(office, "afterwards")
    assert {one.key: one.outcome for one in messages(office)} == {
        "sent": "sent",
        "past": "withheld",
        "now": "withheld",
        "afterwards": None,
    }
    assert waiting(office) == 1
    assert claimed(office).key == "afterwards"
    assert claim(office) is None


def test_the_sender_is_woken_after_each_commit_that_left_something_and_at_no_other_time(engine: Engine) -> None:
    sessions = database.writing_sessions(engine)
    seen: list[int] = []

    def wake() -> None:
        with database.reading_sessions(engine)() as session:
            seen.append(len(session.scalars(select(OutboxMessage)).all()))

    outbox.call_after_put(sessions, wake)
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    def put_two(session: Session, name: str) -> None:
        for number in "ab":
            outbox.put(session, "card", subject="s", key=name + number, payload={}, now=now)

    with sessions.begin() as session:
        put_two(session, "first")
        with session.begin_nested():
            session.add(Person(name="A", email="a@x.example", role="officer", body="office", added_at=now))
        assert seen == []  # the end of a savepoint is no commit
    assert seen == [2]
    with sessions() as session:
        put_two(session, "rolled back")
        session.rollback()
        session.add(Person(name="B", email="b@x.example", role="officer", body="office", added_at=now))
        session.commit()
        put_two(session, "closed")
        session.close()
        session.add(Person(name="C", email="c@x.example", role="officer", body="office", added_at=now))
        session.commit()
    assert seen == [2]
    with sessions.begin() as session:
        put_two(session, "second")
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(Person(name="A", email="a@x.example", role="officer", body="office", added_at=now))
    assert seen == [2, 4]  # a savepoint that failed does not silence what stands
    with sessions.begin() as session:
        put_two(session, "third")
        outbox.withhold(session, now=now)
    assert seen == [2, 4]
