"""Who is told of a deadline (D0): the recipient and their second contact by mail, the office in Slack.

What is somebody's they are told in a message of their own, or whoever stands in for them is; what is nobody's in
particular, or whose owner has no Slack account, is told in the deadlines channel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import absences, people, reach
from core.decide_by import DECISION
from core.office import Office
from core.records import Application, Interest, Person
from core.rules.lifecycle import ApplicationState
from core.rules.organisations import address_key
from core.rules.policy import Role

Channel = Literal["email", "slack"]


def mail_subject(address: str) -> str:
    """What the reminders to one address are about, in the outbox: an address may be longer than a subject."""
    return f"nudges:{hashlib.sha256(address_key(address).encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Addressee:
    """One who is told. `to` is as the policy's steps have it, `person` what a nudge is unique by.

    `email` is set for a mail, `person_id` for a message in Slack to one person; neither: the deadlines channel.
    """

    to: str
    person: str
    email: str = ""
    person_id: int | None = None

    @property
    def channel(self) -> Channel:
        """By what they are told."""
        return "email" if self.email else "slack"

    @property
    def together(self) -> tuple[str, str]:
        """What is told in one message has this in common: one address, one person, or the channel."""
        if self.email:
            return "mail", address_key(self.email)
        return ("person", str(self.person_id)) if self.person_id is not None else ("channel", "")


def _each(to: str, numbers: Sequence[int]) -> list[Addressee]:
    """Each of these people, told by themselves; the deadlines channel where there is nobody."""
    more = [Addressee(to, f"{to}:{number}", person_id=number) for number in numbers[1:]]
    return [Addressee(to, to, person_id=numbers[0] if numbers else None), *more]


class Addressees:
    """Who is told today of what. The staff list is read once, absences and interests as far as they are asked for.

    The `office` has the delegations, which say who may decide (A1).
    """

    def __init__(self, session: Session, *, office: Office, today: date) -> None:
        self._session = session
        self._office = office
        self._today = today
        self._acting: dict[tuple[int, int | None], Person] = {}

    def of(self, row: Any, to: str) -> Sequence[Addressee]:
        """Who is told of a deadline where its step is `to`; nobody where there is no address to write to.

        What was recommended waits for whoever may decide it, if any of them can be reached, and not for the officer.
        `row` has its kind, owner_id, taken_by_id, application_id, contact_email and second_email.
        """
        if to == "recipient":
            return [Addressee(to, to, email=row.contact_email)] if row.contact_email else []
        if to == "second_contact":
            return [Addressee(to, to, email=row.second_email)] if row.second_email else []
        if to == "director":
            told = {one.id: one for one in (self._acts(one, row.application_id) for one in self._directors) if one}
            return _each(to, list(told))
        deciders = self._deciders(row) if row.kind == DECISION else []
        return _each(to, deciders) if deciders else [Addressee(to, to, person_id=self._officer(row))]

    def name(self, one: Addressee) -> str:
        """What staff call them: a name, "the deadlines channel", or "" for whoever is written to by mail."""
        if one.email:
            return ""
        person = self._staff.get(one.person_id) if one.person_id is not None else None
        return person.name if person is not None else "the deadlines channel"

    def _deciders(self, row: Any) -> list[int]:
        """Who may decide a recommended application and can be reached; nobody for one that waits for the officer."""
        application = self._session.get(Application, row.application_id) if row.application_id is not None else None
        if application is None or application.status != ApplicationState.RECOMMENDED:
            return []
        found = reach.in_reach(self._session, application, office=self._office, today=self._today)
        return [one.id for one in found]

    def _officer(self, row: Any) -> int | None:
        owner = self._staff.get(row.owner_id) or self._staff.get(row.taken_by_id)
        acts = self._acts(owner, row.application_id) if owner is not None else None
        return acts.id if acts is not None else None

    def _acts(self, person: Person, application_id: int | None) -> Person | None:
        """Who is told what is this person's; None where they have no Slack account, or an interest in it (A2)."""
        key = (person.id, application_id if person.id in self._absent else None)
        if key not in self._acting:
            self._acting[key] = absences.stands_in_for(
                self._session, person, self._today, application_id=application_id
            )
        acts = self._acting[key]
        if not acts.slack_user or (application_id, acts.id) in self._interests:
            return None
        return acts

    @cached_property
    def _staff(self) -> dict[int | None, Person]:
        return {one.id: one for one in people.everybody(self._session)}

    @cached_property
    def _directors(self) -> list[Person]:
        return people.holders(self._session, Role.DIRECTOR)

    @cached_property
    def _absent(self) -> set[int]:
        return set(absences.coming(self._session, today=self._today))

    @cached_property
    def _interests(self) -> set[tuple[int | None, int]]:
        query = select(Interest.application_id, Interest.person_id)
        return {(application_id, person_id) for application_id, person_id in self._session.execute(query)}
