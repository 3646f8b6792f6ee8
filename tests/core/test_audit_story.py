"""`audit show`: the story of one award as an auditor would read it, and what it leaves out (A4, W4)."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update

from core import applications, audit_lines, date_lines, deciding, events
from core.audit_story import Story, story
from core.audit_told import Entry
from core.errors import NotFound, Refused
from core.office import LONDON, Office
from core.records import Application, Event, OutboxMessage
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    CONDITIONS,
    accept,
    active,
    decide,
    facts,
    london,
    offered,
    person,
    recommended,
    someone,
    submitted,
    sweep,
    trail,
)
from tests.core.lives import FIRST_RETURN, Life


def told(office: Office, reference: str, *, private: bool = False, today: date | None = None) -> Story:
    with office.reading() as session:
        return story(session, reference, office=office, today=today or office.today(), private=private)


def reference_of(office: Office, application_id: int) -> str:
    with office.reading() as session:
        return str(applications.by_id(session, application_id).reference)


def the(found: Story, what: str) -> Entry:
    """The one entry whose headline begins so."""
    [entry] = [one for one in (*found.entries, *found.to_come) if one.what.startswith(what)]
    return entry


def details(entry: Entry) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in entry.details:
        found.setdefault(one.label, []).append(one.text)
    return found


def test_what_was_asked_for_by_whom_and_what_the_rules_said(lived: Life) -> None:
    found = told(lived.office, lived.reference)
    asked = the(found, "Riverside Boxing Club asked for £30,000 from the Crime and Disorder Reduction Fund")
    said = details(asked)
    assert said["Organisation"] == ["Riverside Boxing Club (charity, charity 1234567)"]
    assert said["Contact"] == ["Ada Lovelock"]
    assert said["Runs"] == ["1 January 2027 to 31 October 2027"]
    assert said["Need"] == ["Young people have nowhere to go on Friday nights."]
    assert said["Outcome"] == [
        "Fewer call-outs. Measure: Call-outs a month, Ten fewer",
        "More young people come. Measure: Names in the book, 40",
    ]
    rules = {finding["rule"]: finding for finding in asked.findings}
    assert {"V1", "F3", "R1", "R2", "T1"} <= set(rules)
    assert all(finding["paragraph"] and finding["because"] and finding["verdict"] for finding in asked.findings)
    assert rules["R1"]["paragraph"].startswith("§5.2")
    with lived.office.reading() as session:
        line = session.scalars(
            select(Event.sequence).where(Event.kind == "submitted", Event.reference == lived.reference)
        ).one()
    assert (asked.by, asked.line) == ("applicant", line)


def test_who_recommended_and_who_declared_an_interest(lived: Life) -> None:
    found = told(lived.office, lived.reference)
    recommended_ = the(found, "Recommended: approve less, £25,000")
    assert (recommended_.by, details(recommended_)["Reasons"]) == ("Olive Officer (officer)", ["A good plan."])
    declared = the(found, "Declared an interest")
    assert declared.by == "Dev Director (director)"


def test_who_decided_under_which_policy_on_which_facts_and_who_could_have(lived: Life) -> None:
    office = lived.office
    found = told(office, lived.reference)
    decided = the(found, "Approved: £24,000 of £30,000 asked for")
    said = details(decided)
    assert decided.by == "Cam Commissioner (commissioner)"
    assert (said["Reasons"], said["Conditions"]) == (["Proven elsewhere."], [CONDITIONS])
    assert said["Policy"] == [
        f"{office.fingerprint}, in force since 23 November 2026, read from the office's file by the desk (policy.toml)"
    ]
    assert "amount: £24,000; fund: crime-and-disorder" in said["On these facts"][0]
    assert "needs assessment" not in said["On these facts"][0]  # what was not given is left out
    assert said["Could have decided"] == ["The Commissioner could decide it. That was: Cam Commissioner."]
    assert len(decided.findings) > 10


def test_a_decision_under_a_delegation_says_so_and_names_the_policy_that_was_applied(lived: Life) -> None:
    reference = reference_of(lived.office, lived.delegated)
    found = told(lived.office, reference)
    said = details(the(found, "Approved: £2,000 of £2,000"))
    [could] = said["Could have decided"]
    assert could.startswith(
        "The Commissioner or the Chief Executive (up to £5,000: Scheme of governance, June 2027) could decide it. "
        "That was: Cam Commissioner, "
    )
    assert could.endswith(" and Chris Chief.")
    assert said["Policy"][0].endswith(", in force since 2 July 2027, applied by Cam (June)")
    assert lived.office.fingerprint not in said["Policy"][0]


def test_the_money_the_offer_and_what_was_accepted(lived: Life) -> None:
    found = told(lived.office, lived.reference)
    assert the(found, "£24,000 committed to the award: Crime and Disorder Reduction Fund, 2026-27").line
    offered_ = the(found, "Offered: £24,000, to be accepted by 21 December 2026")
    assert details(offered_)["Years"] == ["2026-27: £24,000 (commitment)"]
    accepted = the(found, "Grace Treasurer accepted the terms and 2 measures: the award began")
    said = details(accepted)
    assert said["Measure"] == ["Call-outs a month: Ten fewer", "Names in the book: 40"]
    assert said["Term"] == list(lived.office.policy.terms.value)
    assert said["Returns due"] == ["1 July 2027 and 31 October 2027"]
    assert the(found, "Payment 1 made: £10,000").by == "Fin Finance (finance)"
    assert the(found, "£10,000 paid: Crime and Disorder Reduction Fund, 2026-27").line
    assert details(the(found, "Payment 2 held"))["Reason"] == ["Until the return is in."]
    assert the(found, "The award was varied from £24,000 to £26,000").findings


def test_every_return_when_it_came_and_what_it_said(lived: Life) -> None:
    found = told(lived.office, lived.reference)
    came = the(found, "The return due on 1 July 2027 came in")
    said = details(came)
    assert (said["Spent"], said["People"]) == (["£900"], ["31"])
    assert said["Measure"][0] == "Call-outs a month: Two fewer (target: Ten fewer)"
    assert said["Views"] == ["They want Saturdays too."]
    assert details(the(found, "A question was put about the return"))["Question"] == ["How many of them came twice?"]
    assert details(the(found, "The question was answered"))["Answer"] == ["About half."]
    assert the(found, "The office accepted the return due on 1 July 2027").by == "Olive Officer (officer)"
    assert [one.what for one in found.to_come] == ["Return, the final one, due on 10 November 2027"]
    assert the(found, "Monitoring meeting due on 1 July 2027").what.endswith(": met, 1 day late")
    later = told(lived.office, lived.reference, today=date(2027, 11, 12))
    assert the(later, "Return, the final one, due on 10 November 2027").what.endswith(": not met, 2 days overdue")


def test_whom_the_office_wrote_to_is_told_as_it_was_then(lived: Life) -> None:
    found = told(lived.office, lived.reference, private=True)
    asked = details(the(found, "Riverside Boxing Club asked for"))
    assert (asked["Contact"], asked["E-mail"]) == (["Ada Lovelock"], ["ada@riverside.example"])
    changed = the(found, "Changed whom we write to")
    assert details(changed)["First contact before"] == ["Ada Lovelock ada@riverside.example"]
    assert next(one.text for one in found.standing if one.label == "Contact") == "Bea Newman"


def test_it_is_in_order_of_time_and_ends_with_what_it_is_worth(lived: Life) -> None:
    found = told(lived.office, lived.reference.lower())
    assert [one.at for one in found.entries] == sorted(one.at for one in found.entries)
    lines = [one.line for one in found.entries if one.line]
    assert lines == sorted(lines)
    assert set(lines) == {one.sequence for one in trail(lived.office) if one.reference == lived.reference}
    assert (
        found.reliance.said
        == f"The trail holds: {len(trail(lived.office))} lines, the last {trail(lived.office)[-1].hash}."
    )


def test_every_kind_of_line_in_the_life_has_words(lived: Life) -> None:
    with lived.office.reading() as session:
        applied = set(session.scalars(select(Application.reference)))
    kinds = {one.kind for one in trail(lived.office) if one.reference in applied}
    assert kinds <= set(audit_lines._WORDS)
    of_the_office = {one.kind for one in trail(lived.office) if one.kind.startswith(("bid_", "forum_", "opportunity_"))}
    assert {"bid_added", "opportunity_advertised"} <= of_the_office <= set(date_lines._WORDS)
    assert {"declined", "withdrawn", "offer_refused", "offer_expired"} <= kinds


def test_how_other_applications_ended(lived: Life) -> None:
    ended: dict[str, Story] = {}
    for line in trail(lived.office):
        if line.kind in ("declined", "withdrawn", "offer_refused", "offer_expired"):
            ended[line.kind] = told(lived.office, line.reference)
    assert details(the(ended["declined"], "Declined, of £2,000 asked for"))["Reasons"] == ["Too thin."]
    assert the(ended["withdrawn"], "The applicant withdrew it").line
    assert the(ended["offer_refused"], "No Thanks refused the offer").line
    assert the(ended["offer_expired"], "The offer was not accepted by 21 December 2026: it ended").line
    assert the(ended["offer_refused"], "£2,000 given back to the fund: Youth Fund, 2026-27").line
    for one in ended.values():
        assert [detail.label for detail in one.published] == ["Nothing"]
        assert one.reliance.wrong == ()


def test_what_is_published(lived: Life) -> None:
    found = told(lived.office, lived.reference)
    register, data, never = found.published
    assert register.text.startswith(f"http://desk.test/awards/{lived.reference} since 23 November 2026 at 10:")
    assert data.label == "Open data"
    assert "contact" in never.text


# ---------------------------------------------------------------------------------------------------------- privacy


def everything(found: Story) -> str:
    return json.dumps(found.as_data(), ensure_ascii=False)


def test_personal_details_beyond_the_contact_s_name_are_told_only_where_asked_for(lived: Life) -> None:
    public = everything(told(lived.office, lived.reference))
    private = everything(told(lived.office, lived.reference, private=True))
    for personal in ("ada@riverside.example", "PE2 7QQ", "My brother is a trustee there."):
        assert personal not in public
        assert personal in private
    assert "Ada Lovelock" in public
    assert "@" not in public


def test_a_line_of_a_kind_without_words_is_told_by_its_data_and_not_with_personal_ones(office: Office) -> None:
    reference = reference_of(office, submitted(office))
    with office.sessions.begin() as session:
        data = {
            "amount": 1_234_56,
            "home_address": "1 High Street",
            "things": ["a", "b"],
            "more": {"x": 1},
            "person": 7,
        }
        events.append(session, "visited_by_panel", reference, "Pam (panel, person 7)", data, now=office.clock())
    entry = the(told(office, reference), "Visited by panel")
    assert details(entry) == {"Amount": ["£1,234.56"], "More": ["x: 1"], "Things": ["a and b"]}
    assert entry.by == "Pam (panel)"
    private = the(told(office, reference, private=True), "Visited by panel")
    assert details(private)["Home address"] == ["1 High Street"]


# ------------------------------------------------------------------------------------------------- letters and nudges


def settle(office: Office, kind: str, outcome: str) -> None:
    with office.sessions.begin() as session:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.kind == kind).values(outcome=outcome, settled_at=office.clock())
        )


def test_what_was_mailed_and_whether_it_was_delivered(office: Office, clock: Clock) -> None:
    reference = reference_of(office, submitted(office))
    assert the(told(office, reference), "By e-mail to the contact: the receipt").what.endswith(", waiting to be sent")
    clock.forward(minutes=2)
    for outcome, said in (("sent", ", delivered"), ("failed", ", NOT delivered")):
        settle(office, "receipt", outcome)
        entry = the(told(office, reference), "By e-mail to the contact: the receipt")
        assert (entry.what, entry.at) == (f"By e-mail to the contact: the receipt{said}", clock.now)


def test_nudges_to_whom_for_what_and_whether_delivered(office: Office, clock: Clock) -> None:
    active(office)
    reference = trail(office)[-1].reference
    clock.now = london(FIRST_RETURN - timedelta(days=28))
    sweep(office, FIRST_RETURN - timedelta(days=28))
    settle(office, "nudge", "sent")
    found = told(office, reference)
    due = "Return due on 1 July 2027, 28 days before"
    assert the(found, "Reminder to the recipient").what == f"Reminder to the recipient by e-mail: {due}, delivered"
    assert the(found, "Reminder to the officer").what == f"Reminder to the officer in Slack: {due}, waiting to be sent"
    later = told(office, reference, today=FIRST_RETURN + timedelta(days=3))
    assert the(later, "Return due on 1 July 2027").what == "Return due on 1 July 2027: not met, 3 days overdue"
    on_the_day = told(office, reference, today=FIRST_RETURN)
    assert on_the_day.to_come[0].what == "Return due on 1 July 2027"


# ------------------------------------------------------------------------------------------------------- its worth


def test_a_broken_trail_and_changed_rows_are_said_at_the_end(office: Office) -> None:
    award = offered(office)
    accept(office, award)
    reference = trail(office)[-1].reference
    number = trail(office)[2].sequence
    with office.sessions() as session:
        session.execute(text("UPDATE award SET conditions = 'none'"))
        session.execute(text("DELETE FROM outcome WHERE position = 2"))
        found = story(session, reference, office=office, today=office.today())
        last = trail(office)[-1].sequence
        assert found.reliance.broken is None
        assert f"Award {award} is not as line {last} left it." in found.reliance.said
        assert f"is not as line {last} left it." in found.reliance.wrong[-1]
        assert len(found.reliance.wrong) == 2
        session.execute(text("UPDATE event SET actor = 'x' WHERE sequence = :number"), {"number": number})
        found = story(session, reference, office=office, today=office.today())
        assert found.reliance.broken == number
        assert f"does not hold from line {number}: run 'award-desk audit verify'." in found.reliance.said
        session.rollback()
        session.execute(text("DELETE FROM event WHERE sequence = :last"), {"last": last})
        found = story(session, reference, office=office, today=office.today())
        assert found.reliance.broken == last
        session.rollback()


def test_an_unknown_reference_says_what_to_do(office: Office) -> None:
    submitted(office)
    with pytest.raises(NotFound, match=r"There is no application or award YF-1 on record. Take the reference from"):
        told(office, " yf-1 ")


def test_times_are_london_s(office: Office, clock: Clock) -> None:
    clock.now = london(date(2027, 6, 1), 0, 30)  # still May by universal time
    start = date(2027, 9, 1)
    reference = reference_of(office, submitted(office, facts(start=start, end=date(2028, 2, 29))))
    found = told(office, reference)
    asked = the(found, "Riverside Boxing Club asked")
    assert asked.at.astimezone(LONDON).isoformat() == "2027-06-01T00:30:00+01:00"
    assert found.as_data()["story"][0]["at"] == "2027-06-01T00:30:00+01:00"


def test_an_interest_bars_from_those_who_could_have_decided(office: Office) -> None:
    application = recommended(office)
    one, other = (person(office, Role.COMMISSIONER, name=name) for name in ("Ada One", "Bo Other"))
    with office.sessions.begin() as session:
        deciding.declare_interest(
            session,
            application,
            someone(session, one),
            reason="Mine.",
            now=office.clock(),
        )
    decide(office, application, other, outcome="declined", amount=None)
    found = told(office, reference_of(office, application))
    said = details(the(found, "Declined"))["Could have decided"][0]
    assert said.endswith("That was: Bo Other.")


@pytest.mark.parametrize(
    "data", ["[1, 2]", "{}", '{"facts": [1], "findings": {"a": 1}, "person": "x", "due": 7, "years": 1}', '"x"', "null"]
)
def test_a_line_that_somebody_emptied_is_told_as_far_as_it_goes(office: Office, data: str) -> None:
    accept(office, offered(office))
    reference = trail(office)[-1].reference
    with office.sessions() as session:
        json_ = "jsonb" if session.get_bind().dialect.name == "postgresql" else "text"
        session.execute(text(f"UPDATE event SET data = CAST(:data AS {json_})"), {"data": data})
        found = story(session, reference, office=office, today=office.today())
        assert found.reliance.broken == 1
        told_lines = {one.line for one in found.entries if one.line}
        assert told_lines == {one.sequence for one in trail(office) if one.reference == reference}
        session.rollback()


@pytest.mark.one_database
def test_what_cannot_be_read_is_refused_with_what_to_do(office: Office) -> None:
    active(office)
    reference = trail(office)[-1].reference
    with office.sessions.begin() as session:
        session.execute(text("UPDATE award SET start_on = 'soon'"))
    with pytest.raises(Refused, match=r"'award-desk audit verify' says what is wrong."):
        told(office, reference)
