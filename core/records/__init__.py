"""The record: SQLAlchemy tables by subject. State is a column, events explain it, nothing here decides."""

from core.records.agreements import Agreement, AwardLook
from core.records.applications import (
    Application,
    BudgetLine,
    Decision,
    Interest,
    Outcome,
    PanelListing,
    Recommendation,
)
from core.records.asking import Asked, Correction
from core.records.awards import Award, AwardCheck, MonitoringReturn, Variation
from core.records.contacts import ContactChange, RefusedMail
from core.records.deadlines import DatesToSet, Deadline, Nudge, SweepPlan
from core.records.documents import Document
from core.records.doors import Idempotency, Link, LinkRequest
from core.records.entering import EnteredFor
from core.records.keeping import RetentionHold
from core.records.meetings import Meeting, MeetingAction, MeetingProposal
from core.records.messages import Card, HomeOpened, OutboxMessage
from core.records.money import FundYear, LedgerEntry, Payment
from core.records.monitoring import Issue, ReturnDraft, TimeRequest
from core.records.offers import BankDetails, MeasureProposal
from core.records.office_dates import Bid, Forum, ForumInvitation, Opportunity, Published
from core.records.people import Absence, Person, SlackCode
from core.records.policy import PolicyInForce, PolicyVersion, PolicyWithdrawal
from core.records.record import Record
from core.records.rounds import ScoreSheet, Sitting
from core.records.timetable import TimetableJob
from core.records.trail import Event, TrailEnd

__all__ = [
    "Absence",
    "Agreement",
    "Application",
    "Asked",
    "Award",
    "AwardCheck",
    "AwardLook",
    "BankDetails",
    "Bid",
    "BudgetLine",
    "Card",
    "ContactChange",
    "Correction",
    "DatesToSet",
    "Deadline",
    "Decision",
    "Document",
    "EnteredFor",
    "Event",
    "Forum",
    "ForumInvitation",
    "FundYear",
    "HomeOpened",
    "Idempotency",
    "Interest",
    "Issue",
    "LedgerEntry",
    "Link",
    "LinkRequest",
    "MeasureProposal",
    "Meeting",
    "MeetingAction",
    "MeetingProposal",
    "MonitoringReturn",
    "Nudge",
    "Opportunity",
    "OutboxMessage",
    "Outcome",
    "PanelListing",
    "Payment",
    "Person",
    "PolicyInForce",
    "PolicyVersion",
    "PolicyWithdrawal",
    "Published",
    "Recommendation",
    "Record",
    "RefusedMail",
    "RetentionHold",
    "ReturnDraft",
    "ScoreSheet",
    "Sitting",
    "SlackCode",
    "SweepPlan",
    "TimeRequest",
    "TimetableJob",
    "TrailEnd",
    "Variation",
]
