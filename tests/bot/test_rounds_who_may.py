"""Who may do what to a sitting in Slack, by hand: by action, person, state of it, interest and delegation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.access import refuse_strangers
from bot.actions import ACTIONS
from bot.actions.rounds import LISTING, NEW, SET, SITTING_OF, SetPage
from bot.practice.workspace import TEAM_ID
from bot.sitting_message import A_SET, PAGES, of_set, set_number
from core import rounds
from core.errors import Refused
from core.office import Office
from core.records import Interest, PanelListing
from core.rules.policy import Role
from tests.bot.conftest import APPROVALS, Desk, delegated, person_of, recommended, submitted
from tests.bot.test_rounds import post, sat, words

PEOPLE: Mapping[str, str] = {
    "o": "U0OFFICER2", "r": "U0OFFICER", "d": "U0DIRECTOR", "p": "U0DEPUTY", "e": "U0CHIEF", "f": "U0FINANCE",
    "c": "U0COMM", "n": "U0PANEL", "a": "U0AUDITOR", "k": "U0FORCE", "q": "U0FORCEDIR",
}  # fmt: skip
OFFICE = "ordpefcna"

MAY: Mapping[str, Mapping[str, str]] = {
    "round_open": {"open": "ordpe", "scoring": "ordpe", "closed": "ordpe"},
    "round_begin": {"open": "ordpe"},
    "round_close": {"open": "ordpe", "scoring": "ordpe"},
    "round_score": {"scoring": "nf"},
    "round_scores": {"scoring": "nf"},
    "round_sheet": {"scoring": "nf"},
    "round_ranking": {"open": OFFICE, "scoring": "ordpeca", "closed": OFFICE},
    "round_decide": {"open": "c", "scoring": "c", "closed": "c"},
}
"""By action and state of the sitting, whom it is open to: finance is named to score, the officer "r" recommended."""

WITH_INTEREST: Mapping[str, Mapping[str, str]] = {
    **MAY,
    "round_score": {},
    "round_scores": {},
    "round_sheet": {},
    "round_ranking": dict.fromkeys(("open", "scoring", "closed"), OFFICE),
    "round_decide": {},
}
"""The same for whoever has declared an interest in its one application: they may run the meeting, and judge nothing."""

DELEGATED: Mapping[str, Mapping[str, str]] = {
    **MAY,
    "round_decide": dict.fromkeys(("open", "scoring", "closed"), "co"),
}
"""With a delegation for officers: never for whoever recommended it."""


def differing(
    office: Office, sitting: int, state: str, table: Mapping[str, Mapping[str, str]], *, interested: bool
) -> Any:
    found = []
    for letter, user in PEOPLE.items():
        with office.sessions() as session:
            made = rounds.by_id(session, sitting)
            listing = session.query(PanelListing).filter_by(sitting_id=sitting).one()
            if interested:
                who = person_of(office, user).id
                session.add(
                    Interest(
                        application_id=listing.application_id, person_id=who, reason="x", declared_at=office.clock()
                    )
                )
                session.flush()
            about: dict[Any, Any] = {NEW: 0, SITTING_OF: made, LISTING: listing, SET: SetPage(made, 0)}
            for name, action in ACTIONS.items():
                if action.subject not in about:
                    continue
                given: dict[str, Any] = {"team": TEAM_ID, "user": user, "office": office, "now": office.clock()}
                try:
                    refuse_strangers(session, about[action.subject], name, **given)
                    may = True
                except Refused:
                    may = False
                if may != (letter in table.get(name, {}).get(state, "")):
                    found.append((name, user, may))
    return found


@pytest.mark.one_database
@pytest.mark.parametrize("state", ["open", "scoring", "closed"])
@pytest.mark.parametrize("case", ["shipped", "interest", "delegated"])
def test_who_may(office: Office, state: str, case: str) -> None:
    office = delegated(office, Role.OFFICER, 300_000) if case == "delegated" else office
    number = submitted(office)
    sitting = sat(office, number, state=state, named=(person_of(office, "U0FINANCE").id,))
    recommended(office, number)
    table = {"shipped": MAY, "interest": WITH_INTEREST, "delegated": DELEGATED}[case]
    assert differing(office, sitting, state, table, interested=case == "interest") == []


@pytest.mark.one_database
def test_every_action_of_a_sitting_is_in_the_table() -> None:
    about = {name for name, action in ACTIONS.items() if action.subject in (NEW, SITTING_OF, LISTING, SET)}
    assert about == set(MAY)


@pytest.mark.one_database
@pytest.mark.parametrize("number", [-1, 0, 10**18, 3 * 10**9])
def test_what_a_button_may_carry_leads_nowhere_it_should_not(office: Office, number: int) -> None:
    with office.reading() as session:
        for subject in (SITTING_OF, LISTING, SET):
            assert subject.find(session, number, False) is None
        assert NEW.find(session, number, False) == (0 if number == 0 else None)


def test_a_set_is_cut_into_forms_and_found_again() -> None:
    assert [of_set(set_number(7, page)) for page in range(PAGES)] == [(7, 0), (7, 1), (7, 2)]
    assert PAGES * A_SET >= rounds.MOST


@pytest.mark.parametrize("user", ["U0FORCE", "U0NOBODY"])
def test_the_constabulary_and_strangers_are_shown_nothing(desk: Desk, user: str) -> None:
    number = submitted(desk.office)
    sitting = sat(desk.office, number)
    recommended(desk.office, number)
    ts = post(desk, sitting)
    for action in ("round_score", "round_ranking", "round_decide", "round_close"):
        assert desk.press(user, ts, action).view is None, action
    assert len(desk.told(user)) == 4
    desk.slack.command(user, APPROVALS, "/award-desk round")
    assert "Spring panel" not in words([one.blocks for one in desk.slack.workspace.ephemerals(APPROVALS, user)])
