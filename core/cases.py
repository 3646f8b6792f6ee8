"""From the record to the person and the case that the rules of deciding are asked about (A1, A2), in this one place."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.records import Application, Person, Recommendation
from core.rules.authority import Case, Decider
from core.rules.policy import Body, Kind, Role


def decider_of(person: Person) -> Decider:
    """Somebody of the staff list as the rules know them: in which role, for whom they work, and who they are."""
    return Decider(role=Role(person.role), body=Body(person.body), person_id=person.id, name=person.name)


def case_of(session: Session, application: Application, *, amount: int | None = None) -> Case:
    """What is to be decided, as the record has it now; `amount` in pence where another one is decided on."""
    set_aside = select(Recommendation.person_id).where(
        Recommendation.application_id == application.id, Recommendation.set_aside_at.is_not(None)
    )
    return case_with(
        application,
        recommended_by=application.recommendation.person_id if application.recommendation else None,
        interests=people.interested(session, application.id),
        commissioners={person.id for person in people.holders(session, Role.COMMISSIONER)},
        recommended_before=frozenset(session.scalars(set_aside)),
        amount=amount,
    )


def case_with(
    application: Application,
    *,
    recommended_by: int | None,
    interests: frozenset[int],
    commissioners: Collection[int],
    recommended_before: frozenset[int] = frozenset(),
    amount: int | None = None,
) -> Case:
    """The same with what is known of people already, by their ids: for many at once, or as it was on another day.

    The Commissioner has an interest where everybody who holds that office has declared one.
    """
    return Case(
        kind=Kind(application.kind),
        fund=application.fund,
        amount=application.amount or 0 if amount is None else amount,
        recommended_by=recommended_by,
        interests=interests,
        commissioner_interested=bool(commissioners) and interests.issuperset(commissioners),
        recommended_before=recommended_before,
    )
