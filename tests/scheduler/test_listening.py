"""Hearing on PostgreSQL of what another process put into the outbox."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import Engine, text

from core.outbox import NOTIFY
from scheduler.listening import Listener
from tests.scheduler.practice_desk import Desk


def test_a_message_put_elsewhere_wakes_the_workers_here(desk: Desk, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        with pytest.raises(ValueError, match="only PostgreSQL"):
            Listener(engine, lambda: None)
        return
    heard = threading.Event()
    listener = Listener(engine, heard.set)
    listener.start()
    try:
        assert listener.wait_until_listening(30)
        heard.clear()
        desk.submit()
        assert heard.wait(30)
    finally:
        listener.stop()


def test_a_lost_connection_is_made_again(desk: Desk, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return
    wakes: list[float] = []
    listener = Listener(engine, lambda: wakes.append(time.monotonic()), reconnect=0.1)
    listener.start()
    try:
        assert listener.wait_until_listening(30)
        with engine.begin() as connection:
            ended = connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = :query"),
                {"query": f"LISTEN {NOTIFY}"},
            )
            assert ended.all() == [(True,)]
        known = len(wakes)
        end = time.monotonic() + 30
        while len(wakes) == known:
            assert time.monotonic() < end, "it did not listen again"
            time.sleep(0.05)
        before = len(wakes)
        desk.submit()
        while len(wakes) == before:
            assert time.monotonic() < end + 30, "it does not hear"
            time.sleep(0.05)
    finally:
        listener.stop()


def test_a_stop_before_a_start_is_nothing(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        Listener(engine, lambda: None).stop()
