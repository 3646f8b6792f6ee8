"""Staff, the Commissioner, the panel and auditors: who they are, in which role, and which Slack account is theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import events
from core.errors import NotFound, Refused
from core.records import Interest, Person
from core.rules.policy import Body, Role
from core.rules.words import capital, listed

STAFF_TRAIL = "staff"
"""The reference under which the trail keeps what happens to the staff list."""

READERS = frozenset({Role.PANEL, Role.AUDITOR})
"""Who reads what the office does and does nothing of it."""

MOST_NAMED = 3
"""How many people a refusal names who may do it instead."""


def add(
    session: Session,
    *,
    name: str,
    email: str,
    role: Role,
    body: Body = Body.OFFICE,
    slack: tuple[str, str] | None = None,
    actor: str,
    now: datetime,
) -> Person:
    """Add a person, or change the one with this e-mail address; a leaver who is added again is back.

    `slack` is (team, user). Raises Refused when that Slack account is somebody else's, or a name or address is no good.
    """
    name, email = name.strip(), email.strip().lower()
    if not name:
        raise Refused("Give the person's name.")
    local, at, host = email.partition("@")
    if not (local and at and "." in host) or " " in email:
        raise Refused(f"'{email}' is not an e-mail address. Give one like name@example.org.")
    person = session.scalars(select(Person).where(Person.email == email)).one_or_none()
    if slack is not None:
        holder = session.scalars(
            select(Person).where(Person.slack_team == slack[0], Person.slack_user == slack[1])
        ).one_or_none()
        if holder is not None and holder is not person:
            raise Refused(f"The Slack account {slack[0]}/{slack[1]} is {holder.name}'s. Remove them first.")
    if person is None:
        person = Person(email=email, added_at=now)
        session.add(person)
    person.name, person.role, person.body = name, role.value, body.value
    person.active, person.removed_at = True, None
    if slack is not None:
        person.slack_team, person.slack_user = slack
    session.flush()
    told = {"person": person.id, "name": name, "role": role.value, "body": body.value, "slack": bool(slack)}
    events.append(session, "person_added", STAFF_TRAIL, actor, told, now=now)
    return person


def remove(session: Session, *, email: str, actor: str, now: datetime) -> Person:
    """Take every power from a person at once. Their name stays on what they decided. Raises NotFound."""
    person = by_email(session, email)
    person.active, person.removed_at = False, now
    end_sessions(session, person.id)
    person.slack_team = person.slack_user = None
    events.append(session, "person_removed", STAFF_TRAIL, actor, {"person": person.id, "name": person.name}, now=now)
    return person


def end_sessions(session: Session, person_id: int) -> None:
    """Sign a person out of the staff pages, wherever they signed in."""
    session.execute(update(Person).where(Person.id == person_id).values(sessions_ended=Person.sessions_ended + 1))


def everybody(session: Session) -> list[Person]:
    """Everybody who is active, by role and name."""
    return list(session.scalars(select(Person).where(Person.active).order_by(Person.role, Person.name)))


def by_slack(session: Session, team: str, user: str) -> Person | None:
    """The active person whose Slack account this is, and nobody else: never by name or address."""
    if not (team and user):
        return None
    return session.scalars(
        select(Person).where(Person.slack_team == team, Person.slack_user == user, Person.active)
    ).one_or_none()


def holders(session: Session, role: Role) -> list[Person]:
    """The active people of the office who hold a role."""
    return list(
        session.scalars(
            select(Person)
            .where(Person.role == role.value, Person.body == Body.OFFICE.value, Person.active)
            .order_by(Person.id)
        )
    )


def by_email(session: Session, email: str) -> Person:
    """The active person with this e-mail address. Raises NotFound."""
    person = session.scalars(select(Person).where(Person.email == email.strip().lower(), Person.active)).one_or_none()
    if person is None:
        raise NotFound(
            f"Nobody on the staff list has the address {email}. 'award-desk people list' shows who is there."
        )
    return person


def named(session: Session, name: str) -> Person:
    """The active person with this e-mail address or this whole name, whatever its case.

    Raises NotFound, and Refused where several have the name.
    """
    if "@" in name:
        return by_email(session, name)
    wanted = " ".join(name.split()).casefold()
    found = [person for person in everybody(session) if " ".join(person.name.split()).casefold() == wanted]
    if len(found) > 1:
        raise Refused(f"{len(found)} people are called {name}. Give the e-mail address of the one you mean.")
    if not found:
        raise NotFound(f"Nobody on the staff list is called {name}. 'award-desk people list' shows who is there.")
    return found[0]


def actor_of(person: Person) -> str:
    """A member of staff as the trail names them."""
    return f"{person.name} ({person.role}, person {person.id})"


def why_not_read(person: Person) -> str:
    """Why this person reads nothing of what the desk holds, in Slack or on the staff pages; "" where they do.

    It is for the whole office to read, the panel and auditors too, and for nobody else.
    """
    if Body(person.body) is not Body.OFFICE:
        return (
            "This is for the Commissioner's office: constabulary staff neither recommend nor decide, and do not look "
            "after awards. Ask the office for what you need to know."
        )
    return ""


def acting_for_office(person: Person, what: str, rule: str) -> str:
    """Who acts, as the trail names them. Raises Refused, naming `what` it is, for whoever is not of the office."""
    if not person.active:
        raise Refused(f"You are not on the office's staff list, so you cannot {what}. Ask the office to add you.", rule)
    if Body(person.body) is not Body.OFFICE:
        raise Refused(f"Constabulary staff do not {what}: it is for the Commissioner's office.", rule)
    if person.role in READERS:
        raise Refused(f"The panel and auditors read; they do not {what}. Ask somebody of the office.", rule)
    return actor_of(person)


def acts_for_office(person: Person) -> bool:
    """Whether somebody is of the office now, and does more there than read."""
    return person.active and Body(person.body) is Body.OFFICE and person.role not in READERS


def interested(session: Session, application_id: int) -> frozenset[int]:
    """The ids of whoever has declared an interest in an application, and is out of it and of its award (A2)."""
    return frozenset(session.scalars(select(Interest.person_id).where(Interest.application_id == application_id)))


def why_out(session: Session, application_id: int, person: Person, what: str) -> str:
    """Why this person may not do `what` about an application or its award, and who may instead; "" where they may.

    What A2 says of deciding holds of whatever judges an award afterwards too: its returns, more time for one, an issue
    that its recipient raises, a question to them.
    """
    out = interested(session, application_id)
    if person.id not in out:
        return ""
    query = select(Person.name).where(
        Person.active, Person.body == Body.OFFICE.value, Person.role.not_in(READERS), Person.id.not_in(out)
    )
    names = list(session.scalars(query.order_by(Person.id)))
    instead = [*names[:MOST_NAMED], *(["somebody else of the office"] if len(names) > MOST_NAMED else [])]
    who = f"{listed(instead, 'or')} may." if instead else "Nobody else of the office can: ask it to add somebody."
    return f"You have declared an interest in this, so you do not {what}. {capital(who)}"


def judging_for_office(session: Session, person: Person, application_id: int, what: str, rule: str) -> str:
    """Who acts, as `acting_for_office` names them, where they judge an application or its award.

    Raises Refused as that does, and (A2) for whoever has declared an interest in it.
    """
    actor = acting_for_office(person, what, rule)
    refusal = why_out(session, application_id, person, what)
    if refusal:
        raise Refused(refusal, "A2")
    return actor


def count(session: Session) -> int:
    """How many active people there are."""
    return session.scalar(select(func.count()).select_from(Person).where(Person.active)) or 0
