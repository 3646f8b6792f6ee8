"""Who may decide and can be reached: where nobody can, it is said who may and what hinders each."""

from __future__ import annotations

from datetime import date

import pytest

from core import absences, applications, deciding, people
from core.office import Office
from core.reach import MOST_NAMED, who_in_reach
from core.rules.policy import Role
from tests.core.casework import delegated, person, recommend, recommended, someone, submitted

TODAY = date(2026, 11, 23)
THE_COMMISSIONER = "The Commissioner may decide it."


def reach(office: Office, number: int, day: date = TODAY) -> str:
    with office.reading() as session:
        return who_in_reach(session, applications.by_id(session, number), office=office, today=day)


def link(office: Office, *numbers: int) -> None:
    with office.sessions.begin() as session:
        for number in numbers:
            found = someone(session, number)
            found.slack_team, found.slack_user = "T1", f"U{number}"
            people.add(
                session,
                name=found.name,
                email=found.email,
                role=Role(found.role),
                actor="test",
                now=office.clock(),
            )


def interested(office: Office, number: int, who: int) -> None:
    with office.sessions.begin() as session:
        deciding.declare_interest(session, number, someone(session, who), reason="My brother.", now=office.clock())


def away(office: Office, who: int, deputy: int) -> None:
    with office.sessions.begin() as session:
        absences.away(
            session, someone(session, who), from_day=TODAY, until_day=date(2026, 12, 5),
            deputy=someone(session, deputy), actor="test", today=TODAY, now=office.clock(),
        )  # fmt: skip


def test_somebody_in_reach_is_all_that_needs_saying(office: Office) -> None:
    number, kim = recommended(office), person(office, Role.COMMISSIONER)
    link(office, kim)
    assert reach(office, number) == THE_COMMISSIONER


def test_nobody_holds_the_role(office: Office) -> None:
    number = recommended(office)
    assert reach(office, number) == f"{THE_COMMISSIONER} Nobody on the staff list holds that role, so it waits."


def test_not_linked_and_away_are_said_by_name(office: Office) -> None:
    number = recommended(office)
    kim = person(office, Role.COMMISSIONER, name="Kim")
    assert reach(office, number) == (
        f"{THE_COMMISSIONER} Nobody who may is in reach, so it waits: Kim is not linked to Slack yet."
    )
    link(office, kim)
    away(office, kim, person(office))
    assert "Kim is away until 5 December 2026" in reach(office, number)
    assert reach(office, number, date(2026, 12, 6)) == THE_COMMISSIONER


def test_a_delegate_who_recommended_it_or_has_an_interest_does_not_count(office: Office) -> None:
    given = delegated(office, (Role.DIRECTOR, 500_000), since=date(2026, 1, 1))
    dee, kim = person(given, Role.DIRECTOR, name="Dee"), person(given, Role.COMMISSIONER, name="Kim")
    link(given, dee)
    number = submitted(given)
    assert "Nobody" not in reach(given, number)
    recommend(given, number, dee)
    assert "Dee recommended it" in reach(given, number)
    assert "Kim is not linked" in reach(given, number)
    other = submitted(given)
    interested(given, other, dee)
    assert "Dee has declared an interest" in reach(given, other)
    link(given, kim)
    assert "Nobody" not in reach(given, other)


def test_a_commissioner_with_an_interest_and_no_delegation_waits_for_one(office: Office) -> None:
    number, kim = recommended(office), person(office, Role.COMMISSIONER)
    link(office, kim)
    interested(office, number, kim)
    assert reach(office, number) == (
        "The Commissioner has declared an interest and no delegation covers this, so the decision waits for a "
        "delegation."
    )


def test_a_leaver_is_in_nobodys_reach(office: Office) -> None:
    number, kim = recommended(office), person(office, Role.COMMISSIONER)
    link(office, kim)
    with office.sessions.begin() as session:
        people.remove(session, email=someone(session, kim).email, actor="test", now=office.clock())
    assert "Nobody on the staff list holds that role" in reach(office, number)


@pytest.mark.parametrize("more", [0, 3])
def test_a_few_are_named_and_the_others_counted(office: Office, more: int) -> None:
    number = recommended(office)
    for one in range(MOST_NAMED + more):
        person(office, Role.COMMISSIONER, name=f"Kim {one}")
    said = reach(office, number)
    assert said.count("is not linked") == MOST_NAMED
    assert (f"and {more} more" in said) is bool(more)
