"""Somebody leaves the office: every power at once, and what was theirs becomes the next person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from core import absences, bids, deadlines, deciding, due_lines, issues, people, taking
from core.due_lines import Wanted
from core.errors import NotFound, Refused
from core.leaving import Left, leave
from core.office import Office
from core.records import Application, Bid, Deadline, Opportunity
from core.rules.policy import Role
from tests.core.casework import active, decide, messages, person, recommend, recommended, someone, submitted, trail
from tests.core.test_absences import FRIDAY, MONDAY, acts, away
from tests.core.test_bids import added, do
from tests.core.test_issues import owner, raised
from tests.core.test_opportunities import advertised, drafted
from tests.core.test_recurring import sound


def gone(office: Office, who: int, to: int | None = None) -> Left:
    with office.sessions.begin() as session:
        email = someone(session, who).email
        successor = someone(session, to).email if to is not None else None
        return leave(session, email=email, successor=successor, actor="test", now=office.clock())


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


@dataclass(frozen=True)
class Held:
    """What somebody looked after: of each kind one, and an application that their successor is out of."""

    application: int
    barred: int
    deadline: int
    bid: int
    sent: int
    opportunity: int
    draft: int


def everything_of(office: Office, who: int, out_of_it: int) -> Held:
    application, barred = submitted(office), submitted(office)
    with office.sessions.begin() as session:
        for number in (application, barred):
            taking.take(session, number, someone(session, who), office=office, now=office.clock())
        out = someone(session, out_of_it)
        deciding.declare_interest(session, barred, out, reason="My brother.", now=office.clock())
        forum = deadlines.set_deadline(
            session, subject="forum:2027", reference="FORUM-2027", kind="forum", due=date(2027, 3, 1), title="Forum",
            owner_id=who, now=office.clock(),
        )  # fmt: skip
    held = Held(
        application, barred, forum.id,
        added(office, who), added(office, who), advertised(office, who), drafted(office, who),
    )  # fmt: skip
    do(office, bids.submit, held.sent, who, on=office.today())
    return held


def whose(office: Office, held: Held) -> list[int | None]:
    """Who has each of them now; of the registers None where whoever they name has left."""
    kinds = ("bid", "opportunity")
    with office.reading() as session:
        taken = [session.get_one(Application, number).taken_by_id for number in (held.application, held.barred)]
        named = [session.get_one(Bid, number).owner for number in (held.bid, held.sent)]
        named += [session.get_one(Opportunity, number).owner for number in (held.opportunity, held.draft)]
        return [
            *taken,
            session.get_one(Deadline, held.deadline).owner_id,
            *(one.id if one.active else None for one in named),
            *session.scalars(select(Deadline.owner_id).where(Deadline.kind.in_(kinds), Deadline.is_open)),
        ]


def test_whoever_takes_over_has_all_of_it_but_what_they_have_an_interest_in(office: Office) -> None:
    olive, kim = person(office, name="Olive"), person(office, name="Kim")
    held = everything_of(office, olive, kim)
    left = gone(office, olive, kim)
    assert whose(office, held) == [kim, None, *[kim] * 7]
    assert [line.data["person"] for line in trail(office, "taken")][-1] == kim
    assert [line.data["owner"] for line in trail(office, "bid_handed_over")] == ["Kim", "Kim"]
    assert [line.data["owner"] for line in trail(office, "opportunity_handed_over")] == ["Kim", "Kim"]
    assert left.successor is not None
    [told] = messages(office, "somebody_left")
    assert told.payload == {
        "person_id": olive, "successor_id": kim, "issues": [], "applications": [held.application, held.barred],
        "deadlines": [one.id for one in left.deadlines], "bids": [held.bid, held.sent],
        "opportunities": [held.opportunity, held.draft], "meetings": [], "forum_id": None,
    }  # fmt: skip
    sound(office)


def test_where_nobody_takes_over_it_is_nobodys_and_is_listed(office: Office) -> None:
    olive, kim = person(office, name="Olive"), person(office, name="Kim")
    held = everything_of(office, olive, kim)
    gone(office, olive)
    assert whose(office, held) == [None] * 9
    with office.reading() as session:
        wanted = Wanted(date(2027, 12, 31), nobodys=True)
        found, total = due_lines.falling_due(session, wanted, most=50)
        assert total == len(found)
        kinds = [one.kind for one in found]
    assert sorted(kind for kind in kinds if kind in ("bid", "forum", "opportunity")) == ["bid", "forum", "opportunity"]
    assert kinds.count("decision") == 2, "the days of what had been taken on"
    assert len(messages(office, "somebody_left")) == 1


def test_nobody_is_told_of_a_leaver_who_had_nothing(office: Office) -> None:
    gone(office, person(office))
    assert messages(office, "somebody_left") == []


def test_whoever_takes_over_is_somebody_else_of_the_office_who_does_more_than_read(office: Office) -> None:
    olive, reader = person(office), person(office, Role.PANEL)
    for wrong in (olive, reader):
        with pytest.raises(Refused, match="somebody else of the office"):
            gone(office, olive, wrong)
    with office.reading() as session:
        assert someone(session, olive).active
