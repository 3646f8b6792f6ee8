"""From the record to a person's Home: the one place where the bot reads for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from bot.home import A_PAGE, MOST_DUE, DueRow, FundRow, HomeFacts, Row, SaidRow, ScoringRow
from bot.sitting_message import version_of
from bot.words import Typed, counted, day
from core import absences, for_staff, funds, scores, waiting
from core.office import Office, london_day
from core.records import Person
from core.rules.calendar import financial_year, year_label
from core.rules.policy import Role
from core.waiting import Waits

DAYS_AHEAD: Final = 14
"""How far ahead Home looks: two of the afternoons that an officer has for it."""

MOST_SITTINGS: Final = 3
"""Sittings that a member is shown to score for: more than are open at once."""

MOST_SAID: Final = 6
"""How many of the reader's own decisions are shown."""

_PHRASES: Final = {
    Waits.RETURN: ("return to read", "returns to read"),
    Waits.OVERDUE: ("overdue return", "overdue returns"),
    Waits.DUTY: ("other thing that is overdue", "other things that are overdue"),
    Waits.MORE_TIME: ("request for more time", "requests for more time"),
    Waits.ISSUE: ("issue that a recipient raised", "issues that recipients raised"),
    Waits.MEETING_TIME: ("other time proposed for a meeting", "other times proposed for meetings"),
    Waits.MEASURES: ("proposal of other measures", "proposals of other measures"),
    Waits.BANK_DETAILS: ("award's bank details to verify", "awards' bank details to verify"),
    Waits.DOCUMENT: ("document to look at", "documents to look at"),
    Waits.MAIL: ("mail that was refused", "mails that were refused"),
}
"""What else waits, one and several. Applications are shown one by one."""

_LOOK_AFTER: Final = frozenset({Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE})
"""Who is shown what waits for the office as a whole, and its deadlines."""

_MONEY: Final = frozenset({Role.FINANCE})
"""Who is shown the bank details to verify, of all that waits."""


def home_facts(
    session: Session,
    person: Person,
    *,
    office: Office,
    now: datetime,
    page: int = 0,
    notice: str = "",
    reader: Person | None = None,
) -> HomeFacts:
    """What one person's Home shows now; `page` of the applications that wait for them, from 0.

    `reader` is who reads it in their stead, where they are away.
    """
    today = london_day(now)
    role = Role(person.role)
    mine = for_staff.to_move_on(session, person, office=office, now=now)
    page = min(max(page, 0), max((len(mine) - 1) // A_PAGE, 0))
    until = today + timedelta(days=DAYS_AHEAD)
    due = for_staff.coming_due(session, until=until) if role in _LOOK_AFTER else []
    late, coming = _named(due, today)
    year = financial_year(today)
    return HomeFacts(
        name=Typed(person.name),
        today=today,
        year=year_label(year),
        desk_url=f"{office.public_url}/desk",
        rows=tuple(_row(one, office) for one in mine[page * A_PAGE : (page + 1) * A_PAGE]),
        page=page,
        total=len(mine),
        scoring=tuple(
            ScoringRow(one.id, version_of(one), Typed(one.name), one.day, left)
            for one, left in scores.waiting_for(session, person, office)[:MOST_SITTINGS]
        ),
        also=_also(session, role, office, now),
        due=tuple(
            DueRow(one.reference, Typed(one.who), one.kind, one.due, one.with_whom(reader or person))
            for one in (*late, *coming)
        ),
        late_more=sum(one.due < today for one in due) - len(late),
        due_more=sum(one.due >= today for one in due) - len(coming),
        days_ahead=DAYS_AHEAD,
        funds=fund_rows(session, office, year),
        said=tuple(
            SaidRow(one.reference, Typed(one.who), one.what, one.amount, one.at)
            for one in for_staff.said_by(session, person, most=MOST_SAID)
        ),
        notice=notice,
        notes=_notes(session, person, today),
    )


def _named(due: Sequence[for_staff.Due], today: date) -> tuple[Sequence[for_staff.Due], Sequence[for_staff.Due]]:
    """Which of what is overdue, and of what is to come, is named: however much is late, the next things are seen."""
    late, coming = [one for one in due if one.due < today], [one for one in due if one.due >= today]
    late = late[: max(MOST_DUE - len(coming), MOST_DUE // 2)]
    return late, coming[: MOST_DUE - len(late)]


def _notes(session: Session, person: Person, today: date) -> tuple[str, ...]:
    """Who stands in for whom, where somebody is away. It gives nobody a power (A1), and Home says so."""
    notes = [
        f"{one.name} is away, and you stand in for them: what they have taken on is shown here too. You decide "
        "what you may decide yourself, and no more."
        for one in absences.stood_in_for(session, person, today)
    ]
    away = absences.absence_on(session, person, today)
    if away is not None:
        notes.append(f"You are away until {day(away.until_day)}. {away.deputy.name} stands in for you.")
    return tuple(notes)


def fund_rows(session: Session, office: Office, year: int) -> tuple[FundRow, ...]:
    """Every fund's money in a financial year, in the policy's order."""
    return tuple(
        FundRow(
            name=office.policy.fund_name(one.fund),
            awardable=one.available + one.committed,
            committed=one.committed,
            paid=one.paid,
            left=one.available,
            known=one.known,
        )
        for one in funds.positions(session, office.policy, year)
    )


def _row(one: for_staff.ToMoveOn, office: Office) -> Row:
    application = one.application
    said = application.recommendation
    return Row(
        id=application.id,
        version=application.version,
        reference=application.reference or "",
        organisation=Typed(application.organisation_name or ""),
        title=Typed(application.title or ""),
        amount=application.amount or 0,
        fund=office.policy.fund_name(application.fund),
        submitted_at=application.submitted_at or application.saved_at,
        recommended=Typed(said.person.name) if said is not None else None,
        actions=one.actions,
    )


def _also(session: Session, role: Role, office: Office, now: datetime) -> tuple[str, ...]:
    """Counts of what waits beside applications, for those who look after it."""
    shown = set(_PHRASES) if role in _LOOK_AFTER else {Waits.BANK_DETAILS} if role in _MONEY else set()
    if not shown:
        return ()
    counts = Counter(
        one.kind for one in waiting.everything(session, policy=office.policy, today=london_day(now), now=now)
    )
    kinds = [kind for kind in _PHRASES if kind in shown and counts[kind]]
    return tuple(counted(counts[kind], *_PHRASES[kind]) for kind in kinds)
