"""A running award is given to somebody of the office, with what falls due of it (D0, A2)."""

from __future__ import annotations

from datetime import date

import pytest

from core import audit_story, awards, chasing, deadlines, deciding, direct, events, handing_on, owning
from core.audit import verify
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Deadline
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import active, messages, person, reducing_crime, someone, submitted, trail

pytestmark = pytest.mark.one_database


def application_of(office: Office, award_id: int) -> int:
    with office.reading() as session:
        return awards.by_id(session, award_id).application_id


def give(office: Office, award_id: int, by: int, to: int) -> None:
    application = application_of(office, award_id)
    with office.sessions.begin() as session:
        handing_on.give(session, application, someone(session, by), to, office=office, now=office.clock())


def whose(office: Office, award_id: int) -> list[tuple[date, int | None]]:
    """Each open date of an award, the earliest first, with whoever looks after it."""
    with office.reading() as session:
        found = deadlines.open_of(session, [awards.by_id(session, award_id).application_id])
        return [(one.due, owner.id if (owner := owning.looks_after(one)) else None) for one in found]


def reassign(office: Office, number: int, by: int, to: int) -> None:
    with office.sessions.begin() as session:
        chasing.reassign(session, number, someone(session, by), to, office=office, now=office.clock())


def test_it_goes_with_the_dates_that_were_the_owner_s_or_nobody_s_and_no_others(office: Office) -> None:
    award_id = active(office, reducing_crime(start=date(2027, 1, 1), end=date(2027, 10, 31)))
    olive, dev, otto = (person(office, name=name) for name in ("Olive", "Dev", "Otto"))
    give(office, award_id, olive, olive)
    with office.reading() as session:
        numbers = [one.id for one in deadlines.open_of(session, [application_of(office, award_id)])]
    assert len(numbers) > 2
    reassign(office, numbers[0], olive, otto)
    reassign(office, numbers[1], otto, olive)  # hers by name, and not only by the award
    give(office, award_id, olive, dev)
    owners = [owner for _, owner in whose(office, award_id)]
    assert owners == [otto, *[dev for _ in numbers[1:]]]
    with office.reading() as session:
        assert session.get_one(Deadline, numbers[1]).owner_id == dev
        assert session.get_one(Deadline, numbers[2]).owner_id is None
        assert [fault.said for fault in verify(session).faults] == []
    [moved] = [one.data for one in trail(office, "deadline_reassigned") if one.data["person"] == olive][1:]
    assert (moved["deadline"], moved["owner"], moved["was"]) == (numbers[1], dev, "Olive")


def test_a_date_of_somebody_who_is_gone_goes_with_it(office: Office) -> None:
    award_id = active(office, reducing_crime(start=date(2027, 1, 1), end=date(2027, 10, 31)))
    olive, dev, otto = (person(office, name=name) for name in ("Olive", "Dev", "Otto"))
    give(office, award_id, olive, olive)
    with office.reading() as session:
        first = deadlines.open_of(session, [application_of(office, award_id)])[0].id
    reassign(office, first, olive, otto)
    with office.sessions.begin() as session:
        someone(session, otto).active = False
        events.append(session, "person_removed", "people", "test", {"person": otto}, now=office.clock())
    give(office, award_id, olive, dev)
    with office.reading() as session:
        assert session.get_one(Deadline, first).owner_id == dev


def test_whoever_is_given_it_is_told_once_and_whoever_takes_it_is_not(office: Office) -> None:
    award_id, olive, dev = active(office), person(office, name="Olive"), person(office, name="Dev")
    give(office, award_id, olive, olive)
    assert messages(office, direct.GIVEN) == []
    give(office, award_id, olive, dev)
    [told] = messages(office, direct.GIVEN)
    application = application_of(office, award_id)
    assert told.payload == {"person_id": dev, "application_id": application, "by": olive}
    with office.reading() as session:
        reference = str(session.get_one(Application, application).reference)
        story = audit_story.story(session, reference, office=office, today=office.today())
    said = [one.what for one in story.entries if one.what.startswith(("It was taken", "It was given"))]
    assert said[-1] == "It was given to Dev, who looks after it instead of Olive"
    assert said[-2].startswith("It was taken over from Officer ")


def test_it_is_for_the_office_without_an_interest_while_the_award_runs(office: Office, clock: Clock) -> None:
    award_id, olive, dev = active(office), person(office), person(office)
    give(office, award_id, olive, olive)
    with office.sessions.begin() as session:
        application = awards.by_id(session, award_id).application_id
        deciding.declare_interest(
            session, application, someone(session, dev), reason="My son plays there.", now=office.clock()
        )
    force = person(office, Role.OFFICER, Body.CONSTABULARY)
    for who in (dev, force, person(office, Role.AUDITOR), person(office, Role.PANEL)):
        with pytest.raises(Refused) as refused:
            give(office, award_id, who, olive)
        assert refused.value.rule == "A2"
        with pytest.raises(WrongInput, match="who has no interest in it"):
            give(office, award_id, olive, who)
    with pytest.raises(WrongInput, match="looks after it already"):
        give(office, award_id, olive, olive)
    open_one = submitted(office)
    with office.sessions.begin() as session, pytest.raises(Conflict, match="does not run"):
        handing_on.give(session, open_one, someone(session, olive), olive, office=office, now=clock())
    assert len(messages(office, direct.GIVEN)) == 0
