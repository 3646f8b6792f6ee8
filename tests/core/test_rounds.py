"""A sitting from its list to its last score: who may, what counts, how it ranks, what happens at once (A2, A3, F6)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from core import audit_story, deciding, events, funds, leaving, panel_list, rounds, scores
from core.audit import verify
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.ranking import Group, may_see, ranking
from core.records import Application, PanelListing, Person, ScoreSheet, Sitting
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.applying import applied, changed
from tests.core.casework import (
    YEAR,
    allocate,
    at_once,
    decide,
    messages,
    person,
    recommend,
    reducing_crime,
    someone,
    submitted,
    trail,
)

WHOLE = {"need": 5, "outcomes": 5, "plan": 5, "value": 5}
HALF = {"need": 3, "outcomes": 2, "plan": 3, "value": 2}


def listed(office: Office, *numbers: int) -> None:
    who = person(office)
    for number in numbers:
        with office.sessions.begin() as session:
            panel_list.put_on_list(session, number, someone(session, who), office=office, now=office.clock())


def opened(office: Office, *numbers: int, name: str = "Spring", named: tuple[int, ...] = (), **more: Any) -> int:
    """A sitting about these applications, which were put on the list for it."""
    listed(office, *numbers)
    given: dict[str, Any] = {"funds": ["youth-fund"], "day": office.today() + timedelta(days=7), **more}
    with office.sessions.begin() as session:
        made = rounds.open_sitting(
            session, name=name, named=named, actor="test", office=office, now=office.clock(), **given
        )
        return made.id


def begun(office: Office, *numbers: int, **more: Any) -> int:
    sitting = opened(office, *numbers, **more)
    with office.sessions.begin() as session:
        rounds.begin(session, sitting, actor="test", office=office, now=office.clock())
    return sitting


def close(office: Office, sitting: int) -> None:
    with office.sessions.begin() as session:
        rounds.close(session, sitting, actor="test", now=office.clock())


def listing_of(office: Office, sitting: int, application: int) -> int:
    with office.reading() as session:
        found = rounds.listings(session, rounds.by_id(session, sitting))
        return next(one.id for one in found if one.application_id == application)


def score(office: Office, sitting: int, application: int, who: int, points: dict[str, Any], comment: str = "") -> None:
    number = listing_of(office, sitting, application)
    with office.sessions.begin() as session:
        scores.score(
            session, number, someone(session, who), points=points, comment=comment, office=office, now=office.clock()
        )


def ranked(office: Office, sitting: int) -> tuple[Group, ...]:
    with office.reading() as session:
        return ranking(session, rounds.by_id(session, sitting), office=office, now=office.clock())


def places(office: Office, sitting: int) -> list[tuple[int, int | None, bool | None]]:
    [group] = ranked(office, sitting)
    return [(line.application.id, line.placed.place, line.placed.fits) for line in group.lines]


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []


# ------------------------------------------------------------------------------------------------------ open and close


def test_a_sitting_takes_what_is_listed_scores_it_and_closes(office: Office, clock: Clock) -> None:
    allocate(office, "youth-fund", 3_000_00)
    ana, bo = person(office, Role.PANEL, name="Ana"), person(office, Role.PANEL, name="Bo")
    first, second = submitted(office), submitted(office)
    elsewhere = submitted(office, reducing_crime())
    sitting = opened(office, first, second, elsewhere)
    third = submitted(office)
    listed(office, third)
    with office.reading() as session:
        assert [one.application_id for one in panel_list.listed(session)] == [elsewhere, third]
        assert rounds.waiting_to_be_taken(session, rounds.by_id(session, sitting)) == 1
    with pytest.raises(Conflict, match="No score can be given or changed: its scoring has not begun"):
        score(office, sitting, first, ana, WHOLE)
    with office.sessions.begin() as session:
        rounds.begin(session, sitting, actor="test", office=office, now=office.clock())
    score(office, sitting, first, ana, HALF, "Thin.")
    score(office, sitting, first, bo, WHOLE)
    score(office, sitting, second, ana, WHOLE)
    score(office, sitting, third, ana, {"need": 5})
    assert places(office, sitting) == [(second, 1, True), (first, 2, False), (third, None, None)]
    [group] = ranked(office, sitting)
    assert [line.score for line in group.lines] == [Fraction(1), Fraction(3, 4), None]
    assert [line.lacking for line in group.lines] == [("Bo",), (), ("Ana", "Bo")]
    clock.forward(minutes=1)
    score(office, sitting, first, ana, WHOLE, "Better on a second look.")
    assert places(office, sitting)[0] == (first, 1, True), "a tie goes to whoever applied first"
    assert all(line.placed.tied for line in ranked(office, sitting)[0].lines[:2])
    close(office, sitting)
    with pytest.raises(Conflict, match="it is closed"):
        score(office, sitting, third, bo, WHOLE)
    told = [line.data for line in trail(office, "scored")]
    assert [(one["points"], one["was"]) for one in told[-1:]] == [(WHOLE, {"points": HALF, "comment": "Thin."})]
    kinds = [line.kind for line in trail(office, "sitting_opened", "sitting_begun", "sitting_closed")]
    assert kinds == ["sitting_opened", "sitting_begun", "sitting_closed"]
    with office.reading() as session:
        reference = str(session.get_one(Application, first).reference)
        said = [
            entry.what for entry in audit_story.story(session, reference, office=office, today=office.today()).entries
        ]
    assert [one for one in said if "score" in one.lower() or "sitting on" in one][1:] == [
        "Scored it", "Scored it", "Changed a score of it",
    ]  # fmt: skip
    sound(office)


def test_what_is_wrong_with_a_new_sitting_is_said_of_its_field(office: Office) -> None:
    auditor = person(office, Role.AUDITOR)
    for field, given in (
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 81}),
        ("day", {"day": office.today() - timedelta(days=1)}),
        ("funds", {"funds": []}),
        ("funds", {"funds": ["yuoth-fund"]}),
        ("named", {"named": (auditor,)}),
        ("named", {"named": (person(office, body=Body.CONSTABULARY),)}),
        ("named", {"named": (10**9,)}),
    ):
        with pytest.raises(WrongInput) as wrong:
            opened(office, **given)
        assert wrong.value.field == field


def test_nothing_begins_without_applications_or_anybody_to_score(office: Office) -> None:
    with pytest.raises(Refused, match="nothing to score"):
        begun(office)
    with pytest.raises(Refused, match="Nobody can score"):
        begun(office, submitted(office))
    with pytest.raises(NotFound, match="There is no sitting 999"), office.sessions.begin() as session:
        rounds.close(session, 999, actor="test", now=office.clock())


def test_it_begins_once_and_closes_once(office: Office) -> None:
    person(office, Role.PANEL)
    sitting = begun(office, submitted(office))
    with pytest.raises(Conflict, match="cannot begin its scoring"), office.sessions.begin() as session:
        rounds.begin(session, sitting, actor="test", office=office, now=office.clock())
    close(office, sitting)
    with pytest.raises(Conflict, match="cannot be closed"):
        close(office, sitting)


def test_of_more_than_fifty_the_first_are_taken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "MOST", 2)
    numbers = [submitted(office) for _ in range(3)]
    sitting = opened(office, *numbers)
    with office.reading() as session:
        assert [one.application_id for one in rounds.listings(session, rounds.by_id(session, sitting))] == numbers[:2]
        assert [one.application_id for one in panel_list.listed(session)] == numbers[2:]


def test_what_a_sitting_has_is_on_no_other_until_it_is_closed(office: Office) -> None:
    person(office, Role.PANEL)
    application, who = submitted(office), person(office)
    sitting = begun(office, application)
    with pytest.raises(Conflict, match="The sitting 'Spring' has it on its list"):
        listed(office, application)
    close(office, sitting)
    with office.reading() as session:
        assert panel_list.listing(session, session.get_one(Application, application)) is None
    listed(office, application)
    with office.reading() as session:
        assert [one.application_id for one in panel_list.listed(session)] == [application]
    with office.sessions.begin() as session:
        panel_list.take_off_list(session, application, someone(session, who), office=office, now=office.clock())
    sound(office)


def test_the_criteria_are_those_of_the_beginning(office: Office) -> None:
    ana, application = person(office, Role.PANEL), submitted(office)
    sitting = begun(office, application)
    applied(office, changed('weight = 3\nhighest = 5\nrule = "U1"', 'weight = 9\nhighest = 3\nrule = "U1"'))
    later = office.in_force()
    assert later.policy.criteria_of("youth-fund")[0].highest == 3
    score(later, sitting, application, ana, WHOLE)
    with later.reading() as session:
        found = rounds.by_id(session, sitting)
        assert rounds.criteria_of(found, session.get_one(Application, application), later)[0].weight == 3
    assert ranked(later, sitting)[0].lines[0].score == 1


def test_each_fund_and_year_has_a_ranking_of_its_own(office: Office) -> None:
    ana = person(office, Role.PANEL)
    allocate(office, "youth-fund", 9_000_00)
    youth, crime = submitted(office), submitted(office, reducing_crime())
    sitting = begun(office, crime, youth, funds=["crime-and-disorder", "youth-fund"])
    for number in (youth, crime):
        score(office, sitting, number, ana, WHOLE)
    found = ranked(office, sitting)
    assert [(one.fund, one.year, one.available) for one in found] == [
        ("youth-fund", YEAR, 9_000_00),
        ("crime-and-disorder", YEAR, None),
    ]
    assert [one.lines[0].placed.fits for one in found] == [True, None]


def test_what_is_recommended_counts_against_the_money(office: Office) -> None:
    allocate(office, "youth-fund", 2_500_00)
    ana = person(office, Role.PANEL)
    less, no, full = submitted(office), submitted(office), submitted(office)
    sitting = begun(office, less, no, full)
    recommend(office, less, outcome="less", amount=500_00)
    recommend(office, no, outcome="decline")
    for number, points in ((less, WHOLE), (no, WHOLE), (full, HALF)):
        score(office, sitting, number, ana, points)
    assert places(office, sitting) == [(less, 1, True), (no, 2, None), (full, 3, True)]
    recommend(office, full)
    decide(office, less, person(office, Role.COMMISSIONER), amount=500_00)
    assert places(office, sitting) == [(less, 1, None), (no, 2, None), (full, 3, True)]
    assert ranked(office, sitting)[0].available == 2_000_00


# ------------------------------------------------------------------------------------------------------------- who may

SCORERS = {
    "panel": (Role.PANEL, Body.OFFICE, True),
    "panel of the constabulary": (Role.PANEL, Body.CONSTABULARY, False),
    "officer": (Role.OFFICER, Body.OFFICE, False),
    "director": (Role.DIRECTOR, Body.OFFICE, False),
    "finance": (Role.FINANCE, Body.OFFICE, False),
    "commissioner": (Role.COMMISSIONER, Body.OFFICE, False),
    "auditor": (Role.AUDITOR, Body.OFFICE, False),
    "constable": (Role.OFFICER, Body.CONSTABULARY, False),
}


@pytest.mark.one_database
@pytest.mark.parametrize("who", SCORERS)
@pytest.mark.parametrize("state", ["plain", "interested", "recommended", "set aside", "left", "taken off", "declined"])
def test_who_may_score(office: Office, who: str, state: str) -> None:
    role, body, may = SCORERS[who]
    application, number = submitted(office), person(office, role, body)
    person(office, Role.PANEL)
    sitting = begun(office, application)
    assert _may(office, sitting, application, number) is may
    _bring(office, application, number, state)
    assert _may(office, sitting, application, number) is (may and state == "plain")


@pytest.mark.parametrize("role", [Role.OFFICER, Role.FINANCE, Role.COMMISSIONER, Role.CHIEF_EXECUTIVE])
def test_whom_the_office_named_scores_too(office: Office, role: Role) -> None:
    application, number = submitted(office), person(office, role)
    sitting = begun(office, application, named=(number,))
    assert _may(office, sitting, application, number)
    score(office, sitting, application, number, WHOLE)
    other = begun(office, submitted(office), name="Another", named=(person(office),))
    with office.reading() as session:
        assert scores.to_score(session, rounds.by_id(session, other), someone(session, number)) == []


def _may(office: Office, sitting: int, application: int, who: int) -> bool:
    with office.reading() as session:
        query = session.query(PanelListing).filter_by(sitting_id=sitting, application_id=application)
        return scores.may_score(session, query.one(), someone(session, who)) is None


def _bring(office: Office, application: int, who: int, state: str) -> None:
    with office.sessions.begin() as session:
        him = someone(session, who)
        if state == "interested" and him.body == "office":
            deciding.declare_interest(session, application, him, reason="My brother.", now=office.clock())
        elif state == "left":
            leaving.leave(session, email=him.email, actor="test", now=office.clock())
    if state in ("recommended", "set aside"):
        with office.sessions.begin() as session:  # as the record has it of somebody who was an officer then
            him = someone(session, who)
            was, him.role, body, him.body = him.role, "officer", him.body, "office"
            session.flush()
            deciding.recommend(
                session, application, him, outcome="approve", amount=2_000_00, reasons="Good.", office=office,
                now=office.clock(),
            )  # fmt: skip
            him.role, him.body = was, body
            if state == "set aside":
                found = session.get_one(Application, application).recommendation
                assert found is not None
                found.set_aside_at = office.clock()
    elif state == "taken off":
        with office.sessions.begin() as session:
            panel_list.take_off_list(
                session, application, someone(session, person_in(session)), office=office, now=office.clock()
            )
    elif state == "declined":
        recommend(office, application)
        decide(office, application, person(office, Role.COMMISSIONER), outcome="declined")


def person_in(session: Any) -> int:
    return int(session.query(Person.id).filter_by(role="officer", body="office", active=True).first()[0])


def test_a_score_of_whoever_is_out_of_it_since_counts_no_more(office: Office) -> None:
    ana, olive = person(office, Role.PANEL, name="Ana"), person(office, name="Olive")
    application = submitted(office)
    sitting = begun(office, application, named=(olive,))
    score(office, sitting, application, ana, WHOLE)
    score(office, sitting, application, olive, HALF)
    assert ranked(office, sitting)[0].lines[0].counted == 2
    recommend(office, application, olive)
    [line] = ranked(office, sitting)[0].lines
    assert (line.score, line.counted, line.set_aside, line.lacking) == (Fraction(1), 1, 1, ())
    with office.sessions.begin() as session:
        deciding.declare_interest(session, application, someone(session, ana), reason="A cousin.", now=office.clock())
    [line] = ranked(office, sitting)[0].lines
    assert (line.score, line.counted, line.set_aside, line.placed.place) == (None, 0, 2, None)
    sound(office)


def test_who_still_has_to_score_sees_no_ranking(office: Office) -> None:
    ana, olive, force = person(office, Role.PANEL), person(office), person(office, body=Body.CONSTABULARY)
    application = submitted(office)
    sitting = begun(office, application)

    def sees(who: int) -> bool:
        with office.reading() as session:
            return may_see(session, rounds.by_id(session, sitting), someone(session, who), office) is None

    assert [sees(one) for one in (ana, olive, force)] == [False, True, False]
    score(office, sitting, application, ana, {"need": 1})
    assert not sees(ana)
    score(office, sitting, application, ana, WHOLE)
    assert sees(ana)


RUNS = {
    Role.OFFICER: True, Role.DIRECTOR: True, Role.DEPUTY: True, Role.CHIEF_EXECUTIVE: True, Role.FINANCE: False,
    Role.COMMISSIONER: False, Role.PANEL: False, Role.AUDITOR: False,
}  # fmt: skip


@pytest.mark.one_database
@pytest.mark.parametrize("role", list(RUNS), ids=str)
@pytest.mark.parametrize("body", list(Body), ids=str)
def test_who_may_run_a_sitting(office: Office, role: Role, body: Body) -> None:
    number = person(office, role, body)
    with office.reading() as session:
        who = someone(session, number)
        assert (rounds.may_run(who, office) is None) is (RUNS[role] and body is Body.OFFICE)


def test_points_that_cannot_be_are_refused_by_their_field(office: Office) -> None:
    ana, application = person(office, Role.PANEL), submitted(office)
    sitting = begun(office, application)
    for points, field in (({"need": 6}, "need"), ({"need": -1}, "need"), ({"charm": 1}, "charm"), ({}, "need")):
        with pytest.raises(WrongInput) as wrong:
            score(office, sitting, application, ana, points)
        assert wrong.value.field == field
    with pytest.raises(Refused, match="3,000 characters"):
        score(office, sitting, application, ana, WHOLE, "x" * 3_001)
    score(office, sitting, application, ana, WHOLE)
    score(office, sitting, application, ana, WHOLE)
    assert len(trail(office, "scored")) == 1, "the same again changes nothing"


def test_what_waits_for_whom(office: Office) -> None:
    ana, bo = person(office, Role.PANEL, name="Ana"), person(office, Role.PANEL, name="Bo")
    first, second = submitted(office), submitted(office)
    sitting = begun(office, first, second)
    score(office, sitting, first, ana, WHOLE)
    score(office, sitting, second, ana, {"need": 0})

    def left(who: int) -> list[int]:
        with office.reading() as session:
            return [count for _, count in scores.waiting_for(session, someone(session, who), office)]

    assert [left(ana), left(bo), left(person(office))] == [[1], [2], []]
    close(office, sitting)
    assert left(bo) == []


# ------------------------------------------------------------------------------------------------------------- at once


def test_two_sittings_at_once_share_no_application(office: Office) -> None:
    numbers = [submitted(office) for _ in range(6)]
    listed(office, *numbers)
    came = at_once([lambda name=name: opened(office, name=name) for name in ("One", "Two", "Three")])  # type: ignore[misc]
    assert len(came.done) == 3
    with office.reading() as session:
        taken = [
            one.application_id
            for number in came.done
            for one in rounds.listings(session, rounds.by_id(session, number))
        ]
    assert sorted(taken) == numbers
    sound(office)


def test_scores_and_the_closing_at_once(office: Office) -> None:
    members = [person(office, Role.PANEL) for _ in range(6)]
    application = submitted(office)
    sitting = begun(office, application)
    number = listing_of(office, sitting, application)

    def give(who: int) -> None:
        with office.sessions.begin() as session:
            scores.score(session, number, someone(session, who), points=WHOLE, office=office, now=office.clock())

    came = at_once([*(lambda who=who: give(who) for who in members), lambda: close(office, sitting)])
    assert all("it is closed" in refusal.reason for refusal in came.refused)
    with office.reading() as session:
        assert session.query(ScoreSheet).count() == len(members) - len(came.refused)
        assert session.get_one(Sitting, sitting).status == "closed"
    sound(office)


def test_one_member_in_two_windows_has_one_sheet(office: Office) -> None:
    ana, application = person(office, Role.PANEL), submitted(office)
    sitting = begun(office, application)
    number = listing_of(office, sitting, application)

    def give(points: dict[str, int]) -> None:
        with office.sessions.begin() as session:
            scores.score(session, number, someone(session, ana), points=points, office=office, now=office.clock())

    came = at_once([lambda points=points: give(points) for points in (WHOLE, HALF, {"need": 1})])  # type: ignore[misc]
    assert came.refused == []
    with office.reading() as session:
        [sheet] = session.query(ScoreSheet).all()
        assert sheet.version == 3
    sound(office)


# --------------------------------------------------------------------------------------------------- what Slack is told


def test_every_change_shows_the_sitting_anew(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    ana, application = person(office, Role.PANEL), submitted(office)
    sitting = begun(office, application)
    before = len(messages(office, "sitting"))
    assert before == 2
    score(office, sitting, application, ana, WHOLE)
    recommend(office, application)
    decide(office, application, person(office, Role.COMMISSIONER))
    close(office, sitting)
    found = messages(office, "sitting")
    assert len(found) == before + 4
    assert {one.subject for one in found} == {f"sitting:{sitting}"}
    assert all(one.payload == {"sitting_id": sitting} for one in found)
    submitted(office)
    assert len(messages(office, "sitting")) == len(found), "what is on no list of a sitting concerns none"


def test_money_is_committed_by_decisions_and_by_nothing_else(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    ana, application = person(office, Role.PANEL), submitted(office)
    sitting = begun(office, application)
    score(office, sitting, application, ana, WHOLE)
    close(office, sitting)
    with office.reading() as session:
        position = funds.position(session, "youth-fund", YEAR)
    assert (position.committed, position.available) == (0, 9_000_00)
