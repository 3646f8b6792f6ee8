"""What another policy would do to open applications and live awards; and their cards, once it is in force."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.office import Office, fingerprint_of
from core.policies import Proposal
from core.policy_dry_run import dry_run
from core.records import Application, PolicyInForce
from core.rules.policy import Role
from scheduler.timetable import run_sweep
from tests.conftest import Clock
from tests.core.applying import (
    APRIL,
    DELEGATED,
    LOWER,
    MAY,
    TEXT,
    TODAY,
    applied,
    cards,
    changed,
    proposed,
    started,
)
from tests.core.casework import (
    active,
    allocate,
    at_once,
    decide,
    drafted,
    facts,
    messages,
    offered,
    person,
    recommended,
    submitted,
    trail,
    victims,
)

SIX_MONTHLY = "every 6 months (2027-07-01, 2027-10-31)"
THREE_MONTHLY = "every 3 months (2027-04-01, 2027-07-01, 2027-10-01, 2027-10-31)"
DIRECTOR_TOO = "The Commissioner or the Director (up to £2,500: Scheme of governance) may decide it."


# --- the dry run ---------------------------------------------------------------------------------------------------


def told(proposal: Proposal) -> list[tuple[str, str, tuple[str, ...]]]:
    """Kind of case, status, and what differs."""
    return [(shift.what, shift.status, shift.told) for shift in proposal.run.shifts]


def differs(proposal: Proposal) -> tuple[str, ...]:
    """What differs in the one case that there is."""
    (shift,) = proposal.run.shifts
    return shift.told


def test_a_fund_that_is_taken_out_while_it_is_in_use_is_warned_of(office: Office) -> None:
    head, *funds = TEXT.split("[[funds]]")
    without = "[[funds]]".join([head, *funds[1:]])  # the Youth Fund is the first
    assert proposed(office, without).run.left_behind == ()
    allocate(office, "youth-fund", 100_000_00)
    for _ in range(2):
        drafted(office)
    submitted(office)
    decide(office, recommended(office), person(office, Role.COMMISSIONER), outcome="declined")
    (left,) = proposed(office, without).run.left_behind
    assert left.told == (
        "The fund youth-fund is not in it, and has 2 drafts and 1 open application. "
        "Keep it, and close it to applications instead."
    )
    active(office)
    offered(office)
    drafted(office, "community-fund")
    run = proposed(office, without).run
    assert run.as_data()["left_behind"] == [
        {"fund": "youth-fund", "drafts": 2, "open_applications": 1, "live_awards": 2}
    ]
    assert (run.applications, run.awards) == (1, 2)
    assert proposed(office, LOWER).run.left_behind == ()
    applied(office, without)  # a warning, not a refusal
    assert office.in_force().policy.fund("youth-fund") is None


def test_a_dry_run_says_which_cases_would_be_assessed_differently(office: Office) -> None:
    allocate(office, "youth-fund", 100_000_00)
    submitted(office)
    recommended(office)
    submitted(office, facts(amount=1_500_00))
    submitted(office, victims())  # of a fund whose rows are the same
    active(office)
    offered(office)
    decide(office, recommended(office), person(office, Role.COMMISSIONER), outcome="declined")
    proposal = proposed(office, LOWER)
    run = proposal.run
    assert (run.applications, run.awards, run.turning) == (4, 2, 4)
    over = ("F5 met → not met",)
    assert told(proposal) == [  # those in which a verdict turns come first
        ("application", "submitted", over),
        ("application", "recommended", over),
        ("award", "active", over),
        ("award", "offered", over),
        ("application", "submitted", ("F5 in other words",)),  # £1,500 is within both limits, and names them
    ]
    assert run.by_rule == {"F5": 5}
    shift = run.shifts[0].as_data()
    assert (shift["fund"], shift["amount"], shift["what"]) == ("youth-fund", "2000.00", "application")
    (finding,) = shift["findings"]
    assert finding["before"]["verdict"] == "met"
    assert finding["after"]["because"].startswith("£2,000 is over the Youth Fund's limit of £1,500.")
    data = run.as_data()
    assert data["applications"] == {"looked_at": 4, "differ": 3}
    assert data["awards"] == {"looked_at": 2, "differ": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed('below = "5000.00"', 'below = "1000.00"').replace('from = "5000.00"', 'from = "1000.00"', 1),
            {"P0 in other words", "tier: light → standard"},
        ),
        (
            changed("return_months = { value = 6", "return_months = { value = 3"),
            {
                "R1 in other words",
                f"returns: {SIX_MONTHLY} → {THREE_MONTHLY}",
            },
        ),
        (
            changed('meetings_over = { value = "10000.00"', 'meetings_over = { value = "1999.99"'),
            {"R2 in other words", "meetings: none → every 6 months (2027-07-01)"},
        ),
        (
            DELEGATED,
            {
                f"who decides: The Commissioner may decide it. → {DIRECTOR_TOO}",
            },
        ),
    ],
)
def test_what_differs(office: Office, text: str, said: set[str]) -> None:
    submitted(office)
    assert said <= set(differs(proposed(office, text)))


def test_a_limit_by_the_penny(office: Office) -> None:
    """£2,000.00 is not over a limit of £2,000.00, and is over one of £1,999.99."""
    submitted(office)
    for limit, verdict in (("2000.00", "F5 in other words"), ("1999.99", "F5 met → not met")):
        capped = changed('cap = { value = "3500.00"', f'cap = {{ value = "{limit}"')
        assert differs(proposed(office, capped)) == (verdict,)


def test_a_fund_that_is_gone_is_told(office: Office) -> None:
    submitted(office, victims())
    start = TEXT.index('[[funds]]\nid = "moj-victims"')
    without = TEXT[:start] + TEXT[TEXT.index("[[funds]]", start + 1) :]
    proposal = proposed(office, without)
    assert [change.key for change in proposal.changes] == ["funds.moj-victims"]
    assert "F1 met → not asked" in differs(proposal)


def test_a_dry_run_is_as_of_the_day_on_which_the_policy_is_to_hold(office: Office) -> None:
    """A fund that closes in February is closed on 1 April, and open today."""
    submitted(office)
    closing = changed('letters = "YF"', 'letters = "YF"\nwindows = [{ opens = 2026-11-01, closes = 2027-02-28 }]')
    assert told(proposed(office, closing)) == []
    assert differs(proposed(office, closing, APRIL)) == ("T4 met → advice",)


def test_a_long_dry_run_says_how_far_it_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.policy_dry_run.BATCH", 2)
    for _ in range(3):
        submitted(office)
    heard: list[tuple[int, str]] = []
    with office.reading() as session:
        run = dry_run(
            session, office.policy, proposed(office, LOWER).policy, day=TODAY, progress=lambda *one: heard.append(one)
        )
    assert heard == [(2, "open applications"), (3, "open applications")]
    assert (run.applications, len(run.shifts)) == (3, 3)


def test_who_may_recommend_differs_only_until_somebody_has(office: Office) -> None:
    submitted(office)
    recommended(office)
    narrower = changed('recommenders = { value = ["officer", "director", ', 'recommenders = { value = ["officer", ')
    (shift,) = proposed(office, narrower).run.shifts
    assert shift.told == (
        "who recommends: officer, director, deputy, chief executive → officer, deputy, chief executive",
    )


def test_a_dry_run_writes_nothing(office: Office) -> None:
    submitted(office)
    before = len(messages(office)), len(trail(office))
    proposed(office, LOWER)
    with office.reading() as session:
        assert session.scalars(select(PolicyInForce)).all() == []
    assert (len(messages(office)), len(trail(office))) == before


# --- cards of open applications ------------------------------------------------------------------------------------


def test_cards_are_updated_at_once_where_findings_change_and_nowhere_else(office: Office) -> None:
    concerned = submitted(office)
    submitted(office, victims())
    decided = recommended(office)
    decide(office, decided, person(office, Role.COMMISSIONER), outcome="declined")
    applied(office, LOWER)
    with office.reading() as session:
        row = session.scalars(select(PolicyInForce).where(PolicyInForce.how == "applied")).one()
        reference = session.get_one(Application, concerned).reference
    assert cards(office) == [f"card:{concerned}:policy-{row.id}"]
    (message,) = (one for one in messages(office, "card") if one.key in cards(office))
    assert (message.subject, message.payload) == (f"application:{concerned}", {"application_id": concerned})
    (line,) = trail(office, "policy_began")
    assert line.data == {"policy": fingerprint_of(LOWER), "from": "2026-11-23", "cards": [reference]}


def test_cards_of_a_policy_to_come_are_updated_on_its_day_by_the_sweep_once(office: Office, clock: Clock) -> None:
    application = submitted(office)
    applied(office, LOWER, APRIL)
    clock.set_day(APRIL - timedelta(days=1))
    run_sweep(office)
    assert cards(office) == []
    clock.set_day(APRIL)
    run_sweep(office)
    assert [key.startswith(f"card:{application}:policy-") for key in cards(office)] == [True]
    run_sweep(office)
    clock.forward(days=1)
    run_sweep(office)
    assert len(cards(office)) == 1
    assert len(trail(office, "policy_began")) == 1


def test_a_sweep_as_of_a_later_day_does_not_begin_a_policy_whose_day_has_not_come(office: Office, clock: Clock) -> None:
    submitted(office)
    applied(office, LOWER, APRIL)
    run_sweep(office, today=APRIL)
    assert cards(office) == []
    clock.set_day(APRIL)
    run_sweep(office)
    assert len(cards(office)) == 1


def test_sweeps_at_once_begin_a_policy_once(office: Office, clock: Clock) -> None:
    submitted(office)
    applied(office, LOWER, APRIL)
    clock.set_day(APRIL)
    at_once([lambda: run_sweep(office, ordered=True) for _ in range(4)])
    assert len(cards(office)) == 1
    assert len(trail(office, "policy_began")) == 1


def test_a_sweep_that_was_missed_begins_the_latest_policy_only(office: Office, clock: Clock) -> None:
    """What was in force for a while that nobody swept in leaves no card: it would show what holds now anyway."""
    application = submitted(office)
    applied(office, LOWER, APRIL)
    applied(office, changed('cap = { value = "1500.00"', 'cap = { value = "1000.00"', LOWER), MAY)
    clock.set_day(MAY)
    run_sweep(office)
    assert len(cards(office)) == 1
    (line,) = trail(office, "policy_began")
    assert line.data["from"] == "2027-05-01"
    with office.reading() as session:
        assert session.get_one(Application, application).status == "submitted"


def test_cards_are_updated_too_where_another_file_is_started_with(office: Office) -> None:
    submitted(office)
    started(office)
    assert cards(office) == []
    started(office, LOWER)
    assert len(cards(office)) == 1


def test_a_delegation_changes_who_may_decide_and_so_the_card(office: Office) -> None:
    submitted(office)
    applied(office, DELEGATED)
    assert len(cards(office)) == 1


def test_the_nudges_of_a_sweep_follow_the_policy_in_force(office: Office, clock: Clock) -> None:
    offered(office)
    step = '{ days = -7, to = ["recipient"], says = "We have'
    applied(office, changed(step, step.replace("-7", "-10")))
    clock.set_day(TODAY + timedelta(days=18))  # ten days before the offer runs out
    assert [(step.step, step.to) for step in run_sweep(office)] == [(-10, "recipient")]
    clock.set_day(TODAY + timedelta(days=21))
    assert [(step.step, step.to) for step in run_sweep(office)] == [(-7, "officer")]
