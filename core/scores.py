"""Scores: what each member of the panel gives an application of a sitting, by the criteria of its fund.

Whoever has recommended on an application has judged it already, and their recommendation lies before the panel: a
score of theirs would count it twice, so they do not score it (after A2; office). Nor does whoever has declared an
interest, or works for the constabulary. Where that becomes so later their score is kept, and counts no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people, round_messages, rounds
from core.applications import how_it_stands, tell
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Interest, PanelListing, Person, Recommendation, ScoreSheet, Sitting
from core.rules import scoring
from core.rules.lifecycle import APPLICATION, SITTING, ApplicationState, SittingState
from core.rules.policy import Body
from core.taking import OPEN
from core.written import note


@dataclass(frozen=True)
class Kept:
    """Who may not score an application, or whose score of it does not count: (application, person) by their ids."""

    interested: frozenset[tuple[int, int]]
    recommended: frozenset[tuple[int, int]]

    def out(self, application_id: int, person_id: int) -> bool:
        """Whether this person's score of it does not count (A2)."""
        return (application_id, person_id) in self.interested | self.recommended


def kept_out(session: Session, numbers: Collection[int]) -> Kept:
    """Who is out of which of these applications: an interest, or a recommendation on it, even one set aside since."""
    interested = select(Interest.application_id, Interest.person_id).where(Interest.application_id.in_(numbers))
    recommended = select(Recommendation.application_id, Recommendation.person_id).where(
        Recommendation.application_id.in_(numbers)
    )
    return Kept(
        frozenset((one, other) for one, other in session.execute(interested)),
        frozenset((one, other) for one, other in session.execute(recommended)),
    )


def may_score(session: Session, listing: PanelListing, person: Person) -> Refused | None:
    """Why this person does not score this now (A2, A3); None if they may."""
    application, sitting = listing.application, session.get(Sitting, listing.sitting_id or 0)
    refusal = may_score_in(session, sitting, person)
    if refusal is not None:
        return refusal
    if listing.removed_at is not None:
        return Conflict("This application was taken off the list, so there is nothing to score.", "A3")
    out = kept_out(session, [application.id])
    if (application.id, person.id) in out.interested:
        return Refused("You have declared an interest in this, so you do not score it. The others do.", "A2")
    if (application.id, person.id) in out.recommended:
        return Refused("You recommended on this, so others score it: your recommendation lies before them.", "A2")
    state = ApplicationState(application.status)
    if state not in OPEN:
        stands = f"There is nothing to score: {APPLICATION.stands[state].how}."
        return Conflict(how_it_stands(application) or stands, "A3")
    return None


def may_score_in(session: Session, sitting: Sitting | None, person: Person) -> Refused | None:
    """Why this person scores nothing of a sitting now (A2, A3); None if they may score what they are not out of."""
    if not person.active:
        return Refused("You are not on the office's staff list, so you cannot score.", "A1")
    if Body(person.body) is not Body.OFFICE:
        return Refused("Constabulary staff do not score: it is for the panel and the Commissioner's office.", "A2")
    if sitting is None:
        return Conflict("No sitting has taken this application, so there is nothing to score.", "A3")
    if person.id not in {one.id for one in rounds.scorers(session, sitting)}:
        return Refused("Scores come from the panel's members, and from whom the office named for this sitting.", "A2")
    state = SittingState(sitting.status)
    if state is not SittingState.SCORING:
        return Conflict(f"No score can be given or changed: {SITTING.stands[state].how}.", "A3")
    return None


def to_score(session: Session, sitting: Sitting, person: Person) -> list[PanelListing]:
    """What this person may score of a sitting now, scored already or not, in the order of submission."""
    if may_score_in(session, sitting, person) is not None:
        return []
    found = [one for one in rounds.listings(session, sitting) if ApplicationState(one.application.status) in OPEN]
    out = kept_out(session, [one.application_id for one in found])
    return [one for one in found if not out.out(one.application_id, person.id)]


def sheets(session: Session, found: Collection[PanelListing], person: Person | None = None) -> list[ScoreSheet]:
    """The score sheets of these listings, of one person or of all."""
    query = select(ScoreSheet).where(ScoreSheet.listing_id.in_([one.id for one in found])).order_by(ScoreSheet.id)
    return list(session.scalars(query.where(ScoreSheet.person_id == person.id) if person is not None else query))


def left_to_score(session: Session, sitting: Sitting, person: Person, office: Office) -> list[PanelListing]:
    """What this person may score of a sitting and has not scored by every criterion yet."""
    mine = to_score(session, sitting, person)
    done = {one.listing_id: one.points for one in sheets(session, mine, person)}
    return [
        one
        for one in mine
        if scoring.missing(done.get(one.id, {}), rounds.criteria_of(sitting, one.application, office))
    ]


def waiting_for(session: Session, person: Person, office: Office) -> list[tuple[Sitting, int]]:
    """The sittings that wait for this person's scores, and for how many of them; the earliest day first."""
    if Body(person.body) is not Body.OFFICE:
        return []
    query = select(Sitting).where(Sitting.status == SittingState.SCORING.value).order_by(Sitting.day, Sitting.id)
    counted = ((one, len(left_to_score(session, one, person, office))) for one in session.scalars(query))
    return [(one, count) for one, count in counted if count]


def score(
    session: Session,
    listing_id: int,
    person: Person,
    *,
    points: Mapping[str, int],
    comment: str = "",
    office: Office,
    now: datetime,
) -> ScoreSheet:
    """Give points to a listed application, or change them, by the id of the criterion; not all need be there yet.

    The same again changes nothing. Raises Refused (A2), Conflict (A3) once the sitting is closed, WrongInput.
    """
    listing = session.get(PanelListing, listing_id)
    if listing is None:
        raise Conflict("There is no such listing any more, so there is nothing to score.", "A3")
    sitting = rounds.held(session, listing.sitting_id) if listing.sitting_id is not None else None
    session.refresh(listing)
    refusal = may_score(session, listing, person)
    if refusal is not None:
        raise refusal
    if sitting is None:  # which `may_score` has refused
        raise Conflict("No sitting has taken this application, so there is nothing to score.", "A3")
    criteria = rounds.criteria_of(sitting, listing.application, office)
    fault = scoring.wrong(points, criteria)
    if fault is not None:
        raise WrongInput(*fault)
    if not points:
        raise WrongInput(criteria[0].id if criteria else "comment", "Choose points for at least one criterion.")
    comment = note(comment, "A4", what="the comment")
    sheet = next(iter(sheets(session, [listing], person)), None)
    if sheet is not None and sheet.points == dict(points) and sheet.comment == comment:
        return sheet
    was = {"points": sheet.points, "comment": sheet.comment} if sheet is not None else None
    if sheet is None:
        sheet = ScoreSheet(listing=listing, person=person, version=1, made_at=now)
        session.add(sheet)
    else:
        sheet.version += 1
        sheet.changed_at = now
    sheet.points, sheet.comment = dict(points), comment
    session.flush()
    _tell(session, listing.application, sheet, sitting, was, criteria, now)
    round_messages.put(session, sitting.id, f"score:{sheet.id}:{sheet.version}", now=now)
    return sheet


def _tell(
    session: Session,
    application: Application,
    sheet: ScoreSheet,
    sitting: Sitting,
    was: Mapping[str, Any] | None,
    criteria: Sequence[Any],
    now: datetime,
) -> None:
    told = {
        "person": sheet.person_id,
        "sitting": sitting.id,
        "name": sitting.name,
        "points": sheet.points,
        "comment": sheet.comment,
        "criteria": {one.id: one.text for one in criteria},
        "was": was,
    }
    tell(session, application, "scored", people.actor_of(sheet.person), told, now=now)
