"""The commands, as a person types them, each on a record of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from core import bids, people, taking, timetable_jobs
from core.office import london_moment
from core.timetable_jobs import Tally
from desk import opening
from desk.command import main
from desk.settings import choose, read
from tests.core import casework

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    for name in os.environ:
        if name.startswith("AWARD_DESK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "0")

    def invoke(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code != 0) is fails, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.commands:
        _, command, _ = group.resolve_command(click.Context(group), [name])
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(every_command(main)), ids=" ".join)
def test_every_command_has_help_with_an_example(run: Run, path: tuple[str, ...]) -> None:
    said = run(*path, "--help").output
    assert f"Example: award-desk {' '.join(path)}" in " ".join(said.split())


def test_people(run: Run) -> None:
    run("people", "add", "Ada Officer", "Ada@Example.org", "--role", "officer", "--slack", "T1/U1")
    run("people", "add", "Kim Commissioner", "kim@example.org", "--role", "commissioner")
    run("people", "add", "Frankie", "frankie@example.org", "--role", "officer", "--of", "constabulary")
    listed = json.loads(run("people", "list", "--json").output)
    assert listed == [
        {"name": "Kim Commissioner", "email": "kim@example.org", "role": "commissioner", "of": "office", "slack": None},
        {"name": "Ada Officer", "email": "ada@example.org", "role": "officer", "of": "office", "slack": "T1/U1"},
        {"name": "Frankie", "email": "frankie@example.org", "role": "officer", "of": "constabulary", "slack": None},
    ]
    assert "not linked" in run("people", "list").output
    taken = run("people", "add", "Bo", "bo@example.org", "--role", "officer", "--slack", "T1/U1", fails=True)
    assert "Ada Officer" in taken.output
    assert "TEAM/USER" in run("people", "add", "Bo", "b@e.org", "--role", "officer", "--slack", "U1", fails=True).output
    run("people", "remove", "ada@example.org")
    assert "Ada" not in run("people", "list").output
    assert "Nobody on the staff list" in run("people", "remove", "ada@example.org", fails=True).output
    assert "not an e-mail address" in run("people", "add", "X", "nowhere", "--role", "officer", fails=True).output


def test_what_a_leaver_had_taken_on_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", run("keys", "make", "one").output.strip())
    run("people", "add", "Ada Officer", "ada@example.org", "--role", "officer")
    desk = opening.open_desk(choose(read(), production=False), migrate=True)
    number = casework.submitted(desk.office)
    with desk.office.sessions.begin() as session:
        ada = people.by_email(session, "ada@example.org")
        taken = taking.take(session, number, ada, office=desk.office, now=desk.office.clock())
        reference = taken.reference
    desk.stop()
    said = run("people", "remove", "ada@example.org").output
    assert f"What they had taken on is nobody's now: {reference}." in said


def test_what_a_leaver_looked_after_goes_to_whoever_takes_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", run("keys", "make", "one").output.strip())
    for name in ("Ada", "Kim"):
        run("people", "add", f"{name} Officer", f"{name.lower()}@example.org", "--role", "officer")
    desk = opening.open_desk(choose(read(), production=False), migrate=True)
    with desk.office.sessions.begin() as session:
        ada = people.by_email(session, "ada@example.org")
        bids.add(
            session, title="Safer Streets", funder="Home Office", part=bids.Part.LED, amount=None, owner_id=ada.id,
            closes_on=desk.office.today(), person=ada, now=desk.office.clock(),
        )  # fmt: skip
    desk.stop()
    refused = run("people", "remove", "ada@example.org", "--to", "ada@example.org", fails=True)
    assert "somebody else of the office" in refused.output
    said = run("people", "remove", "ada@example.org", "--to", "kim@example.org").output
    assert "Kim Officer looks after what was theirs from now on: bid for new funding of BID-0001 and BID-0001." in said
    said = run("people", "remove", "kim@example.org").output
    assert "Nobody looks after what falls due: bid for new funding of BID-0001." in said
    assert "Nobody looks after BID-0001. Hand each over on its page." in said


def test_somebody_is_away_and_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    run("people", "add", "Ada Officer", "ada@example.org", "--role", "officer")
    run("people", "add", "Kim Commissioner", "kim@example.org", "--role", "commissioner")
    run("people", "add", "Pat Panel", "pat@example.org", "--role", "panel")
    days = ("--from", "2100-12-21", "--until", "2101-01-04")
    said = run("people", "away", "kim@example.org", *days, "--deputy", "ada OFFICER").output
    assert "Kim Commissioner is away from 21 December 2100 to 4 January 2101." in said
    assert "goes to Ada Officer meanwhile. Standing in gives no power to decide" in said
    kim, *_others = json.loads(run("people", "list", "--json").output)
    assert kim["away"] == {"from": "2100-12-21", "until": "2101-01-04", "deputy": "Ada Officer"}
    assert "2100-12-21 to 2101-01-04, Ada Officer stands in" in run("people", "list").output
    refused = run("people", "away", "ada@example.org", *days, "--deputy", "Pat Panel", fails=True)
    assert "Pat Panel cannot stand in" in refused.output
    assert "is before the first" in run("people", "away", "Ada Officer", "--until", "2000-01-01", "--deputy",
                                        "Kim Commissioner", fails=True).output  # fmt: skip
    assert "Nobody on the staff list is called" in run("people", "back", "Kimberley", fails=True).output
    assert "is there" in run("people", "back", "Kim Commissioner").output
    assert all("away" not in row for row in json.loads(run("people", "list", "--json").output))
    assert "is not away" in run("people", "back", "Kim Commissioner", fails=True).output


def test_funds(run: Run) -> None:
    assert "£60,000" in run("funds", "allocate", "youth-fund", "2026-27", "60,000").output
    run("funds", "allocate", "youth-fund", "2026-27", "£0.01", "--note", "rounding")
    run("funds", "allocate", "crime-and-disorder", "2026-27", "100000")
    rows = {row["fund"]: row for row in json.loads(run("funds", "list", "--year", "2026-27", "--json").output)}
    assert rows["youth-fund"]["available"] == "60000.01"
    assert (rows["crime-and-disorder"]["held"], rows["crime-and-disorder"]["available"]) == ("33333.34", "66666.66")
    assert len(rows) == 7
    assert "60000.01" in run("funds", "list", "--year", "2026-27").output
    assert (
        "There is no fund called 'nonsense'" in run("funds", "allocate", "nonsense", "2026-27", "1", fails=True).output
    )
    assert "2026-27" in run("funds", "allocate", "youth-fund", "2026", "1", fails=True).output
    run("funds", "allocate", "youth-fund", "2026-27", "0", fails=True)
    run("funds", "allocate", "youth-fund", "2026-27", "1.234", fails=True)


def test_moving_money_and_the_statement(run: Run) -> None:
    run("funds", "allocate", "youth-fund", "2026-27", "1000")
    run("funds", "allocate", "crime-and-disorder", "2026-27", "300")
    said = run("funds", "move", "youth-fund", "crime-and-disorder", "2026-27", "0.02").output
    assert "youth-fund has £999.98 available" in said
    assert "crime-and-disorder has £200.01 available" in said  # a third of £300.02, rounded up, stays held (F3)
    too_much = run("funds", "move", "youth-fund", "community-fund", "2026-27", "999.99", fails=True).output
    assert "£999.98 left" in too_much
    run("funds", "move", "youth-fund", "community-fund", "2026-27", "999.98")
    run("funds", "move", "youth-fund", "youth-fund", "2026-27", "1", fails=True)
    run("funds", "move", "youth-fund", "community-fund", "2026-27", "0", fails=True)
    assert "ring-fenced" in run("funds", "move", "youth-fund", "moj-victims", "2026-27", "1", fails=True).output
    rows = json.loads(run("funds", "statement", "crime-and-disorder", "--year", "2026-27", "--json").output)
    assert [(row["kind"], row["amount"], row["available"]) for row in rows] == [
        ("allocation", "300.00", "300.00"),
        ("held", "-100.00", "200.00"),
        ("moved", "0.02", "200.02"),
        ("held", "-0.01", "200.01"),
    ]
    assert "moved" in run("funds", "statement", "youth-fund", "--year", "2026-27").output
    assert "There is no fund" in run("funds", "statement", "nonsense", fails=True).output


def test_ring_fenced_money_and_the_statutory_sum(run: Run) -> None:
    run("funds", "allocate", "crime-and-disorder", "2026-27", "300")
    fenced = ("--for", "young_people", "--until", "2027-03-31", "--note", "won in June")
    said = run("funds", "allocate", "crime-and-disorder", "2026-27", "90", *fenced).output
    assert "crime-and-disorder has £390 for 2026-27; £260 is available" in said
    rows = {row["fund"]: row for row in json.loads(run("funds", "list", "--year", "2026-27", "--json").output)}
    assert rows["crime-and-disorder"]["pots"] == [
        {
            "pot": "young_people until 2027-03-31",
            "purpose": "young_people",
            "until": "2027-03-31",
            "allocated": "90.00",
            "held": "30.00",
            "committed": "0.00",
            "paid": "0.00",
            "repayable": "0.00",
            "surrendered": "0.00",
            "available": "60.00",
        }
    ]
    assert "for young_people until 2027-03-31" in run("funds", "list", "--year", "2026-27").output
    assert "won in June" in run("funds", "statement", "crime-and-disorder", "--year", "2026-27").output
    for wrong in (("--for", "ponies"), ("--until", "soon"), ("--for", "road_safety")):
        run("funds", "allocate", "crime-and-disorder", "2026-27", "1", *wrong, fails=True)
    said = run("funds", "hold", "crime-and-disorder", "2026-27", "200.01", "--note", "letter").output
    assert "£200.01 of crime-and-disorder is held back for 2026-27; £189.99 is available." in said
    assert "uncovered" in run("funds", "hold", "crime-and-disorder", "2026-27", "390.01", fails=True).output
    assert "no statutory sum" in run("funds", "hold", "youth-fund", "2026-27", "1", fails=True).output


def test_a_year_is_closed_and_a_grant_repaid(run: Run) -> None:
    run("funds", "allocate", "moj-victims", "2023-24", "100.50")
    run("funds", "allocate", "casualty-reduction", "2023-24", "20")
    run("funds", "allocate", "youth-fund", "2023-24", "7")
    assert (
        "£100.50 of moj-victims is held as repayable."
        in run("funds", "close", "2023-24", "--fund", "moj-victims").output
    )
    said = run("funds", "close", "2023-24").output
    assert said == (
        "£20 of casualty-reduction is carried forward.\n£7 of youth-fund goes back to the office's reserves.\n"
    )
    assert "Nothing was left over" in run("funds", "close", "2023-24").output
    assert "Close it from 1 April 2100" in run("funds", "close", "2099-00", fails=True).output
    rows = {row["fund"]: row for row in json.loads(run("funds", "list", "--year", "2023-24", "--json").output)}
    assert (rows["moj-victims"]["repayable"], rows["youth-fund"]["surrendered"]) == ("100.50", "7.00")
    later = {row["fund"]: row for row in json.loads(run("funds", "list", "--year", "2024-25", "--json").output)}
    assert later["casualty-reduction"]["available"] == "20.00"
    assert "£0.50 of moj-victims is still repayable" in run("funds", "repay", "moj-victims", "2023-24", "100").output
    run("funds", "repay", "moj-victims", "2023-24", "0.51", fails=True)
    kinds = [
        row["kind"]
        for row in json.loads(run("funds", "statement", "moj-victims", "--year", "2023-24", "--json").output)
    ]
    assert kinds == ["allocation", "repayable", "repaid"]


def test_the_funds_as_they_stood_on_a_day(run: Run) -> None:
    run("funds", "allocate", "youth-fund", "2026-27", "1000")
    before = ("--year", "2026-27", "--on", "2020-01-01", "--json")
    assert {row["allocated"] for row in json.loads(run("funds", "list", *before).output)} == {"0.00"}
    assert json.loads(run("funds", "statement", "youth-fund", *before).output) == []
    after = ("--year", "2026-27", "--on", "2999-12-31", "--json")
    assert json.loads(run("funds", "list", *after).output)[0]["allocated"] == "1000.00"
    assert len(json.loads(run("funds", "statement", "youth-fund", *after).output)) == 1
    assert json.loads(run("funds", "list", "--on", "2020-03-31", "--json").output)[0]["year"] == "2019-20"
    assert "2027-03-31" in run("funds", "list", "--on", "then", fails=True).output


def test_policy(run: Run, tmp_path: Path) -> None:
    shown = json.loads(run("policy", "show", "--json").output)
    assert {"id": "reduce-crime-and-disorder", "text": "Reduce crime and disorder"} in shown["plan_objectives"]
    assert shown["csp_areas"] == [
        "Cambridge City",
        "East Cambridgeshire",
        "Fenland",
        "Huntingdonshire",
        "Peterborough",
        "South Cambridgeshire",
    ]
    assert "portal_over" in run("policy", "show").output
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[office]\n")
    assert "wrong.toml" in run("policy", "check", str(wrong), fails=True).output


def test_rules_explain_says_what_the_api_says(run: Run) -> None:
    given = ("--kind", "contract", "--amount", "50000.01", "--start", "2027-01-31", "--end", "2028-01-30")
    data: dict[str, Any] = json.loads(run("rules", "explain", *given, "--json").output)
    assert data["tier"] == "full"
    assert data["procurement"] == {
        "route": "tender",
        "quotes": 0,
        "website": True,
        "portal": "required",
        "independent_panel_member": True,
    }
    assert data["returns"]["due"] == ["2027-07-31", "2028-01-30"]
    assert "£2,000" in run("rules", "explain", "--kind", "grant", "--amount", "2,000").output
    text = run("rules", "explain", *given).output
    for finding in data["findings"]:
        assert finding["rule"] in text
        assert finding["paragraph"] in text
    wrong = run("rules", "explain", "--kind", "gift", "--amount", "-1", fails=True).output
    assert "--kind" in wrong
    assert "--amount" in wrong


def test_sweep_of_a_future_day_asks_first_outside_practice(run: Run) -> None:
    assert "Nothing was left" in run("sweep").output
    assert "--dry-run" in run("sweep", "--as-of", "2099-01-01", fails=True).output
    told = json.loads(run("sweep", "--as-of", "2099-01-01", "--dry-run", "--json").output)
    assert {one["kind"] for one in told} == {"publication", "annual-report"}  # of an office without awards
    assert {one["to"] for one in told} <= {"officer", "director"}
    run("sweep", "--as-of", "2099-01-01", "--yes")
    assert "2027-03-31" in run("sweep", "--as-of", "tomorrow", fails=True).output


def test_check_names_what_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("check", fails=True).output
    assert "FAULT  slack" in said
    assert "FAULT  mail" in said
    assert "ok     database" in said
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "1")
    assert "FAULT" not in run("check").output
    monkeypatch.setenv("AWARD_DESK_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("AWARD_DESK_CLAMD", "127.0.0.1:1")
    monkeypatch.setenv("AWARD_DESK_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("AWARD_DESK_SLACK_SIGNING_SECRET", "s")
    monkeypatch.setenv("AWARD_DESK_SLACK_API_URL", "http://127.0.0.1:1/api/")
    monkeypatch.setenv("AWARD_DESK_SLACK_APPROVALS_CHANNEL", "C1")
    monkeypatch.setenv("AWARD_DESK_SLACK_DEADLINES_CHANNEL", "C2")
    said = run("check", fails=True).output
    assert [line.split()[1] for line in said.splitlines() if line.startswith("FAULT")] == ["slack", "mail", "scanner"]


def test_check_says_how_the_timetable_goes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "1")

    def timetable(*, fails: bool = False) -> str:
        lines = run("check", fails=fails).output.splitlines()
        (line,) = [line for line in lines if line.split()[1] == "timetable"]
        assert line.startswith("FAULT" if fails else "ok   ")
        return line

    assert "none has run on this record yet" in timetable()
    now = datetime.now(UTC)
    sweep, purge = Tally(), Tally()
    sweep.started(now - timedelta(hours=30))
    kept(sweep=sweep)
    assert "has not ended well yet; that is more than a day ago" in timetable(fails=True)
    sweep = Tally()
    sweep.started(now - timedelta(hours=2))
    sweep.succeeded(now - timedelta(hours=2))
    purge.missed(now)
    kept(sweep=sweep)
    assert f"ended well on {london_moment(now - timedelta(hours=2))}; no error and no miss since" in timetable()
    kept(purge=purge)
    assert "the purge was missed once" in timetable()
    purge = Tally()
    for _ in range(2):
        purge.failed(now, ValueError("no such key\nin the ring"), "89abcdef")
    kept(purge=purge)
    said = timetable(fails=True)
    assert "the purge has failed 2 times since it last ended well" in said
    assert "(ValueError: no such key)" in said
    assert "fault 89abcdef in the scheduler's log" in said
    purge = Tally()
    purge.succeeded(now)
    kept(purge=purge)
    assert "no error and no miss since" in timetable()
    monkeypatch.setattr("desk.opening.now", lambda: now + timedelta(hours=23))
    assert "that is more than a day ago: see that 'award-desk scheduler' runs" in timetable(fails=True)
    monkeypatch.setattr("desk.opening.now", lambda: now - timedelta(days=3))
    assert "that is still to come: see that the clock of each machine is right" in timetable(fails=True)


def kept(**tallies: Tally) -> None:
    desk = opening.open_desk(choose(read(), production=False), migrate=True)
    with desk.office.sessions.begin() as session:
        for job, tally in tallies.items():
            timetable_jobs.keep(session, job, tally)
    desk.stop()


def test_db_upgrade_can_be_repeated(run: Run) -> None:
    assert "up to date" in run("db", "upgrade").output
    assert "up to date" in run("db", "upgrade").output


def test_links(run: Run) -> None:
    run("db", "upgrade")
    assert "There is no application YF-2026-7K4MPX" in run("links", "revoke", "yf-2026-7k4mpx", fails=True).output


def test_an_address_that_nothing_can_listen_on_stops_the_start(run: Run) -> None:
    said = run("up", "--host", "999.1.1.1", fails=True).output
    assert "AWARD_DESK_HOST or --host is wrong: 999.1.1.1 is no address of this computer" in said
