"""Provider Forums for victim services (R4): a day is set, the current providers are invited, and it is held.

One is planned at a time. Each invitation is a mail with a calendar entry that keeps its identity: where the day, the
time or the place changes, or the forum is cancelled, whoever was invited is mailed it anew with a higher number.
Where another address is written to for a provider, it is invited as well.
Recording that it was held meets the deadline, and the next is counted from that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from core import deadlines, events, guarded, organisations, outbox, people, written
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import LONDON, Office, london_day
from core.records import Application, Award, Deadline, Forum, ForumInvitation, Person
from core.rules.answers import clean_short
from core.rules.calendar import date_text
from core.rules.facts import Finding
from core.rules.lifecycle import AwardState
from core.rules.organisations import OrganisationKeys, same_organisation
from core.rules.reviewing import VictimService, current_providers, forum_invitations_finding, next_forum_finding
from core.shown import Shown, mark

FORUM: Final = "forum"
"""The kind of the deadline by which the next forum is held, and the kind's one subject."""

FORUM_TRAIL: Final = "forums"
"""Under which reference the trail keeps what happens to forums."""

INVITATION: Final = "forum_invitation"
"""The mail that invites, and says what has changed."""

LONGEST_MINUTES: Final = 600
LONGEST_PLACE: Final = 300
SHOWN: Final = 40
"""How many forums are listed, the latest first."""


class ForumState(StrEnum):
    """How a forum stands."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Meant:
    """When, for how many minutes and where a forum is to be, and what invitations are to say of it.

    `begins` is by a clock on a London wall.
    """

    day: date
    begins: time
    minutes: int
    place: str
    note: str


@dataclass(frozen=True)
class Provider:
    """A current provider of a victim service, by the contact of its latest award that runs on the day."""

    organisation: str
    application: Application

    @property
    def email(self) -> str:
        """Where it is written to; "" where nobody knows."""
        return self.application.contact_email or ""


# ------------------------------------------------------------------------------------------------------- what there is


def providers(session: Session, day: date) -> list[Provider]:
    """Whom to invite to a forum of this day (R4): each organisation with a victim service then, once, by name."""
    services = _services(session, until=day)
    names = current_providers([service for service, _ in services], day)
    latest = {service.recipient: application for service, application in services if service.end >= day}
    return [Provider(name, latest[name]) for name in sorted(names, key=str.casefold)]


def invitations_finding(session: Session, forum: Forum) -> Finding:
    """R4: is every current provider invited to this forum?"""
    services = [service for service, _ in _services(session, until=forum.day)]
    return forum_invitations_finding(forum.day, services, {one.organisation for one in forum.invitations})


def held_often_finding(session: Session, *, office: Office, today: date) -> Finding:
    """R4: are forums held as often as they should be?"""
    return next_forum_finding(last_held(session), today, office.policy)


def last_held(session: Session) -> date | None:
    """The day of the forum that was held last; None before the first."""
    return session.scalar(select(func.max(Forum.held_on)))


def planned(session: Session) -> Forum | None:
    """The forum that is planned; None where none is."""
    return session.scalars(select(Forum).where(Forum.ended_at.is_(None))).one_or_none()


def latest(session: Session) -> list[Forum]:
    """The forums there are, the latest first."""
    query = select(Forum).order_by(Forum.day.desc(), Forum.id.desc()).limit(SHOWN)
    return list(session.scalars(query.options(selectinload(Forum.invitations))))


def by_id(session: Session, number: int) -> Forum:
    """The forum of this number. Raises NotFound."""
    forum = session.get(Forum, number)
    if forum is None:
        raise NotFound("There is no such forum. The list of forums shows which there are.", "R4")
    return forum


def when(forum: Forum) -> tuple[datetime, datetime]:
    """The instants at which a forum begins and ends."""
    begins = datetime.combine(forum.day, time.fromisoformat(forum.begins), tzinfo=LONDON).astimezone(UTC)
    return begins, begins + timedelta(minutes=forum.minutes)


def due(session: Session) -> Deadline | None:
    """The deadline by which the next forum is held, while it is open."""
    return session.scalars(
        select(Deadline).where(Deadline.kind == FORUM, Deadline.is_open).order_by(Deadline.due)
    ).first()


# ------------------------------------------------------------------------------------------------------ what is done


def plan(session: Session, person: Person, meant: Meant, *, now: datetime) -> Forum:
    """Set the day of the next, its time and place, and what invitations are to say of it.

    A day that has passed is taken: for a forum that was held before anybody wrote it down here. Raises Refused,
    WrongInput for what cannot be, Conflict where one is planned already.
    """
    actor = people.acting_for_office(person, "set the day of a forum", "R4")
    said = _checked(meant)
    forum = Forum(
        **said,
        status=ForumState.PLANNED.value,
        sequence=0,
        person_id=person.id,
        planned_at=now,
        changed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(forum)
    except IntegrityError as error:
        raise Conflict("A forum is planned already. Change its day, or cancel it first.", "R4") from error
    _told(session, forum, "forum_planned", actor, _plain(said), now)
    return forum


def mark_of(forum: Forum) -> str:
    """What a page that shows a forum says of it (`core.shown`)."""
    return mark(_stands(forum))


def change(session: Session, number: int, person: Person, meant: Meant, *, seen: str = "", now: datetime) -> Forum:
    """Set another day, time or place; whoever was invited is mailed it. What stands already is kept.

    `seen` is what the page said of it. Raises as `plan` does, and Conflict once it ended or where somebody else changed
    it since.
    """
    actor = people.acting_for_office(person, "set the day of a forum", "R4")
    said = _checked(meant)
    forum = _held(session, number)
    if forum.invitations and meant.day < london_day(now):
        raise WrongInput("day", "That day has passed, and whoever was invited would be told of it.", "R4")
    if all(getattr(forum, name) == value for name, value in said.items()):
        return forum
    _as_seen(forum, seen)
    _moved(session, forum, **said, sequence=Forum.sequence + 1, changed_at=now)
    _told(session, forum, "forum_changed", actor, _plain(said), now)
    _mail(session, forum, now)
    return forum


def invite(session: Session, number: int, person: Person, *, seen: str = "", now: datetime) -> list[str]:
    """Mail every current provider who was not invited yet, and keep that they were. Answers whom.

    `seen` is what the page said of the forum. Raises Refused where nobody is left to invite or its day has passed,
    Conflict once it has ended or where somebody changed it since.
    """
    actor = people.acting_for_office(person, "invite providers to a forum", "R4")
    forum = _held(session, number)
    if forum.ended_at is not None:
        raise Conflict(f"This forum is {forum.status}. Set the day of another.", "R4")
    _as_seen(forum, seen)
    if forum.day < london_day(now):
        raise Refused(f"{date_text(forum.day)} has passed. Set another day first, or record that it was held.", "R4")
    _moved(session, forum, changed_at=now)  # two who invite at once queue here
    session.refresh(forum, ["invitations"])
    there = {one.organisation for one in forum.invitations}
    new = [one for one in providers(session, forum.day) if one.email and one.organisation not in there]
    if not new:
        raise Refused("Every current provider with an e-mail address has been invited already.", "R4")
    for one in new:
        forum.invitations.append(
            ForumInvitation(organisation=one.organisation, application_id=one.application.id, invited_at=now)
        )
    session.flush()
    names = [one.organisation for one in new]
    _told(session, forum, "forum_invited", actor, {"day": forum.day.isoformat(), "invited": names}, now)
    for invitation in forum.invitations:
        if invitation.organisation in names:
            _put(session, forum, invitation, now)
    return names


def invite_again(session: Session, application: Application, *, now: datetime) -> None:
    """Another address is written to about an application from now on: it gets the invitation to the forum to come that
    the one before it may have had. What has not gone out yet goes to the new one by itself.
    """
    forum = planned(session)
    if forum is None or forum.day < london_day(now):
        return
    for invitation in forum.invitations:
        if invitation.application_id == application.id:
            sent = outbox.latest(session, subject=f"forum:{invitation.id}", kind=INVITATION)
            if sent is not None and sent.settled_at is not None:
                _put(session, forum, invitation, now, again=sent.id)


def cancel(session: Session, number: int, person: Person, *, reason: str, now: datetime) -> Forum:
    """It is not held on that day; whoever was invited is mailed so. Raises Refused without a reason, Conflict."""
    actor = people.acting_for_office(person, "cancel a forum", "R4")
    reason = written.words(reason, "Say why: whoever was invited is told.", "R4")
    forum = by_id(session, number)
    _moved(
        session,
        forum,
        status=ForumState.CANCELLED.value,
        note=reason,
        sequence=Forum.sequence + 1,
        changed_at=now,
        ended_at=now,
    )
    _told(session, forum, "forum_cancelled", actor, {"day": forum.day.isoformat(), "reason": reason}, now)
    if forum.day >= london_day(now):
        _mail(session, forum, now)
    return forum


def hold(session: Session, number: int, person: Person, *, on: date, notes: str, views: str, now: datetime) -> Forum:
    """It was held on a day: what was said, and the views of service users and partners (R3). It meets the deadline,
    where none was held since.

    Raises Refused without notes, WrongInput for a day that is still to come, Conflict once it has ended.
    """
    actor = people.acting_for_office(person, "record a forum", "R4")
    if on > london_day(now):
        raise WrongInput("on", "That day is still to come. Enter the day on which it was held.", "R4")
    notes = _input("notes", notes, "Say what was talked about, and what was agreed.")
    views = written.note(views, "R3", what="the views")
    forum, before = by_id(session, number), last_held(session)
    _moved(
        session, forum, status=ForumState.HELD.value, held_on=on, notes=notes, views=views, changed_at=now, ended_at=now
    )
    open_one = due(session)
    if open_one is not None and (before is None or on > before):  # an earlier one, recorded late, meets nothing
        deadlines.meet(session, open_one, now=now)
    _told(session, forum, "forum_held", actor, {"on": on.isoformat(), "notes": notes, "views": views}, now)
    return forum


# --------------------------------------------------------------------------------------------------------------- parts


def _services(session: Session, *, until: date) -> list[tuple[VictimService, Application]]:
    """The victim services that are running and began by a day, the oldest award first (R4), and what each came from.

    One organisation has one name here, as its oldest award spells it.
    """
    query = (
        select(Award)
        .join(Award.application)
        .where(Award.status == AwardState.ACTIVE.value, Application.victim_service.is_(True), Award.start_on <= until)
        .order_by(Award.start_on, Award.id)
        .options(selectinload(Award.application))
    )
    known: list[tuple[OrganisationKeys, str]] = []
    found = []
    for award in session.scalars(query):
        keys, spelt = organisations.keys_of(award.application), str(award.application.organisation_name)
        name = next((said for other, said in known if said == spelt or same_organisation(other, keys)), spelt)
        known.append((keys, name))
        found.append((VictimService(name, True, award.start_on, award.end_on), award.application))
    return found


def _checked(meant: Meant) -> dict[str, Any]:
    """The columns of what is meant. Raises WrongInput, naming what is wrong."""
    place = clean_short(meant.place)
    if not 0 < len(place) <= LONGEST_PLACE:
        raise WrongInput("place", f"Enter where it is held, in up to {LONGEST_PLACE} characters.", "R4")
    if not 1 <= meant.minutes <= LONGEST_MINUTES:
        raise WrongInput("minutes", f"Enter how many minutes it takes, from 1 to {LONGEST_MINUTES}.", "R4")
    note = written.note(meant.note, "R4", what="the note")
    return {
        "day": meant.day,
        "begins": meant.begins.strftime("%H:%M"),
        "minutes": meant.minutes,
        "place": place,
        "note": note,
    }


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "day": said["day"].isoformat()}


def _input(field: str, text: str, missing: str) -> str:
    try:
        return written.words(text, missing, "R4")
    except Refused as refusal:
        raise WrongInput(field, refusal.reason, refusal.rule) from refusal


def _held(session: Session, number: int) -> Forum:
    """The forum as it stands now, held: two who change it at once queue here. Raises NotFound."""
    held = select(Forum).where(Forum.id == number).with_for_update(key_share=True)
    session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    return by_id(session, number)


def _stands(forum: Forum) -> dict[str, object]:
    return {name: getattr(forum, name) for name in ("day", "begins", "minutes", "place", "note")}


def _as_seen(forum: Forum, seen: str) -> None:
    """Raises Conflict where it was changed after somebody opened its page."""
    if forum.ended_at is None and Shown(seen).changed(_stands(forum)):
        raise Conflict(
            "Somebody else changed this forum after you opened this page. Nothing was done: look again.", "R4"
        )


def _moved(session: Session, forum: Forum, **values: Any) -> None:
    """Change a forum that is still planned, guarded in the database. Raises Conflict."""
    if not guarded.change(session, forum, Forum.ended_at.is_(None), **values):
        raise Conflict(f"This forum is {forum.status} already. Look at it again.", "R4")


def _mail(session: Session, forum: Forum, now: datetime) -> None:
    """Tell whoever was invited how it stands now; what waits of how it stood before says that too when it goes out."""
    for invitation in forum.invitations:
        _put(session, forum, invitation, now)


def _put(session: Session, forum: Forum, invitation: ForumInvitation, now: datetime, *, again: int = 0) -> None:
    """`again` is the mail that somebody else had, who is written to no more: this one is its reader's first."""
    outbox.put(
        session,
        INVITATION,
        subject=f"forum:{invitation.id}",
        key=f"forum:{invitation.id}:{forum.sequence}" + (f":after-{again}" if again else ""),
        payload={"invitation_id": invitation.id, "sequence": forum.sequence, **({outbox.FIRST: True} if again else {})},
        now=now,
    )


def _told(session: Session, forum: Forum, kind: str, actor: str, data: dict[str, Any], now: datetime) -> None:
    session.flush()
    events.append(session, kind, FORUM_TRAIL, actor, {"forum": forum.id, **data}, now=now)
