"""Bank details: given after acceptance, read by finance with a reason, changed in plain sight, purged to the day."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from core import award_checks, awards, bank_details, events, holds, payments, publication
from core.audit import verify
from core.audit_story import story
from core.bank_details import GIVEN, PURGED, READ
from core.errors import Conflict, Gone, NotFound, Refused
from core.field_cipher import FieldCipher, key_of
from core.office import Office, london_day
from core.records import Award, BankDetails, Payment
from core.rules.banking import MASK, Account
from core.rules.keeping import HoldReason
from core.rules.policy import Body, Role
from scheduler.timetable import run_purge
from tests.conftest import Clock
from tests.core.casework import (
    accept,
    active,
    at_once,
    facts,
    london,
    messages,
    offered,
    person,
    someone,
    trail,
)

ACCOUNT = Account("Riverside Boxing Club", "309430", "73311942", "D/98765-4")
OTHER = Account("R Boxing", "401276", "55779921", own_name=False)
DIGITS = ("309430", "73311942", "98765", "401276", "55779921")
NEW_KEY = bytes(range(100, 132))


def give(office: Office, award_id: int, account: Account = ACCOUNT, seen: int | None = None) -> int:
    with office.sessions.begin() as session:
        return bank_details.give(session, award_id, account, seen=seen, office=office, now=office.clock()).version


def read(office: Office, award_id: int, person_id: int, why: str = "To set up the payee.") -> Account:
    with office.sessions.begin() as session:
        who = someone(session, person_id)
        return bank_details.read(session, award_id, who, why=why, office=office, now=office.clock())


def shown(office: Office, award_id: int) -> bank_details.Shown:
    with office.reading() as session:
        return bank_details.shown(session, awards.by_id(session, award_id), office)


def row(office: Office, award_id: int) -> BankDetails:
    with office.reading() as session:
        return session.scalars(select(BankDetails).where(BankDetails.award_id == award_id)).one()


def verified(office: Office, award_id: int) -> bool:
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        return award_checks.bank_verified(session, award, award_checks.of_award(session, award))


def call(office: Office, award_id: int, person_id: int, version: int | None = None) -> None:
    with office.sessions.begin() as session:
        who = someone(session, person_id)
        award_checks.verify_bank_details(session, award_id, who, note="Called.", version=version, now=office.clock())


def purge(office: Office, day: date) -> list[str]:
    return list(run_purge(office, today=day, now=london(day)))


def sound(office: Office) -> bool:
    """Whether every row of bank details is as the trail says."""
    with office.reading() as session:
        return not [fault.said for fault in verify(session).faults if "Bank details" in fault.said]


def paid(office: Office, award_id: int, amount: int, day: date, *, planned: int = 0) -> None:
    """An award that has been paid so much, the last of it on a day; `planned` is still to come."""
    payer, approver = person(office), person(office)
    with office.sessions.begin() as session:
        session.execute(update(Award).where(Award.id == award_id).values(paid=amount))
        stages = [Payment(amount=amount, status="paid", paid_at=london(day), payer_id=payer, approver_id=approver)]
        if planned:
            stages.append(Payment(amount=planned, status="planned"))
        for number, stage in enumerate(stages, 1):
            stage.award_id, stage.number, stage.planned_on = award_id, number, day
        session.add_all(stages)
        reference = awards.by_id(session, award_id).reference
        events.append(session, "paid", reference, "test", {"payment": 1}, now=office.clock())


def ended(office: Office, award_id: int) -> None:
    with office.sessions.begin() as session:
        session.execute(update(Award).where(Award.id == award_id).values(status="completed"))
        events.append(session, "completed", awards.by_id(session, award_id).reference, "t", {}, now=office.clock())


# ------------------------------------------------------------------------------------------------- given and changed


def test_given_they_are_kept_encrypted_and_everybody_is_told_but_not_what(office: Office, clock: Clock) -> None:
    award_id = active(office)
    assert not shown(office, award_id).held
    clock.forward(hours=1)
    assert give(office, award_id, seen=0) == 1
    kept = row(office, award_id)
    assert key_of(kept.locked or "") == "tests"
    assert (kept.version, kept.given_at, kept.own_name, kept.purged_at) == (1, clock.now, True, None)
    seen = shown(office, award_id)
    assert (seen.held, seen.number, seen.version, seen.given_at) == (True, MASK * 6 + "42", 1, clock.now)
    [line] = trail(office, GIVEN)
    assert (line.actor, line.data) == ("the recipient", {"version": 1, "own_name": True})
    [mail], [notice] = messages(office, "bank_details"), messages(office, "award_notice")
    assert mail.payload == {"award_id": award_id, "version": 1}
    assert notice.payload == {"award_id": award_id, "what": "bank_details_given"}
    assert sound(office)


def test_sent_again_the_same_changes_nothing(office: Office) -> None:
    award_id = active(office)
    give(office, award_id, seen=0)
    before = row(office, award_id).locked
    assert give(office, award_id, seen=0) == 1
    assert row(office, award_id).locked == before
    assert len(trail(office, GIVEN)) == len(messages(office, "bank_details")) == 1


def test_changed_the_check_lapses_the_office_and_the_contact_are_told(office: Office) -> None:
    award_id, finance = active(office), person(office, Role.FINANCE)
    give(office, award_id)
    call(office, award_id, finance, version=1)
    assert verified(office, award_id)
    assert give(office, award_id, OTHER, seen=1) == 2
    assert not verified(office, award_id)
    assert shown(office, award_id).own_name is False
    assert messages(office, "award_notice")[-1].payload["what"] == "bank_details_changed"
    assert messages(office, "bank_details")[-1].payload["version"] == 2
    with pytest.raises(Conflict, match="changed since you read them"):
        call(office, award_id, finance, version=1)
    call(office, award_id, finance, version=2)
    assert verified(office, award_id)
    assert [line.data.get("version") for line in trail(office, "checked")] == [1, 2]
    assert sound(office)


def test_verified_without_details_in_the_desk_it_holds_until_some_are_given(office: Office) -> None:
    award_id = active(office)
    call(office, award_id, person(office))
    assert verified(office, award_id)
    give(office, award_id)
    assert not verified(office, award_id)


def test_an_approved_payment_waits_once_the_details_were_changed(office: Office) -> None:
    award_id = active(office, facts(answers={"at_risk": "no"}))
    officer, finance = person(office), person(office, Role.FINANCE)
    give(office, award_id)
    call(office, award_id, finance)
    now = office.clock()
    with office.sessions.begin() as session:
        who = someone(session, officer)
        award_checks.see_safeguarding_policy(session, award_id, who, note="Seen.", now=now)
        payments.plan(session, award_id, who, amount=500_00, planned_on=london_day(now), now=now)
        payments.approve(session, award_id, 1, who, office=office, now=now)
    give(office, award_id, OTHER)
    with office.sessions.begin() as session, pytest.raises(Refused, match="bank details have not been verified"):
        payments.pay(session, award_id, 1, someone(session, finance), office=office, now=now)


def test_they_are_taken_after_acceptance_and_until_everything_is_paid(office: Office) -> None:
    award_id = offered(office)
    with pytest.raises(Conflict, match="Accept the offer first"):
        give(office, award_id)
    accept(office, award_id)
    give(office, award_id)
    paid(office, award_id, 1_999_99, date(2027, 2, 1))
    give(office, award_id, OTHER)
    with office.sessions.begin() as session:
        session.execute(update(Award).where(Award.id == award_id).values(paid=2_000_00))
        events.append(session, "paid", "x", "test", {}, now=office.clock())
    with pytest.raises(Conflict, match="All of this award has been paid"):
        give(office, award_id)
    ended(office, award_id)
    with pytest.raises(Conflict, match="has ended"):
        give(office, award_id)
    with pytest.raises(NotFound):
        give(office, 999)
    assert row(office, award_id).version == 2


def test_whoever_saw_another_version_changes_nothing(office: Office) -> None:
    award_id = active(office)
    give(office, award_id, seen=0)
    with pytest.raises(Conflict, match="Somebody changed the bank details"):
        give(office, award_id, OTHER, seen=0)
    assert row(office, award_id).version == 1


def test_two_people_at_once_the_second_is_told(office: Office) -> None:
    award_id = active(office)
    came = at_once([lambda: give(office, award_id, ACCOUNT, 0), lambda: give(office, award_id, OTHER, 0)])
    assert came.done == [1]
    assert [type(one) for one in came.refused] == [Conflict]
    assert len(trail(office, GIVEN)) == 1


def test_too_often_in_a_day_is_refused_until_the_day_is_over(office: Office, clock: Clock) -> None:
    award_id = active(office)
    for number in range(5):
        give(office, award_id, replace(ACCOUNT, number=f"7331194{number}"))
    with pytest.raises(Refused, match="5 times within a day"):
        give(office, award_id, OTHER)
    clock.forward(days=1, seconds=-1)
    with pytest.raises(Refused, match="5 times within a day"):
        give(office, award_id, OTHER)
    clock.forward(seconds=1)
    assert give(office, award_id, OTHER) == 6


def test_how_often_in_a_day_is_the_office_s_choice(office: Office) -> None:
    once = replace(office.policy.bank_details_a_day, value=1)
    strict = replace(office, policy=replace(office.policy, bank_details_a_day=once))
    award_id = active(strict)
    assert give(strict, award_id) == 1
    with pytest.raises(Refused, match="given 1 time within a day"):
        give(strict, award_id, OTHER)


def test_without_a_key_nothing_is_kept(office: Office) -> None:
    award_id = active(office)
    with pytest.raises(Refused, match="cannot take bank details at the moment"):
        give(replace(office, cipher=FieldCipher()), award_id)
    with office.reading() as session:
        assert session.scalars(select(BankDetails)).all() == []


# ----------------------------------------------------------------------------------------------------------- reading


def test_finance_reads_them_and_each_reading_leaves_a_line(office: Office, clock: Clock) -> None:
    award_id, finance = active(office), person(office, Role.FINANCE, name="Fin")
    with pytest.raises(NotFound, match="No bank details were given"):
        read(office, award_id, finance)
    give(office, award_id)
    clock.forward(days=1)
    assert read(office, award_id, finance) == ACCOUNT
    read(office, award_id, finance, why="To verify them by a call.")
    lines = trail(office, READ)
    assert [line.data["why"] for line in lines] == ["To set up the payee.", "To verify them by a call."]
    assert lines[0].actor == f"Fin (finance, person {finance})"
    with pytest.raises(Refused, match="Say why"):
        read(office, award_id, finance, why=" ")
    assert len(trail(office, READ)) == 2


@pytest.mark.one_database
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.FINANCE])
def test_nobody_else_reads_them_whatever_their_role(office: Office, role: Role) -> None:
    award_id = active(office)
    give(office, award_id)
    with pytest.raises(Refused, match=r"finance only|office's own staff|do not handle its payments"):
        read(office, award_id, person(office, role))
    assert trail(office, READ) == []


def test_nor_finance_of_the_constabulary_nor_who_left(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    with pytest.raises(Refused, match="Constabulary staff do not handle its payments"):
        read(office, award_id, person(office, Role.FINANCE, Body.CONSTABULARY))
    gone = person(office, Role.FINANCE)
    with office.sessions.begin() as session:
        someone(session, gone).active = False
        events.append(session, "person_removed", "staff", "t", {"person": gone}, now=office.clock())
    with pytest.raises(Refused, match="not on the office's staff list"):
        read(office, award_id, gone)


@pytest.mark.parametrize("state", ["active", "completed", "decommissioned", "purged"])
def test_they_are_read_in_every_state_until_they_are_purged(office: Office, state: str) -> None:
    award_id, finance = active(office), person(office, Role.FINANCE)
    give(office, award_id)
    if state == "purged":
        ended(office, award_id)
        purge(office, date(2027, 1, 1))
        with pytest.raises(Gone, match="were deleted on 1 January 2027"):
            read(office, award_id, finance)
        return
    with office.sessions.begin() as session:
        session.execute(update(Award).where(Award.id == award_id).values(status=state))
        events.append(session, state, "x", "t", {}, now=office.clock())
    assert read(office, award_id, finance) == ACCOUNT


def test_a_row_that_was_swapped_changed_or_lost_its_key_is_not_read(office: Office) -> None:
    first, second, finance = active(office), active(office), person(office, Role.FINANCE)
    give(office, first)
    give(office, second, OTHER)
    stolen = row(office, second).locked
    with office.sessions.begin() as session:
        session.execute(text("UPDATE bank_details SET locked = :it WHERE award_id = :id"), {"it": stolen, "id": first})
    with pytest.raises(Refused, match=r"cannot be read.*belongs elsewhere"):
        read(office, first, finance)
    assert shown(office, first).number == ""
    assert read(office, second, finance) == OTHER
    assert not sound(office)
    without = replace(office, cipher=FieldCipher({"another": NEW_KEY}))
    with pytest.raises(Refused, match="'tests', which is not in the setting FIELD_KEYS"):
        read(without, second, finance)
    assert (shown(without, second).held, shown(without, second).number) == (True, "")


def test_keys_are_changed_without_losing_anything(office: Office) -> None:
    award_id, finance = active(office), person(office, Role.FINANCE)
    give(office, award_id)
    both = replace(office, cipher=FieldCipher({"new": NEW_KEY, "tests": bytes(range(32))}))
    assert read(both, award_id, finance) == ACCOUNT

    def again(on: Office) -> int:
        with on.sessions.begin() as session:
            return bank_details.lock_again(session, office=on, actor="ada", now=on.clock())

    assert again(both) == 1
    assert again(both) == 0
    with office.reading() as session:
        assert bank_details.by_key(session) == {"new": 1}
    only = replace(office, cipher=FieldCipher({"new": NEW_KEY}))
    assert read(only, award_id, finance) == ACCOUNT
    with pytest.raises(Refused, match="stay as they are"):
        again(office)
    assert [line.data for line in trail(office, "fields_locked_again")] == [{"key": "new", "rows": 1}]
    assert sound(office)


# ----------------------------------------------------------------------------------------------------------- purging


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("last_payment", "first_day"),
    [
        (date(2027, 2, 15), date(2027, 5, 16)),
        (date(2027, 11, 28), date(2028, 2, 29)),
        (date(2027, 11, 29), date(2028, 3, 1)),
        (date(2027, 11, 30), date(2028, 3, 1)),
        (date(2028, 2, 29), date(2028, 5, 30)),
        (date(2026, 11, 30), date(2027, 3, 1)),
    ],
)
def test_three_months_after_the_last_payment_they_go(office: Office, last_payment: date, first_day: date) -> None:
    award_id = active(office)
    give(office, award_id)
    paid(office, award_id, 2_000_00, last_payment)
    assert purge(office, first_day - timedelta(days=1)) == []
    assert row(office, award_id).locked
    assert purge(office, first_day) == [trail(office, GIVEN)[0].reference]
    kept = row(office, award_id)
    assert (kept.locked, kept.purged_at) == (None, london(first_day))
    seen = shown(office, award_id)
    assert (seen.held, seen.number, seen.purged_at) == (False, "", london(first_day))
    [line] = trail(office, PURGED)
    assert line.actor == "the desk"
    assert "3 months from the last payment" in line.data["because"]
    assert purge(office, first_day + timedelta(days=1)) == []
    assert sound(office)


def test_a_payment_that_is_to_come_keeps_them(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    paid(office, award_id, 1_000_00, date(2027, 2, 1), planned=1_000_00)
    assert purge(office, date(2028, 12, 31)) == []


def test_an_award_that_runs_and_is_not_paid_in_full_keeps_them_until_its_end(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    paid(office, award_id, 1_000_00, date(2027, 2, 1))
    assert purge(office, date(2028, 1, 31)) == []  # it ended on 31 October 2027
    assert len(purge(office, date(2028, 2, 1))) == 1


def test_an_award_that_ends_without_payment_gives_them_up_at_once(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    ended(office, award_id)
    assert len(purge(office, london_day(office.clock()))) == 1
    assert trail(office, PURGED)[0].data["because"] == "The award ended, and nothing was ever paid."


@pytest.mark.parametrize("was_paid", [True, False])
def test_a_hold_keeps_them_to_its_last_day(office: Office, was_paid: bool) -> None:
    award_id, officer = active(office), person(office)
    give(office, award_id)
    if was_paid:
        paid(office, award_id, 2_000_00, date(2027, 1, 1))
    ended(office, award_id)
    reference = trail(office, GIVEN)[0].reference
    with office.sessions.begin() as session:
        reason = HoldReason.LITIGATION
        hold = holds.place(
            session, reference, someone(session, officer), reason=reason, file="Smith", now=office.clock()
        ).id
    assert purge(office, date(2030, 1, 1)) == []
    with office.sessions.begin() as session:
        holds.lift(session, hold, someone(session, officer), on=date(2030, 1, 1), now=office.clock())
        with pytest.raises(Conflict):
            holds.lift(session, hold, someone(session, officer), on=date(2030, 1, 1), now=office.clock())
    assert purge(office, date(2030, 1, 1)) == []
    assert purge(office, date(2030, 1, 2)) == [reference]


@pytest.mark.parametrize("role", [Role.PANEL, Role.AUDITOR])
def test_who_may_hold_what_would_be_deleted(office: Office, role: Role) -> None:
    told: dict[str, Any] = {"reason": HoldReason.LITIGATION, "now": office.clock()}
    other, officer = person(office, role), person(office)
    with office.sessions.begin() as session:
        who = someone(session, other)
        with pytest.raises(Refused, match="office's own staff"):
            holds.place(session, "YF-2026-7K4MPX", who, file="x", **told)
        who = someone(session, officer)
        with pytest.raises(Refused, match="Name the file"):
            holds.place(session, "YF-2026-7K4MPX", who, file=" ", **told)
        with pytest.raises(NotFound):
            holds.lift(session, 1, who, on=date(2027, 1, 1), now=office.clock())


def test_purged_they_can_be_given_again_while_something_is_to_be_paid(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    assert len(purge(office, date(2028, 2, 1))) == 1
    assert give(office, award_id, seen=1) == 2
    assert shown(office, award_id).held
    assert sound(office)


def test_purged_twice_at_once_it_is_told_once(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    ended(office, award_id)
    came = at_once([lambda: purge(office, date(2027, 1, 1))] * 3)
    assert sorted(map(len, came.done)) == [0, 0, 1]
    assert len(trail(office, PURGED)) == 1


# ------------------------------------------------------------------------------------------------------- nowhere else


def test_no_digit_is_anywhere_but_encrypted(
    office: Office, caplog: pytest.LogCaptureFixture, engine: Any, clock: Clock
) -> None:
    caplog.set_level(logging.DEBUG)
    award_id, finance = active(office), person(office, Role.FINANCE)
    give(office, award_id)
    give(office, award_id, OTHER)
    read(office, award_id, finance)
    with pytest.raises(Refused):
        read(office, award_id, person(office))
    call(office, award_id, finance)
    told: list[Callable[[], object]] = [
        lambda: [(one.key, one.subject, one.payload, one.error) for one in messages(office)],
        lambda: [(one.kind, one.actor, one.data, one.seals) for one in trail(office)],
        lambda: caplog.text,
        lambda: rows_of_everything(office),
        lambda: published(office),
        lambda: told_story(office, award_id),
    ]
    for one in told:
        assert not [digits for digits in DIGITS if digits in repr(one())]
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database)
        held = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        assert b"Riverside Boxing Club" in held  # the applicant's name: so the file is the right one
        assert not [digits for digits in DIGITS if digits.encode() in held]


def rows_of_everything(office: Office) -> list[object]:
    with office.reading() as session:
        tables = BankDetails.metadata.sorted_tables
        return [tuple(row) for table in tables for row in session.execute(select(table))]


def published(office: Office) -> str:
    with office.reading() as session:
        data = publication.package_360(session, office=office, now=office.clock())
        return repr(publication.register(session, office=office)) + data


def told_story(office: Office, award_id: int) -> str:
    with office.reading() as session:
        reference = awards.by_id(session, award_id).reference
        found = story(session, reference, office=office, today=office.today(), private=True)
        return repr(found.as_data())


def test_an_award_never_loses_its_row_without_a_trace(office: Office) -> None:
    award_id = active(office)
    give(office, award_id)
    with office.sessions.begin() as session:
        session.connection().execute(delete(BankDetails.__table__))  # type: ignore[arg-type]  # behind the desk's back
    assert not sound(office)
