"""What state an application or an award is in, what may be done to it then, and why not otherwise.

One table each. The database guards the change itself (`UPDATE … WHERE state = :old`); this says which changes exist.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "APPLICATION_TABLE",
    "AWARD_TABLE",
    "ApplicationAction",
    "ApplicationState",
    "AwardAction",
    "AwardState",
    "NotAllowed",
    "application_actions",
    "award_actions",
    "next_application_state",
    "next_award_state",
]


class ApplicationState(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    QUERIED = "queried"
    RECOMMENDED = "recommended"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ApplicationAction(StrEnum):
    """What can be done to an application."""

    SUBMIT = "submit"
    QUERY = "query"
    ANSWER = "answer"
    RECOMMEND = "recommend"
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


class AwardState(StrEnum):
    """Where an award stands."""

    OFFERED = "offered"
    ACTIVE = "active"
    COMPLETED = "completed"
    REFUSED = "refused"
    EXPIRED = "expired"
    DECOMMISSIONED = "decommissioned"


class AwardAction(StrEnum):
    """What can be done to an award."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    EXPIRE = "expire"
    COMPLETE = "complete"
    DECOMMISSION = "decommission"


class NotAllowed(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The action does not exist in this state; `reason` says why in plain English, and what to do instead."""

    def __init__(self, reason: str) -> None:
        """Keep the reason as the exception's text too."""
        super().__init__(reason)
        self.reason = reason


_S = ApplicationState
_A = ApplicationAction

APPLICATION_TABLE: Final[Mapping[tuple[ApplicationState, ApplicationAction], ApplicationState]] = MappingProxyType(
    {
        (_S.DRAFT, _A.SUBMIT): _S.SUBMITTED,
        (_S.DRAFT, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.SUBMITTED, _A.RECOMMEND): _S.RECOMMENDED,
        (_S.SUBMITTED, _A.QUERY): _S.QUERIED,
        (_S.SUBMITTED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.QUERIED, _A.ANSWER): _S.SUBMITTED,
        (_S.QUERIED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.RECOMMENDED, _A.APPROVE): _S.APPROVED,
        (_S.RECOMMENDED, _A.DECLINE): _S.DECLINED,
        (_S.RECOMMENDED, _A.QUERY): _S.QUERIED,
        (_S.RECOMMENDED, _A.WITHDRAW): _S.WITHDRAWN,
    }
)
"""Every change of state that an application can make."""

AWARD_TABLE: Final[Mapping[tuple[AwardState, AwardAction], AwardState]] = MappingProxyType(
    {
        (AwardState.OFFERED, AwardAction.ACCEPT): AwardState.ACTIVE,
        (AwardState.OFFERED, AwardAction.REFUSE): AwardState.REFUSED,
        (AwardState.OFFERED, AwardAction.EXPIRE): AwardState.EXPIRED,
        (AwardState.ACTIVE, AwardAction.COMPLETE): AwardState.COMPLETED,
        (AwardState.ACTIVE, AwardAction.DECOMMISSION): AwardState.DECOMMISSIONED,
    }
)
"""Every change of state that an award can make."""

_APPLICATION_NOW: Final[Mapping[ApplicationState, str]] = MappingProxyType(
    {
        _S.DRAFT: "it has not been submitted yet",
        _S.SUBMITTED: "it is waiting for a recommendation",
        _S.QUERIED: "it waits for the applicant's answer to a question",
        _S.RECOMMENDED: "it has been recommended and waits for a decision",
        _S.APPROVED: "it has already been approved",
        _S.DECLINED: "it has already been declined",
        _S.WITHDRAWN: "it has been withdrawn",
    }
)
_APPLICATION_CANNOT: Final[Mapping[ApplicationAction, str]] = MappingProxyType(
    {
        _A.SUBMIT: "This application cannot be submitted",
        _A.QUERY: "A question cannot be put to this applicant",
        _A.ANSWER: "There is no question to answer on this application",
        _A.RECOMMEND: "This application cannot be recommended",
        _A.APPROVE: "This application cannot be approved",
        _A.DECLINE: "This application cannot be declined",
        _A.WITHDRAW: "This application cannot be withdrawn",
    }
)
_AWARD_NOW: Final[Mapping[AwardState, str]] = MappingProxyType(
    {
        AwardState.OFFERED: "the offer has not been accepted yet",
        AwardState.ACTIVE: "the offer has been accepted and the award has started",
        AwardState.COMPLETED: "the award is complete",
        AwardState.REFUSED: "the offer has been refused",
        AwardState.EXPIRED: "the offer has expired",
        AwardState.DECOMMISSIONED: "the award has been de-commissioned",
    }
)
_AWARD_CANNOT: Final[Mapping[AwardAction, str]] = MappingProxyType(
    {
        AwardAction.ACCEPT: "This offer cannot be accepted",
        AwardAction.REFUSE: "This offer cannot be refused",
        AwardAction.EXPIRE: "This offer cannot expire",
        AwardAction.COMPLETE: "This award cannot be completed",
        AwardAction.DECOMMISSION: "This award cannot be de-commissioned",
    }
)


def next_application_state(state: ApplicationState, action: ApplicationAction) -> ApplicationState:
    """The state after the action; raises NotAllowed, with the reason, where the table has no such change."""
    try:
        return APPLICATION_TABLE[state, action]
    except KeyError:
        raise NotAllowed(_why_not(state, action)) from None


def next_award_state(state: AwardState, action: AwardAction) -> AwardState:
    """The state after the action; raises NotAllowed, with the reason, where the table has no such change."""
    try:
        return AWARD_TABLE[state, action]
    except KeyError:
        raise NotAllowed(f"{_AWARD_CANNOT[action]}: {_AWARD_NOW[state]}.") from None


def application_actions(state: ApplicationState) -> tuple[ApplicationAction, ...]:
    """What can be done to an application in this state, in the order of the actions."""
    return tuple(action for action in ApplicationAction if (state, action) in APPLICATION_TABLE)


def award_actions(state: AwardState) -> tuple[AwardAction, ...]:
    """What can be done to an award in this state, in the order of the actions."""
    return tuple(action for action in AwardAction if (state, action) in AWARD_TABLE)


def _why_not(state: ApplicationState, action: ApplicationAction) -> str:
    cannot = _APPLICATION_CANNOT[action]
    if state is _S.SUBMITTED and action in (_A.APPROVE, _A.DECLINE):
        return f"{cannot} yet: it needs a recommendation by someone else first."
    return f"{cannot}: {_APPLICATION_NOW[state]}."
