"""Issues (R2): raised by a recipient at any time, owned by somebody of the office, open until closed."""

from __future__ import annotations

from functools import partial

import pytest

from core import awards, issues, people
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Person
from core.rules.policy import Body, Role
from core.written import LONGEST_WORDS
from tests.core.casework import (
    accept,
    active,
    at_once,
    messages,
    offered,
    person,
    someone,
    trail,
)

TEXT = "The hall shuts in June.\n\nMay we move to the school?"


def raised(office: Office, award_id: int, text: str = TEXT) -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        return issues.raise_issue(session, award, text, source="recipient", now=office.clock()).id


def close(office: Office, issue: int, by: int, outcome: str = "Yes: the school is fine.") -> None:
    with office.sessions.begin() as session:
        issues.close(session, issue, someone(session, by), outcome=outcome, now=office.clock())


def owner(office: Office, issue: int) -> Person | None:
    with office.reading() as session:
        return issues.by_id(session, issue).owner


def leave(office: Office, *roles: Role) -> None:
    with office.sessions.begin() as session:
        for one in people.everybody(session):
            if one.role in roles:
                people.remove(session, email=one.email, actor="test", now=office.clock())


def test_an_issue_goes_to_who_recommended_the_award(office: Office) -> None:
    person(office, name="Somebody Earlier")
    award_id = active(office)
    issue = raised(office, award_id)
    found = owner(office, issue)
    with office.reading() as session:
        recommendation = awards.by_id(session, award_id).application.recommendation
        assert found is not None
        assert recommendation is not None
        assert found.id == recommendation.person_id
    [message] = messages(office, "issue_raised")
    assert (message.channel, message.payload) == ("slack", {"award_id": award_id, "issue_id": issue})
    [line] = trail(office, "issue_raised")
    assert line.data == {"issue": issue, "text": TEXT, "owner": found.name}


def test_where_that_officer_has_left_somebody_else_owns_it(office: Office) -> None:
    award_id = active(office)
    leave(office, Role.OFFICER)
    person(office, Role.OFFICER, Body.CONSTABULARY)
    director = person(office, Role.DIRECTOR)
    first = owner(office, raised(office, award_id))
    assert first is not None
    assert first.id == director
    officer = person(office, Role.OFFICER)
    second = owner(office, raised(office, award_id, "Another."))
    assert second is not None
    assert second.id == officer


def test_with_nobody_left_it_is_kept_all_the_same(office: Office) -> None:
    award_id = active(office)
    leave(office, *Role)
    assert owner(office, raised(office, award_id)) is None


def take(office: Office, issue: int, by: int) -> None:
    with office.sessions.begin() as session:
        issues.take_over(session, issue, someone(session, by), now=office.clock())


def test_somebody_else_of_the_office_takes_it_over_until_it_is_closed(office: Office) -> None:
    issue, other = raised(office, active(office)), person(office, name="Otto Other")
    take(office, issue, other)
    take(office, issue, other)
    found = owner(office, issue)
    assert found is not None
    assert found.id == other
    [line] = trail(office, "issue_taken_over")
    assert line.data == {"issue": issue, "owner": "Otto Other", "person": other}
    with pytest.raises(Refused, match="Constabulary staff"):
        take(office, issue, person(office, Role.OFFICER, Body.CONSTABULARY))
    close(office, issue, other)
    with pytest.raises(Conflict, match="closed already"):
        take(office, issue, person(office))


def test_closing_tells_what_came_of_it_once(office: Office) -> None:
    issue, officer = raised(office, active(office)), person(office)
    for text in ("", "x" * (LONGEST_WORDS + 1)):
        with pytest.raises(Refused):
            close(office, issue, officer, text)
    close(office, issue, officer)
    with pytest.raises(Conflict, match="closed already"):
        close(office, issue, officer)
    with office.reading() as session:
        found = issues.by_id(session, issue)
        assert (found.status, found.outcome, found.closed_by_id) == ("closed", "Yes: the school is fine.", officer)
    assert len(messages(office, "issue_closed")) == len(trail(office, "issue_closed")) == 1
    with pytest.raises(NotFound):
        close(office, 10_000, officer)
    with pytest.raises(Refused, match="Constabulary"):
        close(office, issue, person(office, Role.OFFICER, Body.CONSTABULARY))


@pytest.mark.one_database
@pytest.mark.parametrize("text", ["", " \r\n\t", "\u200b", "x" * (LONGEST_WORDS + 1)])
def test_nothing_and_too_much_are_refused(office: Office, text: str) -> None:
    with pytest.raises(Refused):
        raised(office, active(office), text)


def test_the_most_that_may_be_said_is_kept(office: Office) -> None:
    text = "x" * LONGEST_WORDS
    issue = raised(office, active(office), text)
    with office.reading() as session:
        assert issues.by_id(session, issue).text == text


def test_pressed_twice_it_is_one_issue_and_another_text_is_another(office: Office) -> None:
    award_id = active(office)
    came = at_once([partial(raised, office, award_id)] * 5)
    assert len(set(came.done)) == 1
    assert raised(office, award_id, "Something else.") not in came.done
    close(office, came.done[0], person(office))
    assert raised(office, award_id) not in came.done  # it is back
    assert len(messages(office, "issue_raised")) == 3


def test_before_acceptance_there_is_no_award_to_raise_it_about(office: Office) -> None:
    award_id = offered(office)
    with pytest.raises(Refused, match="has not been accepted"):
        raised(office, award_id)
    accept(office, award_id)
    raised(office, award_id)


def test_an_issue_of_another_award_is_not_shown(office: Office) -> None:
    one, other = active(office), active(office)
    mine = raised(office, one)
    raised(office, other)
    with office.reading() as session:
        assert [issue.id for issue in issues.of_award(session, awards.by_id(session, one))] == [mine]
