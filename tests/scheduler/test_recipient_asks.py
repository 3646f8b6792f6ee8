"""More time and issues on their way: to the office in Slack, and back to the recipient by mail."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.practice.block_rules import faults
from core import awards, issues, more_time, returns
from core.records import Award
from core.rules.policy import Role
from tests.scheduler.practice_desk import Desk
from tests.scheduler.test_letters import HOSTILE, by_subject, links, path_of


def asked(desk: Desk, award: Award, reason: str) -> int:
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        due = desk.returns_due(award)[0]
        given = {"office": desk.office, "now": desk.clock()}
        until = due + timedelta(days=9)
        return more_time.ask(session, found, returns.due_on(found, due), until, reason, **given).id  # type: ignore[arg-type]


def raised(desk: Desk, award: Award, text: str) -> int:
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        return issues.raise_issue(session, found, text, source="recipient", now=desk.clock()).id


def test_the_deadlines_channel_hears_of_both_in_the_recipient_s_own_words(desk: Desk) -> None:
    award = desk.active()
    desk.quiet()
    asked(desk, award, "<!channel> *now* " + HOSTILE)
    raised(desk, award, "<@U0OFFICER> " + "words " * 400)
    desk.deliver()
    more, issue = desk.told()[-2:]
    assert more.text.startswith(f"More time is asked for: {award.reference}. The return due on ")
    assert issue.text == f"An issue is raised: {award.reference}. It is for Officer Person."
    for message in (more, issue):
        assert faults(message.blocks, "message") == []
        assert "ada@riverside.example" not in json.dumps(message.blocks)
    quote = more.blocks[1]["elements"][-1]
    assert quote["type"] == "rich_text_quote"
    assert quote["elements"][0]["text"].startswith("<!channel> *now* Win <b>£1m</b>")


def test_the_answers_come_by_mail(desk: Desk) -> None:
    award = desk.active()
    officer = desk.person(Role.OFFICER)
    due, until = desk.returns_due(award)[0], desk.returns_due(award)[0] + timedelta(days=9)
    first = asked(desk, award, "Ill.")
    with desk.office.sessions.begin() as session:
        more_time.decline(session, first, officer, reason="No.\n\nThe <Ministry> waits.", now=desk.clock())
    mail = by_subject(desk, "is still due on")
    assert mail.subject == f"Your return is still due on {due.day} {due:%B %Y} ({award.reference})"
    assert "No.\n\nThe <Ministry> waits.\n" in mail.text
    assert "<p>The &lt;Ministry&gt; waits.</p>" in mail.html
    (link,) = links(mail.text)
    assert path_of(link) == "/returns"
    assert links(mail.html) == [link]
    second = asked(desk, award, "Still ill.")
    with desk.office.sessions.begin() as session:
        more_time.agree(session, second, officer, office=desk.office, now=desk.clock())
    mail = by_subject(desk, "is now due on")
    assert f"it is now due on {until.day} {until:%B %Y}." in " ".join(mail.text.split())
    assert links(mail.text) == [link]


def test_an_issue_that_is_closed_is_answered(desk: Desk) -> None:
    award = desk.active()
    officer = desk.person(Role.OFFICER)
    issue = raised(desk, award, HOSTILE)
    with desk.office.sessions.begin() as session:
        issues.close(session, issue, officer, outcome="We looked at it.\nAll is <well>.", now=desk.clock())
    mail = by_subject(desk, "About the issue that you raised")
    assert "We looked at it.\n\nAll is <well>.\n" in mail.text
    assert "All is &lt;well&gt;." in mail.html
    assert "evil" not in mail.text
    assert links(mail.text) == []
