"""Which policy is in force from which day, who put it there, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, func, select, text
from sqlalchemy.pool import NullPool

from core import audit, database, deciding, policies
from core.errors import NotFound, Refused
from core.office import Office, fingerprint_of
from core.policies import AtStart, Proposal
from core.policy_file import PolicyError
from core.records import Award, Decision, OutboxMessage, PolicyInForce, PolicyVersion, Record
from core.rules.policy import Role
from tests.conftest import Clock, office_on
from tests.core.applying import (
    APRIL,
    DELEGATED,
    LOWER,
    MAY,
    SHORTER,
    TEXT,
    TODAY,
    WRONG,
    applied,
    cards,
    changed,
    proposed,
    started,
)
from tests.core.casework import (
    active,
    allocate,
    at_once,
    messages,
    offered,
    person,
    recommended,
    someone,
    submitted,
    trail,
)

QUESTION = """
[[questions]]
id = "club_nights"
form = "application"
kind = "number"
title = "How many nights a week are you open?"
label = "Nights a week"
rule = "U1"
source = "office"
since = 2028-01-01
"""


def rows(office: Office) -> list[tuple[date, str, str]]:
    """What is on record: from when, how, and whose text."""
    known = {fingerprint_of(one): name for name, one in (("shipped", TEXT), ("lower", LOWER), ("shorter", SHORTER))}
    with office.reading() as session:
        query = select(PolicyInForce.from_day, PolicyInForce.how, PolicyVersion.fingerprint).join(
            PolicyInForce.policy_version
        )
        return [
            (day, how, known.get(print_, print_))
            for day, how, print_ in session.execute(query.order_by(PolicyInForce.id))
        ]


# --- in force, by day ----------------------------------------------------------------------------------------------


def test_before_anything_is_on_record_the_file_holds(office: Office) -> None:
    assert office.in_force() is office
    with office.reading() as session:
        found = policies.standing(session, office=office, day=TODAY)
        assert (found.policy, found.fingerprint, found.row, found.until) == (
            office.policy,
            office.fingerprint,
            None,
            None,
        )
        assert policies.versions(session, office=office) == []
        with pytest.raises(NotFound, match="has not begun, so it cannot say what held on 22 November 2026"):
            policies.standing(session, office=office, day=TODAY - timedelta(days=1))


def test_the_day_before_the_day_and_the_day_after(office: Office) -> None:
    applied(office, SHORTER, APRIL)
    for day, days in ((TODAY, 28), (APRIL - timedelta(days=1), 28), (APRIL, 14), (APRIL + timedelta(days=1), 14)):
        assert office.in_force(on=day).policy.acceptance_days.value == days
        with office.reading() as session:
            assert policies.standing(session, office=office, day=day).policy.acceptance_days.value == days


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime.fromisoformat("2027-03-31T22:59:59+00:00"), 28),  # a second before midnight in London, in summer time
        (datetime.fromisoformat("2027-03-31T23:00:00+00:00"), 14),
    ],
)
def test_a_policy_begins_at_midnight_in_london(office: Office, clock: Clock, now: datetime, days: int) -> None:
    applied(office, SHORTER, APRIL)
    clock.now = now
    assert office.in_force().policy.acceptance_days.value == days


def test_what_is_applied_for_today_holds_at_once_in_every_process(office: Office, engine: Engine, clock: Clock) -> None:
    elsewhere = office_on(engine, clock)
    assert elsewhere.in_force().policy.acceptance_days.value == 28
    applied(office, SHORTER)
    assert elsewhere.in_force().policy.acceptance_days.value == 14
    assert elsewhere.in_force().policy_text == SHORTER
    assert elsewhere.policy.acceptance_days.value == 28  # the office itself is a value of one moment


def test_a_policy_is_read_once_in_a_process(office: Office) -> None:
    applied(office, SHORTER)
    assert office.in_force().policy is office.in_force().policy


def test_two_applied_for_different_days_each_hold_from_their_own(office: Office) -> None:
    applied(office, LOWER, MAY)
    applied(office, SHORTER, APRIL)
    held = [office.in_force(on=day).policy_text for day in (TODAY, APRIL, MAY - timedelta(days=1), MAY)]
    assert held == [TEXT, SHORTER, SHORTER, LOWER]
    with office.reading() as session:
        found = policies.versions(session, office=office)
    assert [(one.first, one.last) for one in found] == [
        (TODAY, APRIL - timedelta(days=1)),
        (APRIL, MAY - timedelta(days=1)),
        (MAY, None),
    ]
    assert found[0].changes is None
    assert [[change.key for change in one.changes or ()] for one in found[1:]] == [
        ["figures.acceptance_days"],
        ["figures.acceptance_days", "funds.youth-fund.cap"],  # the later one replaces the whole of the earlier
    ]


def test_of_two_applied_for_one_day_the_later_holds_and_the_earlier_never_did(office: Office) -> None:
    applied(office, LOWER, APRIL)
    applied(office, SHORTER, APRIL)
    assert office.in_force(on=APRIL).policy_text == SHORTER
    with office.reading() as session:
        assert [one.held for one in policies.versions(session, office=office)] == [True, False, True]


def test_two_on_one_day_at_once_have_both_held(office: Office, clock: Clock) -> None:
    applied(office, LOWER)
    clock.forward(hours=2)
    applied(office, SHORTER)
    with office.reading() as session:
        assert [one.held for one in policies.versions(session, office=office)] == [True, True, True]
    assert office.in_force().policy_text == SHORTER


def test_a_policy_to_come_is_taken_back_by_applying_what_holds_for_its_day(office: Office) -> None:
    applied(office, SHORTER, APRIL)
    applied(office, TEXT, APRIL)
    assert office.in_force(on=APRIL).policy_text == TEXT


def test_a_day_before_the_record_began_gets_an_honest_answer(office: Office) -> None:
    started(office)
    with office.reading() as session, pytest.raises(NotFound, match="begins on 23 November 2026, so it cannot say"):
        policies.standing(session, office=office, day=TODAY - timedelta(days=1))


def test_what_is_in_force_says_until_when(office: Office) -> None:
    applied(office, SHORTER, APRIL, by="Ada", note="Scheme of governance")
    with office.reading() as session:
        now = policies.standing(session, office=office, day=TODAY)
        later = policies.standing(session, office=office, day=APRIL)
        assert (now.until, later.until) == (APRIL - timedelta(days=1), None)
        data = later.as_data(staff=True)
        assert data["version"] == {
            "fingerprint": fingerprint_of(SHORTER),
            "from": "2027-04-01",
            "until": None,
            "how": "applied",
            "put_at": "2026-11-23T09:30:00+00:00",
            "by": "Ada",
            "note": "Scheme of governance",
        }
        assert {"by", "note"}.isdisjoint(later.as_data(staff=False)["version"])
        assert data["figures"]["acceptance_days"]["value"] == 14


@pytest.mark.one_database
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(put=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=6))
def test_on_every_day_holds_the_last_of_the_latest(office: Office, put: list[tuple[int, int]]) -> None:
    """Against the sentence itself: of the rows whose day has come the latest day, and of those the last put."""
    with office.sessions.begin() as session:
        session.execute(delete(PolicyInForce))
    texts = [TEXT, *(f"{TEXT}\n# {number}\n" for number in range(3))]
    on_record = [(0, TEXT)]
    for days, which in put:
        applied(office, texts[which], TODAY + timedelta(days=days))
        held = max(enumerate(on_record), key=lambda one: (one[1][0] <= days, one[1][0], one[0]))[1][1]
        if texts[which] != held:
            on_record.append((days, texts[which]))
    for day in range(8):
        come = [(days, place) for place, (days, _) in enumerate(on_record) if days <= day]
        assert office.in_force(on=TODAY + timedelta(days=day)).policy_text == on_record[max(come)[1]][1]


# --- applying ------------------------------------------------------------------------------------------------------


def test_who_when_from_when_and_what_changes_are_on_record_and_in_the_trail(office: Office) -> None:
    applied(office, SHORTER, APRIL, by="command line: ada", note="Scheme of governance, April 2027")
    with office.reading() as session:
        (file, row) = session.scalars(select(PolicyInForce).order_by(PolicyInForce.id))
        assert (file.how, file.from_day, file.begun_at) == ("file", TODAY, office.clock())
        assert (row.by, row.put_at, row.from_day) == ("command line: ada", office.clock(), APRIL)
        assert (row.how, row.note, row.begun_at) == ("applied", "Scheme of governance, April 2027", None)
        assert [(one["key"], one["before"], one["after"]) for one in row.changes] == [
            ("figures.acceptance_days", "28 days", "14 days")
        ]
        assert audit.verify(session).sound
    (line,) = trail(office, "policy_applied")
    assert (line.reference, line.actor) == ("policy", "command line: ada")
    assert line.data == {
        "policy": fingerprint_of(SHORTER),
        "instead_of": fingerprint_of(TEXT),
        "from": "2027-04-01",
        "note": "Scheme of governance, April 2027",
        "changes": row.changes,
    }
    assert len(trail(office, "policy_read")) == 1


def test_the_same_text_is_stored_once(office: Office) -> None:
    assert applied(office, TEXT).same
    assert not applied(office, SHORTER).same
    assert applied(office, SHORTER).same
    assert applied(office, SHORTER, APRIL).same
    assert [row[2] for row in rows(office)] == ["shipped", "shorter"]
    assert len(trail(office, "policy_applied")) == 1


def test_another_text_that_says_the_same_is_another_version_that_changes_nothing(office: Office) -> None:
    submitted(office)
    carried_out = applied(office, f"{TEXT}\n# read on 23 November\n")
    assert (carried_out.same, carried_out.changes, carried_out.run.shifts) == (False, (), ())
    assert cards(office) == []


def test_a_day_that_has_passed_is_refused(office: Office, clock: Clock) -> None:
    with pytest.raises(Refused, match="22 November 2026 has passed") as refusal:
        proposed(office, SHORTER, TODAY - timedelta(days=1))
    assert refusal.value.rule == "A4"
    proposal = proposed(office, SHORTER)
    clock.forward(days=1)  # midnight came between the look and the press
    with pytest.raises(Refused, match="has passed"), office.sessions.begin() as session:
        policies.apply(session, proposal, by="Ada", office=office, now=office.clock())
    assert rows(office) == []


def test_a_figure_that_begins_later_than_the_policy_is_refused_with_its_line(office: Office) -> None:
    later = changed(
        'acceptance_days = { value = 28, unit = "days", rule = "A6", source = "office, to confirm", since = 2026-11-01',
        'acceptance_days = { value = 14, unit = "days", rule = "A6", source = "Scheme", since = 2027-04-01',
    )
    number = next(place for place, line in enumerate(later.splitlines(), 1) if line.startswith("acceptance_days"))
    with pytest.raises(PolicyError) as error:
        proposed(office, later, APRIL - timedelta(days=1))
    (fault,) = error.value.faults
    assert fault == (
        f"office.toml line {number}: figures.acceptance_days.since: it holds from 2027-04-01, later than 2027-03-31, "
        "when the policy comes into force: give that day with --from, or correct it"
    )
    assert applied(office, later, APRIL).changes


@pytest.mark.parametrize("table", ["delegations", "thresholds", "notices"])
def test_rows_that_wait_for_their_own_day_are_no_fault(office: Office, table: str) -> None:
    """A delegation, a threshold and a notice hold from the day that stands with them."""
    before, heading, row = DELEGATED.rpartition(f"[[{table}]]")
    assert heading
    assert applied(office, before + heading + re.sub(r"since = [0-9-]+", "since = 2028-01-01", row, count=1)).changes


def test_a_question_that_begins_later_is_a_fault(office: Office) -> None:
    """It would be asked from the first day on."""
    with pytest.raises(PolicyError, match=r"questions\.1\.since: it holds from 2028-01-01"):
        proposed(office, TEXT + QUESTION)
    assert applied(office, TEXT + QUESTION, date(2028, 1, 1)).changes


def test_every_fault_of_a_wrong_file_is_named_and_nothing_changes_while_the_desk_runs(office: Office) -> None:
    started(office)
    before = rows(office)
    with pytest.raises(PolicyError) as error:
        proposed(office, changed('letters = "CF"', 'letters = "YF"', WRONG))
    assert len(error.value.faults) == 2
    assert all("office.toml" in fault for fault in error.value.faults)
    assert rows(office) == before
    assert office.in_force() is office


class Crash(Exception):  # noqa: N818 - it is no error of ours
    """The process dies here."""


def test_a_crash_between_the_check_and_the_end_leaves_nothing_half(office: Office) -> None:
    submitted(office)
    before = len(messages(office)), len(trail(office))
    proposal = proposed(office, LOWER)
    with pytest.raises(Crash), office.sessions.begin() as session:  # noqa: PT012 - the crash comes after the last step
        policies.apply(session, proposal, by="Ada", office=office, now=office.clock())
        raise Crash
    assert rows(office) == []
    assert (len(messages(office)), len(trail(office))) == before
    assert office.in_force() is office
    with office.reading() as session:
        assert session.scalar(select(func.count()).where(PolicyVersion.fingerprint == fingerprint_of(LOWER))) == 0
    assert applied(office, LOWER).changes  # and it can be done again
    assert len(cards(office)) == 1


def test_two_people_at_once_are_both_kept_in_order(office: Office) -> None:
    started(office)
    proposals = {"Ada": proposed(office, LOWER), "Bo": proposed(office, SHORTER)}

    def apply(who: str) -> Proposal:
        with office.sessions.begin() as session:
            return policies.apply(session, proposals[who], by=who, office=office, now=office.clock())

    came = at_once([lambda who=who: apply(who) for who in proposals])  # type: ignore[misc]
    assert len(came.done) == 2
    first, second = (line.actor for line in trail(office, "policy_applied"))
    with office.reading() as session:
        found = list(session.scalars(select(PolicyInForce).order_by(PolicyInForce.id)))
        assert [row.by for row in found] == ["the desk", first, second]
        assert office.in_force().policy == proposals[second].policy
        # What the second changes is told against what the first had just put.
        assert {one["key"] for one in found[2].changes} == {"figures.acceptance_days", "funds.youth-fund.cap"}
        assert audit.verify(session).sound
    assert [one.instead_of for one in came.done].count(proposals[first].fingerprint) == 1


def test_one_file_that_two_people_apply_at_once_is_stored_once(office: Office) -> None:
    proposal = proposed(office, SHORTER)

    def apply() -> bool:
        with office.sessions.begin() as session:
            return policies.apply(session, proposal, by="Ada", office=office, now=office.clock()).same

    came = at_once([apply, apply, apply])
    assert sorted(came.done) == [False, True, True]
    assert [row[2] for row in rows(office)] == ["shipped", "shorter"]


# --- what was decided keeps its policy (A4) ------------------------------------------------------------------------


def test_an_award_keeps_the_policy_it_was_decided_under(office: Office) -> None:
    award_id = active(office)
    applied(office, changed("You keep receipts, and show them when we ask.", "You keep bees.", SHORTER))
    now_held = office.in_force()
    with office.reading() as session:
        award = session.get_one(Award, award_id)
        assert award.policy_version.toml == TEXT
        assert now_held.policy_under(award.policy_version) == office.policy
        assert "You keep bees." in now_held.policy.terms.value
    next_award = offered(now_held)
    with office.reading() as session:
        award = session.get_one(Award, next_award)
        assert award.accept_by == TODAY + timedelta(days=14)
        assert now_held.policy_under(award.policy_version) is now_held.policy


def test_a_decision_in_flight_uses_one_policy_from_beginning_to_end(office: Office, engine: Engine) -> None:
    """Another policy is applied while a decision is being made: on PostgreSQL in its midst, on SQLite after it."""
    allocate(office, "youth-fund", 10_000_00)
    application = recommended(office)
    commissioner = person(office, Role.COMMISSIONER)
    proposal = proposed(office, LOWER)

    def apply() -> None:
        with office.sessions.begin() as session:
            policies.apply(session, proposal, by="Ada", office=office, now=office.clock())

    with ThreadPoolExecutor(1) as other:
        with office.sessions.begin() as session:
            under_it = office.in_force(session)
            done = other.submit(apply)
            if engine.dialect.name == "postgresql":
                done.result(timeout=60)
                assert office.in_force().policy_text == LOWER
            deciding.decide(
                session,
                application,
                someone(session, commissioner),
                outcome="approved",
                amount=None,
                reasons="A strong local need.",
                conditions="A return.",
                office=under_it,
                now=office.clock(),
            )
        done.result(timeout=60)
    with office.reading() as session:
        decision = session.scalars(select(Decision)).one()
        assert decision.policy_version.toml == TEXT
        assert {one["rule"]: one["verdict"] for one in decision.findings}["F5"] == "met"
        assert session.scalars(select(Award)).one().accept_by == TODAY + timedelta(days=28)
    assert office.in_force().policy_text == LOWER


# --- the file that a process starts with ---------------------------------------------------------------------------


def test_a_start_notes_its_file_once_and_another_file_from_its_day_on(office: Office, clock: Clock) -> None:
    assert [started(office), started(office)] == [AtStart.HOLDS, AtStart.HOLDS]
    assert rows(office) == [(TODAY, "file", "shipped")]
    clock.forward(days=3)
    assert started(office, SHORTER) is AtStart.HOLDS
    later = TODAY + timedelta(days=3)
    assert rows(office)[1:] == [(later, "file", "shorter")]
    assert office.in_force().policy_text == SHORTER
    assert started(office) is AtStart.HOLDS  # and back again
    assert rows(office)[2:] == [(later, "file", "shipped")]
    assert [line.data["note"] for line in trail(office, "policy_read")] == ["office.toml"] * 3


def test_once_something_was_applied_the_record_holds_whatever_the_file_says(office: Office) -> None:
    started(office)
    applied(office, SHORTER, APRIL)
    assert started(office, LOWER) is AtStart.DIFFERS
    assert started(office, SHORTER) is AtStart.COMES_LATER
    assert started(office) is AtStart.HOLDS
    assert [how for _, how, _ in rows(office)] == ["file", "applied"]
    assert office.in_force().policy_text == TEXT


def test_processes_that_start_at_once_note_their_file_once(office: Office) -> None:
    came = at_once([lambda: started(office) for _ in range(4)])
    assert came.done == [AtStart.HOLDS] * 4
    assert rows(office) == [(TODAY, "file", "shipped")]


# --- a record that was kept without it -----------------------------------------------------------------------------


@pytest.fixture
def first_record(own_database_url: str) -> Iterator[Engine]:
    """A record as the first version made it, with two policies that were decided under."""
    engine = create_engine(own_database_url, poolclass=NullPool)
    with engine.begin() as connection:
        Record.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    command.upgrade(database._alembic(engine), "0001")
    with engine.begin() as connection:
        for number, stored_at in ((1, "2026-06-30 22:30:00+00:00"), (2, "2026-06-30 23:30:00+00:00")):
            connection.execute(
                text("INSERT INTO policy_version (fingerprint, toml, stored_at) VALUES (:print, :toml, :at)"),
                {"print": f"{number}" * 64, "toml": TEXT, "at": _stored(engine, stored_at)},
            )
    yield engine
    engine.dispose()


def _stored(engine: Engine, instant: str) -> datetime | str:
    found = datetime.fromisoformat(instant)
    return found if engine.dialect.name == "postgresql" else found.replace(tzinfo=None).isoformat(" ")


def test_a_record_of_the_first_version_says_from_when_each_policy_was_decided_under(
    first_record: Engine, clock: Clock
) -> None:
    database.upgrade(first_record)
    assert database.is_current(first_record)
    office = office_on(first_record, clock)
    with office.reading() as session:
        found = list(session.scalars(select(PolicyInForce).order_by(PolicyInForce.id)))
        assert [(row.from_day, row.how, row.policy_version_id) for row in found] == [
            (date(2026, 6, 30), "file", 1),
            (date(2026, 7, 1), "file", 2),  # half past midnight in London
        ]
        assert all(row.begun_at == row.put_at for row in found)
    command.downgrade(database._alembic(first_record), "0001")
    database.upgrade(first_record)
    assert started(office) is AtStart.HOLDS
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(PolicyInForce)) == 3
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0
