"""What the tests of delivery share: a desk with a practice Slack and mailbox, a clock that stands still, a crash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from slack_sdk import WebClient
from sqlalchemy import select

from bot.practice.server import PracticeSlack
from bot.practice.workspace import Message, PracticeChannel
from core import applications, awards, deciding, funds, people
from core.office import Office, london_day
from core.records import Application, Award, Deadline, OutboxMessage, Person
from core.rules.answers import Outcome
from core.rules.policy import OrganisationType, Purpose, Role
from core.rules.questions import ApplicationFacts
from scheduler.delivery import Checkpoint, Delivery, Drained, nowhere
from scheduler.mail_courier import MailCourier
from scheduler.mailbox import PracticeMailbox
from scheduler.slack_courier import SlackCourier
from tests.conftest import Clock

TOKEN = "xoxb-practice"
APPROVALS = PracticeChannel("C0APPROVALS", "approvals", "Decisions")
DEADLINES = PracticeChannel("C0DEADLINES", "deadlines", "What falls due")
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PUBLIC_URL = "https://desk.example.org"


@dataclass
class Desk:
    """Everything that a delivery meets, and a few steps of the story for tests to take."""

    office: Office
    clock: Clock
    slack: PracticeSlack
    client: WebClient
    mailbox: PracticeMailbox
    people: dict[str, int] = field(default_factory=dict)

    def expects_a_hang(self) -> None:
        """Wait no more than a second for each answer of Slack's."""
        self.client.timeout = 1

    def slack_delivery(self, checkpoint: Checkpoint = nowhere) -> Delivery:
        courier = SlackCourier(self.office, self.client, approvals=APPROVALS.channel_id, deadlines=DEADLINES.channel_id)
        return Delivery(self.office, courier, checkpoint=checkpoint)

    def mail_delivery(self, checkpoint: Checkpoint = nowhere) -> Delivery:
        return Delivery(self.office, MailCourier(self.office, self.mailbox), checkpoint=checkpoint)

    def deliver(self) -> tuple[Drained, Drained]:
        return self.slack_delivery().deliver_all(), self.mail_delivery().deliver_all()

    def cards(self) -> list[Message]:
        return [one for one in self.slack.workspace.messages(APPROVALS.channel_id) if one.thread_ts is None]

    def thread(self) -> list[Message]:
        """What stands in the threads of the cards, the oldest first."""
        return [one for one in self.slack.workspace.messages(APPROVALS.channel_id) if one.thread_ts is not None]

    def told(self) -> list[Message]:
        return self.slack.workspace.messages(DEADLINES.channel_id)

    def message(self, key: str) -> OutboxMessage:
        with self.office.reading() as session:
            return session.scalars(select(OutboxMessage).where(OutboxMessage.key == key)).one()

    def open_messages(self) -> list[OutboxMessage]:
        with self.office.reading() as session:
            return list(session.scalars(select(OutboxMessage).where(OutboxMessage.settled_at.is_(None))))

    def person(self, role: Role) -> Person:
        with self.office.sessions.begin() as session:
            return people.add(
                session,
                name=f"{role.value.title()} Person",
                email=f"{role.value}@practice.example",
                role=role,
                actor="test",
                now=self.clock(),
            )

    def submit(self, **changes: object) -> Application:
        facts = ApplicationFacts(**{**self.facts(), **changes})  # type: ignore[arg-type]
        with self.office.sessions.begin() as session:
            application = applications.start(session, facts.fund, office=self.office, now=self.clock())
            return applications.submit(
                session, application, facts, office=self.office, by="applicant", now=self.clock()
            )

    def facts(self) -> dict[str, object]:
        start = london_day(self.clock()) + timedelta(days=30)
        return {
            "fund": "youth-fund",
            "organisation_name": "Riverside Boxing Club",
            "organisation_type": OrganisationType.CHARITY,
            "charity_number": "1234567",
            "company_number": None,
            "postcode": "PE1 1AA",
            "contact_name": "Ada Applicant",
            "contact_email": "ada@riverside.example",
            "title": "Gloves on, knives down",
            "need": "Young people have nowhere to go on Friday nights.",
            "existing_provision": "None within five miles.",
            "plan_objective": self.office.policy.plan_objectives[0].id,
            "csp_area": self.office.policy.csp_areas[0],
            "age_from": 10,
            "age_to": 16,
            "send": False,
            "outcomes": (Outcome("Fewer call-outs", "Call-outs a month", "Ten fewer"),),
            "start": start,
            "end": start + timedelta(days=300),
            "amount": 200_000,
            "purchases": 0,
            "purpose": Purpose.YOUNG_PEOPLE,
            "answers": {},
        }

    def recommend(self, application: Application, outcome: str = "approve", amount: int = 200_000) -> None:
        officer = self.person(Role.OFFICER)
        with self.office.sessions.begin() as session:
            deciding.recommend(
                session,
                application.id,
                officer,
                outcome=outcome,  # type: ignore[arg-type]
                amount=amount,
                reasons="It fits the Plan.",
                office=self.office,
                now=self.clock(),
            )

    def decide(self, application: Application, outcome: str = "approved", amount: int = 200_000, **words: str) -> None:
        commissioner = self.person(Role.COMMISSIONER)
        with self.office.sessions.begin() as session:
            funds.allocate(
                session,
                "youth-fund",
                2026,
                10_000_000,
                policy=self.office.policy,
                actor="test",
                note="",
                now=self.clock(),
            )
        with self.office.sessions.begin() as session:
            deciding.decide(
                session,
                application.id,
                commissioner,
                outcome=outcome,  # type: ignore[arg-type]
                amount=amount if outcome == "approved" else None,
                reasons=words.get("reasons", "A strong local need."),
                conditions=words.get("conditions", "A monitoring return every six months."),
                office=self.office,
                now=self.clock(),
            )

    def offered(self, **changes: object) -> Award:
        application = self.submit(**changes)
        self.recommend(application)
        self.decide(application)
        with self.office.reading() as session:
            return session.scalars(select(Award).where(Award.application_id == application.id)).one()

    def active(self, **changes: object) -> Award:
        award = self.offered(**changes)
        with self.office.sessions.begin() as session:
            found = awards.by_id(session, award.id)
            return awards.accept(session, found, name="Ada Applicant", office=self.office, now=self.clock())

    def returns_due(self, award: Award) -> list[date]:
        with self.office.reading() as session:
            return list(
                session.scalars(
                    select(Deadline.due)
                    .where(Deadline.award_id == award.id, Deadline.kind == "return")
                    .order_by(Deadline.due)
                )
            )

    def quiet(self) -> None:
        """Deliver everything, and forget the mails."""
        self.deliver()
        assert not self.open_messages()


class Crash(BaseException):
    """The process dies here: no `except Exception` may catch it."""
