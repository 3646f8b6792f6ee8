"""The staff list: who is on it, in which role, with which Slack account."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from core import people
from core.errors import NotFound, Refused
from core.office import Office
from core.records import Person
from core.rules.policy import Body, Role
from tests.core.casework import trail


def add(office: Office, email: str = "olive@office.example", **given: Any) -> Person:
    with office.sessions.begin() as session:
        asked: dict[str, Any] = {"name": "Olive", "role": Role.OFFICER, "actor": "test", **given}
        return people.add(session, email=email, now=office.clock(), **asked)


def remove(office: Office, email: str) -> Person:
    with office.sessions.begin() as session:
        return people.remove(session, email=email, actor="test", now=office.clock())


def by_slack(office: Office, team: str, user: str) -> int | None:
    with office.reading() as session:
        found = people.by_slack(session, team, user)
        return found.id if found else None


def test_a_person_is_added_and_found_by_their_slack_account_alone(office: Office) -> None:
    olive = add(office, " Olive@Office.Example ", name=" Olive Officer ", slack=("T1", "U1"))
    assert (olive.name, olive.email, olive.role, olive.body) == (
        "Olive Officer",
        "olive@office.example",
        "officer",
        "office",
    )
    add(office, "nobody@office.example")
    assert by_slack(office, "T1", "U1") == olive.id
    for team, user in (("T2", "U1"), ("T1", "U2"), ("", ""), ("T1", "")):
        assert by_slack(office, team, user) is None


def test_adding_again_changes_the_person_and_keeps_the_slack_account(office: Office) -> None:
    first = add(office, slack=("T1", "U1"))
    again = add(office, "OLIVE@office.example", name="Olive Deputy", role=Role.DEPUTY, body=Body.CONSTABULARY)
    assert again.id == first.id
    assert (again.name, again.role, again.body) == ("Olive Deputy", "deputy", "constabulary")
    assert by_slack(office, "T1", "U1") == first.id
    add(office, slack=("T1", "U9"))
    assert (by_slack(office, "T1", "U1"), by_slack(office, "T1", "U9")) == (None, first.id)
    with office.reading() as session:
        assert people.count(session) == 1


def test_a_slack_account_that_is_somebody_s_is_refused_until_they_go(office: Office) -> None:
    add(office, slack=("T1", "U1"))
    with pytest.raises(Refused, match="T1/U1 is Olive's"):
        add(office, "new@office.example", name="New", slack=("T1", "U1"))
    with office.reading() as session:
        assert people.count(session) == 1
    remove(office, "olive@office.example")
    newcomer = add(office, "new@office.example", name="New", slack=("T1", "U1"))
    assert by_slack(office, "T1", "U1") == newcomer.id


def test_who_leaves_loses_everything_at_once_and_may_come_back(office: Office) -> None:
    olive = add(office, slack=("T1", "U1"))
    gone = remove(office, " OLIVE@office.example")
    assert (gone.active, gone.removed_at, gone.slack_user) == (False, office.clock(), None)
    assert by_slack(office, "T1", "U1") is None
    with office.reading() as session:
        assert people.everybody(session) == people.holders(session, Role.OFFICER) == []
        assert people.count(session) == 0
        assert session.get_one(Person, olive.id).name == "Olive"
    with pytest.raises(NotFound, match="people list"):
        remove(office, "olive@office.example")
    back = add(office)
    assert (back.id, back.active, back.removed_at) == (olive.id, True, None)
    assert [line.kind for line in trail(office)] == ["person_added", "person_removed", "person_added"]


def test_an_inactive_person_is_nobody_even_with_an_account(office: Office) -> None:
    add(office, slack=("T1", "U1"))
    with office.sessions.begin() as session:
        session.execute(update(Person).values(active=False))
    assert by_slack(office, "T1", "U1") is None


def test_a_role_has_its_holders_in_the_office_only(office: Office) -> None:
    first = add(office, "a@office.example", role=Role.COMMISSIONER)
    second = add(office, "b@office.example", role=Role.COMMISSIONER)
    add(office, "c@force.example", role=Role.COMMISSIONER, body=Body.CONSTABULARY)
    add(office, "d@office.example", role=Role.DIRECTOR)
    with office.reading() as session:
        assert [one.id for one in people.holders(session, Role.COMMISSIONER)] == [first.id, second.id]
        assert len(people.everybody(session)) == 4


def test_what_is_no_address_is_refused(office: Office) -> None:
    for email in ("olive", "olive@", "@office.example", "olive@office", "o live@office.example", ""):
        with pytest.raises(Refused, match="not an e-mail address"):
            add(office, email)


def test_a_person_has_a_name(office: Office) -> None:
    with pytest.raises(Refused, match="name"):
        add(office, name=" ")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "body", "acts"),
    [(role, Body.OFFICE, role not in (Role.PANEL, Role.AUDITOR)) for role in Role]
    + [(Role.OFFICER, Body.CONSTABULARY, False)],
)
def test_who_acts_for_the_office(office: Office, role: Role, body: Body, acts: bool) -> None:
    person = add(office, role=role, body=body)
    if acts:
        assert people.acting_for_office(person, "ask", "A2").startswith("Olive (")
        return
    with pytest.raises(Refused, match=r"they do not ask|do not ask: it is for the Commissioner"):
        people.acting_for_office(person, "ask", "A2")


def test_whoever_has_left_acts_for_nobody(office: Office) -> None:
    add(office)
    with pytest.raises(Refused, match="not on the office's staff list"):
        people.acting_for_office(remove(office, "olive@office.example"), "ask", "A2")
