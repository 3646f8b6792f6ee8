"""The keys of bank details, as a person changes them."""

from __future__ import annotations

import json

import pytest

from core import bank_details
from core.field_cipher import read_keys
from core.rules.banking import Account
from desk import opening
from desk.settings import choose, read
from tests.core.casework import active
from tests.desk.conftest import Run

ACCOUNT = Account("Riverside", "309430", "73311942")


def test_a_key_is_made_put_in_front_and_the_old_one_goes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (run("keys", "make", name).output.strip() for name in ("old", "new"))
    assert list(read_keys(f"{new},{old}")) == ["new", "old"]
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", old)
    desk = opening.open_desk(choose(read(), production=False), migrate=True)
    award = active(desk.office)
    with desk.office.sessions.begin() as session:
        bank_details.give(session, award, ACCOUNT, office=desk.office, now=desk.office.clock())
    desk.stop()
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"{new},{old}")
    assert json.loads(run("keys", "list", "--json").output) == [
        {"key": "new", "there": True, "needed_for": 0},
        {"key": "old", "there": True, "needed_for": 1},
    ]
    said = run("keys", "rotate").output
    assert "1 row encrypted again with the key 'new'." in said
    assert "Take old out of AWARD_DESK_FIELD_KEYS" in said
    assert "0 rows" in run("keys", "rotate").output
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", new)
    shown = run("keys", "list").output
    assert "encrypts" in shown
    for key in (old, new):
        assert key.partition(":")[2] not in said + shown
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", old)
    assert "missing" in run("keys", "list").output
    assert "'new', which is not in the setting FIELD_KEYS" in run("keys", "rotate", fails=True).output


def test_a_key_has_a_name_that_the_setting_can_hold(run: Run) -> None:
    assert "Traceback" not in run("keys", "make", "a b", fails=True).output
