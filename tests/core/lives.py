"""A record with something of everything in it, step by step, for the tests of the trail and of the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select

from core import (
    absences,
    agreements,
    applications,
    asking,
    award_checks,
    awards,
    bank_details,
    bids,
    contacts,
    deciding,
    documents,
    forums,
    holds,
    issues,
    looks,
    mail_refusals,
    measures,
    meeting_answers,
    meeting_notes,
    meetings,
    more_time,
    opportunities,
    panel_list,
    payments,
    people,
    policies,
    published,
    recurring,
    returns,
    rounds,
    scores,
    taking,
    undoing,
    variations,
)
from core.document_store import DocumentStore
from core.documents import Owner
from core.office import Office, london_day
from core.records import Deadline, OutboxMessage
from core.rules.answers import BudgetLine
from core.rules.banking import Account
from core.rules.documents import DocumentKind
from core.rules.keeping import HoldReason
from core.rules.policy import Body, OrganisationType, Purpose, Role
from core.rules.reviewing import LookOutcome
from tests.conftest import Clock
from tests.core.casework import (
    YEAR,
    accept,
    active,
    allocate,
    award_of,
    contracted,
    decide,
    drafted,
    facts,
    london,
    offered,
    person,
    recommend,
    recommended,
    reducing_crime,
    returned,
    someone,
    submit,
    submitted,
    sweep,
    victims,
)
from tests.uploads import pdf

FIRST_RETURN = date(2027, 7, 1)
NEW_POLICY_SINCE = date(2027, 7, 2)
DELEGATION = """
[[delegations]]
role = "chief_executive"
kinds = ["grant"]
funds = ["community-fund"]
upper_limit = "5000.00"
since = 2027-07-01
source = "Scheme of governance, June 2027"
"""


class Life:
    """One office's record. Each step is a transaction or a few, as an edge would take them; `award` is the main one."""

    def __init__(self, office: Office, clock: Clock) -> None:
        self.office, self.clock = office, clock
        self.application = self.award = self.delegated = self.measured = self.contract = 0
        self.officer = self.director = self.finance = self.commissioner = 0

    @property
    def reference(self) -> str:
        """The main award's reference."""
        with self.office.reading() as session:
            return awards.by_id(session, self.award).reference

    @property
    def steps(self) -> tuple[Callable[[], Any], ...]:
        """Every step of the casework, in an order in which they can be taken."""
        return (
            self.read_the_policy,
            self.hire,
            self.part_with_somebody,
            self.go_away,
            self.give_money,
            self.draft,
            self.apply,
            self.declare_an_interest,
            self.recommend,
            self.decide,
            self.accept,
            self.decline_another,
            self.change_our_mind,
            self.see_one_withdrawn,
            self.see_one_refused,
            self.see_one_run_out,
            self.ask_an_applicant,
            self.agree_other_measures,
            self.keep_bank_details,
            self.send_documents,
            self.pay,
            self.vary,
            self.take_in_a_return,
            self.ask_about_it,
            self.ask_for_more_time,
            self.raise_an_issue,
            self.chase,
            self.take_a_policy_back,
            self.apply_a_policy,
            self.decide_under_it,
            self.sign_and_look,
            self.sit,
            self.keep_the_office_s_dates,
            self.write_to_somebody_else,
            self.meet,
        )

    def live(self, *without: Callable[[], Any]) -> Life:
        """Take every step but those that a test leaves out, some minutes apart."""
        for step in self.steps:
            if step not in without:
                step()
                self.clock.forward(minutes=7)
        return self

    def read_the_policy(self) -> None:
        with self.office.sessions.begin() as session:
            policies.note_file(session, office=self.office, name="policy.toml", now=self.clock.now)

    def hire(self) -> None:
        self.officer = person(self.office, Role.OFFICER, name="Olive Officer")
        self.director = person(self.office, Role.DIRECTOR, name="Dev Director")
        self.finance = person(self.office, Role.FINANCE, name="Fin Finance")
        self.commissioner = person(self.office, Role.COMMISSIONER, name="Cam Commissioner")
        person(self.office, Role.OFFICER, Body.CONSTABULARY, name="Pat Constable")

    def part_with_somebody(self) -> None:
        person(self.office, Role.OFFICER, name="Lee Leaver")
        with self.office.sessions.begin() as session:
            leaver = next(one for one in people.everybody(session) if one.name == "Lee Leaver")
            people.remove(session, email=leaver.email, actor="test", now=self.clock.now)

    def go_away(self) -> None:
        """For a week from tomorrow, back early; and again after that."""
        today = london_day(self.clock.now)
        told: dict[str, Any] = {"actor": "test", "today": today, "now": self.clock.now}
        with self.office.sessions.begin() as session:
            away, deputy = someone(session, self.officer), someone(session, self.director)
            for first in (1, 30):
                from_day = today + timedelta(days=first)
                until_day = from_day + timedelta(days=6)
                absences.away(session, away, from_day=from_day, until_day=until_day, deputy=deputy, **told)
            absences.back(session, away, **told)

    def give_money(self) -> None:
        for fund in ("youth-fund", "crime-and-disorder"):
            allocate(self.office, fund, 200_000_00)
        allocate(self.office, "community-fund", 10_000_00, YEAR + 1)

    def draft(self) -> None:
        with self.office.sessions.begin() as session:
            draft = applications.start(session, "youth-fund", office=self.office, now=self.clock.now)
            applications.save(session, draft, {"organisation_name": "Not yet"}, now=self.clock.now)

    def apply(self) -> None:
        self.application = drafted(self.office, "crime-and-disorder")
        budget = (BudgetLine("Coaches", 20_000_00), BudgetLine("The hall", 10_000_00))
        submit(self.office, self.application, reducing_crime(postcode="PE2 7QQ", budget=budget))

    def declare_an_interest(self) -> None:
        with self.office.sessions.begin() as session:
            deciding.declare_interest(
                session,
                self.application,
                someone(session, self.director),
                reason="My brother is a trustee there.",
                now=self.clock.now,
            )

    def recommend(self) -> None:
        recommend(self.office, self.application, self.officer, outcome="less", amount=25_000_00, reasons="A good plan.")

    def decide(self) -> None:
        decide(self.office, self.application, self.commissioner, amount=24_000_00, reasons="Proven elsewhere.")
        self.award = award_of(self.office, self.application)

    def accept(self) -> None:
        accept(self.office, self.award)

    def decline_another(self) -> None:
        application = recommended(self.office)
        decide(self.office, application, self.commissioner, outcome="declined", amount=None, reasons="Too thin.")

    def change_our_mind(self) -> None:
        """Taken, taken over, listed twice, recommended, approved, which was a wrong press, and then declined."""
        application = submitted(self.office, facts(organisation_name="Wrong Button"))
        told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
        with self.office.sessions.begin() as session:
            for who in (self.director, self.officer):
                taking.take(session, application, someone(session, who), **told)
            officer, day = someone(session, self.officer), london_day(self.clock.now) + timedelta(days=7)
            panel_list.put_on_list(session, application, officer, sitting_on=day, **told)
        with self.office.sessions.begin() as session:
            panel_list.put_on_list(session, application, someone(session, self.officer), **told)
        recommend(self.office, application, self.officer)
        decide(self.office, application, self.commissioner)
        with self.office.sessions.begin() as session:
            undoing.undo(session, application, someone(session, self.commissioner), reason="Not this one.", **told)
        decide(self.office, application, self.commissioner, outcome="declined", amount=None, reasons="Too thin.")

    def see_one_withdrawn(self) -> None:
        application = submitted(self.office, facts(organisation_name="Second Thoughts"))
        with self.office.sessions.begin() as session:
            applications.withdraw(
                session, applications.by_id(session, application), office=self.office, now=self.clock.now
            )

    def see_one_refused(self) -> None:
        award = offered(self.office)
        with self.office.sessions.begin() as session:
            awards.refuse(
                session, awards.by_id(session, award), name="No Thanks", now=self.clock.now, office=self.office
            )

    def see_one_run_out(self) -> None:
        award = offered(self.office)
        late = london(london_day(self.clock.now) + timedelta(days=29))
        with self.office.sessions.begin() as session:
            awards.expire_offers(session, today=london_day(late), now=late, office=self.office)
            assert awards.by_id(session, award).status == "expired"

    def ask_an_applicant(self) -> None:
        """A question that sets a recommendation aside, taken back; another, answered; then it is recommended again."""
        application = recommended(self.office)
        for question, answer in (("Is there a room?", ""), ("Who runs it?", "Two of our trustees.")):
            with self.office.sessions.begin() as session:
                about, officer = applications.by_id(session, application), someone(session, self.officer)
                asked = asking.ask(session, about, officer, question, office=self.office, now=self.clock.now)
            with self.office.sessions.begin() as session:
                if answer:
                    asking.answer(session, asked.id, answer, source="applicant", now=self.clock.now)
                else:
                    asking.take_back(session, asked.id, someone(session, self.officer), now=self.clock.now)
        recommend(self.office, application)

    def agree_other_measures(self) -> None:
        """Of another award: proposed, agreed by the officer, given more time, accepted by then."""
        application = recommended(self.office)
        decide(self.office, application, self.commissioner)
        self.measured = award_of(self.office, application)
        given: dict[str, Any] = {"office": self.office, "now": self.clock.now}
        with self.office.sessions.begin() as session:
            wanted = [measures.Proposed(2, "Names in the book", "30")]
            proposal = measures.propose(
                session, self.measured, name="Grace Treasurer", wanted=wanted, why="We are few.", now=self.clock.now
            )
            number = proposal.id
        with self.office.sessions.begin() as session:
            officer = someone(session, self.officer)
            measures.agree(session, number, officer, **given)
            until = london_day(self.clock.now) + timedelta(days=40)
            awards.extend_offer(session, self.measured, officer, until=until, reason="They asked.", **given)
        accept(self.office, self.measured)

    def keep_bank_details(self) -> None:
        """Of that award: given, read by finance, and held for a request until that is over."""
        account = Account("Riverside Boxing", "309430", "00733445")
        with self.office.sessions.begin() as session:
            finance = someone(session, self.finance)
            bank_details.give(session, self.measured, account, office=self.office, now=self.clock.now)
            bank_details.read(
                session, self.measured, finance, why="To set up the payee.", office=self.office, now=self.clock.now
            )
            reference, reason = awards.by_id(session, self.measured).reference, HoldReason.FREEDOM_OF_INFORMATION
            hold = holds.place(session, reference, finance, reason=reason, file="FOI 12", now=self.clock.now)
            holds.lift(session, hold.id, finance, on=london_day(self.clock.now), now=self.clock.now)

    def send_documents(self) -> None:
        """Of that award: the quote of a supplier, and another that is taken back."""
        office = replace(self.office, documents=DocumentStore("memory://the-life"))
        with self.office.reading() as session:
            owner = Owner(awards.by_id(session, self.measured).application_id)
        told: dict[str, Any] = {"office": office, "by": "recipient", "now": self.clock.now}
        for name, content in (("ours.pdf", pdf()), ("theirs.pdf", pdf(b"/Lang (en)"))):
            arrived = documents.take_in(content, name, office=office, now=self.clock.now)
            with self.office.sessions.begin() as session:
                added = documents.add(session, owner, DocumentKind.QUOTE, arrived, **told).id
        with self.office.sessions.begin() as session:
            documents.remove(session, owner, added, **told)

    def pay(self) -> None:
        """Checked by the director, planned and approved by the officer, paid by the chief finance officer."""
        told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
        with self.office.sessions.begin() as session:
            now, finance = self.clock.now, someone(session, self.finance)
            officer = someone(session, self.officer)
            award_checks.verify_bank_details(session, self.award, finance, note="By the number on their site.", now=now)
            payments.plan(session, self.award, officer, amount=10_000_00, planned_on=london_day(now), now=now)
            payments.plan(
                session,
                self.award,
                officer,
                amount=5_000_00,
                planned_on=FIRST_RETURN,
                return_due=FIRST_RETURN,
                now=now,
            )
            payments.hold(session, self.award, 2, officer, reason="Until the return is in.", now=now)
        with self.office.sessions.begin() as session:
            payments.approve(session, self.award, 1, someone(session, self.officer), **told)
        with self.office.sessions.begin() as session:
            payments.pay(session, self.award, 1, someone(session, self.finance), **told)

    def vary(self) -> None:
        with self.office.sessions.begin() as session:
            variations.vary(
                session,
                self.award,
                someone(session, self.commissioner),
                was=24_000_00,
                amount=26_000_00,
                reasons="Rent went up.",
                office=self.office,
                now=self.clock.now,
            )

    def sign_and_look(self) -> None:
        """A contract of three years: sent, drafted anew, signed, and looked at after its first."""
        today = london_day(self.clock.now)
        told: dict[str, Any] = {"now": self.clock.now}
        self.contract = contracted(self.office, facts(start=today, end=date(today.year + 3, 5, 31)))
        with self.office.sessions.begin() as session:
            officer = someone(session, self.officer)
            agreements.send(session, self.contract, officer, sent_on=today, **told)
            agreements.redraft(session, self.contract, officer, note="The hall has another name.", **told)
            agreements.send(session, self.contract, officer, sent_on=today, note="No notice was due.", **told)
        with self.office.sessions.begin() as session:
            officer = someone(session, self.officer)
            signed: dict[str, Any] = {"signed_by": "Grace Treasurer", "signed_on": today, "document": "Contracts 12"}
            agreements.sign(session, self.contract, officer, passes_on=True, **signed, **told)
        with self.office.sessions.begin() as session:
            coming = looks.deadline_of(session, awards.by_id(session, self.contract))
            assert coming is not None
            looks.record(
                session,
                self.contract,
                someone(session, self.officer),
                due=coming.due,
                outcome=LookOutcome.CONTINUE,
                reconciled=True,
                note="It does what it promised.",
                office=self.office,
                now=self.clock.now,
            )

    def keep_the_office_s_dates(self) -> None:
        """A forum to which a provider is invited, a bid, a tender that is advertised, and a month's publication."""
        today = london_day(self.clock.now)
        now: dict[str, Any] = {"now": self.clock.now}
        told: dict[str, Any] = {"office": self.office, **now}
        active(self.office, victims(organisation_name="Safe Homes", start=today, end=today + timedelta(days=400)))
        with self.office.sessions.begin() as session:
            recurring.put_recurring(session, self.office, today, self.clock.now)
            officer = someone(session, self.officer)
            meant = forums.Meant(today + timedelta(days=60), time(10), 120, "Town hall", "Waiting lists.")
            forum = forums.plan(session, officer, meant, **now)
            session.flush()
            assert forums.invite(session, forum.id, officer, **now) == ["Safe Homes"]
            bids.add(
                session, title="Safer Streets, round six", funder="Home Office", part=bids.Part.LED, amount=250_000_00,
                closes_on=today + timedelta(days=50), owner_id=self.officer, person=officer, **now,
            )  # fmt: skip
            advert = opportunities.Advert(
                opportunities.OpportunityKind.TENDER, "Support after burglary", "For three years.", 40_000_00, 70, 30,
                "https://office.example/tenders/1", "", today, today + timedelta(days=40), self.officer,
            )  # fmt: skip
            tender = opportunities.draft(session, advert, officer, **now)
            session.flush()
            opportunities.advertise(session, tender.id, officer, **told)
        with self.office.sessions.begin() as session:
            due = select(Deadline).where(Deadline.kind == published.PUBLICATION, Deadline.is_open)
            coming, officer = session.scalars(due).one(), someone(session, self.officer)
            published.record(session, coming.id, officer, on=today, place="/awards", **now)

    def write_to_somebody_else(self) -> None:
        """A mail is refused, and the office finds out another address."""
        with self.office.sessions.begin() as session:
            mine = select(OutboxMessage).where(OutboxMessage.kind == "award_started").order_by(OutboxMessage.id)
            mail = session.scalars(mine).first()
            assert mail is not None
            mail_refusals.note(session, mail, by="the mail server", code="550", now=self.clock.now)
        with self.office.sessions.begin() as session:
            officer, wanted = someone(session, self.officer), contacts.Contacts("Bea Newman", "bea@riverside.example")
            told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
            contacts.change(session, self.application, officer, wanted, reason="Ada has left; I rang them.", **told)

    def meet(self) -> None:
        """Invited, another time proposed and agreed, met, and something to do that is done."""
        told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
        soon = london(london_day(self.clock.now) + timedelta(days=10), 10)
        with self.office.sessions.begin() as session:
            mine = select(Deadline).where(Deadline.award_id == self.award, Deadline.kind == "meeting", Deadline.is_open)
            duty = session.scalars(mine.order_by(Deadline.due.desc())).first()
            assert duty is not None
            arranged = meetings.Arranged(soon, 60, "Ramsey library", "", "1. How it goes")
            number = meetings.invite(session, duty.id, someone(session, self.officer), arranged, **told).id
        with self.office.sessions.begin() as session:
            later = soon + timedelta(days=1)
            proposal = meeting_answers.propose(session, number, later, "We play that day.", now=self.clock.now).id
        with self.office.sessions.begin() as session:
            meeting_answers.agree(session, proposal, someone(session, self.officer), **told)
        self.clock.now = soon + timedelta(days=2)
        with self.office.sessions.begin() as session:
            officer, said = someone(session, self.officer), meeting_notes.Notes(True, "All is well.", "They like it.")
            to_do = [meeting_notes.ToDo("Send the photos", "Ada Lovelock")]
            now = self.clock.now
            met = meeting_notes.record(session, number, officer, said, to_do, seen=0, share=True, now=now)
            session.flush()
            meeting_notes.done(session, met.actions[0].id, officer, now=now)

    def sit(self) -> None:
        """A sitting about one application: listed, scored, a score changed, closed."""
        application, member = (
            submitted(self.office, facts(organisation_name="Next In Line")),
            person(self.office, Role.PANEL),
        )
        told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
        with self.office.sessions.begin() as session:
            officer = someone(session, self.officer)
            panel_list.put_on_list(session, application, officer, **told)
            day = london_day(self.clock.now) + timedelta(days=7)
            sitting = rounds.open_sitting(
                session, name="Spring", day=day, funds=["youth-fund"], named=[self.finance], actor="test", **told
            ).id
        with self.office.sessions.begin() as session:
            rounds.begin(session, sitting, actor="test", **told)
            listing = rounds.listings(session, rounds.by_id(session, sitting))[0].id
        for points in ({"need": 5}, {"need": 4, "outcomes": 3, "plan": 2, "value": 1}):
            with self.office.sessions.begin() as session:
                scores.score(session, listing, someone(session, member), points=points, comment="Clear.", **told)
        with self.office.sessions.begin() as session:
            rounds.close(session, sitting, note="All were heard.", actor="test", now=self.clock.now)

    def take_in_a_return(self) -> None:
        self.clock.now = london(FIRST_RETURN, 11)
        with self.office.sessions.begin() as session:
            award = awards.by_id(session, self.award)
            returns.receive(session, award, FIRST_RETURN, returned(), source="the recipient", now=self.clock.now)

    def ask_about_it(self) -> None:
        with self.office.sessions.begin() as session:
            came_in = returns.received(session, awards.by_id(session, self.award), FIRST_RETURN)
            assert came_in is not None
            officer, number = someone(session, self.officer), came_in.id
            question, now = "How many of them came twice?", self.clock.now
            asked = asking.ask(session, came_in, officer, question, office=self.office, now=now)
            asking.answer(session, asked.id, "About half.", source="the recipient", now=now)
            returns.accept(session, number, officer, now=now)

    def ask_for_more_time(self) -> None:
        with self.office.sessions.begin() as session:
            award = awards.by_id(session, self.award)
            last = max((one for one in award.deadlines if one.kind == returns.RETURN), key=lambda one: one.due)
            until = last.due + timedelta(days=10)
            told: dict[str, Any] = {"office": self.office, "now": self.clock.now}
            number = more_time.ask(session, award, last, until, "Our treasurer is away.", **told).id
        with self.office.sessions.begin() as session:
            more_time.agree(session, number, someone(session, self.officer), **told)

    def raise_an_issue(self) -> None:
        with self.office.sessions.begin() as session:
            award = awards.by_id(session, self.award)
            number = issues.raise_issue(session, award, "The hall closes.", source="recipient", now=self.clock.now).id
        with self.office.sessions.begin() as session:
            officer = someone(session, self.officer)
            issues.close(session, number, officer, outcome="Moved to the school.", now=self.clock.now)

    def chase(self) -> None:
        assert sweep(self.office, london_day(self.clock.now))

    def apply_a_policy(self) -> None:
        text, day = self.office.policy_text + DELEGATION, NEW_POLICY_SINCE
        self.clock.now = london(day, 8)
        with self.office.sessions.begin() as session:
            proposal = policies.propose(session, text, name="new.toml", from_day=day, office=self.office, today=day)
            policies.apply(session, proposal, by="Cam", note="June", office=self.office, now=self.clock.now)

    def take_a_policy_back(self) -> None:
        text, day = self.office.policy_text + DELEGATION, NEW_POLICY_SINCE + timedelta(days=365)
        with self.office.sessions.begin() as session:
            proposal = policies.propose(
                session, text, name="later.toml", from_day=day, office=self.office, today=london_day(self.clock.now)
            )
            policies.apply(session, proposal, by="Cam", office=self.office, now=self.clock.now)
            policies.withdraw(session, day, by="Cam", because="Too soon.", office=self.office, now=self.clock.now)

    def decide_under_it(self) -> None:
        """Somebody with a delegation decides, under the policy that is in force by then."""
        office = self.office.in_force()
        chief = person(office, Role.CHIEF_EXECUTIVE, name="Chris Chief")
        self.delegated = recommended(
            office,
            facts(
                "community-fund",
                start=date(2027, 9, 1),
                end=date(2028, 2, 29),
                purpose=Purpose.COMMUNITY_SAFETY,
                organisation_type=OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP,
            ),
        )
        decide(office, self.delegated, chief)
        accept(office, award_of(office, self.delegated), name="Ivy Treasurer")
