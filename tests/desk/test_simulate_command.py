"""`award-desk simulate`: what it prints, writes and draws, and that the record is as it was."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result
from sqlalchemy import create_engine, inspect, text

from core.policy_file import SHIPPED
from core.rules.policy import Role
from core.sweeping import Passed, SentStep
from desk import opening
from desk.settings import choose, read
from desk.simulate_command import COLUMNS, line_of
from scheduler.simulation import SimulatedDay
from tests.conftest import NOW
from tests.core import casework

Run = Callable[..., Result]
FIRST = "2027-05-01"
TO_OFFICERS = '    { days = -28, to = ["officer"] },\n'


@pytest.fixture
def busy(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A record with an award that runs from January, and one on offer; copies are made in a folder of this test's."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", run("keys", "make", "one").output.strip())
    monkeypatch.setattr("desk.opening.now", lambda: NOW)
    desk = opening.open_desk(choose(read(), production=False), migrate=True)
    casework.person(desk.office, Role.DIRECTOR)
    casework.active(desk.office)
    casework.offered(desk.office, casework.facts(organisation_name="=1+1"))
    desk.stop()
    return run


def whole() -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine("sqlite:///var/award-desk.db")
    with engine.connect() as connection:
        found = {
            name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}" ORDER BY 1'))]
            for name in inspect(connection).get_table_names()
        }
    engine.dispose()
    return found


def clones() -> list[Path]:
    return list(Path(tempfile.gettempdir()).iterdir())


def test_it_says_by_month_who_would_be_told_and_leaves_the_record_as_it_was(busy: Run) -> None:
    before = whole()
    said = busy("simulate", "--from", FIRST, "--days", "120", "--csv", "all.csv", "--svg", "year.svg").output
    assert whole() == before
    assert clones() == []
    assert said.startswith("1 May 2027 to 28 August 2027, 120 days, as if no return came in. Nothing was sent")
    with Path("all.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    assert lines == sorted(lines, key=lambda line: line["date"])
    returns = [line for line in lines if line["kind"] == "return"]
    assert {line["due"] for line in returns} >= {"2027-07-01"}
    first = returns[0]
    assert (first["date"], first["weekday"], first["step"]) == ("2027-06-03", "Thursday", "-28")
    month = next(line for line in said.splitlines() if line.startswith("July 2027"))
    in_july = [line for line in lines if line["date"].startswith("2027-07")]
    assert f" {len(in_july)} " in month
    total = next(line for line in said.splitlines() if line.startswith("All "))
    assert f" {len(lines)} " in total
    assert "Heaviest days: " in said
    drawn = Path("year.svg").read_text(encoding="utf-8")
    assert f"{len(lines)} reminders from Saturday 1 May 2027 to Saturday 28 August 2027." in drawn


def test_staff_are_named_and_no_name_is_a_formula(busy: Run) -> None:
    busy("people", "add", "=Dara+Director", "dara@example.org", "--role", "director", "--slack", "T1/U1")
    busy("simulate", "--from", FIRST, "--days", "120", "--csv", "all.csv")
    with Path("all.csv").open(newline="", encoding="utf-8") as file:
        who = {(line["to"], line["who"]) for line in csv.DictReader(file)}
    assert who == {("recipient", ""), ("officer", "the deadlines channel"), ("director", "'=Dara+Director")}


def test_a_dry_run_of_the_sweep_names_staff_and_says_what_was_missed(busy: Run) -> None:
    busy("people", "add", "Dara Director", "dara@example.org", "--role", "director", "--slack", "T1/U1")
    busy("sweep", "--as-of", "2027-06-03", "--yes")
    before = whole()
    said = busy("sweep", "--as-of", "2027-07-15", "--dry-run").output
    assert whole() == before
    sent, missed = said.split(
        "Missed, and not made up, since a later step takes its place, as if nothing were swept until then:"
    )
    days = re.findall(r"(\S+) +no sweep was made then", missed)
    assert days == sorted(days)
    (director,) = [line for line in sent.splitlines() if "monitoring return" in line and "director" in line]
    assert "+14" in director
    assert "Dara Director" in director
    assert any("officer" in line and "the deadlines channel" in line for line in sent.splitlines())
    assert [line.split()[-8:] for line in missed.splitlines() if " -7 " in line and "recipient" in line] == [
        ["-7", "recipient", "2027-06-24", "no", "sweep", "was", "made", "then"]
    ]
    assert "Missed" not in busy("sweep", "--as-of", "2027-06-04", "--dry-run").output
    as_data = json.loads(busy("sweep", "--as-of", "2027-07-15", "--dry-run", "--json").output)
    [recipient] = [one for one in as_data if (one["kind"], one["to"]) == ("return", "recipient") and one["step"] == 14]
    assert [(one["step"], one["on"], one["why"]) for one in recipient["missed"]] == [
        (-7, "2027-06-24", "gap"), (-1, "2027-06-30", "gap"), (0, "2027-07-01", "gap"), (7, "2027-07-08", "gap"),
    ]  # fmt: skip
    shown = {"reference", "kind", "due", "step", "to", "channel"}
    assert {tuple(sorted(one.keys() - {"missed"})) for one in as_data} == {tuple(sorted(shown))}


@pytest.mark.one_database
def test_a_line_of_the_csv_says_which_steps_it_takes_the_place_of() -> None:
    day = date(2027, 7, 15)
    passed = tuple(Passed(step, day, "pause") for step in (-7, -1))
    sent = SentStep("YF-2027-7K4MPX", "return", date(2027, 7, 1), 14, "recipient", "mail", missed=passed)
    lines = [
        dict(zip(COLUMNS, line_of(SimulatedDay(day, (one,), {}), one, {sent.reference: "=Riverside()"}), strict=True))
        for one in (sent, replace(sent, missed=()))
    ]
    assert [line["missed"] for line in lines] == ["-7 -1", ""]
    assert (lines[0]["date"], lines[0]["organisation"]) == ("2027-07-15", "=Riverside()")


def test_as_json_it_says_the_same(busy: Run) -> None:
    data = json.loads(busy("simulate", "--from", FIRST, "--days", "120", "--json").output)
    busy("simulate", "--from", FIRST, "--days", "120", "--csv", "all.csv")
    with Path("all.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in one.items()} | {"missed": ""} for one in data["nudges"]] == lines
    assert {line["organisation"] for line in lines if line["kind"] == "return"} == {"Riverside Boxing Club"}
    assert (data["from"], data["to"], data["total"], data["policy"]) == (FIRST, "2027-08-28", len(lines), None)
    assert sum(month["total"] for month in data["months"]) == data["total"] == sum(data["days"].values())
    assert sum(one["nudges"] for one in data["kinds"]) == data["total"]
    heaviest = data["heaviest"][0]
    assert data["days"][heaviest["date"]] == heaviest["nudges"] == max(data["days"].values())


def test_a_day_to_come_is_reached_day_by_day(busy: Run) -> None:
    """What falls due before the first day is sent on its own day, not heaped on the first."""
    whole_year = json.loads(busy("simulate", "--days", "300", "--json").output)["nudges"]
    later = json.loads(busy("simulate", "--from", FIRST, "--days", "120", "--json").output)["nudges"]
    assert later == [one for one in whole_year if FIRST <= one["date"] < "2027-08-29"]
    assert any(one["date"] < FIRST for one in whole_year)


@pytest.mark.parametrize(("returns", "last"), [("on-time", 0), ("late:7", 7), ("never", 28)])
def test_when_returns_come_in_is_said(busy: Run, returns: str, last: int) -> None:
    said = json.loads(busy("simulate", "--from", FIRST, "--days", "120", "--returns", returns, "--json").output)
    of_the_first = [one for one in said["nudges"] if (one["kind"], one["due"]) == ("return", "2027-07-01")]
    assert max(one["step"] for one in of_the_first) == last


def test_a_file_is_compared_with_the_policy_in_force(busy: Run) -> None:
    Path("fewer.toml").write_text(SHIPPED.read_text(encoding="utf-8").replace(TO_OFFICERS, "", 1), encoding="utf-8")
    before = whole()
    arguments = ("simulate", "--from", FIRST, "--days", "120", "--policy", "fewer.toml")
    said = busy(*arguments, "--svg", "fewer.svg").output
    assert whole() == before
    assert "under fewer.toml (policy " in said
    (line,) = [line for line in said.splitlines() if line.startswith("monitoring return")]
    assert "Officers" in line
    in_force, under_it, difference = line.split()[-3:]
    assert int(under_it) - int(in_force) == int(difference) < 0
    [compared] = re.findall(r"Under the policy in force there are [^.]*: under this one (\d+) fewer[.]", said)
    assert int(compared) == -int(difference)
    drawn = Path("fewer.svg").read_text(encoding="utf-8")
    assert f"under this one {compared} fewer." in drawn
    assert re.search(r">[0-9]+ to recipients.*, in [0-9]+ mails? and [0-9]+ Slack messages?[.]<", drawn)
    data = json.loads(busy(*arguments, "--json").output)["policy"]
    assert data["same"] is False
    assert {"kind": "return", "to": "officer", "in_force": int(in_force), "under_it": int(under_it)} in data[
        "differences"
    ]


def test_the_policy_in_force_and_one_that_changes_no_step_differ_in_nothing(busy: Run) -> None:
    Path("same.toml").write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    assert "is what is in force already" in busy("simulate", "--days", "3", "--policy", "same.toml").output
    Path("note.toml").write_text(SHIPPED.read_text(encoding="utf-8") + "# noted\n", encoding="utf-8")
    said = busy("simulate", "--days", "3", "--policy", "note.toml").output
    assert "everybody is told the same number of times" in said


def test_a_file_may_be_called_anything(busy: Run) -> None:
    """The picture is still one that a browser reads, and nothing hidden turns the line round on a terminal."""
    name = "a\x01\u202e<b>&.toml"
    Path(name).write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    said = busy("simulate", "--days", "1", "--policy", name, "--svg", "one.svg").output
    assert "under a<b>&.toml (policy" in said
    ET.parse("one.svg")


def test_a_link_is_followed_and_stays_a_link(busy: Run) -> None:
    Path("link.csv").symlink_to("real.csv")
    busy("simulate", "--days", "1", "--csv", "link.csv")
    assert Path("link.csv").is_symlink()
    assert Path("real.csv").read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)


def test_what_is_wrong_is_said_in_a_line_and_leaves_no_file(busy: Run) -> None:
    Path("bad.toml").write_text(SHIPPED.read_text(encoding="utf-8") + "nonsense = 1\n", encoding="utf-8")
    os.mkfifo("pipe")
    for arguments, words in (
        (("--policy", "bad.toml", "--csv", "all.csv"), "nonsense"),
        (("--policy", "none.toml"), "does not exist"),
        (("--csv", "nowhere/all.csv", "--days", "1"), "nowhere/all.csv cannot be written: No such file or directory"),
        (("--from", "2027-02-30"), "not a date"),
        (("--from", "9999-12-31"), "is too far away: give a day up to"),
        (("--days", "0"), "0 is not in the range"),
        (("--returns", "sometimes"), "'sometimes' is not never, on-time or late:DAYS, such as late:10."),
        (("--returns", "late:0"), "late:10"),
        (("--returns", "late:²"), "late:10"),
        (("--csv", "all.csv", "--svg", "./all.csv"), "all.csv cannot be both: give the CSV and the SVG a file each."),
        (("--svg", "pipe", "--days", "1"), "pipe cannot be written: it is no ordinary file."),
    ):
        assert words in busy("simulate", *arguments, fails=True).output
    assert not list(Path().glob("*.csv"))
    assert not list(Path().glob(".*partial"))
    assert clones() == []


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(busy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("all.csv").write_text("of last week", encoding="utf-8")

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("scheduler.simulation.run_sweep", broken)
        busy("simulate", "--days", "2", "--csv", "all.csv", fails=True)
    assert Path("all.csv").read_text(encoding="utf-8") == "of last week"
    assert not list(Path().glob(".*partial"))
    busy("simulate", "--days", "2", "--csv", "all.csv")
    assert Path("all.csv").read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)


def test_a_record_that_is_not_there_is_not_made(run: Run) -> None:
    assert "DATABASE_URL is wrong, or the database is away" in run("simulate", "--days", "1", fails=True).output
    assert not Path("var/award-desk.db").exists()


def test_a_record_with_older_tables_is_not_brought_up_to_date_by_it(run: Run) -> None:
    run("db", "upgrade")
    engine = create_engine("sqlite:///var/award-desk.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    assert "not up to date: run 'award-desk db upgrade' first" in run("simulate", "--days", "1", fails=True).output


def test_a_record_that_nobody_may_write_is_simulated(busy: Run) -> None:
    path = Path("var/award-desk.db")
    path.chmod(stat.S_IRUSR)
    assert "Nothing was sent: this ran on a copy" in busy("simulate", "--days", "2").output


def test_days_that_have_passed_and_holidays_that_nobody_knows_are_said(
    busy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "20 November 2026 has passed" in busy("simulate", "--from", "2026-11-20", "--days", "2").output
    monkeypatch.setattr("desk.opening.bank_holidays", lambda: frozenset({date(2026, 12, 25)}))
    assert "Bank holidays" not in busy("simulate", "--days", "39").output
    said = busy("simulate", "--days", "40").output
    assert "Bank holidays are known to the end of 2026: after that only weekends move a message." in said


def test_the_copy_goes_when_the_command_is_told_to_end(busy: Run, tmp_path: Path) -> None:
    folder = tmp_path / "of another process"
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "desk", "simulate", "--days", "3000"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, env={**environment, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while not list(folder.iterdir()):
            assert time.monotonic() < end
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) != 0
    assert list(folder.iterdir()) == []


def test_a_year_from_any_day_has_its_last_day(busy: Run) -> None:
    data = json.loads(busy("simulate", "--days", "1", "--json").output)
    today = date(2026, 11, 23)
    assert (data["from"], data["to"]) == (today.isoformat(), today.isoformat())
    data = json.loads(busy("simulate", "--days", "2", "--json").output)
    assert data["to"] == (today + timedelta(days=1)).isoformat()
