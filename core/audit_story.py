"""The story of one award as an auditor would read it, years later: everything that happened, in order of time (A4).

It is told from the trail and from the record beside it, and says at its end whether both can be relied on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.orm import Session, selectinload

from core import contacts, events, mail_refusals
from core.audit import Progress, unwatched
from core.audit_facts import day
from core.audit_letters import letter
from core.audit_lines import entry_of, moved_text, who
from core.audit_told import Data, Detail, Entry, Told
from core.audit_words import named
from core.awards import ACCEPTANCE
from core.cases import case_with
from core.errors import NotFound, Refused
from core.meetings import MEETING
from core.notes import seals_in
from core.office import LONDON, Office, london_day, london_moment
from core.people import STAFF_TRAIL
from core.policy_file import PolicyError
from core.publication import PUBLIC_STATES
from core.reading import Row, Unreadable, all_chosen, chosen
from core.records import (
    Application,
    Award,
    ContactChange,
    Deadline,
    LedgerEntry,
    Nudge,
    OutboxMessage,
    PolicyInForce,
    PolicyVersion,
)
from core.returns import RETURN
from core.rules.authority import Decider, may_decide, who_may_decide
from core.rules.calendar import date_text
from core.rules.money import display
from core.rules.policy import Body, Kind, Policy, Role
from core.rules.words import counted, listed
from core.seals import digest, key_of, seal_key, sealed_tables


@dataclass(frozen=True)
class Reliance:
    """Whether the trail and this case's rows can be relied on: how many lines, the first broken one, what is wrong."""

    lines: int
    head: str
    broken: int | None
    wrong: tuple[str, ...]

    @property
    def said(self) -> str:
        """In a sentence or a few."""
        if self.broken is not None:
            whole = f"The trail does not hold from line {self.broken}: run 'award-desk audit verify'."
        else:
            whole = f"The trail holds: {counted(self.lines, 'line')}, the last {self.head}."
        return " ".join([whole, *self.wrong])


@dataclass(frozen=True)
class Story:
    """One application and its award: what it is now, all that happened in order of time, what is still to come."""

    reference: str
    standing: tuple[Detail, ...]
    entries: tuple[Entry, ...]
    to_come: tuple[Entry, ...]
    published: tuple[Detail, ...]
    reliance: Reliance

    def as_data(self) -> dict[str, Any]:
        """As `award-desk audit show --json` prints it: instants in London time."""
        return {
            "reference": self.reference,
            "standing": [detail.as_data() for detail in self.standing],
            "story": [_entry_data(entry) for entry in self.entries],
            "to_come": [_entry_data(entry) for entry in self.to_come],
            "published": [detail.as_data() for detail in self.published],
            "trail": {
                "holds": self.reliance.broken is None and not self.reliance.wrong,
                "lines": self.reliance.lines,
                "head": self.reliance.head,
                "broken_from": self.reliance.broken,
                "wrong": list(self.reliance.wrong),
            },
        }


def _entry_data(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at.astimezone(LONDON).isoformat(),
        "what": entry.what,
        "by": entry.by or None,
        "line": entry.line,
        "details": [detail.as_data() for detail in entry.details],
        "findings": [dict(finding) for finding in entry.findings],
    }


def story(
    session: Session,
    reference: str,
    *,
    office: Office,
    today: date,
    private: bool = False,
    progress: Progress = unwatched,
) -> Story:
    """Tell the story of an application and its award. Personal details beyond a contact's name only with `private`.

    Raises NotFound for a reference that is not on record, Refused where somebody has put into its rows what cannot be
    read. Reads the whole trail once, to say whether it holds.
    """
    wanted = reference.strip().upper()
    number = session.scalar(select(Application.id).where(Application.reference == wanted))
    if number is None:
        raise NotFound(
            f"There is no application or award {wanted} on record. Take the reference from its receipt, its card or "
            "the register: it reads like YF-2026-7K4MPX."
        )
    rows = {
        name: all_chosen(session.connection(), table, condition)
        for name, table, condition in _tables_of_a_case(number, _awards_of(session, number))
    }
    if any(isinstance(row, Unreadable) for found in rows.values() for row in found):
        raise Refused(f"Rows of {wanted} hold what cannot be read. 'award-desk audit verify' says what is wrong.")
    return _Telling(session, session.get_one(Application, number), office, today, private, progress).whole()


def happened(session: Session, application: Application, *, office: Office, today: date) -> tuple[Entry, ...]:
    """What has happened to an application and its award, for staff: who did what, and who was told what, and when.

    Personal details are in it, and it does not say whether the trail holds: `story` does.
    """
    return tuple(_Telling(session, application, office, today, True, unwatched).happened()[0])


def _awards_of(session: Session, application: int) -> list[int]:
    """The award of an application, and those whose offer was withdrawn, by their rows."""
    return list(session.scalars(select(Award.id).where(Award.application_id == application).order_by(Award.id)))


def _tables_of_a_case(application: int, awards: Sequence[int]) -> Iterator[tuple[str, Table, ColumnElement[bool]]]:
    """Each sealed table that has rows of one case, and which of them are of this one."""
    for name, table in sealed_tables().items():
        mine = [table.c.id == application] if name == "application" else []
        mine += [table.c.application_id == application] if "application_id" in table.c else []
        mine += [table.c.award_id.in_(awards)] if "award_id" in table.c and awards else []
        if mine:
            yield name, table, or_(*mine)


@dataclass(frozen=True)
class _Staff:
    """Somebody as the staff list had them at one moment."""

    number: int
    name: str
    role: Role
    body: Body


class _Telling:
    """One story while it is put together."""

    def __init__(
        self,
        session: Session,
        application: Application,
        office: Office,
        today: date,
        private: bool,
        progress: Progress,
    ) -> None:
        self._session = session
        self._application = application
        self._award: Award | None = application.award
        self._awards = _awards_of(session, application.id)
        self._office = office
        self._today = today
        self._private = private
        self._progress = progress
        self._reference = application.reference or ""
        trail = events.TRAIL.c
        self._lines = chosen(session.connection(), events.TRAIL, trail.reference == self._reference)
        mine = select(Deadline).where(Deadline.reference == self._reference).order_by(Deadline.due, Deadline.id)
        self._deadlines = list(session.scalars(mine))

    def happened(self) -> tuple[list[Entry], list[Entry]]:
        """What has happened in order of time, and what is still to come."""
        entries = [
            *self._begun(),
            *self._told(),
            *self._old_money(),
            *self._letters(),
            *self._nudges(),
        ]
        past, to_come = self._due()
        told = sorted([*entries, *past], key=lambda entry: entry.at)  # which keeps the order of the trail at one moment
        return told, list(to_come)

    def _begun(self) -> Iterator[Entry]:
        """That the application was begun: not of one that was put on record with its award, where nobody applied."""
        if not any(line["kind"] == "recorded_outside" for line in self._lines):
            yield Entry(self._application.started_at, "The application was begun")

    def whole(self) -> Story:
        """The story, put together."""
        told, to_come = self.happened()
        return Story(
            reference=self._reference,
            standing=self._shown(self._standing()),
            entries=tuple(self._without_private(entry) for entry in told),
            to_come=tuple(to_come),
            published=self._published(),
            reliance=self._reliance(),
        )

    def _shown(self, details: Sequence[Detail]) -> tuple[Detail, ...]:
        return tuple(one for one in details if one.text and (self._private or not one.private))

    def _without_private(self, entry: Entry) -> Entry:
        return Entry(entry.at, entry.what, entry.by, entry.line, self._shown(entry.details), entry.findings)

    def _standing(self) -> list[Detail]:
        mine, award = self._application, self._award
        asked = display(mine.amount) if mine.amount is not None else ""
        details = [
            Detail("Organisation", mine.organisation_name or ""),
            Detail("Contact", mine.contact_name or ""),
            Detail("Project", mine.title or ""),
            Detail("Application", mine.status),
            Detail("Asked for", asked),
        ]
        if award is not None:
            details += [
                Detail("Award", award.status),
                Detail("Amount", display(award.amount)),
                Detail("Paid", display(award.paid)),
                Detail("Runs", f"{date_text(award.start_on)} to {date_text(award.end_on)}"),
                Detail("Conditions", award.conditions),
            ]
        return details

    # ------------------------------------------------------------------------------------------------- the trail

    def _told(self) -> Iterator[Entry]:
        for line in self._lines:
            policy, version = self._policy_of(line)
            entry = entry_of(
                Told(
                    line=line,
                    application=self._application,
                    contacts=contacts.when(self._session, self._application, line["at"]),
                    award=self._award,
                    policy=policy,
                    version=version,
                    deciders=self._deciders(line, policy),
                    asked=self._application.amount or 0,
                    days_late={
                        one.due.isoformat(): _how_late(one.due, london_day(one.met_at))
                        for one in self._deadlines
                        if one.kind == RETURN and one.met_at is not None
                    },
                )
            )
            yield replace(entry, details=(*entry.details, *self._contacts_before(line)))

    def _contacts_before(self, line: Row) -> tuple[Detail, ...]:
        """Whom we wrote to before a line changed that: what the trail itself does not say."""
        data = line["data"] if isinstance(line["data"], Mapping) else {}
        number = data.get("change") if line["kind"] == mail_refusals.CHANGED else None
        made = self._session.get(ContactChange, number) if isinstance(number, int) else None
        if made is None or made.application_id != self._application.id:
            return ()
        return (
            Detail("First contact before", f"{made.name_was or ''} {made.email_was or ''}".strip(), private=True),
            Detail(
                "Second before", f"{made.second_name_was or ''} {made.second_email_was or ''}".strip(), private=True
            ),
        )

    def _policy_of(self, line: Row) -> tuple[Policy, str]:
        """The policy that a line names, and how it came into force; the office's own where it names none."""
        data = line["data"] if isinstance(line["data"], Mapping) else {}
        fingerprint = data.get("policy")
        if not isinstance(fingerprint, str):
            return self._office.policy, ""
        version = self._session.scalars(
            select(PolicyVersion).where(PolicyVersion.fingerprint == fingerprint)
        ).one_or_none()
        if version is None:
            return self._office.policy, f"{fingerprint}, which is not on record any more"
        try:
            policy = self._office.policy_under(version)
        except PolicyError:
            return self._office.policy, f"{fingerprint}, which cannot be read"
        in_force = self._session.scalars(
            select(PolicyInForce)
            .where(
                PolicyInForce.policy_version_id == version.id,
                PolicyInForce.put_at <= line["at"],
                PolicyInForce.from_day <= london_day(line["at"]),
            )
            .order_by(PolicyInForce.from_day.desc(), PolicyInForce.id.desc())
        ).first()
        if in_force is None:
            return policy, f"{fingerprint}, on record since {london_moment(version.stored_at)}"
        how = "applied by" if in_force.how == "applied" else "read from the office's file by"
        note = f" ({in_force.note})" if in_force.note else ""
        return policy, f"{fingerprint}, in force since {date_text(in_force.from_day)}, {how} {who(in_force.by)}{note}"

    def _deciders(self, line: Row, policy: Policy) -> str:
        """Who could have decided when this line was written, by the policy and the staff list as they were then."""
        if line["kind"] not in ("approved", "declined"):
            return ""
        earlier = [one for one in self._lines if one["sequence"] < line["sequence"]]
        interested = frozenset(_person(one) for one in earlier if one["kind"] == "interest_declared")
        set_aside = ("queried", "recommendation_undone")
        asked_on = max((one["sequence"] for one in earlier if one["kind"] in set_aside), default=0)
        recommended = [one for one in earlier if one["kind"] == "recommended"]
        standing = [_person(one) for one in recommended if one["sequence"] > asked_on]
        staff = self._staff_at(line["sequence"])
        commissioners = {one.number for one in staff if one.role is Role.COMMISSIONER and one.body is Body.OFFICE}
        case = case_with(
            self._application,
            recommended_by=standing[-1] if standing else None,
            interests=interested,
            commissioners=commissioners,
            recommended_before=frozenset(_person(one) for one in recommended if one["sequence"] < asked_on),
        )
        on = london_day(line["at"])
        able = [
            one.name
            for one in staff
            if may_decide(Decider(one.role, one.body, one.number, one.name), case, policy, on) is None
        ]
        rule = who_may_decide(case, policy, on).replace("may decide it", "could decide it")
        return f"{rule} That was: {listed(able)}." if able else f"{rule} Nobody on the staff list was."

    def _staff_at(self, sequence: int) -> list[_Staff]:
        """The staff list as it stood before this line of the trail."""
        trail = events.TRAIL.c
        lines = chosen(
            self._session.connection(), events.TRAIL, trail.reference == STAFF_TRAIL, trail.sequence < sequence
        )
        found: dict[int, _Staff] = {}
        for line in lines:
            data, number = line["data"] if isinstance(line["data"], Mapping) else {}, _person(line)
            if line["kind"] == "person_added" and data.get("role") in set(Role) and data.get("body") in set(Body):
                found[number] = _Staff(number, str(data.get("name")), Role(data["role"]), Body(data["body"]))
            elif line["kind"] == "person_removed":
                found.pop(number, None)
        return list(found.values())

    # ------------------------------------------------------------------------------------------ beside the trail

    def _old_money(self) -> Iterator[Entry]:
        """Movements from before each of them had a line of its own."""
        told = {key for line in self._lines if line["kind"] != events.SEALED for key, _, _ in seals_in(line)}
        entries = select(LedgerEntry).where(LedgerEntry.award_id.in_(self._awards)).order_by(LedgerEntry.id)
        for one in self._session.scalars(entries):
            if seal_key("ledger_entry", one.id) not in told:
                values = {"fund": one.fund, "year": one.year, "pot": one.pot, "kind": one.kind, "amount": one.amount}
                what = moved_text(values, self._office.policy)
                yield Entry(one.made_at, what, who(one.actor), None, (Detail("Note", one.note),))

    def _letters(self) -> Iterator[Entry]:
        """What was mailed to the applicant, without the address."""
        subjects = [f"application-mail:{self._application.id}"]
        subjects += [f"award:{number}" for number in self._awards]
        messages = select(OutboxMessage).where(OutboxMessage.subject.in_(subjects), OutboxMessage.channel == "mail")
        for message in self._session.scalars(messages.order_by(OutboxMessage.id)):
            yield Entry(
                message.settled_at or message.made_at,
                f"By e-mail to {_WHOM.get(str(message.payload.get('to')), 'the contact')}: "
                f"{letter(message.kind)}{_sent(message)}",
            )

    def _nudges(self) -> Iterator[Entry]:
        nudges = (
            select(Nudge)
            .join(Nudge.deadline)
            .where(Deadline.reference == self._reference)
            .options(selectinload(Nudge.deadline), selectinload(Nudge.message))
            .order_by(Nudge.noted_at, Nudge.id)
        )
        for nudge in self._session.scalars(nudges):
            by = "by e-mail" if nudge.message.channel == "mail" else "in Slack"
            to = nudge.person.partition(":")[0].replace("_", " ")
            what = f"Reminder to the {to} {by}: {_due_text(nudge.deadline, nudge.due)}, {_step_text(nudge.step)}"
            yield Entry(nudge.message.settled_at or nudge.noted_at, what + _sent(nudge.message))

    def _due(self) -> tuple[list[Entry], list[Entry]]:
        """What fell due and was not met, or was closed; and what is still to come."""
        past, to_come = [], []
        for one in self._deadlines:
            entry = Entry(datetime.combine(one.due, time(23, 59), tzinfo=LONDON), self._due_entry(one))
            if one.met_at is not None:
                if one.kind not in (RETURN, ACCEPTANCE):
                    past.append(Entry(one.met_at, f"{_due_text(one)}: met{_how_late(one.due, london_day(one.met_at))}"))
            elif one.closed_at is not None:
                past.append(Entry(one.closed_at, f"{_due_text(one)}: closed, and no longer expected"))
            elif one.due < self._today:
                past.append(entry)
            else:
                to_come.append(entry)
        return past, to_come

    def _due_entry(self, deadline: Deadline) -> str:
        late = (self._today - deadline.due).days
        return f"{_due_text(deadline)}" + (f": not met, {counted(late, 'day')} overdue" if late > 0 else "")

    def _published(self) -> tuple[Detail, ...]:
        award = self._award
        if award is None or award.status not in PUBLIC_STATES:
            return (Detail("Nothing", "an award is published from its acceptance on"),)
        since = f"since {london_moment(award.answered_at)}" if award.answered_at else ""
        address = f"{self._office.public_url}/awards/{award.reference}"
        what = "recipient, title, amount, dates, area, purpose, objective, conditions and the reasons for the decision"
        details = [Detail("Register", f"{address} {since}: {what}")]
        if award.kind == Kind.GRANT:
            details.append(Detail("Open data", "in the 360Giving package of the office's grants"))
        details.append(Detail("Never", "the contact, the postcode, bank details"))
        return tuple(details)

    # ---------------------------------------------------------------------------------------- can it be relied on

    def _reliance(self) -> Reliance:
        rows, tables = self._rows()
        sealed = {key for line in self._lines for key, _, _ in seals_in(line)}
        keys = {*rows, *(key for key in sealed if key.rpartition(":")[0] in tables)}
        last: dict[str, tuple[str | None, int]] = {}
        wrong: list[str] = []
        lines, head, broken = 0, events.START, None
        for line in events.reread(self._session):
            lines += 1
            if lines % 1_000 == 0:
                self._progress(lines, "lines of the trail")
            broken = line.broken if broken is None else broken
            if line.said is None:
                continue
            head = line.said["hash"]
            for key, was, left in seals_in(line.said):
                if key not in keys:
                    continue
                if was != last.get(key, (None, 0))[0]:
                    wrong.append(f"{_named(key)} was changed behind the desk's back before line {line.sequence}.")
                last[key] = (left, line.sequence)
        for key in sorted(keys):
            left, number = last.get(key, (None, 0))
            if rows.get(key) != left:
                wrong.append(
                    f"{_named(key)} is not as line {number} left it." if number else f"{_named(key)} is in no line."
                )
        if broken is None and events.noted_end(self._session) not in (None, (lines, head)):
            broken = lines + 1
        return Reliance(lines, head, broken, tuple(wrong))

    def _rows(self) -> tuple[dict[str, str | None], set[str]]:
        """The digests of the rows of this case as they stand, and the tables that have rows of one case each."""
        found: dict[str, str | None] = {}
        tables: set[str] = set()
        for name, table, condition in _tables_of_a_case(self._application.id, self._awards):
            tables.add(name)
            for row in chosen(self._session.connection(), table, condition):
                found[seal_key(name, row[key_of(table).name])] = digest(name, row)
        return found, tables


def _person(line: Data) -> int:
    """Whom a line is about."""
    found = line["data"].get("person") if isinstance(line["data"], Mapping) else None
    return found if isinstance(found, int) else 0


def _named(key: str) -> str:
    name, _, number = key.rpartition(":")
    return named(name, int(number), None)


def _how_late(due: date, on: date) -> str:
    """How an answer came, as the end of a sentence: three days early, a day late; nothing on the day itself."""
    days = (on - due).days
    return "" if days == 0 else f", {counted(abs(days), 'day')} {'early' if days < 0 else 'late'}"


_WHOM = {
    "second_contact": "the second contact",
    "second": "the second contact",
    "first_was": "whom we wrote to before",
    "second_was": "whom we wrote to before",
}
_DUE = {RETURN: "Return", MEETING: "Monitoring meeting", ACCEPTANCE: "Acceptance of the offer"}


def _due_text(deadline: Deadline, due: date | None = None) -> str:
    """What falls due; on `due` where that is not the day on which it is due now."""
    name = _DUE.get(deadline.kind, deadline.kind.replace("_", " ").capitalize())
    final = ", the final one," if deadline.final else ""
    return f"{name}{final} due on {day(due or deadline.due)}"


def _step_text(step: int) -> str:
    if step == 0:
        return "on the day"
    return f"{counted(abs(step), 'day')} {'before' if step < 0 else 'after'}"


def _sent(message: OutboxMessage) -> str:
    """What became of a message."""
    return {"sent": ", delivered", "failed": ", NOT delivered", "withheld": ", not sent: it was no longer needed"}.get(
        message.outcome or "", ", waiting to be sent"
    )
