"""A row is changed only as it was expected to be: whoever comes second changes nothing, and sees how it stands."""

from __future__ import annotations

import pytest
from sqlalchemy.orm.attributes import set_committed_value

from core import events, guarded, issues
from core.errors import Conflict
from core.issues import IssueState
from core.office import Office
from core.records import Issue
from core.rules import lifecycle
from core.rules.lifecycle import MeetingAction, MeetingState
from tests.core.casework import active, person
from tests.core.test_issues import close, raised


def put_right(office: Office, issue: int, words: str) -> tuple[bool, str]:
    """Change what an open issue says; whether that was done, and what the same reading holds then."""
    with office.sessions.begin() as session:
        read = issues.by_id(session, issue)
        done = guarded.change(session, read, Issue.status == IssueState.OPEN.value, text=words)
        if done:
            events.append(session, "issue_put_right", "test", "test", {"issue": issue}, now=office.clock())
        return done, read.text


def test_the_one_row_is_changed_and_read_anew(office: Office) -> None:
    award = active(office)
    first, second = raised(office, award, "It rains in."), raised(office, award, "The hall shuts.")
    assert put_right(office, first, "The roof leaks.") == (True, "The roof leaks.")
    with office.reading() as session:
        assert issues.by_id(session, second).text == "The hall shuts."


def test_what_is_otherwise_than_expected_stays_and_is_read_anew(office: Office) -> None:
    issue = raised(office, active(office), "It rains in.")
    close(office, issue, person(office))
    with office.sessions.begin() as session:
        read = issues.by_id(session, issue)
        set_committed_value(read, "status", IssueState.OPEN.value)  # as somebody read it who is second
        assert not guarded.change(session, read, Issue.status == IssueState.OPEN.value, text="The roof leaks.")
        assert (read.status, read.text) == (IssueState.CLOSED, "It rains in.")


def test_what_is_not_written_yet_of_a_row_is_kept_beside_the_change(office: Office) -> None:
    issue = raised(office, active(office), "It rains in.")
    with office.sessions.begin() as session:
        read = issues.by_id(session, issue)
        read.outcome = "It is mended."
        assert guarded.change(session, read, Issue.status == IssueState.OPEN.value, text="The roof leaks.")
        assert (read.outcome, read.text) == ("It is mended.", "The roof leaks.")
        events.append(session, "issue_put_right", "test", "test", {"issue": issue}, now=office.clock())


def test_the_table_says_what_follows_or_why_nothing_does_under_the_rule_of_whoever_asks() -> None:
    found = guarded.state_after(lifecycle.MEETING, "invited", MeetingAction.CANCEL, "R2")
    assert found is MeetingState.CANCELLED
    with pytest.raises(Conflict) as refused:
        guarded.state_after(lifecycle.MEETING, "cancelled", MeetingAction.MOVE, "R2")
    assert refused.value.rule == "R2"
    how, instead = lifecycle.MEETING.stands[MeetingState.CANCELLED]
    assert refused.value.reason == f"{lifecycle.MEETING.cannot[MeetingAction.MOVE]}: {how}. {instead}"
