"""Absences and deputies: what waits for the absent goes to who stands in, who gets no power by it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core import absences, applications, deciding, people
from core.errors import NotFound, Refused
from core.office import Office
from core.records import Absence
from core.rules.policy import Body, Role
from tests.core.casework import at_once, decide, person, recommended, someone, trail

MONDAY, FRIDAY = date(2026, 12, 7), date(2026, 12, 11)
BEFORE, AFTER = date(2026, 12, 6), date(2026, 12, 12)
TODAY = date(2026, 11, 23)


def away(
    office: Office, who: int, deputy: int, first: date = MONDAY, last: date = FRIDAY, *, today: date = TODAY
) -> Absence:
    with office.sessions.begin() as session:
        return absences.away(
            session,
            someone(session, who),
            from_day=first,
            until_day=last,
            deputy=someone(session, deputy),
            actor="test",
            today=today,
            now=office.clock(),
        )


def back(office: Office, who: int, today: date) -> None:
    with office.sessions.begin() as session:
        absences.back(session, someone(session, who), actor="test", today=today, now=office.clock())


def acts(office: Office, who: int, day: date, **about: Any) -> int:
    with office.reading() as session:
        return absences.stands_in_for(session, someone(session, who), day, **about).id


def test_the_deputy_stands_in_from_the_first_day_to_the_last(office: Office) -> None:
    ada, kim = person(office), person(office)
    away(office, ada, kim)
    assert [acts(office, ada, day) for day in (BEFORE, MONDAY, FRIDAY, AFTER)] == [ada, kim, kim, ada]
    assert acts(office, kim, MONDAY) == kim
    with office.reading() as session:
        assert absences.absence_on(session, someone(session, ada), AFTER) is None
        both = [someone(session, ada), someone(session, kim)]
        assert [one.id for one in absences.who_acts(session, both, MONDAY)] == [kim], "each is told once"
        assert [one.id for one in absences.who_acts(session, both, AFTER)] == [ada, kim]
        assert [one.id for one in absences.stood_in_for(session, someone(session, kim), FRIDAY)] == [ada]
        assert absences.stood_in_for(session, someone(session, kim), AFTER) == []
    [line] = trail(office, "person_away")
    assert line.data["deputy"] == kim
    assert (line.data["from"], line.data["until"]) == ("2026-12-07", "2026-12-11")


def test_whoever_is_back_is_there_from_that_day_on(office: Office) -> None:
    ada, kim = person(office), person(office)
    away(office, ada, kim)
    back(office, ada, date(2026, 12, 9))
    assert acts(office, ada, date(2026, 12, 8)) == kim, "what was before stays as it was"
    assert acts(office, ada, date(2026, 12, 9)) == ada
    with pytest.raises(NotFound, match="is not away"):
        back(office, ada, date(2026, 12, 9))
    away(office, ada, kim, date(2026, 12, 9), FRIDAY, today=date(2026, 12, 9))
    assert acts(office, ada, FRIDAY) == kim
    assert len(trail(office, "person_back")) == 1


def test_an_absence_is_called_off_before_it_begins(office: Office) -> None:
    ada, kim = person(office), person(office)
    away(office, ada, kim)
    back(office, ada, TODAY)
    assert [acts(office, ada, day) for day in (MONDAY, FRIDAY)] == [ada, ada]
    away(office, ada, kim)
    assert acts(office, ada, FRIDAY) == kim


@pytest.mark.parametrize(
    ("role", "body"),
    [(Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE), (Role.OFFICER, Body.CONSTABULARY)],
    ids=["panel", "auditor", "constabulary"],
)
def test_who_is_no_deputy(office: Office, role: Role, body: Body) -> None:
    ada, other = person(office), person(office, role, body)
    with pytest.raises(Refused, match="cannot stand in for anybody"):
        away(office, ada, other)


def test_what_is_no_absence(office: Office) -> None:
    ada, kim, jo = person(office), person(office), person(office)
    with pytest.raises(Refused, match="is before the first"):
        away(office, ada, kim, FRIDAY, MONDAY)
    with pytest.raises(Refused, match="is over"):
        away(office, ada, kim, date(2026, 11, 1), date(2026, 11, 2))
    with pytest.raises(Refused, match="Nobody stands in for themselves"):
        away(office, ada, ada)
    away(office, ada, kim)
    with pytest.raises(Refused, match="is away from 7 December 2026 to 11 December 2026 already"):
        away(office, ada, jo, FRIDAY, AFTER)
    with pytest.raises(Refused, match="Name somebody who is here"):
        away(office, jo, ada, FRIDAY, AFTER)
    with pytest.raises(Refused, match="name another deputy for them"):
        away(office, kim, jo, BEFORE, MONDAY)
    away(office, kim, jo, AFTER, AFTER)
    assert len(trail(office, "person_away")) == 2


def test_two_at_once_name_one_deputy(office: Office) -> None:
    ada, kim, jo = person(office), person(office), person(office)
    came = at_once([lambda: away(office, ada, kim), lambda: away(office, ada, jo)])
    assert (len(came.done), len(came.refused)) == (1, 1)


def test_a_deputy_with_an_interest_is_none_for_that_application(office: Office) -> None:
    ada, kim, number = person(office), person(office), recommended(office)
    away(office, ada, kim)
    assert acts(office, ada, MONDAY, application_id=number) == kim
    with office.sessions.begin() as session:
        deciding.declare_interest(session, number, someone(session, kim), reason="My brother.", now=office.clock())
    assert acts(office, ada, MONDAY, application_id=number) == ada
    assert acts(office, ada, MONDAY) == kim
    with office.reading() as session:
        assert absences.stood_in_for(session, someone(session, kim), MONDAY, application_id=number) == []


@pytest.mark.parametrize(
    "became", [(Role.PANEL, Body.OFFICE), (Role.OFFICER, Body.CONSTABULARY)], ids=["panel", "force"]
)
def test_a_deputy_who_is_one_no_more_gets_nothing(office: Office, became: tuple[Role, Body]) -> None:
    ada, kim = person(office), person(office)
    away(office, ada, kim)
    with office.sessions.begin() as session:
        found = someone(session, kim)
        role, body = became
        people.add(session, name=found.name, email=found.email, role=role, body=body, actor="t", now=office.clock())
    assert acts(office, ada, MONDAY) == ada


def test_a_deputy_gets_no_power_to_decide(office: Office) -> None:
    """The Commissioner is away, and the officer who stands in still may not approve (A1)."""
    commissioner, officer, number = person(office, Role.COMMISSIONER), person(office), recommended(office)
    away(office, commissioner, officer, TODAY, FRIDAY)
    assert acts(office, commissioner, TODAY) == officer
    with office.reading() as session:
        application = applications.by_id(session, number)
        refusal = deciding.may(
            session, application, someone(session, officer), "approve", office=office, now=office.clock()
        )
    assert refusal is not None
    assert refusal.rule == "A1"
    with pytest.raises(Refused, match="No delegation lets a commissioning officer decide this"):
        decide(office, number, officer)
