"""States and actions of six things: every pair against a table written by hand, and what holds for all of them.

In a table "-" is a refusal. Read a line as: in this state, this is where each action leads.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.lifecycle import (
    AGREEMENT,
    APPLICATION,
    AWARD,
    AWARD_ACTION_OF_OFFER,
    AWARD_OF_OFFER,
    LIFECYCLES,
    MEETING,
    OFFER,
    OPPORTUNITY,
    RETURN,
    SITTING,
    AgreementAction,
    AgreementState,
    ApplicationAction,
    ApplicationState,
    AwardAction,
    AwardState,
    MeetingAction,
    MeetingState,
    OfferAction,
    OfferState,
    OpportunityAction,
    OpportunityState,
    ReturnAction,
    ReturnState,
    SittingAction,
    SittingState,
    drawings,
)
from core.rules.states import Lifecycle, NotAllowed

UNDO = ApplicationAction.UNDO
"""Leads back, from a final state too."""

TABLES = {
    "Application": """
                 submit     query    answer     take_back  recommend    approve   decline   withdraw   undo
    draft        submitted  -        -          -          -            -         -         -          -
    submitted    -          queried  -          -          recommended  -         -         withdrawn  -
    queried      -          -        submitted  submitted  -            -         -         withdrawn  -
    recommended  -          queried  -          -          -            approved  declined  withdrawn  submitted
    approved     -          -        -          -          -            -         -         -          recommended
    declined     -          -        -          -          -            -         -         -          recommended
    withdrawn    -          -        -          -          -            -         -         -          -
    """,
    "Offer": """
                 extend  accept    refuse   expire   withdraw
    made         made    accepted  refused  expired  withdrawn
    accepted     -       -         -        -        -
    refused      -       -         -        -        -
    expired      -       -         -        -        -
    withdrawn    -       -         -        -        -
    """,
    "Award": """
                    accept  refuse   expire   complete   decommission
    offered         active  refused  expired  -          -
    active          -       -        -        completed  decommissioned
    completed       -       -        -        -          -
    refused         -       -        -        -          -
    expired         -       -        -        -          -
    decommissioned  -       -        -        -          -
    """,
    "Return": """
                 receive   query    answer    take_back  accept
    expected     received  -        -         -          -
    received     -         queried  -         -          accepted
    queried      -         -        received  received   -
    accepted     -         -        -         -          -
    """,
    "Opportunity": """
                 advertise  extend  close   evaluate   set_aside  award    cancel
    draft        open       -       -       -          -          -        cancelled
    open         -          open    closed  -          -          -        cancelled
    closed       -          -       -       evaluated  -          -        cancelled
    evaluated    -          -       -       -          closed     awarded  cancelled
    awarded      -          -       -       -          -          -        -
    cancelled    -          -       -       -          -          -        -
    """,
    "Agreement": """
                 send  redraft  sign    vary    transfer  end    abandon
    drafted      sent  -        -       -       -         -      abandoned
    sent         -     drafted  signed  -       -         -      abandoned
    signed       -     -        -       varied  signed    ended  -
    varied       -     -        -       varied  varied    ended  -
    ended        -     -        -       -       -         -      -
    abandoned    -     -        -       -       -         -      -
    """,
    "Sitting": """
                 begin    close
    open         scoring  closed
    scoring      -        closed
    closed       -        -
    """,
    "Meeting": """
                 move     record  cancel
    invited      invited  held    cancelled
    held         -        -       -
    cancelled    -        -       -
    """,
}
"""Where each action leads from each state."""

KINDS: dict[str, tuple[Lifecycle[Any, Any], type[StrEnum], type[StrEnum]]] = {
    "Application": (APPLICATION, ApplicationState, ApplicationAction),
    "Offer": (OFFER, OfferState, OfferAction),
    "Award": (AWARD, AwardState, AwardAction),
    "Return": (RETURN, ReturnState, ReturnAction),
    "Opportunity": (OPPORTUNITY, OpportunityState, OpportunityAction),
    "Agreement": (AGREEMENT, AgreementState, AgreementAction),
    "Sitting": (SITTING, SittingState, SittingAction),
    "Meeting": (MEETING, MeetingState, MeetingAction),
}


def written(name: str) -> tuple[list[str], dict[str, list[str]]]:
    """The actions over a table that was written by hand, and its lines by state."""
    head, *lines = (line.split() for line in TABLES[name].strip().splitlines())
    return head, {line[0]: line[1:] for line in lines}


PAIRS = [
    (name, state, action, after)
    for name in TABLES
    for state, line in written(name)[1].items()
    for action, after in zip(written(name)[0], line, strict=True)
]
each = pytest.mark.parametrize("name", list(TABLES))


@each
def test_the_written_table_has_every_state_and_every_action(name: str) -> None:
    _, states, actions = KINDS[name]
    head, lines = written(name)
    assert head == [action.value for action in actions]
    assert list(lines) == [state.value for state in states]


@pytest.mark.parametrize(("name", "state", "action", "after"), PAIRS, ids=str)
def test_every_pair(name: str, state: str, action: str, after: str) -> None:
    lifecycle, states, actions = KINDS[name]
    now, wish = states(state), actions(action)
    if after == "-":
        with pytest.raises(NotAllowed) as refused:
            lifecycle.next(now, wish)
        assert refused.value.reason == str(refused.value)
        assert wish not in lifecycle.actions(now)
    else:
        assert lifecycle.next(now, wish) is states(after)
        assert wish in lifecycle.actions(now)


@pytest.mark.parametrize(("name", "state", "action", "after"), [pair for pair in PAIRS if pair[3] == "-"])
def test_every_refusal_says_what_how_it_stands_and_what_to_do_instead(
    name: str, state: str, action: str, after: str
) -> None:
    lifecycle, states, actions = KINDS[name]
    with pytest.raises(NotAllowed) as refused:
        lifecycle.next(states(state), actions(action))
    reason = refused.value.reason
    assert re.fullmatch(r"(This|There|A|An) [^:.]+: (it|its|the) [^:.]+\. [A-Z][a-z]+ [^:.]+\.", reason), reason
    assert not re.search(r"[A-Z]{2}|_|  ", reason), reason


@pytest.mark.parametrize(
    ("name", "state", "action", "cannot", "stands", "instead"),
    [
        (
            *("Application", "submitted", "approve"),
            "This application cannot be approved",
            "it is waiting for a recommendation",
            "An officer recommends on it first, then someone else decides.",
        ),
        (
            *("Application", "approved", "decline"),
            "This application cannot be declined",
            "it has already been approved",
            "That decision stands; go on with its award.",
        ),
        (
            *("Offer", "withdrawn", "extend"),
            "A later acceptance date cannot be agreed for this offer",
            "the office has withdrawn it",
            "Its money is back in the fund, and the office decides afresh.",
        ),
        (
            *("Award", "expired", "accept"),
            "This offer cannot be accepted",
            "the offer has expired",
            "Its money is back in the fund; a new offer needs a new application.",
        ),
        (
            *("Return", "queried", "accept"),
            "This return cannot be accepted",
            "it waits for the recipient's answer to a question",
            "Record the answer, or take the question back.",
        ),
        (
            *("Opportunity", "closed", "award"),
            "This opportunity cannot be awarded",
            "it is closed and waits for the panel",
            "Record the panel's evaluation, or cancel it.",
        ),
        (
            *("Agreement", "drafted", "sign"),
            "This agreement cannot be signed",
            "it is still a draft",
            "Record the notices that are due before signing and send it, or abandon it.",
        ),
    ],
)
def test_what_people_are_told(name: str, state: str, action: str, cannot: str, stands: str, instead: str) -> None:
    lifecycle, states, actions = KINDS[name]
    with pytest.raises(NotAllowed) as refused:
        lifecycle.next(states(state), actions(action))
    assert refused.value.reason == f"{cannot}: {stands}. {instead}"


@each
def test_every_state_can_be_reached_from_the_first(name: str) -> None:
    lifecycle, states, _ = KINDS[name]
    assert reached(lifecycle, lifecycle.first) == set(states)


@each
def test_only_in_a_final_state_does_nothing_lead_on_and_from_every_state_one_is_reached(name: str) -> None:
    lifecycle, states, _ = KINDS[name]
    assert {state for state in states if not set(lifecycle.actions(state)) - {UNDO}} == lifecycle.finals
    assert [state for state in states if not reached(lifecycle, state) & lifecycle.finals] == []


@each
def test_every_action_leads_somewhere(name: str) -> None:
    lifecycle, _, actions = KINDS[name]
    assert {action for _, action in lifecycle.table} == set(actions)


def reached(lifecycle: Lifecycle[Any, Any], start: StrEnum) -> set[StrEnum]:
    """The states to which some actions lead from this one, itself among them."""
    found, new = set[StrEnum](), {start}
    while new:
        found |= new
        new = {lifecycle.next(state, action) for state in new for action in lifecycle.actions(state)} - found
    return found


@each
@pytest.mark.parametrize("part", ["table", "stands", "cannot"])
def test_nobody_changes_a_table_while_the_desk_runs(name: str, part: str) -> None:
    mapping = getattr(KINDS[name][0], part)
    key, value = next(iter(mapping.items()))
    with pytest.raises(TypeError):
        mapping[key] = value


@given(st.sampled_from(LIFECYCLES), st.data())
def test_no_walk_leaves_a_final_state_but_by_undoing_and_a_refusal_moves_nothing(
    lifecycle: Lifecycle[Any, Any], data: st.DataObject
) -> None:
    _, states, actions = KINDS[lifecycle.name]
    state = lifecycle.first
    for action in data.draw(st.lists(st.sampled_from(list(actions)), max_size=12)):
        allowed = action in lifecycle.actions(state)
        assert not (allowed and state in lifecycle.finals and action != UNDO)
        if not allowed:
            with pytest.raises(NotAllowed):
                lifecycle.next(state, action)
            continue
        state = lifecycle.next(state, action)
        assert state in states


@pytest.mark.parametrize("state", list(OfferState))
@pytest.mark.parametrize("action", list(OfferAction))
def test_an_offer_and_its_award_never_disagree(state: OfferState, action: OfferAction) -> None:
    """One column holds both: what happens to the offer happens to the award, and what is refused is refused."""
    award, done = AWARD_OF_OFFER[state], AWARD_ACTION_OF_OFFER[action]
    if action in OFFER.actions(state):
        after = AWARD_OF_OFFER[OFFER.next(state, action)]
        assert after == (award if done is None else AWARD.next(award, done))
    elif done is not None:
        with pytest.raises(NotAllowed):
            AWARD.next(award, done)


def test_what_an_award_does_before_it_starts_its_offer_does_first() -> None:
    answers = set(AWARD.actions(AwardState.OFFERED))
    assert {done for done in AWARD_ACTION_OF_OFFER.values() if done} == answers
    assert {AWARD_OF_OFFER[state] for state in OfferState} == {
        AwardState.OFFERED,
        *(AWARD.next(AwardState.OFFERED, action) for action in answers),
    }
    assert AWARD_OF_OFFER[OFFER.first] is AWARD.first
    ended = {AWARD_OF_OFFER[state] for state in OFFER.finals} - {AwardState.ACTIVE}
    assert ended <= AWARD.finals


def test_a_drawing_is_what_somebody_would_draw() -> None:
    assert RETURN.mermaid() == (
        "stateDiagram-v2\n"
        "    direction LR\n"
        "    [*] --> expected\n"
        "    expected --> received: receive\n"
        "    received --> queried: query\n"
        "    received --> accepted: accept\n"
        "    queried --> received: answer or take back\n"
        "    accepted --> [*]"
    )


ARROW = re.compile(r"    (\w+) --> (\w+): ([a-z ]+)")


@each
def test_a_drawing_has_every_change_once_and_nothing_else(name: str) -> None:
    lifecycle = KINDS[name][0]
    drawn = [
        (before, label.replace(" ", "_"), after)
        for before, after, labels in ARROW.findall(lifecycle.mermaid())
        for label in labels.split(" or ")
    ]
    assert sorted(drawn) == sorted((state, action, after) for _, state, action, after in of(name) if after != "-")
    pairs = [(before, after) for before, after, _ in ARROW.findall(lifecycle.mermaid())]
    assert len(pairs) == len(set(pairs))  # Mermaid draws one of two loops on the same state
    ends = re.findall(r"    (\w+) --> \[\*\]", lifecycle.mermaid())
    head, states = written(name)
    leads_on = {
        state
        for state, line in states.items()
        for action, to in zip(head, line, strict=True)
        if to != "-" and action != UNDO
    }
    assert set(ends) == set(states) - leads_on
    assert len(ends) == len(set(ends))


def of(name: str) -> list[tuple[str, str, str, str]]:
    return [pair for pair in PAIRS if pair[0] == name]


def test_all_eight_are_drawn() -> None:
    assert [lifecycle.name for lifecycle in LIFECYCLES] == list(TABLES)
    assert re.findall(r"^### (.*)$", drawings(), flags=re.MULTILINE) == list(TABLES)
    assert drawings().count("```mermaid\nstateDiagram-v2\n") == drawings().count("\n```\n") + 1 == 8


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Application", "draft"),
        ("Offer", "made"),
        ("Award", "offered"),
        ("Return", "expected"),
        ("Opportunity", "draft"),
        ("Agreement", "drafted"),
    ],
)
def test_where_each_begins(name: str, first: str) -> None:
    lifecycle = KINDS[name][0]
    assert lifecycle.first == first
    assert lifecycle.mermaid().splitlines()[2] == f"    [*] --> {first}"


@each
def test_every_state_and_every_action_has_its_words(name: str) -> None:
    lifecycle, states, actions = KINDS[name]
    assert set(lifecycle.stands) == set(states)
    assert set(lifecycle.cannot) == set(actions)
