"""Rounds: a sitting of the panel, from the list that it takes over to its last score.

The office opens a sitting about some funds; it takes what is on the list of the next sitting, and again when its
scoring begins. From then on its list and its criteria stand. Nothing is decided by it: every application is decided by
whoever may, one decision each (A1, A2, A3), before the sitting is closed or after.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, selectinload

from core import events, guarded, people, round_messages
from core.applications import tell
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Application, PanelListing, Person, Sitting
from core.rules.answers import clean_short
from core.rules.lifecycle import SITTING, SittingAction, SittingState
from core.rules.policy import Body, Criterion, Policy, Role
from core.taking import OPEN
from core.written import note as written_note

MOST: Final = 50
"""Applications of one sitting: as many as one message and one form can show, and more than a day's sitting reads."""

MOST_SHOWN: Final = 12
"""Sittings that are listed, the latest first."""

LONGEST_NAME: Final = 80
SITTING_TRAIL: Final = "sittings"
"""Under which reference the trail keeps what happens to sittings. What concerns one application is under its own."""


# ------------------------------------------------------------------------------------------------------------ who may


def may_run(person: Person, office: Office) -> Refused | None:
    """Why this person does not open, begin or close a sitting; None if they do: it is for whoever may recommend."""
    try:
        people.acting_for_office(person, "run sittings", "A2")
    except Refused as refusal:
        return refusal
    if Role(person.role) not in office.policy.recommenders.value:
        return Refused("A sitting is opened and closed by those who recommend. Ask one of them.", "A2")
    return None


def may_see(person: Person) -> Refused | None:
    """Why this person sees no list, score or ranking: the constabulary has no part in it (A2); None if they may."""
    if not person.active:
        return Refused("You are not on the office's staff list, so you cannot see this.", "A1")
    if Body(person.body) is not Body.OFFICE:
        return Refused("Constabulary staff do not score, recommend or decide, so this is not shown to them.", "A2")
    return None


def scorers(session: Session, sitting: Sitting) -> list[Person]:
    """Who scores: the members of the panel, and whom the office has named for this sitting, while they are of it."""
    found = select(Person).where(
        Person.active,
        Person.body == Body.OFFICE.value,
        or_(Person.role == Role.PANEL.value, Person.id.in_([int(number) for number in sitting.named])),
    )
    return list(session.scalars(found.order_by(Person.name, Person.id)))


def may_be_named(session: Session) -> list[Person]:
    """Whom the office can name to score beside the panel: everybody of the office but auditors, who look at it later.

    Whoever may decide can be named too: a score recommends nothing, so A2 does not part the two.
    """
    found = select(Person).where(
        Person.active,
        Person.body == Body.OFFICE.value,
        Person.role.not_in([Role.PANEL.value, Role.AUDITOR.value]),
    )
    return list(session.scalars(found.order_by(Person.name, Person.id)))


# ------------------------------------------------------------------------------------------------------- what there is


def by_id(session: Session, sitting_id: int) -> Sitting:
    """The sitting of this number. Raises NotFound."""
    sitting = session.get(Sitting, sitting_id)
    if sitting is None:
        raise NotFound(f"There is no sitting {sitting_id}. 'award-desk rounds list' shows which there are.")
    return sitting


def latest(session: Session, *, most: int = MOST_SHOWN) -> list[Sitting]:
    """The sittings there are: those that are not closed first, then the latest."""
    closed = Sitting.status == SittingState.CLOSED.value
    return list(session.scalars(select(Sitting).order_by(closed, Sitting.day.desc(), Sitting.id.desc()).limit(most)))


def listings(session: Session, sitting: Sitting) -> list[PanelListing]:
    """What is on a sitting's list, in the order of submission."""
    query = (
        select(PanelListing)
        .join(PanelListing.application)
        .where(PanelListing.sitting_id == sitting.id, PanelListing.removed_at.is_(None))
        .order_by(Application.submitted_at, Application.id)
        .options(selectinload(PanelListing.application))
    )
    return list(session.scalars(query))


def waiting_to_be_taken(session: Session, sitting: Sitting) -> int:
    """How many more are on the list of the next sitting, and could be taken by this one."""
    return session.scalar(select(func.count()).select_from(_free(sitting).subquery())) or 0


def policy_of(sitting: Sitting, office: Office) -> Policy:
    """The policy whose criteria hold for a sitting: that of the beginning of its scoring; before, the one in force."""
    return office.policy if sitting.policy_version is None else office.policy_under(sitting.policy_version)


def criteria_of(sitting: Sitting, application: Application, office: Office) -> tuple[Criterion, ...]:
    """What an application of a sitting is scored by."""
    return policy_of(sitting, office).criteria_of(application.fund)


# ------------------------------------------------------------------------------------------------- opening and closing


def open_sitting(
    session: Session,
    *,
    name: str,
    day: date,
    funds: Sequence[str],
    named: Sequence[int] = (),
    actor: str,
    office: Office,
    now: datetime,
) -> Sitting:
    """Open a sitting on a day, about these funds; `named` score beside the panel. It takes what is on the list.

    Raises WrongInput, naming what is wrong, for no name, a day that has passed, no fund or an unknown one, and somebody
    who cannot be named.
    """
    name = clean_short(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise WrongInput("name", f"Give the sitting a name of up to {LONGEST_NAME} characters.")
    if day < london_day(now):
        raise WrongInput("day", "That day has passed. Enter the day of a sitting to come.")
    chosen = [fund.id for fund in office.policy.funds if fund.id in funds]
    if not chosen or set(funds) - set(chosen):
        raise WrongInput("funds", f"Choose one fund or more: {', '.join(fund.id for fund in office.policy.funds)}.")
    able = {person.id for person in may_be_named(session)}
    if set(named) - able:
        raise WrongInput("named", "Name people of the office. The panel's members score anyway; auditors do not.", "A2")
    sitting = Sitting(
        name=name,
        day=day,
        funds=chosen,
        named=sorted(set(named)),
        status=SittingState.OPEN.value,
        opened_by=actor,
        opened_at=now,
        note="",
    )
    session.add(sitting)
    session.flush()
    taken = _take(session, sitting, actor, now)
    told = {"name": name, "day": day.isoformat(), "funds": chosen, "named": sitting.named, "taken": taken}
    _told(session, sitting, "sitting_opened", actor, told, now)
    return sitting


def begin(session: Session, sitting_id: int, *, actor: str, office: Office, now: datetime) -> Sitting:
    """Begin the scoring: what has been listed since is taken, and from now on the list and the criteria stand.

    Raises Conflict where it has begun or is closed, Refused where there is nothing to score, or nobody who scores.
    """
    sitting = held(session, sitting_id)
    taken = _take(session, sitting, actor, now)
    if not listings(session, sitting):
        raise Refused(
            "There is nothing to score: put applications to its funds on the list of the next sitting first.", "A2"
        )
    if not scorers(session, sitting):
        raise Refused(
            "Nobody can score: add members of the panel to the staff list first (award-desk people add).", "A2"
        )
    _move(session, sitting, SittingAction.BEGIN)
    version = office.policy_version(session, now=now)
    sitting.policy_version, sitting.begun_at = version, now
    _told(session, sitting, "sitting_begun", actor, {"taken": taken, "policy": version.fingerprint}, now)
    return sitting


def close(session: Session, sitting_id: int, *, note: str = "", actor: str, now: datetime) -> Sitting:
    """Close a sitting: no score can be given or changed from now on. Raises Conflict where it is closed already.

    What is not decided yet can still be, and can be put on the list of the next sitting.
    """
    sitting = held(session, sitting_id)
    sitting.note = written_note(note, "A4", what="the note")
    _move(session, sitting, SittingAction.CLOSE)
    sitting.closed_at = now
    _told(session, sitting, "sitting_closed", actor, {"note": sitting.note}, now)
    return sitting


def held(session: Session, sitting_id: int) -> Sitting:
    """The sitting as it stands now, held until this transaction ends: scores and its closing queue here.

    Raises NotFound.
    """
    sitting = session.scalars(
        select(Sitting)
        .where(Sitting.id == sitting_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return sitting if sitting is not None else by_id(session, sitting_id)


def _move(session: Session, sitting: Sitting, action: SittingAction) -> None:
    """Change the state, guarded in the database. Raises Conflict where it stands otherwise."""
    new = guarded.state_after(SITTING, sitting.status, action, "A3")
    if not guarded.change(session, sitting, Sitting.status == sitting.status, status=new.value):
        raise Conflict("Somebody else has just changed this sitting. Look at it again.", "A3")


def _free(sitting: Sitting) -> Any:
    """What is on the list, is not decided, and no sitting has taken: for this one's day or an earlier, or for any."""
    return (
        select(PanelListing.id, Application.id.label("application"))
        .join(PanelListing.application)
        .where(
            PanelListing.removed_at.is_(None),
            PanelListing.sitting_id.is_(None),
            or_(PanelListing.sitting_on.is_(None), PanelListing.sitting_on <= sitting.day),
            Application.fund.in_(sitting.funds),
            Application.status.in_([state.value for state in OPEN]),
        )
        .order_by(PanelListing.sitting_on.is_(None), PanelListing.sitting_on, PanelListing.id)
    )


def _take(session: Session, sitting: Sitting, actor: str, now: datetime) -> list[int]:
    """Take from the list what there is room for; what another sitting takes at the same moment is that one's."""
    room = MOST - len(listings(session, sitting))
    taken = []
    for listing, number in session.execute(_free(sitting).limit(max(room, 0))).all():
        free = PanelListing.sitting_id.is_(None), PanelListing.removed_at.is_(None)
        mine = update(PanelListing).where(PanelListing.id == listing, *free).values(sitting_id=sitting.id)
        if not guarded.rows_changed(session, mine):
            continue
        application = session.get_one(Application, number)
        told = {"sitting": sitting.id, "name": sitting.name, "day": sitting.day.isoformat()}
        tell(session, application, "taken_to_sitting", actor, told, now=now)
        taken.append(number)
    return taken


def _told(session: Session, sitting: Sitting, kind: str, actor: str, data: dict[str, Any], now: datetime) -> None:
    session.flush()
    events.append(session, kind, SITTING_TRAIL, actor, {"sitting": sitting.id, **data}, now=now)
    round_messages.put(session, sitting.id, sitting.status, now=now)
