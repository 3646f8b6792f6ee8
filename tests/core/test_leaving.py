"""Somebody leaves the office: every power at once, and what was theirs becomes the next person's."""

from __future__ import annotations

from datetime import date

import pytest

from core import absences, issues, people
from core.errors import NotFound, Refused
from core.leaving import Left, leave
from core.office import Office
from core.rules.policy import Role
from tests.core.casework import active, decide, person, recommend, recommended, someone, submitted, trail
from tests.core.test_absences import FRIDAY, MONDAY, acts, away
from tests.core.test_issues import owner, raised


def gone(office: Office, who: int) -> Left:
    with office.sessions.begin() as session:
        email = someone(session, who).email
        return leave(session, email=email, actor="test", now=office.clock())


def test_a_leaver_recommends_and_decides_nothing(office: Office) -> None:
    officer, kim = person(office), person(office, Role.COMMISSIONER)
    waiting, ready = submitted(office), recommended(office)
    gone(office, officer)
    gone(office, kim)
    with pytest.raises(Refused, match="staff list"):
        recommend(office, waiting, officer)
    with pytest.raises(Refused, match="staff list"):
        decide(office, ready, kim)
    with pytest.raises(NotFound):
        gone(office, kim)


def test_their_open_issues_become_the_next_officers(office: Office) -> None:
    award_id = active(office)
    issue, other = raised(office, award_id), raised(office, award_id, "Another thing.")
    first = owner(office, issue)
    assert first is not None
    with office.sessions.begin() as session:
        issues.close(session, other, someone(session, first.id), outcome="Done.", now=office.clock())
    jo = person(office, name="Jo")
    left = gone(office, first.id)
    assert [one.id for one in left.issues] == [issue], "what is closed keeps its owner"
    after = owner(office, issue)
    assert after is not None
    assert after.id == jo
    lines = trail(office, "issue_taken_over")
    assert [(line.data["issue"], line.data["owner"]) for line in lines] == [(issue, "Jo")]


def test_where_nobody_is_left_the_issue_is_nobodys(office: Office) -> None:
    award_id = active(office)
    issue = raised(office, award_id)
    with office.reading() as session:
        everybody = [one.id for one in people.everybody(session)]
    for one in everybody:
        gone(office, one)
    assert owner(office, issue) is None


def test_absences_of_and_for_a_leaver_end(office: Office) -> None:
    ada, kim, jo = person(office), person(office), person(office)
    away(office, ada, kim)
    away(office, jo, ada, date(2026, 12, 14), date(2026, 12, 15))
    gone(office, ada)
    assert acts(office, jo, date(2026, 12, 14)) == jo
    with office.reading() as session:
        assert absences.coming(session, today=MONDAY) == {}
        assert absences.stood_in_for(session, someone(session, kim), FRIDAY) == []
    assert len(trail(office, "person_back")) == 2
