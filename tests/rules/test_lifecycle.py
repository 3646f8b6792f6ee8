import itertools

import pytest

from core.rules.lifecycle import (
    APPLICATION_TABLE,
    AWARD_TABLE,
    ApplicationAction,
    ApplicationState,
    AwardAction,
    AwardState,
    NotAllowed,
    application_actions,
    award_actions,
    next_application_state,
    next_award_state,
)

APPLICATION = {
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "query"): "queried",
    ("submitted", "recommend"): "recommended",
    ("submitted", "withdraw"): "withdrawn",
    ("queried", "answer"): "submitted",
    ("queried", "withdraw"): "withdrawn",
    ("recommended", "approve"): "approved",
    ("recommended", "decline"): "declined",
    ("recommended", "query"): "queried",
    ("recommended", "withdraw"): "withdrawn",
}
AWARD = {
    ("offered", "accept"): "active",
    ("offered", "refuse"): "refused",
    ("offered", "expire"): "expired",
    ("active", "complete"): "completed",
    ("active", "decommission"): "decommissioned",
}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(ApplicationState, ApplicationAction)))
def test_every_pair_of_an_application(state: ApplicationState, action: ApplicationAction) -> None:
    expected = APPLICATION.get((state.value, action.value))
    if expected:
        assert next_application_state(state, action).value == expected
    else:
        with pytest.raises(NotAllowed) as refused:
            next_application_state(state, action)
        assert refused.value.reason.endswith(".")
        assert refused.value.reason == str(refused.value)
    assert (action in application_actions(state)) == bool(expected)


@pytest.mark.parametrize(("state", "action"), list(itertools.product(AwardState, AwardAction)))
def test_every_pair_of_an_award(state: AwardState, action: AwardAction) -> None:
    expected = AWARD.get((state.value, action.value))
    if expected:
        assert next_award_state(state, action).value == expected
    else:
        with pytest.raises(NotAllowed) as refused:
            next_award_state(state, action)
        assert refused.value.reason.endswith(".")
    assert (action in award_actions(state)) == bool(expected)


def test_the_tables_hold_nothing_else() -> None:
    assert {
        (state.value, action.value): after.value for (state, action), after in APPLICATION_TABLE.items()
    } == APPLICATION
    assert {(state.value, action.value): after.value for (state, action), after in AWARD_TABLE.items()} == AWARD


@pytest.mark.parametrize("action", [ApplicationAction.APPROVE, ApplicationAction.DECLINE])
def test_a_decision_needs_a_recommendation_first(action: ApplicationAction) -> None:
    with pytest.raises(NotAllowed, match="needs a recommendation by someone else first"):
        next_application_state(ApplicationState.SUBMITTED, action)


def test_a_second_decision_is_told_of_the_first() -> None:
    with pytest.raises(NotAllowed, match="cannot be declined: it has already been approved"):
        next_application_state(ApplicationState.APPROVED, ApplicationAction.DECLINE)
    with pytest.raises(NotAllowed, match="cannot be accepted: the offer has expired"):
        next_award_state(AwardState.EXPIRED, AwardAction.ACCEPT)
