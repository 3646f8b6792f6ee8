"""Provider Forums (R4): who is invited, what is said when something changes, and what recording one as held does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from core import date_lines, forums, people
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.forums import FORUM, Meant
from core.office import Office
from core.records import Forum
from core.rules.facts import Verdict
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import active, at_once, messages, person, someone, victims
from tests.core.test_recurring import days, put, sound

TODAY = date(2026, 11, 23)
DAY = date(2027, 2, 10)
START, END = date(2026, 11, 1), date(2027, 10, 31)


def meant(day: date = DAY, **changes: Any) -> Meant:
    return replace(Meant(day, time(10), 120, "Town hall", "Waiting lists."), **changes)


def plan(office: Office, who: int, day: date = DAY, **changes: Any) -> int:
    with office.sessions.begin() as session:
        return forums.plan(session, someone(session, who), meant(day, **changes), now=office.clock()).id


def do(office: Office, what: Any, number: int, who: int, /, **given: Any) -> Any:
    with office.sessions.begin() as session:
        return what(session, number, someone(session, who), now=office.clock(), **given)


def change(office: Office, number: int, who: int, day: date = DAY, **changes: Any) -> Forum:
    made: Forum = do(office, forums.change, number, who, meant=meant(day, **changes))
    return made


def seen(office: Office, number: int) -> str:
    with office.reading() as session:
        return forums.mark_of(forums.by_id(session, number))


def invited(office: Office) -> list[tuple[str, int]]:
    """The invitations in the outbox: the key's organisation by number, and which change of it each tells."""
    return [(one.subject, one.payload["sequence"]) for one in messages(office, forums.INVITATION)]


def provider(office: Office, name: str, **changes: Any) -> int:
    email = f"{name.split(maxsplit=1)[0].lower()}@provider.example"
    given = {"organisation_name": name, "charity_number": None, "contact_email": email, "start": START, "end": END}
    given |= changes
    return active(office, victims(**given))


def names(office: Office, day: date) -> list[str]:
    with office.reading() as session:
        return [one.organisation for one in forums.providers(session, day)]


def test_current_providers_of_victim_services_are_invited_once_each(office: Office) -> None:
    provider(office, "Safe Homes")
    provider(office, "Listening Line", end=date(2027, 2, 10))
    provider(office, "Listening Line", start=date(2026, 12, 1))
    provider(office, "Gone Before", end=date(2027, 2, 9))
    provider(office, "Not Yet", start=date(2027, 2, 11))
    active(office)  # a boxing club is no victim service
    assert names(office, DAY) == ["Listening Line", "Safe Homes"], "R4"
    who = person(office)
    number = plan(office, who)
    with office.reading() as session:
        assert forums.invitations_finding(session, forums.by_id(session, number)).verdict is Verdict.NOT_MET
    assert do(office, forums.invite, number, who) == ["Listening Line", "Safe Homes"]
    with office.reading() as session:
        assert forums.invitations_finding(session, forums.by_id(session, number)).verdict is Verdict.MET
    assert [sequence for _, sequence in invited(office)] == [0, 0]
    with pytest.raises(Refused, match="has been invited already"):
        do(office, forums.invite, number, who)
    provider(office, "Newcomers")
    assert do(office, forums.invite, number, who) == ["Newcomers"]
    assert len(invited(office)) == 3
    sound(office)


@pytest.mark.one_database
def test_of_a_forum_whose_day_has_passed_nobody_is_told_that_it_is_off(office: Office, clock: Clock) -> None:
    provider(office, "Safe Homes")
    who = person(office)
    number = plan(office, who)
    do(office, forums.invite, number, who)
    clock.set_day(date(2027, 2, 11))
    assert do(office, forums.cancel, number, who, reason="Nobody came.").status == "cancelled"
    assert [sequence for _, sequence in invited(office)] == [0]


def test_a_provider_that_spells_its_name_in_two_ways_is_invited_once_by_its_latest_award(office: Office) -> None:
    provider(office, "Safe Homes")
    provider(office, "The Safe Homes Ltd", contact_email="bea@provider.example")
    provider(office, "Listening Line", charity_number="7654321")
    provider(office, "Line that Listens", charity_number="7654321")
    with office.reading() as session:
        found = forums.providers(session, DAY)
    assert [(one.organisation, one.email) for one in found] == [
        ("Listening Line", "line@provider.example"),
        ("Safe Homes", "bea@provider.example"),
    ]


def test_whoever_was_invited_is_told_of_each_change_and_of_the_end(office: Office) -> None:
    provider(office, "Safe Homes")
    who = person(office)
    number = plan(office, who)
    assert change(office, number, who, place="Library").sequence == 1  # before anybody was invited: nobody is told
    assert invited(office) == []
    do(office, forums.invite, number, who)
    change(office, number, who, place="Library")  # nothing has changed: nobody is told
    later = date(2027, 2, 17)
    change(office, number, who, later, place="Library")
    assert [sequence for _, sequence in invited(office)] == [1, 2]
    with pytest.raises(WrongInput, match="That day has passed"):
        change(office, number, who, date(2026, 11, 22))
    with pytest.raises(Refused, match="Say why"):
        do(office, forums.cancel, number, who, reason="")
    forum = do(office, forums.cancel, number, who, reason="Snow.")
    assert (forum.status, forum.sequence, forum.note) == ("cancelled", 3, "Snow.")
    assert [sequence for _, sequence in invited(office)] == [1, 2, 3]
    assert len({subject for subject, _ in invited(office)}) == 1  # so they go out in order
    with pytest.raises(Conflict, match="is cancelled"):
        do(office, forums.invite, number, who)
    assert plan(office, who) != number  # another can be planned now
    sound(office)


def test_recording_it_as_held_meets_the_deadline(office: Office, clock: Clock) -> None:
    provider(office, "Safe Homes", end=date(2029, 3, 31))
    put(office, TODAY)
    assert days(office, FORUM) == [date(2027, 5, 1)], "R4"
    who = person(office)
    number = plan(office, who)
    do(office, forums.invite, number, who)
    clock.set_day(DAY)
    for given, said in (
        ({"on": date(2027, 2, 11), "notes": "All well.", "views": ""}, "still to come"),
        ({"on": DAY, "notes": " ", "views": ""}, "Say what was talked about"),
    ):
        with pytest.raises(WrongInput, match=said):
            do(office, forums.hold, number, who, **given)
    forum = do(office, forums.hold, number, who, on=DAY, notes="Waiting lists.", views="They want evenings.")
    assert (forum.status, forum.held_on, forum.views) == ("held", DAY, "They want evenings.")
    assert days(office, FORUM) == []
    put(office, DAY)
    assert days(office, FORUM) == [date(2027, 8, 10)]
    with pytest.raises(Conflict, match="held already"):
        do(office, forums.cancel, number, who, reason="No.")
    with office.reading() as session:
        [first, *_, last] = date_lines.entries(session, forums.FORUM_TRAIL, about=("forum", number))
        assert forums.held_often_finding(session, office=office, today=DAY).verdict is Verdict.MET
    assert first.what == "Set for 10 February 2027 at 10:00, Town hall"
    assert (last.what, last.details[-1].text) == ("Held on 10 February 2027", "They want evenings.")
    sound(office)


def test_one_is_planned_at_a_time(office: Office) -> None:
    who = person(office)
    done = at_once([lambda: plan(office, who)] * 3)
    assert (len(done.done), len(done.refused)) == (1, 2)
    with pytest.raises(Conflict, match="planned already"):
        plan(office, who)
    sound(office)


def test_two_who_invite_at_once_write_to_nobody_twice(office: Office) -> None:
    provider(office, "Safe Homes")
    provider(office, "Listening Line")
    who = person(office)
    number = plan(office, who)
    done = at_once([lambda: do(office, forums.invite, number, who)] * 3)
    assert (len(done.done), len(done.refused)) == (1, 2)
    assert len(invited(office)) == 2
    sound(office)


def test_nobody_is_invited_to_a_day_that_has_passed(office: Office) -> None:
    provider(office, "Safe Homes")
    who = person(office)
    number = plan(office, who, date(2026, 11, 22))
    with pytest.raises(Refused, match="has passed"):
        do(office, forums.invite, number, who)
    do(office, forums.hold, number, who, on=date(2026, 11, 22), notes="It was.", views="")
    assert invited(office) == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 601}, "minutes"),
        ({"place": " "}, "place"),
        ({"place": "x" * 301}, "place"),
    ],
)
def test_what_cannot_be_names_its_field(office: Office, changes: dict[str, Any], field: str) -> None:
    who = person(office)
    with pytest.raises(WrongInput) as wrong:
        plan(office, who, **changes)
    assert (wrong.value.field, wrong.value.rule) == (field, "R4")


@pytest.mark.parametrize(
    ("role", "body"), [(Role.OFFICER, Body.CONSTABULARY), (Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE)]
)
def test_who_is_not_of_the_office_does_nothing_of_it(office: Office, role: Role, body: Body) -> None:
    provider(office, "Safe Homes")
    owner, outsider = person(office), person(office, role, body)
    with pytest.raises(Refused):
        plan(office, outsider)
    number = plan(office, owner)
    for what, given in (
        (forums.invite, {}),
        (forums.cancel, {"reason": "No."}),
        (forums.hold, {"on": TODAY, "notes": "No.", "views": ""}),
    ):
        with pytest.raises(Refused):
            do(office, what, number, outsider, **given)
    with office.reading() as session:
        assert people.why_not_read(someone(session, owner)) == ""
        planned = forums.planned(session)
        assert planned is not None
        assert planned.invitations == []


@pytest.mark.one_database
def test_what_somebody_else_changed_is_neither_overwritten_nor_sent_out_unseen(office: Office) -> None:
    provider(office, "Safe Homes")
    who = person(office)
    number = plan(office, who)
    before = seen(office, number)
    do(office, forums.change, number, who, meant=meant(place="Library"), seen=before)
    do(office, forums.change, number, who, meant=meant(place="Library"), seen=before)  # pressed twice
    with pytest.raises(Conflict, match="Somebody else changed"):
        do(office, forums.change, number, who, meant=meant(place="Church"), seen=before)
    with pytest.raises(Conflict, match="Somebody else changed"):
        do(office, forums.invite, number, who, seen=before)
    assert messages(office, forums.INVITATION) == []
    assert do(office, forums.invite, number, who, seen=seen(office, number)) == ["Safe Homes"]
    with office.reading() as session:
        stands = forums.by_id(session, number)
        assert (stands.place, stands.sequence) == ("Library", 1)
