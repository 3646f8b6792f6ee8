"""What concerns one member of staff: which applications they may move on now, what is due, what they decided.

For many applications at once: the people and interests that the rules ask about are read once, not for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, selectinload

from core import absences, people
from core.cases import case_with, decider_of
from core.deadlines import APPLICATION_ID
from core.deciding import Action
from core.office import Office, london_day
from core.records import Application, Award, Deadline, Decision, Interest, Person, Recommendation
from core.rules.authority import Case, Decider, may_decide, may_recommend
from core.rules.lifecycle import APPLICATION, ApplicationAction, ApplicationState
from core.rules.policy import Role

MOST: Final = 200
"""How many open applications are looked at, the oldest first: more than an office has at once."""

MOST_DUE: Final = 500
"""How many deadlines are read, the earliest first: more than an office counts in a fortnight."""


@dataclass(frozen=True)
class ToMoveOn:
    """An application that somebody may move on now, and by what."""

    application: Application
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Due:
    """Something that falls due: of whom or called what, what kind of thing, its day, and who looks after it, if any."""

    reference: str
    who: str
    kind: str
    due: date
    owner: str = ""
    owner_id: int | None = None

    def with_whom(self, reader: Person) -> str:
        """Who looks after it, to its reader: "you", a name, or "" for nobody in particular."""
        return "you" if self.owner_id == reader.id else self.owner


@dataclass(frozen=True)
class Said:
    """A recommendation or a decision that somebody made: on what, in words, and when.

    `what` is "approved", "declined", "recommended approving" or "recommended declining". `amount`
    in pence; None where nothing is given.
    """

    reference: str
    who: str
    what: str
    amount: int | None
    at: datetime


def to_move_on(session: Session, person: Person, *, office: Office, now: datetime) -> list[ToMoveOn]:
    """The open applications that wait for this person: to be recommended on or decided by them (A1, A2), oldest first.

    What another officer has taken on does not wait for them too, unless they stand in for that officer today.
    """
    applications = _open(session)
    if not applications:
        return []
    cases = _cases(session, applications)
    decider = decider_of(person)
    theirs = {person.id, *(one.id for one in absences.stood_in_for(session, person, london_day(now)))}
    found = []
    for application in applications:
        actions = _actions(application, decider, cases[application.id], office, london_day(now))
        if application.taken_by_id is not None and application.taken_by_id not in theirs:
            actions = tuple(action for action in actions if action != "recommend")
        if actions:
            found.append(ToMoveOn(application, actions))
    return found


def _open(session: Session) -> Collection[Application]:
    query = (
        select(Application)
        .where(Application.status.in_([ApplicationState.SUBMITTED.value, ApplicationState.RECOMMENDED.value]))
        .order_by(Application.submitted_at, Application.id)
        .limit(MOST)
        .options(selectinload(Application.recommendation).selectinload(Recommendation.person))
    )
    return session.scalars(query).all()


def _cases(session: Session, applications: Collection[Application]) -> Mapping[int, Case]:
    numbers = [application.id for application in applications]
    interests: dict[int, set[int]] = defaultdict(set)
    declared = select(Interest.application_id, Interest.person_id).where(Interest.application_id.in_(numbers))
    for application_id, person_id in session.execute(declared):
        interests[application_id].add(person_id)
    before: dict[int, set[int]] = defaultdict(set)
    set_aside = select(Recommendation.application_id, Recommendation.person_id).where(
        Recommendation.application_id.in_(numbers), Recommendation.set_aside_at.is_not(None)
    )
    for application_id, person_id in session.execute(set_aside):
        before[application_id].add(person_id)
    commissioners = {one.id for one in people.holders(session, Role.COMMISSIONER)}
    return {
        one.id: case_with(
            one,
            recommended_by=one.recommendation.person_id if one.recommendation else None,
            interests=frozenset(interests[one.id]),
            commissioners=commissioners,
            recommended_before=frozenset(before[one.id]),
        )
        for one in applications
    }


def _actions(application: Application, decider: Decider, case: Case, office: Office, today: date) -> tuple[Action, ...]:
    possible = set(APPLICATION.actions(ApplicationState(application.status)))
    actions: list[Action] = []
    if ApplicationAction.RECOMMEND in possible and may_recommend(decider, case, office.policy) is None:
        actions.append("recommend")
    if ApplicationAction.APPROVE in possible and may_decide(decider, case, office.policy, today) is None:
        actions += ["approve", "decline"]
    return tuple(actions)


def coming_due(session: Session, *, until: date, since: date | None = None) -> list[Due]:
    """What is open and falls due up to a day, that day included, the earliest first: overdue too, unless `since`."""
    owner, taker = aliased(Person), aliased(Person)
    query = (
        select(
            Deadline.reference,
            func.coalesce(Application.organisation_name, Deadline.title),
            Deadline.kind,
            Deadline.due,
            func.coalesce(owner.name, taker.name),
            func.coalesce(owner.id, taker.id),
        )
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == APPLICATION_ID)
        .outerjoin(owner, (owner.id == Deadline.owner_id) & owner.active)
        .outerjoin(taker, (taker.id == Application.taken_by_id) & taker.active)
        .where(Deadline.is_open, Deadline.due <= until)
        .order_by(Deadline.due, Deadline.id)
        .limit(MOST_DUE)
    )
    if since is not None:
        query = query.where(Deadline.due >= since)
    return [
        Due(reference, who or "", kind, due, name or "", number)
        for reference, who, kind, due, name, number in session.execute(query)
    ]


def said_by(session: Session, person: Person, *, most: int) -> list[Said]:
    """What this person last recommended and decided, the latest first."""
    of = (Application.reference, Application.organisation_name)
    decided = (
        select(*of, Decision.outcome, Decision.amount, Decision.made_at)
        .join(Application, Application.id == Decision.application_id)
        .where(Decision.person_id == person.id, Decision.outside_by.is_(None))
        .order_by(Decision.made_at.desc(), Decision.id.desc())
        .limit(most)
    )
    recommended = (
        select(*of, Recommendation.outcome, Recommendation.amount, Recommendation.made_at)
        .join(Application, Application.id == Recommendation.application_id)
        .where(Recommendation.person_id == person.id)
        .order_by(Recommendation.made_at.desc(), Recommendation.id.desc())
        .limit(most)
    )
    said = [
        Said(reference or "", who or "", outcome, amount, at)
        for reference, who, outcome, amount, at in session.execute(decided)
    ]
    said += [
        Said(
            reference or "", who or "",
            "recommended declining" if outcome == "decline" else "recommended approving",
            None if outcome == "decline" else amount, at,
        )
        for reference, who, outcome, amount, at in session.execute(recommended)
    ]  # fmt: skip
    return sorted(said, key=lambda one: one.at, reverse=True)[:most]
