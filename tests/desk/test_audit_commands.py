"""`audit verify` and `audit show` as whoever audits types them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select, text

from core import bids, forums, opportunities, waiting
from core.audit_story import Reliance, Story
from core.audit_told import Detail, Entry
from core.office import Office
from core.records import Meeting, OutboxMessage
from core.waiting import Waits
from desk.audit_commands import NARROWEST, WIDEST, printed
from desk.command import main
from tests.conftest import Clock
from tests.core.lives import Life

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """A command on this test's record; `fails` says that its exit status is 1."""
    for name in os.environ:
        if name.startswith("AWARD_DESK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "0")
    monkeypatch.setenv("AWARD_DESK_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, ["audit", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == (1 if fails else 0), result.output
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def life(office: Office, clock: Clock) -> Life:
    """An award that was decided, and accepted."""
    lived = Life(office, clock)
    for step in lived.steps[: lived.steps.index(lived.accept) + 1]:
        step()
        clock.forward(minutes=7)
    return lived


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_a_record_that_holds_is_one_line_with_a_hash_to_note_down(run: Run, life: Life) -> None:
    data = json.loads(run("verify", "--json").output)
    assert data == {"sound": True, "lines": 26, "head": data["head"], "rows": data["rows"], "faults": [], "more": 0}
    [said] = run("verify").output.splitlines()
    assert said.startswith(f"The record holds: 26 lines, the last {data['head']} (note it down: ")
    assert "'award-desk audit verify --head HASH' later proves that nothing before it was rewritten" in said
    [again] = run("verify", "--head", data["head"]).output.splitlines()
    assert "26 lines, the one noted down among them, the last" in again


def test_an_empty_record_holds(run: Run, office: Office) -> None:
    assert run("verify").output.startswith("The record holds: 0 lines, the last 0000")


def test_what_is_wrong_is_a_line_each_and_exit_status_1(run: Run, life: Life, engine: Engine) -> None:
    change(engine, "UPDATE decision SET amount = 9900000")
    change(engine, "UPDATE person SET name = 'Eve' WHERE role = 'director'")
    decision, person, last = run("verify", fails=True).output.splitlines()
    assert f"({life.reference}) is not as the trail tells it. Its amount is £99,000; line" in decision
    assert "Its name is 'Eve'; line" in person
    assert last.startswith("The record does not hold: 2 faults in 26 lines and ")
    data = json.loads(run("verify", "--json", fails=True).output)
    assert (data["sound"], data["more"]) == (False, 0)
    assert [set(fault) for fault in data["faults"]] == [{"about", "said", "line", "reference"}] * 2
    assert data["faults"][0]["reference"] == life.reference


def test_a_hash_that_is_not_there_is_a_fault(run: Run, life: Life) -> None:
    assert "No line has the hash abc: the trail was rewritten" in run("verify", "--head", "ABC", fails=True).output


def test_the_story_is_printed_no_wider_than_the_terminal(run: Run, life: Life) -> None:
    output = run("show", life.reference.lower()).output
    lines = output.splitlines()
    assert lines[0] == life.reference
    assert max(len(line) for line in lines) <= 80
    words = " ".join(output.split())
    assert "Approved: £24,000 of £30,000 asked for - Cam Commissioner (commissioner) [23]" in words
    assert "The rest is word for word as in line 19: V1, F0," in words
    assert words.count("It says what is needed, and what is there already.") == 1
    assert "31 Oct 2027 Return, the final one, due on 31 October 2027" in words
    assert "The trail holds: 26 lines, the last " in words


def test_the_story_for_a_program(run: Run, life: Life) -> None:
    data = json.loads(run("show", life.reference, "--json").output)
    assert set(data) == {"reference", "standing", "story", "to_come", "published", "trail"}
    assert data["trail"]["holds"] is True
    asked = next(entry for entry in data["story"] if entry["line"] == 19)
    assert asked["findings"][0]["paragraph"]
    assert asked["at"] == "2026-11-23T10:12:00+00:00"
    assert set(asked) == {"at", "what", "by", "line", "details", "findings"}


def test_personal_details_are_printed_only_with_private(run: Run, life: Life) -> None:
    for arguments, shown in (((), False), (("--private",), True)):
        for form in ((), ("--json",)):
            output = run("show", life.reference, *arguments, *form).output
            assert ("ada@riverside.example" in output) is shown
            assert ("My brother is a trustee" in output) is shown
            assert "Ada Lovelock" in output


def test_an_unknown_reference_is_one_line_that_says_what_to_do(run: Run, office: Office) -> None:
    result = run("show", "YF-2026-ABCDEF", fails=True)
    [line] = result.output.splitlines()
    assert line.startswith("award-desk: There is no application or award YF-2026-ABCDEF on record. Take the reference")


def test_a_trail_that_does_not_hold_is_said_at_the_end(run: Run, life: Life, engine: Engine) -> None:
    change(engine, "UPDATE event SET actor = 'somebody' WHERE sequence = 7")
    assert (
        run("show", life.reference)
        .output.rstrip()
        .endswith("The trail does not hold from line 7: run 'award-desk audit verify'.")
    )


# ------------------------------------------------------------------------------------------------------- printing


def a_story(clock: Clock, what: str, *texts: str) -> Story:
    details = tuple(Detail("Said", text) for text in texts)
    finding = {"rule": "T1", "verdict": "met", "because": what, "paragraph": "§"}
    entry = Entry(clock.now, what, "A", 7, details, (finding,))
    return Story("YF-1", details, (entry, entry), (entry,), details, Reliance(1, "0" * 64, None, ()))


@pytest.mark.one_database
@pytest.mark.parametrize("columns", [NARROWEST, 80, WIDEST])
def test_long_words_and_lines_of_their_own_stay_within_the_columns(clock: Clock, columns: int) -> None:
    found = list(printed(a_story(clock, "word " * 60, "x" * 300, "one\ntwo\n\nfour", ""), columns))
    assert max(len(line) for line in found) <= columns
    assert [line.strip() for line in found].count("Said: one") == 5
    assert [line.strip() for line in found].count("two") == 5


@pytest.mark.one_database
@pytest.mark.parametrize("typed", ["\x1b[2Jgone", "a\rb", "\x07bell", "\u202eright to left", "\ud800"])
def test_what_somebody_typed_never_acts_on_the_terminal(clock: Clock, typed: str) -> None:
    text = "\n".join(printed(a_story(clock, typed, typed), 80))
    assert not set(text) & set("\x1b\r\x07\u202e\ud800")


@pytest.mark.one_database
def test_a_finding_said_before_is_named_with_its_line(clock: Clock) -> None:
    found = [line.strip() for line in printed(a_story(clock, "It fits."), 80)]
    assert found.count("met     T1  It fits. (§)") == 1
    assert "The rest is word for word as in line 7: T1." in found


def test_the_practice_office_verifies_and_few_things_wait_in_it(run: Run, office: Office, clock: Clock) -> None:
    from desk import practice_office  # noqa: PLC0415 - only here

    with office.sessions.begin() as session:
        assert practice_office.furnish(session, office, now=clock.now)
    data: dict[str, Any] = json.loads(run("verify", "--json").output)
    assert data["faults"] == []
    assert data["lines"] > 50
    with office.reading() as session:
        assert [bid.status for bid in bids.listed(session)[0]] == ["submitted", "open"]
        running, _ended = opportunities.listed(session)
        assert [one.status for one in running] == ["open", "draft"]
        assert [one.id for one in opportunities.advertised(session, today=office.today())] == [running[0].id]
        forum = forums.planned(session)
        assert forum is not None
        assert [one.organisation for one in forum.invitations] == ["Harbour Support for Victims"]
        held, coming = session.scalars(select(Meeting).order_by(Meeting.starts_at))
        assert (held.status, coming.status) == ("held", "invited")
        assert held.starts_at < clock.now < coming.starts_at
        assert len(held.actions) == 1
        assert session.scalars(select(OutboxMessage).where(OutboxMessage.settled_at.is_(None))).all() == []
        found = waiting.everything(session, policy=office.policy, today=office.today(), now=clock.now)
    kinds = Counter(one.kind for one in found)
    assert 3 <= kinds[Waits.RETURN] <= 8, "a believable few"
    assert len(found) <= 12
