"""The ranking of a sitting: its applications by what the panel scored, against what each fund has left (F6).

It is worked out from the record whenever somebody looks, and decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from core import funds, rounds
from core.errors import Refused
from core.office import Office, london_day
from core.records import Application, PanelListing, Person, ScoreSheet, Sitting
from core.rules import scoring
from core.rules.calendar import financial_year
from core.rules.lifecycle import ApplicationState
from core.rules.scoring import Placed
from core.scores import Kept, kept_out, left_to_score, sheets
from core.taking import OPEN


@dataclass(frozen=True)
class Line:
    """One application of a sitting: its place, and who has scored it.

    `amount` is what was recommended, else what was asked for, in pence. `counted` scores make its score; `lacking` are
    those who may score it and have not by every criterion; `set_aside` scores count no more (A2).
    """

    listing: PanelListing
    placed: Placed
    amount: int
    counted: int
    lacking: tuple[str, ...]
    set_aside: int = 0

    @property
    def application(self) -> Application:
        """The application."""
        return self.listing.application

    @property
    def score(self) -> Fraction | None:
        """From 0 to 1, exactly; None while nobody has scored it by every criterion."""
        return self.placed.entry.score


@dataclass(frozen=True)
class Group:
    """The ranking of what is asked of one fund in one financial year: that is one money.

    `available` is what the fund has left of that year, in pence; None where nothing has been allocated.
    """

    fund: str
    year: int
    available: int | None
    lines: tuple[Line, ...]


def may_see(session: Session, sitting: Sitting, person: Person, office: Office) -> Refused | None:
    """Why this person does not see the ranking now; None if they do: the office may, and whoever has scored.

    Whoever still has to score does not: theirs are not to be led by the others'.
    """
    refusal = rounds.may_see(person)
    if refusal is not None:
        return refusal
    left = len(left_to_score(session, sitting, person, office))
    if left:
        return Refused(f"Score first what is left for you ({left:,}): the ranking shows what the others think.", "A2")
    return None


def ranking(session: Session, sitting: Sitting, *, office: Office, now: datetime) -> tuple[Group, ...]:
    """A sitting's applications, ranked for each fund and year: in the order of the funds, then of the years."""
    found = rounds.listings(session, sitting)
    scorers = rounds.scorers(session, sitting)
    out = kept_out(session, [one.application_id for one in found])
    given: dict[int, list[ScoreSheet]] = defaultdict(list)
    for sheet in sheets(session, found):
        given[sheet.listing_id].append(sheet)
    groups: dict[tuple[str, int], list[PanelListing]] = defaultdict(list)
    for one in found:
        groups[one.application.fund, _year(one.application, now)].append(one)
    order = {fund.id: place for place, fund in enumerate(office.policy.funds)}
    ordered = sorted(groups, key=lambda key: (order.get(key[0], len(order)), key))
    return tuple(
        _group(session, sitting, key, groups[key], given, scorers, out, office, now) for key in ordered
    )  # fmt: skip


def _group(
    session: Session,
    sitting: Sitting,
    of: tuple[str, int],
    found: Sequence[PanelListing],
    given: Mapping[int, Sequence[ScoreSheet]],
    scorers: Sequence[Person],
    out: Kept,
    office: Office,
    now: datetime,
) -> Group:
    fund, year = of
    position = funds.position(session, fund, year)
    available = position.available if position.known else None
    criteria = rounds.policy_of(sitting, office).criteria_of(fund)
    lines: dict[int, tuple[PanelListing, int, int, tuple[str, ...], int]] = {}
    entries = []
    for one in found:
        application = one.application
        able = {person.id: person.name for person in scorers if not out.out(application.id, person.id)}
        whole = {
            sheet.person_id: score
            for sheet in given[one.id]
            if (score := scoring.score_of(sheet.points, criteria)) is not None
        }
        counted = {number: score for number, score in whole.items() if not out.out(application.id, number)}
        is_open = ApplicationState(application.status) in OPEN
        lacking = tuple(name for number, name in able.items() if number not in counted) if is_open else ()
        lines[one.id] = (one, amount_of(application), len(counted), lacking, len(whole) - len(counted))
        entries.append(
            scoring.Entry(
                one.id,
                application.submitted_at or application.saved_at,
                scoring.together(counted.values()),
                amount=_takes(application),
                alone=_alone(session, application, year, now),
            )
        )
    placed = scoring.against_money(scoring.ranked(entries), available)
    return Group(
        fund,
        year,
        available,
        tuple(
            Line(listing, place, amount, counted_, lacking, aside)
            for place in placed
            for listing, amount, counted_, lacking, aside in [lines[place.entry.number]]
        ),
    )


def amount_of(application: Application) -> int:
    """What is recommended to be given, else what was asked for, in pence."""
    said = application.recommendation
    return application.amount or 0 if said is None or said.outcome == "decline" else said.amount


def _takes(application: Application) -> int:
    """What it would still take of the fund's money: nothing once decided, or where declining it is recommended."""
    said = application.recommendation
    if ApplicationState(application.status) not in OPEN or (said is not None and said.outcome == "decline"):
        return 0
    return amount_of(application)


def _alone(session: Session, application: Application, year: int, now: datetime) -> int:
    """The most that the fund could give to it: not what is ring-fenced for others (F1)."""
    today = london_day(now)
    left = funds.left_for(
        session,
        application.fund,
        year,
        amount_of(application),
        purpose=application.purpose,
        end=application.end_on or today,
        this_year=financial_year(today),
    )
    return left.available


def _year(application: Application, now: datetime) -> int:
    return financial_year(application.start_on or london_day(now))
