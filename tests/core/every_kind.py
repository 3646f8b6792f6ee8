"""One thing of every kind that falls due, made and ended as an edge would do it: for tests that look at each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import (
    agreements,
    applications,
    asking,
    awards,
    bids,
    due_for_deletion,
    forums,
    looks,
    meetings,
    opportunities,
    payments,
    returns,
)
from core.office import Office
from core.records import Asked, Deadline, Payment, Person
from core.rules.policy import Role
from core.rules.reviewing import LookOutcome
from tests.core import test_bids, test_forums, test_opportunities
from tests.core.casework import (
    accept,
    active,
    contracted,
    decide,
    facts,
    london,
    offered,
    person,
    recommend,
    reducing_crime,
    returned,
    someone,
    submitted,
)
from tests.core.test_recurring import publish, put, windows

TODAY: Final = date(2026, 11, 23)
SECOND: Final = {"second_name": "Bo Second", "second_email": "bo@riverside.example"}


@dataclass(frozen=True)
class OfAKind:
    """`make` answers the office under whose policy it is due; `end` is what whoever has to do something does."""

    make: Callable[[Office], Office | None]
    end: Callable[[Office, Deadline], object]

    def made(self, office: Office, kind: str) -> tuple[Office, Deadline]:
        """The office, and the first of this kind that is open in it."""
        office = self.make(office) or office
        with office.reading() as session:
            mine = select(Deadline).where(Deadline.kind == kind, Deadline.is_open).order_by(Deadline.due, Deadline.id)
            found = session.scalars(mine).first()
        assert found is not None, f"nothing sets a {kind}"
        return office, found


def _made(what: Callable[..., Any], *given: Any) -> Callable[[Office], None]:
    def make(office: Office) -> None:
        what(office, *given)

    return make


def _by(role: Role = Role.OFFICER) -> Callable[[Callable[[Session, Deadline, Person, Office], object]], Any]:
    """What somebody of the office does about a deadline, in one transaction."""

    def wrap(act: Callable[[Session, Deadline, Person, Office], object]) -> Callable[[Office, Deadline], None]:
        def end(office: Office, due: Deadline) -> None:
            who = person(office, role)
            with office.sessions.begin() as session:
                act(session, session.get_one(Deadline, due.id), someone(session, who), office)

        return end

    return wrap


def _ask(office: Office) -> None:
    number, who = submitted(office, facts(**SECOND)), person(office)
    with office.sessions.begin() as session:
        about = applications.by_id(session, number)
        asking.ask(session, about, someone(session, who), "How many come?", office=office, now=office.clock())


def _plan_payment(office: Office) -> None:
    award_id, who = active(office), person(office)
    with office.sessions.begin() as session:
        payments.plan(
            session, award_id, someone(session, who), planned_on=date(2027, 2, 1), amount=500_00,
            now=office.clock(),
        )  # fmt: skip


def _decline(office: Office) -> None:
    number = submitted(office)
    recommend(office, number)
    decide(office, number, person(office, Role.COMMISSIONER), outcome="declined")


def _begin_forum(office: Office) -> None:
    test_forums.provider(office, "Safe Homes")
    put(office, TODAY)


def _open_window(office: Office) -> Office:
    office = windows(office, (date(2027, 1, 11), date(2027, 2, 26)))
    put(office, TODAY)
    return office


def _decided(office: Office, due: Deadline) -> None:
    number = due.application_id or 0
    recommend(office, number)
    decide(office, number, person(office, Role.COMMISSIONER), outcome="declined")


def _sent_in(office: Office, due: Deadline) -> None:
    with office.sessions.begin() as session:
        award = awards.by_id(session, due.award_id or 0)
        returns.receive(session, award, due.due, returned(), source="the recipient", now=office.clock())


def _answered(office: Office, _due: Deadline) -> None:
    with office.sessions.begin() as session:
        asked = session.scalars(select(Asked)).one()
        asking.answer(session, asked.id, "Forty.", source="applicant", now=office.clock())


@_by()
def _invited(session: Session, due: Deadline, who: Person, office: Office) -> None:
    arranged = meetings.Arranged(london(due.due, 10), 60, "Ramsey library", "", "1. How it goes")
    meetings.invite(session, due.id, who, arranged, office=office, now=office.clock())


@_by()
def _signed(session: Session, due: Deadline, who: Person, office: Office) -> None:
    award_id, now = due.award_id or 0, office.clock()
    agreements.send(session, award_id, who, sent_on=TODAY, now=now)
    agreements.sign(session, award_id, who, signed_by="Grace Treasurer", signed_on=TODAY, now=now)


@_by()
def _cancelled(session: Session, _due: Deadline, who: Person, office: Office) -> None:
    payment = session.scalars(select(Payment)).one()
    payments.cancel(session, payment.award_id, payment.number, who, reason="Not needed.", now=office.clock())


@_by()
def _looked_at(session: Session, due: Deadline, who: Person, office: Office) -> None:
    looks.record(
        session, due.award_id or 0, who, due=due.due, outcome=LookOutcome.CONTINUE, reconciled=True, note="It works.",
        office=office, now=london(due.due),
    )  # fmt: skip


@_by()
def _deleted(session: Session, due: Deadline, who: Person, _office: Office) -> None:
    due_for_deletion.record(session, due.application_id or 0, who, note="All of it.", now=london(due.due))


@_by()
def _held(session: Session, due: Deadline, who: Person, _office: Office) -> None:
    forum = forums.plan(session, who, test_forums.meant(due.due), now=london(TODAY))
    session.flush()
    forums.hold(session, forum.id, who, on=due.due, notes="Waiting lists.", views="", now=london(due.due))


@_by()
def _handed_in(session: Session, due: Deadline, who: Person, office: Office) -> None:
    bids.submit(session, int(due.subject.partition(":")[2]), who, on=TODAY, now=office.clock())


@_by()
def _closed(session: Session, due: Deadline, who: Person, _office: Office) -> None:
    number = int(due.subject.partition(":")[2])
    opportunities.close(session, number, who, now=london(due.due + timedelta(days=1)))


def _published(office: Office, due: Deadline) -> None:
    publish(office, due.due, due.kind)


def _passed(office: Office, due: Deadline) -> None:
    put(office, due.due + timedelta(days=1))


EVERY: Final[Mapping[str, OfAKind]] = {
    "return": OfAKind(_made(active, facts(**SECOND)), _sent_in),
    "acceptance": OfAKind(_made(offered, facts(**SECOND)), lambda office, due: accept(office, due.award_id or 0)),
    "meeting": OfAKind(_made(active, reducing_crime()), _invited),
    "decision": OfAKind(_made(submitted), _decided),
    "answer": OfAKind(_ask, _answered),
    "agreement": OfAKind(_made(contracted), _signed),
    "payment": OfAKind(_plan_payment, _cancelled),
    "review": OfAKind(_made(active, facts(end=date(2029, 12, 31))), _looked_at),
    "retention": OfAKind(_decline, _deleted),
    "forum": OfAKind(_begin_forum, _held),
    "bid": OfAKind(lambda office: _made(test_bids.added, person(office))(office), _handed_in),
    "window-opens": OfAKind(_open_window, _passed),
    "window-closes": OfAKind(_open_window, _passed),
    "opportunity": OfAKind(lambda office: _made(test_opportunities.advertised, person(office))(office), _closed),
    "publication": OfAKind(_made(put, TODAY), _published),
    "annual-report": OfAKind(_made(put, TODAY), _published),
}
"""How one of each kind comes about, and how it is over."""
