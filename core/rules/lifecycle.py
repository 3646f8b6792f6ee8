"""What state a thing is in, what may be done to it then, and why not otherwise: one table for each of eight things.

The database guards the change itself (`UPDATE … WHERE state = :old`); this says which changes exist. The drawings in
README are made from these tables by `drawings`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from core.rules.states import Lifecycle, Stands

__all__ = [
    "AGREEMENT",
    "APPLICATION",
    "AWARD",
    "AWARD_ACTION_OF_OFFER",
    "AWARD_OF_OFFER",
    "LIFECYCLES",
    "MEETING",
    "OFFER",
    "OPPORTUNITY",
    "RETURN",
    "SITTING",
    "AgreementAction",
    "AgreementState",
    "ApplicationAction",
    "ApplicationState",
    "AwardAction",
    "AwardState",
    "MeetingAction",
    "MeetingState",
    "OfferAction",
    "OfferState",
    "OpportunityAction",
    "OpportunityState",
    "ReturnAction",
    "ReturnState",
    "SittingAction",
    "SittingState",
    "drawings",
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


TO_DECIDE: Final = frozenset({ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED})
"""States of an application in which a decision is still to come."""


class ApplicationAction(StrEnum):
    """What can be done to an application. To query it is to send it back (A5): the question says what fails."""

    SUBMIT = "submit"
    QUERY = "query"
    ANSWER = "answer"
    TAKE_BACK = "take_back"
    RECOMMEND = "recommend"
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    UNDO = "undo"


_S = ApplicationState
_A = ApplicationAction

APPLICATION: Final = Lifecycle(
    name="Application",
    first=_S.DRAFT,
    finals=frozenset({_S.APPROVED, _S.DECLINED, _S.WITHDRAWN}),
    table={
        (_S.DRAFT, _A.SUBMIT): _S.SUBMITTED,
        (_S.SUBMITTED, _A.QUERY): _S.QUERIED,
        (_S.SUBMITTED, _A.RECOMMEND): _S.RECOMMENDED,
        (_S.SUBMITTED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.QUERIED, _A.ANSWER): _S.SUBMITTED,
        (_S.QUERIED, _A.TAKE_BACK): _S.SUBMITTED,  # an applicant who never answers does not hold a bid open for ever
        (_S.QUERIED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.RECOMMENDED, _A.QUERY): _S.QUERIED,
        (_S.RECOMMENDED, _A.APPROVE): _S.APPROVED,
        (_S.RECOMMENDED, _A.DECLINE): _S.DECLINED,
        (_S.RECOMMENDED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.RECOMMENDED, _A.UNDO): _S.SUBMITTED,  # whoever pressed wrongly steps back, both steps on the record
        (_S.APPROVED, _A.UNDO): _S.RECOMMENDED,  # while its offer is open
        (_S.DECLINED, _A.UNDO): _S.RECOMMENDED,
    },
    stands={
        _S.DRAFT: Stands("it has not been submitted yet", "The applicant submits it, or simply leaves it."),
        _S.SUBMITTED: Stands(
            "it is waiting for a recommendation", "An officer recommends on it first, then someone else decides."
        ),
        _S.QUERIED: Stands(
            "it waits for the applicant's answer to a question", "Wait for the answer, or take the question back."
        ),
        _S.RECOMMENDED: Stands(
            "it has been recommended and waits for a decision", "Someone who did not recommend it decides next."
        ),
        _S.APPROVED: Stands("it has already been approved", "That decision stands; go on with its award."),
        _S.DECLINED: Stands("it has already been declined", "That decision stands; the applicant may apply again."),
        _S.WITHDRAWN: Stands("it has been withdrawn", "The applicant may apply again."),
    },
    cannot={
        _A.SUBMIT: "This application cannot be submitted",
        _A.QUERY: "A question cannot be put to this applicant",
        _A.ANSWER: "There is no question to answer on this application",
        _A.TAKE_BACK: "There is no question to take back on this application",
        _A.RECOMMEND: "This application cannot be recommended",
        _A.APPROVE: "This application cannot be approved",
        _A.DECLINE: "This application cannot be declined",
        _A.WITHDRAW: "This application cannot be withdrawn",
        _A.UNDO: "There is nothing to undo on this application",
    },
)
"""From the first saved page to the decision (A2, A3, A5), and back from a wrong press."""


class OfferState(StrEnum):
    """Where an offer stands."""

    MADE = "made"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferAction(StrEnum):
    """What can be done to an offer. To extend it is to agree a later acceptance date."""

    EXTEND = "extend"
    ACCEPT = "accept"
    REFUSE = "refuse"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


_NEW_OFFER: Final = "Its money is back in the fund; a new offer needs a new application."

OFFER: Final = Lifecycle(
    name="Offer",
    first=OfferState.MADE,
    finals=frozenset({OfferState.ACCEPTED, OfferState.REFUSED, OfferState.EXPIRED, OfferState.WITHDRAWN}),
    table={
        (OfferState.MADE, OfferAction.ACCEPT): OfferState.ACCEPTED,
        (OfferState.MADE, OfferAction.REFUSE): OfferState.REFUSED,
        (OfferState.MADE, OfferAction.EXPIRE): OfferState.EXPIRED,
        (OfferState.MADE, OfferAction.WITHDRAW): OfferState.WITHDRAWN,
        (OfferState.MADE, OfferAction.EXTEND): OfferState.MADE,
    },
    stands={
        OfferState.MADE: Stands("it has not been answered yet", "The applicant answers it by its acceptance date."),
        OfferState.ACCEPTED: Stands("it has been accepted", "Nothing is left to answer; go on with its award."),
        OfferState.REFUSED: Stands("it has been refused", _NEW_OFFER),
        OfferState.EXPIRED: Stands("its acceptance date has passed", _NEW_OFFER),
        OfferState.WITHDRAWN: Stands(
            "the office has withdrawn it", "Its money is back in the fund, and the office decides afresh."
        ),
    },
    cannot={
        OfferAction.EXTEND: "A later acceptance date cannot be agreed for this offer",
        OfferAction.ACCEPT: "This offer cannot be accepted",
        OfferAction.REFUSE: "This offer cannot be refused",
        OfferAction.EXPIRE: "This offer cannot expire",
        OfferAction.WITHDRAW: "This offer cannot be withdrawn",
    },
)
"""From the approval to the applicant's answer (A6)."""


class AwardState(StrEnum):
    """Where an award stands. Until its offer is answered, this is where the offer stands: see AWARD_OF_OFFER."""

    OFFERED = "offered"
    ACTIVE = "active"
    COMPLETED = "completed"
    REFUSED = "refused"
    EXPIRED = "expired"
    DECOMMISSIONED = "decommissioned"


RUNNING: Final = (AwardState.OFFERED, AwardState.ACTIVE)
"""The states of an award that has not ended: somebody looks after it, and something of it is still to be judged."""


class AwardAction(StrEnum):
    """What can be done to an award."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    EXPIRE = "expire"
    COMPLETE = "complete"
    DECOMMISSION = "decommission"


AWARD: Final = Lifecycle(
    name="Award",
    first=AwardState.OFFERED,
    finals=frozenset({AwardState.COMPLETED, AwardState.REFUSED, AwardState.EXPIRED, AwardState.DECOMMISSIONED}),
    table={
        (AwardState.OFFERED, AwardAction.ACCEPT): AwardState.ACTIVE,
        (AwardState.OFFERED, AwardAction.REFUSE): AwardState.REFUSED,
        (AwardState.OFFERED, AwardAction.EXPIRE): AwardState.EXPIRED,
        (AwardState.ACTIVE, AwardAction.COMPLETE): AwardState.COMPLETED,
        (AwardState.ACTIVE, AwardAction.DECOMMISSION): AwardState.DECOMMISSIONED,
    },
    stands={
        AwardState.OFFERED: Stands(
            "the offer has not been accepted yet", "The applicant answers it by its acceptance date."
        ),
        AwardState.ACTIVE: Stands(
            "the offer has been accepted and the award has started",
            "Nothing is left to answer; agree any change with the office.",
        ),
        AwardState.COMPLETED: Stands("the award is complete", "Anything more needs a new application."),
        AwardState.REFUSED: Stands("the offer has been refused", _NEW_OFFER),
        AwardState.EXPIRED: Stands("the offer has expired", _NEW_OFFER),
        AwardState.DECOMMISSIONED: Stands("the award has been de-commissioned", "Anything more needs a new award."),
    },
    cannot={
        AwardAction.ACCEPT: "This offer cannot be accepted",
        AwardAction.REFUSE: "This offer cannot be refused",
        AwardAction.EXPIRE: "This offer cannot expire",
        AwardAction.COMPLETE: "This award cannot be completed",
        AwardAction.DECOMMISSION: "This award cannot be de-commissioned",
    },
)
"""From the offer to the last return (A6, R1, R5)."""

AWARD_OF_OFFER: Final[Mapping[OfferState, AwardState]] = MappingProxyType(
    {
        OfferState.MADE: AwardState.OFFERED,
        OfferState.ACCEPTED: AwardState.ACTIVE,
        OfferState.REFUSED: AwardState.REFUSED,
        OfferState.EXPIRED: AwardState.EXPIRED,
        OfferState.WITHDRAWN: AwardState.EXPIRED,  # its time ended too, by the office; the trail says which it was
    }
)
"""The award's state that goes with each state of its offer: one column holds both."""


AWARD_ACTION_OF_OFFER: Final[Mapping[OfferAction, AwardAction | None]] = MappingProxyType(
    {
        OfferAction.EXTEND: None,
        OfferAction.ACCEPT: AwardAction.ACCEPT,
        OfferAction.REFUSE: AwardAction.REFUSE,
        OfferAction.EXPIRE: AwardAction.EXPIRE,
        OfferAction.WITHDRAW: AwardAction.EXPIRE,
    }
)
"""What each action on an offer does to its award; None for a later acceptance date, which moves no state."""


class ReturnState(StrEnum):
    """Where a monitoring return stands. One that is expected has a deadline and no row yet."""

    EXPECTED = "expected"
    RECEIVED = "received"
    QUERIED = "queried"
    ACCEPTED = "accepted"


class ReturnAction(StrEnum):
    """What can be done to a monitoring return."""

    RECEIVE = "receive"
    QUERY = "query"
    ANSWER = "answer"
    TAKE_BACK = "take_back"
    ACCEPT = "accept"


RETURN: Final = Lifecycle(
    name="Return",
    first=ReturnState.EXPECTED,
    finals=frozenset({ReturnState.ACCEPTED}),
    table={
        (ReturnState.EXPECTED, ReturnAction.RECEIVE): ReturnState.RECEIVED,
        (ReturnState.RECEIVED, ReturnAction.QUERY): ReturnState.QUERIED,
        (ReturnState.RECEIVED, ReturnAction.ACCEPT): ReturnState.ACCEPTED,
        (ReturnState.QUERIED, ReturnAction.ANSWER): ReturnState.RECEIVED,
        (ReturnState.QUERIED, ReturnAction.TAKE_BACK): ReturnState.RECEIVED,
    },
    stands={
        ReturnState.EXPECTED: Stands("it has not come in yet", "The recipient sends it first."),
        ReturnState.RECEIVED: Stands(
            "it is in and an officer reads it", "The officer accepts it, or puts a question to the recipient."
        ),
        ReturnState.QUERIED: Stands(
            "it waits for the recipient's answer to a question", "Record the answer, or take the question back."
        ),
        ReturnState.ACCEPTED: Stands(
            "it has been accepted", "Nothing more is needed; write to each other if something is still not clear."
        ),
    },
    cannot={
        ReturnAction.RECEIVE: "This return cannot be taken in again",
        ReturnAction.QUERY: "A question cannot be put about this return",
        ReturnAction.ANSWER: "There is no question to answer on this return",
        ReturnAction.TAKE_BACK: "There is no question to take back on this return",
        ReturnAction.ACCEPT: "This return cannot be accepted",
    },
)
"""From the deadline to the officer's acceptance (R1). None is waived: where an award ends early, chasing stops."""


class OpportunityState(StrEnum):
    """Where an opportunity stands: an invitation to apply, to quote or to tender."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    EVALUATED = "evaluated"
    AWARDED = "awarded"
    CANCELLED = "cancelled"


class OpportunityAction(StrEnum):
    """What can be done to an opportunity. To extend it is to set a later closing day, for everybody."""

    ADVERTISE = "advertise"
    EXTEND = "extend"
    CLOSE = "close"
    EVALUATE = "evaluate"
    SET_ASIDE = "set_aside"
    AWARD = "award"
    CANCEL = "cancel"


_OS = OpportunityState
_OA = OpportunityAction

OPPORTUNITY: Final = Lifecycle(
    name="Opportunity",
    first=_OS.DRAFT,
    finals=frozenset({_OS.AWARDED, _OS.CANCELLED}),
    table={
        (_OS.DRAFT, _OA.ADVERTISE): _OS.OPEN,
        (_OS.DRAFT, _OA.CANCEL): _OS.CANCELLED,
        (_OS.OPEN, _OA.CLOSE): _OS.CLOSED,
        (_OS.OPEN, _OA.CANCEL): _OS.CANCELLED,
        (_OS.OPEN, _OA.EXTEND): _OS.OPEN,
        (_OS.CLOSED, _OA.EVALUATE): _OS.EVALUATED,
        (_OS.CLOSED, _OA.CANCEL): _OS.CANCELLED,
        (_OS.EVALUATED, _OA.SET_ASIDE): _OS.CLOSED,  # a conflict of interest comes to light, or a bidder is right
        (_OS.EVALUATED, _OA.AWARD): _OS.AWARDED,
        (_OS.EVALUATED, _OA.CANCEL): _OS.CANCELLED,
    },
    stands={
        _OS.DRAFT: Stands("it has not been advertised yet", "Advertise it, or cancel it."),
        _OS.OPEN: Stands("it is open until its closing day", "Wait for that day, set a later one, or cancel it."),
        _OS.CLOSED: Stands("it is closed and waits for the panel", "Record the panel's evaluation, or cancel it."),
        _OS.EVALUATED: Stands("the panel has evaluated it", "Award it, set the evaluation aside, or cancel it."),
        _OS.AWARDED: Stands("it has been awarded", "Go on with the agreement; a new need is a new opportunity."),
        _OS.CANCELLED: Stands("it has been cancelled", "Draft a new opportunity if the need is still there."),
    },
    cannot={
        _OA.ADVERTISE: "This opportunity cannot be advertised",
        _OA.EXTEND: "A later closing day cannot be set for this opportunity",
        _OA.CLOSE: "This opportunity cannot be closed",
        _OA.EVALUATE: "An evaluation of this opportunity cannot be recorded",
        _OA.SET_ASIDE: "There is no evaluation of this opportunity to set aside",
        _OA.AWARD: "This opportunity cannot be awarded",
        _OA.CANCEL: "This opportunity cannot be cancelled",
    },
)
"""From the draft to the award (T4, T6). It closes on its day; nothing that has closed is opened again."""


class AgreementState(StrEnum):
    """Where an agreement stands."""

    DRAFTED = "drafted"
    SENT = "sent"
    SIGNED = "signed"
    VARIED = "varied"
    ENDED = "ended"
    ABANDONED = "abandoned"


class AgreementAction(StrEnum):
    """What can be done to an agreement. To transfer it is to put the office's successor in the office's place (W6)."""

    SEND = "send"
    REDRAFT = "redraft"
    SIGN = "sign"
    VARY = "vary"
    TRANSFER = "transfer"
    END = "end"
    ABANDON = "abandon"


_GS = AgreementState
_GA = AgreementAction

AGREEMENT: Final = Lifecycle(
    name="Agreement",
    first=_GS.DRAFTED,
    finals=frozenset({_GS.ENDED, _GS.ABANDONED}),
    table={
        (_GS.DRAFTED, _GA.SEND): _GS.SENT,
        (_GS.DRAFTED, _GA.ABANDON): _GS.ABANDONED,
        (_GS.SENT, _GA.REDRAFT): _GS.DRAFTED,
        (_GS.SENT, _GA.SIGN): _GS.SIGNED,
        (_GS.SENT, _GA.ABANDON): _GS.ABANDONED,
        (_GS.SIGNED, _GA.VARY): _GS.VARIED,
        (_GS.SIGNED, _GA.END): _GS.ENDED,
        (_GS.SIGNED, _GA.TRANSFER): _GS.SIGNED,
        (_GS.VARIED, _GA.END): _GS.ENDED,
        (_GS.VARIED, _GA.VARY): _GS.VARIED,
        (_GS.VARIED, _GA.TRANSFER): _GS.VARIED,
    },
    stands={
        _GS.DRAFTED: Stands(
            "it is still a draft", "Record the notices that are due before signing and send it, or abandon it."
        ),
        _GS.SENT: Stands("it waits for its signature", "Wait for the signature, redraft it, or abandon it."),
        _GS.SIGNED: Stands("it is signed and in force", "Agree a variation, transfer it, or end it."),
        _GS.VARIED: Stands("it is in force as varied", "Agree another variation, transfer it, or end it."),
        _GS.ENDED: Stands("it has ended", "Draft a new agreement to go on."),
        _GS.ABANDONED: Stands("it was abandoned unsigned", "Draft a new agreement if it is still wanted."),
    },
    cannot={
        _GA.SEND: "This agreement cannot be sent",
        _GA.REDRAFT: "This agreement cannot be redrafted",
        _GA.SIGN: "This agreement cannot be signed",
        _GA.VARY: "This agreement cannot be varied",
        _GA.TRANSFER: "This agreement cannot be transferred",
        _GA.END: "This agreement cannot be ended",
        _GA.ABANDON: "This agreement cannot be abandoned",
    },
)
"""From the draft to its end (L1, W6, T8). Only what was sent is signed, so the notices come before."""


class SittingState(StrEnum):
    """Where a sitting of the panel stands."""

    OPEN = "open"
    SCORING = "scoring"
    CLOSED = "closed"


class SittingAction(StrEnum):
    """What can be done to a sitting."""

    BEGIN = "begin"
    CLOSE = "close"


_SS = SittingState
_SA = SittingAction

SITTING: Final = Lifecycle(
    name="Sitting",
    first=_SS.OPEN,
    finals=frozenset({_SS.CLOSED}),
    table={
        (_SS.OPEN, _SA.BEGIN): _SS.SCORING,
        (_SS.OPEN, _SA.CLOSE): _SS.CLOSED,
        (_SS.SCORING, _SA.CLOSE): _SS.CLOSED,
    },
    stands={
        _SS.OPEN: Stands("its scoring has not begun", "Begin its scoring, or close it."),
        _SS.SCORING: Stands("its scoring has begun", "Score what is left, or close it."),
        _SS.CLOSED: Stands("it is closed", "Put what is still to be decided on the list of the next sitting."),
    },
    cannot={
        _SA.BEGIN: "This sitting cannot begin its scoring",
        _SA.CLOSE: "This sitting cannot be closed",
    },
)
"""From the list to the last score. Its applications are decided one by one, before it closes or after."""


class MeetingState(StrEnum):
    """How a monitoring meeting stands, once its invitation was sent."""

    INVITED = "invited"
    HELD = "held"
    CANCELLED = "cancelled"


class MeetingAction(StrEnum):
    """What is done about a monitoring meeting."""

    MOVE = "move"
    RECORD = "record"
    CANCEL = "cancel"


_MS, _MA = MeetingState, MeetingAction

MEETING: Final = Lifecycle(
    name="Meeting",
    first=_MS.INVITED,
    finals=frozenset({_MS.HELD, _MS.CANCELLED}),
    table={
        (_MS.INVITED, _MA.MOVE): _MS.INVITED,
        (_MS.INVITED, _MA.RECORD): _MS.HELD,
        (_MS.INVITED, _MA.CANCEL): _MS.CANCELLED,
    },
    stands={
        _MS.INVITED: Stands("the recipient is invited", "Move it, cancel it, or record what was said."),
        _MS.HELD: Stands("it was held", "Record what is to be added; invite to another for what is still to come."),
        _MS.CANCELLED: Stands("it was cancelled", "Invite the recipient to another."),
    },
    cannot={
        _MA.MOVE: "This meeting cannot be moved",
        _MA.RECORD: "This meeting cannot be recorded",
        _MA.CANCEL: "This meeting cannot be cancelled",
    },
)
"""A monitoring meeting (R2) from its invitation on. What was said may be put right afterwards: it stays held."""

LIFECYCLES: Final[tuple[Lifecycle[Any, Any], ...]] = (
    APPLICATION, OFFER, AWARD, RETURN, OPPORTUNITY, AGREEMENT, SITTING, MEETING,
)  # fmt: skip
"""All eight, in the order in which README draws them."""


def drawings() -> str:
    """Every table as README shows it: Markdown, a heading and a Mermaid drawing each."""
    return "\n\n".join(f"### {one.name}\n\n```mermaid\n{one.mermaid()}\n```" for one in LIFECYCLES)
