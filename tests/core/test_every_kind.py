"""Every kind that falls due is set by something, told to everybody whom the policy names, and over when it is done."""

from __future__ import annotations

import pytest

from core import deadlines
from core.office import Office
from core.records import Deadline
from core.rules.falling_due import KINDS
from core.rules.policy import Role
from core.rules.sources import TITLES
from tests.conftest import shipped_policy
from tests.core.casework import person, sweep
from tests.core.every_kind import EVERY


def test_there_is_one_of_each_kind_and_steps_for_it() -> None:
    assert set(EVERY) == set(KINDS) == set(shipped_policy().nudge_steps)
    for kind in KINDS.values():
        assert kind.rule in TITLES
        assert kind.noun
        assert kind.plural != kind.noun
        assert kind.next.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_set_told_to_all_whom_the_policy_names_and_over_once_it_is_done(office: Office, kind: str) -> None:
    person(office, Role.DIRECTOR)
    office, due = EVERY[kind].made(office, kind)
    steps = deadlines.planned(office, kind, due.due)
    told = {
        (step.step, step.to)
        for day in sorted({on for _, on in steps})
        for step in sweep(office, day)
        if (step.kind, step.reference, step.due) == (kind, due.reference, due.due)
    }
    wanted = {(step.days, step.to) for step, on in steps if due.silent_before is None or on >= due.silent_before}
    assert {to for _, to in wanted} == {step.to for step, _ in steps}, "some are told nothing of it"
    if not any(to == "second_contact" for _, to in told):
        wanted = {one for one in wanted if one[1] != "second_contact"}
    assert told == wanted
    EVERY[kind].end(office, due)
    with office.reading() as session:
        ended = session.get_one(Deadline, due.id)
    assert not ended.is_open
    assert ended.next_step_on is None
