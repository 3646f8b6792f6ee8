"""A whole desk in this process, on a port, with an application in every state for the tests of the pages to open."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, make_server

from bot.practice.server import PracticeSlack
from bot.practice.workspace import Workspace
from core import (
    applications,
    asking,
    awards,
    database,
    deadlines,
    deciding,
    feeds,
    issues,
    meeting_answers,
    meeting_notes,
    meetings,
    more_time,
    returns,
)
from core.document_store import DocumentStore
from core.links import Purpose, link_for
from core.meeting_notes import Notes, ToDo
from core.meetings import Arranged
from core.office import Office
from core.records import Application, Award, Deadline, MonitoringReturn, Person, TimeRequest
from core.rules import questions
from core.rules.policy import Role
from desk import assembly, practice_office
from desk.opening import Desk
from desk.settings import Chosen, Settings
from desk.slack_door import slack_door
from intake import assets
from tests.conftest import Clock, office_on
from tests.patience import be_patient

TYPED: Mapping[str, str] = {
    "organisation_name": "Ramsey & District Amateur Boxing Club",
    "organisation_type": "constituted_group",
    "charity_number": "1234567",
    "company_number": "01234567",
    "postcode": "PE26 1AA",
    "contact_name": "Kim Archer",
    "contact_email": "kim.archer.the.secretary@ramsey-amateur-boxing-club.example",
    "title": "Friday night gym",
    "need": "Young people have nowhere to go.\n\nForty told us so in a survey in the spring.",
    "existing_provision": "There is no other club within eight miles.",
    "plan_objective": "reduce-crime-and-disorder",
    "csp_area": "Huntingdonshire",
    "age_from": "10",
    "age_to": "17",
    "send": "no",
    "outcome-1": "Fewer calls about anti-social behaviour",
    "measure-1": "Calls on Friday evenings",
    "target-1": "A fifth fewer",
    "start-day": "11",
    "start-month": "January",
    "start-year": "2027",
    "end-day": "10",
    "end-month": "1",
    "end-year": "2028",
    "amount": "£2,000",
    "budget-item-1": "Coaches",
    "budget-amount-1": "1500",
    "budget-item-2": "Gloves",
    "budget-amount-2": "£500.00",
    "buys": "yes",
    "purchases_what": "Gloves",
    "purchases": "500",
    "purpose": "young_people",
    "crime_grounds": "plan",
    "declaration": "yes",
}
"""Every answer of an application to any fund, as a person types it."""

TOLD: Mapping[str, str] = {
    "narrative": "Attendance is up. The register shows it.",
    "achieved-1": "A tenth fewer",
    "people": "61",
    "spent": "1200",
    "views": "They asked for a second evening.",
}
"""Every answer of a light award's return."""


@dataclass
class Site:
    """The desk, where it listens, and the addresses of what its tests look at."""

    desk: Desk
    slack: PracticeSlack
    clock: Clock
    url: str
    plain_url: str
    """The same record under the stylesheet that is used where GOV.UK Frontend could not be fetched."""
    paths: dict[str, str] = field(default_factory=dict)

    def path(self, kind: Purpose, subject: int) -> str:
        """The address that is mailed for this purpose (`application`, `offer`, `return`)."""
        with self.desk.office.sessions.begin() as session:
            token = self.desk.office.signer.token(kind, link_for(session, kind, subject, now=self.clock()))
        return f"/{ {'application': 'a', 'offer': 'offers', 'return': 'returns', 'meeting': 'meetings'}[kind] }/{token}"

    def draft(self, fund: str = "youth-fund", **answers: str) -> str:
        """Start an application and fill in these answers; its address."""
        with self.desk.office.sessions.begin() as session:
            draft = applications.start(session, fund, office=self.desk.office, now=self.clock())
            applications.save(session, draft, answers, now=self.clock())
            number = draft.id
        return self.path("application", number)

    def submitted(self, **changed: str) -> int:
        """Submit an application to the Youth Fund; its row number."""
        office, now = self.desk.office, self.clock()
        fund = office.policy.fund("youth-fund")
        assert fund is not None
        raw = {**TYPED, **changed}
        if "amount" in changed:
            raw |= {"budget-amount-1": changed["amount"], "budget-item-2": "", "budget-amount-2": ""}
        facts, faults = questions.read_application(fund, raw, office.policy, office.today())
        assert facts is not None, faults
        with office.sessions.begin() as session:
            draft = applications.start(session, fund.id, office=office, now=now)
            applications.save(session, draft, raw, now=now)
            return applications.submit(session, draft, facts, office=office, by="applicant", now=now).id

    def recommended(self, **changed: str) -> int:
        """Submit and recommend one, as Olive Officer."""
        number, office = self.submitted(**changed), self.desk.office
        with office.sessions.begin() as session:
            deciding.recommend(
                session,
                number,
                self._person(session, Role.OFFICER),
                outcome="approve",
                amount=2_000_00,
                reasons="A need that nobody else meets.",
                conditions="",
                office=office,
                now=self.clock(),
            )
        return number

    def decided(self, **changed: str) -> Award:
        """Submit, recommend and approve one: an offer."""
        number, office = self.recommended(**changed), self.desk.office
        with office.sessions.begin() as session:
            application = deciding.decide(
                session,
                number,
                self._person(session, Role.COMMISSIONER),
                outcome="approved",
                amount=1_900_00,
                reasons="It helps where help is scarce.",
                conditions="Keep a register.\nSend a return every six months.",
                office=office,
                now=self.clock(),
            )
            assert application.award is not None
            return application.award

    def accepted(self, **changed: str) -> Award:
        """Submit, recommend, approve and accept one: an award."""
        award, office = self.decided(**changed), self.desk.office
        with office.sessions.begin() as session:
            found = awards.by_id(session, award.id)
            return awards.accept(session, found, name="Kim Archer", office=office, now=self.clock())

    def declined(self) -> int:
        """Submit, recommend and decline one."""
        number, office = self.recommended(title="A mural"), self.desk.office
        with office.sessions.begin() as session:
            deciding.decide(
                session,
                number,
                self._person(session, Role.COMMISSIONER),
                outcome="declined",
                amount=None,
                reasons="There is a mural already.",
                conditions="",
                office=office,
                now=self.clock(),
            )
        return number

    def _person(self, session: Session, role: Role) -> Person:
        name = {Role.OFFICER: "Olive Officer", Role.COMMISSIONER: "Cam Commissioner"}[role]
        return session.scalars(select(Person).where(Person.name == name)).one()

    def dues(self, award: Award) -> list[tuple[int, date]]:
        """The returns of an award: row number and due date, the first first."""
        with self.desk.office.reading() as session:
            found = session.execute(
                select(Deadline.id, Deadline.due)
                .where(Deadline.award_id == award.id, Deadline.kind == "return")
                .order_by(Deadline.due)
            )
            return [(number, due) for number, due in found]

    def staff_pages(self) -> dict[str, tuple[str, str]]:
        """Addresses of staff pages by what is on them, each with the button of a form that is sent empty, or ""."""
        with self.desk.office.reading() as session:
            sent, asked = (
                session.scalars(select(Application.reference).where(Application.status == state)).first()
                for state in ("submitted", "queried")
            )
            request = session.scalars(select(TimeRequest)).first()
            offer = session.scalars(select(Award).where(Award.status == "offered")).first()
            read = session.scalars(select(MonitoringReturn).where(MonitoringReturn.status == "received")).first()
            assert request is not None
            assert offer is not None
            assert read is not None
            return {
                "application": (f"/desk/applications/{sent}", "Send the question"),
                "application, asked": (f"/desk/applications/{asked}", ""),
                "return": (f"/desk/returns/{read.award.reference}/{read.due}", "Send the question"),
                "return, overdue": (f"/desk/returns/{request.award.reference}/{request.due}", ""),
                "award": (f"/desk/awards/{request.award.reference}", "Answer and close it"),
                "offer": (f"/desk/awards/{offer.reference}", "Keep the offer open longer"),
                "deadlines": ("/desk/deadlines", ""),
                "deadline": (f"/desk/deadlines/{request.deadline_id}", "Give it more time"),
                "enter": ("/desk/enter", "Start the application"),
                "meeting, another time": (self.paths["desk, meeting, asked"], "Send the answer"),
                "meeting, held": (self.paths["desk, meeting, held"], ""),
                "meeting, to invite": (self.paths["desk, meeting, cancelled"], "Send the invitation"),
                "calendar": ("/desk/calendar", ""),
                "award with meetings": (f"/desk/awards/{self._reference(session)}", ""),
            }

    def _reference(self, session: Session) -> str:
        """The reference of the award whose meeting was held."""
        number = int(self.paths["desk, meeting, held"].rsplit("/", 1)[1])
        return session.get_one(Deadline, number).reference

    def deliver(self) -> None:
        """Send every card and every letter that waits."""
        for delivery in assembly.deliveries(self.desk, slack_door(self.desk, self.slack)):
            delivery.deliver_all()

    def furnish(self) -> None:
        """Bring one application or award into each state."""
        office, now = self.desk.office, self.clock()
        with office.sessions.begin() as session:
            practice_office.furnish(session, office, now=now)
        self.paths["draft, empty"] = self.draft()
        self.paths["draft, filled"] = self.draft(**TYPED)
        self.paths["draft, against the rules"] = self.draft(
            **{**TYPED, "age_to": "30", "amount": "9000", "budget-amount-1": "8500"}
        )
        self.paths["sent"] = self.path("application", self.submitted())
        waiting = self.recommended(title="Waiting for a decision <!channel>")
        self.paths["recommended"] = self.path("application", waiting)
        self.paths["declined"] = self.path("application", self.declined())
        offered, accepted, refused, late = (
            self.decided(title=name) for name in ("Gym", "Boxing in the park", "Music room", "Skate ramp")
        )
        self.paths["approved"] = self.path("application", offered.application_id)
        for state, award in (("agreed", accepted), ("turned down", refused), ("run out", late)):
            self.paths[state] = self.path("application", award.application_id)
        asked, answered, gone = (self.submitted(title=name) for name in ("Gym at night", "Judo", "Second thoughts"))
        self.paths["asked"], self.paths["answered"] = (
            self.path("application", asked),
            self.path("application", answered),
        )
        self.paths["correcting"] = f"{self.paths['asked']}/check-answers"
        self.paths["withdrawn"] = self.path("application", gone)
        self.paths["to withdraw"] = f"{self.paths['sent']}/withdraw"
        with office.sessions.begin() as session:
            officer = self._person(session, Role.OFFICER)
            for number in (asked, answered):
                about = applications.by_id(session, number)
                question = "Who owns the hall?\n\nAnd may you use it on Fridays until ten?"
                mine = number == asked
                last = asking.ask(session, about, officer, question, office=office, now=now, may_correct=mine)
            asking.answer(session, last.id, "The parish does.\nIt lets us in until ten.", source="applicant", now=now)
            applications.withdraw(session, applications.by_id(session, gone), office=office, now=now)
        with office.sessions.begin() as session:
            kept = awards.accept(session, awards.by_id(session, accepted.id), name="Kim Archer", office=office, now=now)
            self.paths["award"] = f"/awards/{kept.reference}"
            awards.refuse(session, awards.by_id(session, refused.id), name="Kim Archer", now=now)
            session.get_one(Award, late.id).accept_by = date(2026, 11, 1)
        with office.sessions.begin() as session:
            assert len(awards.expire_offers(session, today=office.today(), now=now)) == 1
        for name, award in (("open", offered), ("accepted", accepted), ("refused", refused), ("expired", late)):
            self.paths[f"offer, {name}"] = self.path("offer", award.id)
        (first, due), (second, _), *_ = self.dues(accepted)
        facts, faults = questions.read_return(
            TOLD, ("Calls on Friday evenings",), office.policy, office.policy.tier(accepted.amount), accepted.fund
        )
        assert facts is not None, faults
        with office.sessions.begin() as session:
            returns.receive(session, awards.by_id(session, accepted.id), due, facts, source="recipient", now=now)
        self.paths["return, received"] = self.path("return", first)
        self.paths["return, open"] = self.path("return", second)
        self._other_returns()
        self._meetings()
        self.deliver()

    def _meetings(self) -> None:
        """Meetings of one award: one waits for an answer about another time, one was held, one was cancelled."""
        office, now = self.desk.office, self.clock()
        agenda = "1. <Money>\n2. Views"
        arranged = Arranged(now + timedelta(days=9), 60, "Ramsey library", "https://meet.example/r", agenda)
        with office.sessions.begin() as session:
            officer = self._person(session, Role.OFFICER)
            award = session.scalars(select(Award).where(Award.status == "active").order_by(Award.id)).first()
            assert award is not None
            days = [office.today() + timedelta(days=days) for days in (30, 31, 32)]
            awards.store_due(session, award, meetings.MEETING, days, office=office, now=now)
            session.flush()
            query = select(Deadline).where(Deadline.kind == meetings.MEETING, Deadline.due.in_(days))
            made = {
                name: meetings.invite(session, duty.id, officer, arranged, office=office, now=now)
                for name, duty in zip(
                    ("asked", "held", "cancelled"), session.scalars(query.order_by(Deadline.due)), strict=True
                )
            }
            at = arranged.starts_at + timedelta(days=1, hours=3)
            meeting_answers.propose(session, made["asked"].id, at, "We have a <class> then.", now=now)
            meetings.cancel(
                session, made["cancelled"].id, officer, reason="Olive is ill.", seen=0, office=office, now=now
            )
            made["held"].starts_at = now - timedelta(days=1)
            session.flush()
            said = Notes(True, "It goes well.\nThe hall is <cold>.", "They like it.", "So does the school.")
            do = [ToDo("Send the register", "Kim", office.today()), ToDo("Ask the school", "Olive")]
            meeting_notes.record(session, made["held"].id, officer, said, do, seen=0, share=True, now=now)
            numbers = {name: (one.id, one.deadline_id) for name, one in made.items()}
            feeds.make(session, feeds.OWN, officer.id, reference="staff", actor="tests", now=now)
            feeds.make(session, feeds.AWARD, award.id, reference=award.reference, actor="tests", now=now)
            calendar = award.id
        self.paths["calendar, made"] = f"{self.path('offer', calendar)}/calendar"
        self.paths["calendar, none yet"] = f"{self.paths['offer, accepted']}/calendar"
        for name, (meeting, duty) in numbers.items():
            self.paths[f"meeting, {name}"] = self.path("meeting", meeting)
            self.paths[f"desk, meeting, {name}"] = f"/desk/meetings/{duty}"

    def _other_returns(self) -> None:
        """Returns of the practice office in their other states, one of them with all that a recipient may ask."""
        office, now = self.desk.office, self.clock()
        with office.sessions.begin() as session:
            for name, address in practice_office.returns_to_try(session, office):
                self.paths[f"return, {name}"] = address.removeprefix(office.public_url)
            officer = self._person(session, Role.OFFICER)
            unmet = select(Deadline).where(Deadline.kind == returns.RETURN, Deadline.met_at.is_(None))
            late, *_, ahead, _ = session.scalars(unmet.where(Deadline.award_id.is_not(None)).order_by(Deadline.due))
            award, until = awards.by_id(session, late.award_id or 0), late.due + timedelta(days=20)
            more_time.ask(session, award, late, until, "Our treasurer is <b>ill</b>.", office=office, now=now)
            issues.raise_issue(session, award, "The hall shuts.\nMay we move?", source="recipient", now=now)
            deadlines.close(session, subject=ahead.subject, now=now)
            read = session.scalars(select(MonitoringReturn).where(MonitoringReturn.status == "received")).first()
            assert read is not None
            returns.accept(session, read.id, officer, now=now)
            accepted = returns.due_on(read.award, read.due).id
            ended = ahead.id
        self.paths["return, accepted"] = self.path("return", accepted)
        self.paths["return, ended"] = self.path("return", ended)
        self.paths["more time"] = f"{self.paths['return, open']}/more-time"
        self.paths["issue"] = f"{self.paths['return, open']}/issue"


@contextmanager
def serving(server: BaseWSGIServer) -> Iterator[None]:
    """Answer on this port until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listening() -> BaseWSGIServer:
    """A port, before the application that answers on it is known."""
    return make_server("127.0.0.1", 0, Flask("nobody yet"), threaded=True)


def _with_documents(office: Office, folder: Path) -> Office:
    """The office with a place for documents, and one fund that asks for them at once."""
    funds = tuple(replace(fund, documents_at_once=fund.id == "casualty-reduction") for fund in office.policy.funds)
    store = DocumentStore((folder / "documents").as_uri())
    return replace(office, documents=store, policy=replace(office.policy, funds=funds))


@contextmanager
def running(template: Path, folder: Path) -> Iterator[Site]:
    """The desk of the practice office, with everything that its pages show, on a copy of this empty record."""
    shutil.copy(template, folder / "record.db")
    assets.fetch()
    clock, server, plain = Clock(), listening(), listening()
    url = f"http://127.0.0.1:{server.server_port}"
    chosen = Chosen(
        raw=Settings.model_construct(),
        practice=True,
        database_url=f"sqlite:///{folder / 'record.db'}",
        data_dir=folder,
        public_url=url,
        field_keys={"site": bytes(32)},
        secret_key="a secret that only tests know",
        practice_slack=True,
        practice_mail=True,
    )
    with ExitStack() as stack:
        be_patient(stack.enter_context(pytest.MonkeyPatch.context()))
        engine = database.open_database(chosen.database_url)
        stack.callback(engine.dispose)
        desk = Desk(chosen, engine, _with_documents(office_on(engine, clock, public_url=url), folder))
        workspace = Workspace(
            practice_office.slack_people(),
            practice_office.slack_channels(),
            clock=clock.seconds,
            installation=practice_office.slack_app(),
        )
        stack.callback(workspace.close)
        slack = stack.enter_context(PracticeSlack(workspace, "xoxb-pages", "a signing secret", f"{url}/slack/events"))
        server.app = assembly.web_app(desk, slack_door(desk, slack), slack)
        plain.app = web = assembly.web_app(desk, None)
        shutil.copytree(assets.FOLDER.parent, folder / "static", ignore=shutil.ignore_patterns(assets.FOLDER.name))
        web.static_folder = str(folder / "static")
        stack.enter_context(serving(server))
        stack.enter_context(serving(plain))
        site = Site(desk, slack, clock, url, f"http://127.0.0.1:{plain.server_port}")
        site.furnish()
        yield site
