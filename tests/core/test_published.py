"""What was published is recorded once, by whom, when and where: that meets its deadline (W1, W2)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import published
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.published import ANNUAL_REPORT, PUBLICATION
from core.records import Deadline, Published
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import at_once, person, someone, trail
from tests.core.test_recurring import days, put, sound

TODAY = date(2026, 11, 23)


def number_of(office: Office, kind: str) -> int:
    with office.reading() as session:
        return session.scalars(select(Deadline.id).where(Deadline.kind == kind)).one()


def record(
    office: Office, number: int, who: int, *, on: date = TODAY, place: str = "https://office.example/november"
) -> Published:
    with office.sessions.begin() as session:
        return published.record(session, number, someone(session, who), on=on, place=place, now=office.clock())


@pytest.mark.parametrize(
    ("kind", "period", "name", "line", "rule"),
    [
        (PUBLICATION, "2026-11", "Publication of November 2026", "publication_published", "W2"),
        (ANNUAL_REPORT, "2026-27", "Annual Report of 2026-27", "annual_report_published", "W1"),
    ],
)
def test_recording_it_meets_its_deadline_once(
    office: Office, kind: str, period: str, name: str, line: str, rule: str
) -> None:
    put(office, TODAY)
    who, number = person(office), number_of(office, kind)
    made = record(office, number, who)
    assert (made.kind, made.period, made.published_on) == (kind, period, TODAY)
    assert days(office, kind) == []
    assert published.name_of(kind, period) == name
    assert [one.data["place"] for one in trail(office, line)] == ["https://office.example/november"]
    with pytest.raises(Conflict, match="recorded this already") as second:
        record(office, number, who)
    assert second.value.rule == rule
    with office.reading() as session:
        assert [one.id for one in published.latest(session)] == [made.id]
    sound(office)


def test_what_cannot_be_names_its_field(office: Office) -> None:
    put(office, TODAY)
    who, number = person(office), number_of(office, PUBLICATION)
    for given, field in (({"on": date(2026, 11, 24)}, "on"), ({"place": ""}, "place"), ({"place": "x" * 301}, "place")):
        with pytest.raises(WrongInput) as wrong:
            record(office, number, who, **given)
        assert wrong.value.field == field
    with pytest.raises(NotFound):
        record(office, 999, who)
    assert days(office, PUBLICATION) == [date(2026, 12, 1)]


@pytest.mark.parametrize(
    ("role", "body"), [(Role.OFFICER, Body.CONSTABULARY), (Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE)]
)
def test_who_is_not_of_the_office_records_nothing(office: Office, role: Role, body: Body) -> None:
    put(office, TODAY)
    outsider = person(office, role, body)
    with pytest.raises(Refused):
        record(office, number_of(office, PUBLICATION), outsider)
    assert days(office, PUBLICATION) == [date(2026, 12, 1)]


def test_two_at_once_record_it_once(office: Office) -> None:
    put(office, TODAY)
    who, number = person(office), number_of(office, PUBLICATION)
    done = at_once([lambda: record(office, number, who)] * 3)
    assert (len(done.done), len(done.refused)) == (1, 2)
    sound(office)


def test_late_is_recorded_too(office: Office, clock: Clock) -> None:
    put(office, TODAY)
    clock.set_day(date(2026, 12, 20))
    record(office, number_of(office, PUBLICATION), person(office), on=date(2026, 12, 19))
    put(office, date(2026, 12, 20))
    assert days(office, PUBLICATION) == [date(2027, 1, 4)]
