"""What a reminder by mail says of what is no return and no offer, and where its link leads."""

from __future__ import annotations

from core import applications, asking, awards, returns
from core.rules.policy import Role
from core.rules.questions import ReturnFacts
from scheduler.timetable import run_sweep
from tests.scheduler.practice_desk import Desk
from tests.scheduler.test_letters import latest, links, path_of


def test_a_reminder_to_answer_leads_to_where_it_is_answered(desk: Desk) -> None:
    application = desk.submit()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        about = applications.by_id(session, application.id)
        asking.ask(session, about, officer, "Who runs it?", office=desk.office, now=desk.clock())
    desk.quiet()
    desk.clock.forward(days=11)
    run_sweep(desk.office)
    mail = latest(desk)
    assert mail.subject.strip() == f"Your answer to our question is due on 7 December 2026 ({application.reference})"
    assert "your answer to our question about your application is due on 7 December 2026" in mail.text
    assert "We cannot go on with your application until we have your answer." in " ".join(mail.text.split())
    assert "If a return does not come" not in mail.text
    (link,) = links(mail.text)
    assert path_of(link) == "/a"
    assert links(mail.html) == [link]


def test_a_reminder_to_answer_about_a_return_leads_to_the_return(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    officer = desk.person(Role.OFFICER)
    facts = ReturnFacts(narrative="Well.", people=1, spent=0, achieved=("2",), views="Good.", answers={})
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        about = returns.receive(session, found, due, facts, source="recipient", now=desk.clock())
        asking.ask(session, about, officer, "On what?", office=desk.office, now=desk.clock())
    desk.quiet()
    desk.clock.forward(days=11)
    run_sweep(desk.office)
    mail = latest(desk)
    assert f"about the return due on {due.day} {due:%B %Y}" in " ".join(mail.text.split())
    (link,) = links(mail.text)
    assert path_of(link) == "/returns"
    assert "If a return does not come" not in mail.text
