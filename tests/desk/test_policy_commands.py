"""The commands about the policy, as a person types them, and the starts that a policy file stops or does not stop."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from core import policies
from core.office import Office, fingerprint_of
from core.policy_file import policy_from_text
from core.records import Event, PolicyInForce, PolicyVersion
from desk import assembly, opening
from desk.command import main
from desk.settings import SettingsError, choose, read
from desk.terminal import quiet_logs
from tests.core import casework
from tests.core.applying import HIGHER, LOWER, SHORTER, TEXT, WRONG, changed

Run = Callable[..., Result]
TWICE_WRONG = changed('letters = "CF"', 'letters = "YF"', WRONG)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command in a folder, and on a record, of its own."""
    for name in os.environ:
        if name.startswith("AWARD_DESK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "0")
    monkeypatch.setenv("USER", "ada")
    monkeypatch.delenv("SUDO_USER", raising=False)

    def invoke(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code != 0) is fails, result.output
        return result

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Write a policy file; its path."""

    def write(toml: str, name: str = "office.toml") -> str:
        (tmp_path / name).write_text(toml, encoding="utf-8")
        return str(tmp_path / name)

    return write


def said(result: Result) -> str:
    """What was said, in one line: tables break lines where the terminal ends."""
    return " ".join(result.output.split())


def data(result: Result) -> Any:
    return json.loads(result.output)


@pytest.fixture
def desk(run: Run) -> Any:
    """The desk on the very record that the commands use."""
    opened = opening.open_desk(choose(read(), production=False), migrate=True)
    yield opened
    opened.stop()


# --- policy show ---------------------------------------------------------------------------------------------------


def test_show_is_the_table_an_auditor_wants(run: Run) -> None:
    shown = said(run("policy", "show"))
    assert shown.startswith(f"Policy {fingerprint_of(TEXT)[:12]}, from the file: nothing is on record yet.")
    for part in (
        "figures.meetings_over £10,000 pounds R2 §5.2 REVIEW §5.2 REVIEW 2021-11-15",
        "figures.portal_over £50,000 pounds T4 §5.2 DO §5.2 DO 2021-11-15",
        "delegations None: the",
        "funds.youth-fund.cap £3,500 pounds F5 §6.1",
        "nudges.acceptance 7 days before:",
    ):
        assert part in shown, part
    for heading in ("How much counts as what", "Buying", "Who decides", "The funds", "Deadlines and nudges"):
        assert heading in shown


def test_show_as_data_keeps_the_contracts_names(run: Run) -> None:
    shown = data(run("policy", "show", "--json"))
    assert {"id": "reduce-crime-and-disorder", "text": "Reduce crime and disorder"} in shown["plan_objectives"]
    assert shown["csp_areas"][0] == "Cambridge City"
    assert shown["version"]["how"] == "file"
    assert shown["version"]["from"] is None


def test_show_of_another_day(run: Run, file: Callable[..., str]) -> None:
    run("policy", "apply", file(HIGHER), "--from", "2099-04-01", "--note", "Scheme of governance")
    for day, cap in (("2099-03-31", "3500.00"), ("2099-04-01", "4000.00")):
        shown = data(run("policy", "show", "--on", day, "--json"))
        assert (shown["on"], shown["funds"][0]["cap"]["value"]) == (day, cap)
    later = said(run("policy", "show", "--on", "2099-04-01"))
    assert "in force from 1 April 2099; applied by command line: ada on" in later
    assert "Scheme of governance" in later
    assert "to 31 March 2099" in said(run("policy", "show"))


def test_show_of_a_day_before_the_record_says_so(run: Run) -> None:
    refused = run("policy", "show", "--on", "2020-03-01", fails=True)
    assert "it cannot say what held on 1 March 2020" in refused.output
    assert "Traceback" not in refused.output


# --- policy apply --------------------------------------------------------------------------------------------------


def test_apply_says_what_changes_and_what_it_would_do_and_holds_at_once(run: Run, file: Callable[..., str]) -> None:
    told = said(run("policy", "apply", file(HIGHER)))
    assert f"office.toml: policy {fingerprint_of(HIGHER)[:12]}, from today on" in told
    assert "F5 §6.1 funds.youth-fund.cap Youth Fund: At most: £3,500 → £4,000" in told
    assert "No application is open and no award is live" in told
    assert "in force" in told
    assert data(run("policy", "show", "--json"))["funds"][0]["cap"]["value"] == "4000.00"
    assert "£4,000" in said(run("rules", "explain", "--kind", "grant", "--amount", "4000.01", "--fund", "youth-fund"))


def test_apply_as_data(run: Run, file: Callable[..., str]) -> None:
    found = data(run("policy", "apply", file(HIGHER), "--from", "2099-04-01", "--json"))
    assert (found["applied"], found["same"], found["from"]) == (True, False, "2099-04-01")
    assert found["fingerprint"] == fingerprint_of(HIGHER)
    assert found["instead_of"] == fingerprint_of(TEXT)
    assert [change["key"] for change in found["changes"]] == ["funds.youth-fund.cap"]
    assert found["dry_run"]["differ"] == []
    again = data(run("policy", "apply", file(HIGHER), "--from", "2099-04-02", "--json"))
    assert (again["applied"], again["same"]) == (False, True)


def test_a_dry_run_changes_nothing(run: Run, file: Callable[..., str]) -> None:
    told = said(run("policy", "apply", file(HIGHER), "--dry-run"))
    assert told.endswith("Nothing was changed.")
    assert "£3,500 → £4,000" in told
    assert data(run("policy", "apply", file(HIGHER), "--dry-run", "--json"))["applied"] is False
    assert data(run("policy", "versions", "--json")) == []


def test_the_same_text_is_said_and_not_stored(run: Run, file: Callable[..., str]) -> None:
    assert "is what is in force from today on already. Nothing was changed." in said(run("policy", "apply", file(TEXT)))
    assert data(run("policy", "versions", "--json")) == []


def test_a_wrong_file_is_refused_with_every_fault_on_a_line_of_its_own(run: Run, file: Callable[..., str]) -> None:
    run("policy", "apply", file(HIGHER))
    before = data(run("policy", "versions", "--json"))
    for command in ("apply", "check"):
        refused = run("policy", command, file(TWICE_WRONG, "wrong.toml"), fails=True)
        faults = refused.output.strip().splitlines()
        assert len(faults) == 2
        for fault in faults:
            assert fault.startswith(("wrong.toml line ", "wrong.toml: "))
    assert data(run("policy", "versions", "--json")) == before
    assert data(run("policy", "show", "--json"))["funds"][0]["cap"]["value"] == "4000.00"


def test_a_past_day_and_no_day_at_all_are_refused(run: Run, file: Callable[..., str]) -> None:
    path = file(HIGHER)
    assert "has passed" in run("policy", "apply", path, "--from", "2020-04-01", fails=True).output
    assert "2027-03-31" in run("policy", "apply", path, "--from", "April", fails=True).output
    assert "does not exist" in run("policy", "apply", "nowhere.toml", fails=True).output
    assert data(run("policy", "versions", "--json")) == []


def test_a_policy_that_is_replaced_later_says_so(run: Run, file: Callable[..., str]) -> None:
    run("policy", "apply", file(HIGHER), "--from", "2099-04-01")
    told = said(run("policy", "apply", file(f"{TEXT}\n# read again\n", "again.toml")))
    assert "changes nothing against what is in force" in told
    assert "applied for 1 April 2099 takes the place of the whole of this one" in told


def test_a_file_of_the_older_format_says_what_holds_as_shipped(run: Run) -> None:
    older = Path(__file__).parents[1] / "rules" / "formats" / "policy_format_1.toml"
    for command in ("check", "apply"):
        told = said(run("policy", command, str(older)))
        assert "It is of an older format. What it does not say holds as it is shipped: figures.decision_days" in told


def test_versions_lists_all_with_what_changed(run: Run, file: Callable[..., str]) -> None:
    assert "The record holds no policy yet" in run("policy", "versions").output
    run("policy", "apply", file(HIGHER), "--note", "A better Youth Fund")
    run("policy", "apply", file(TEXT, "shipped.toml"), "--from", "2099-04-01")
    found = data(run("policy", "versions", "--json"))
    assert [(one["how"], one["by"], one["held"]) for one in found] == [
        ("file", "the desk", True),
        ("applied", "command line: ada", True),
        ("applied", "command line: ada", True),
    ]
    assert found[1]["until"] == "2099-03-31"
    assert [change["after"] for change in found[2]["changes"]] == ["£3,500"]
    told = said(run("policy", "versions"))
    for part in ("the first on record", "A better Youth Fund", "2099-04-01", "Youth Fund: At most:"):
        assert part in told


def test_withdraw_takes_back_what_is_to_come_and_nothing_else(run: Run, file: Callable[..., str]) -> None:
    run("policy", "apply", file(HIGHER), "--from", "2099-04-01")
    assert "Missing option '--note'" in run("policy", "withdraw", "2099-04-01", fails=True).output
    told = said(run("policy", "withdraw", "2099-04-01", "--note", "Not signed yet"))
    assert told.startswith("What was to come into force on 1 April 2099 is withdrawn. Policy ")
    (file_, back) = data(run("policy", "versions", "--json"))
    assert (file_["held"], file_["until"], file_["withdrawn"]) == (True, None, None)
    assert (back["held"], back["withdrawn"]["by"], back["withdrawn"]["because"]) == (
        False,
        "command line: ada",
        "Not signed yet",
    )
    listed = said(run("policy", "versions"))
    assert "never held" in listed
    assert "Not signed yet" in listed
    again = run("policy", "withdraw", "2099-04-01", "--note", "Again", fails=True).output
    assert "No policy is to come into force on 1 April 2099. None is on any day to come." in again
    assert "has come" in run("policy", "withdraw", "2020-04-01", "--note", "Too late", fails=True).output


def test_check_says_what_a_good_file_would_change(run: Run, file: Callable[..., str]) -> None:
    told = said(run("policy", "check", file(HIGHER)))
    assert "can be used" in told
    assert "Youth Fund: At most: £3,500 → £4,000" in told
    assert "changes nothing" in said(run("policy", "check", file(TEXT)))


def test_check_and_apply_warn_of_a_new_figure_under_an_old_source(run: Run, file: Callable[..., str]) -> None:
    path = file(HIGHER)
    warning = "Warning: what is new in funds.youth-fund.cap claims the source and the day of what it replaces."
    for command in (("check", path), ("apply", path, "--dry-run")):
        assert warning in said(run("policy", *command))
    cap = 'cap = { value = "3500.00", unit = "pounds", rule = "F5", source = "'
    signed = changed(cap, cap.replace("3500", "4000") + "Scheme of governance, before it: ")
    assert "Warning" not in run("policy", "check", file(signed)).output


def test_check_and_apply_warn_of_a_fund_that_is_taken_out_while_it_is_in_use(
    run: Run, file: Callable[..., str], desk: Any
) -> None:
    head, *funds = TEXT.split("[[funds]]")
    path = file("[[funds]]".join([head, *funds[1:]]))
    assert "Warning" not in run("policy", "check", path).output
    casework.drafted(desk.office)
    warning = "Warning: The fund youth-fund is not in it, and has 1 draft."
    for command in (("check", path), ("apply", path, "--dry-run"), ("apply", path)):
        assert warning in said(run("policy", *command))


def test_check_of_a_good_file_on_a_desk_that_cannot_start(
    run: Run, file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWARD_DESK_POLICY", file(WRONG, "wrong.toml"))
    told = said(run("policy", "check", file(HIGHER)))
    assert "can be used" in told
    assert "What it would change is not known: AWARD_DESK_POLICY is wrong" in told


def test_fifty_cases_are_printed_and_all_are_in_the_data(run: Run, file: Callable[..., str], desk: Any) -> None:
    lower = file(LOWER)
    for _ in range(52):
        casework.submitted(desk.office)
    told = said(run("policy", "apply", lower, "--dry-run"))
    assert "Of 52 open applications 52, and of 0 live awards 0, would be assessed differently" in told
    assert "in 52 of these a verdict turns" in told
    assert "By rule: F5 52" in told
    assert "And 2 more: --json has them all." in told
    assert told.count("application, submitted £2,000 F5 met → not met") == 50
    found = data(run("policy", "apply", lower, "--json"))
    assert len(found["dry_run"]["differ"]) == 52


# --- starts --------------------------------------------------------------------------------------------------------


def noted(office: Office) -> list[tuple[str, str]]:
    with office.reading() as session:
        query = select(PolicyInForce.how, PolicyVersion.fingerprint).join(PolicyInForce.policy_version)
        return [(how, fingerprint) for how, fingerprint in session.execute(query.order_by(PolicyInForce.id))]


def started() -> list[Any]:
    """What a process logs when it starts."""
    quiet_logs(logging.INFO)
    opened = opening.open_desk(choose(read(), production=False), migrate=True)
    try:
        with structlog.testing.capture_logs() as logs:
            assembly.note_policy(opened)
    finally:
        opened.stop()
    return logs


def test_a_start_notes_the_file_and_says_nothing(run: Run, desk: Any) -> None:
    assert started() == []
    assert noted(desk.office) == [("file", fingerprint_of(TEXT))]
    assert data(run("policy", "versions", "--json"))[0]["by"] == "the desk"


def test_a_wrong_file_starts_nothing_and_the_record_is_untouched(
    run: Run, file: Callable[..., str], desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started()
    run("policy", "apply", file(HIGHER))
    before = noted(desk.office)
    with desk.office.reading() as session:
        lines = len(session.scalars(select(Event.sequence)).all())
    monkeypatch.setenv("AWARD_DESK_POLICY", file(WRONG, "wrong.toml"))
    with pytest.raises(SettingsError) as error:
        started()
    assert str(error.value).startswith("AWARD_DESK_POLICY is wrong: wrong.toml line ")
    assert len(str(error.value).splitlines()) == 1
    for command in ("web", "scheduler", "bot", "up"):
        monkeypatch.setenv("AWARD_DESK_SECRET_KEY", "a secret of sixteen")
        monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"k:{'A' * 43}")
        refused = run(command, fails=True)
        assert refused.output.count("AWARD_DESK_POLICY is wrong") == 1
        assert len(refused.output.strip().splitlines()) == 1
    assert noted(desk.office) == before
    with desk.office.reading() as session:
        assert len(session.scalars(select(Event.sequence)).all()) == lines
    assert desk.office.in_force().policy_text == HIGHER


def test_once_something_was_applied_a_start_with_another_file_says_so_in_one_line(
    run: Run, file: Callable[..., str], desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("policy", "apply", file(HIGHER))
    assert [line["log_level"] for line in started()] == ["info"]  # the shipped file: nothing that anybody set
    other = file(SHORTER, "other.toml")
    monkeypatch.setenv("AWARD_DESK_POLICY", other)
    (line,) = started()
    assert (line["log_level"], line["file"]) == ("warning", "other.toml")
    assert f"award-desk policy apply {other}" in line["remedy"]
    assert desk.office.in_force().policy_text == HIGHER
    run("policy", "apply", other, "--from", "2099-01-01")
    (line,) = started()
    assert line["log_level"] == "info"
    assert "later" in line["event"]
    monkeypatch.setenv("AWARD_DESK_POLICY", file(HIGHER))
    assert started() == []


def test_a_stored_policy_that_cannot_be_read_stops_the_start_with_one_line(run: Run, desk: Any) -> None:
    started()
    with desk.office.sessions.begin() as session:
        session.execute(text("UPDATE policy_version SET toml = 'format = 99', fingerprint = 'f'"))
    with pytest.raises(SettingsError, match="in force by the record cannot be read by this version") as error:
        started()
    assert len(str(error.value).splitlines()) == 1


def test_mail_comes_from_the_address_of_the_policy_in_force(run: Run, file: Callable[..., str], desk: Any) -> None:
    assert desk.mail_from == "grants@practice.example"
    run("policy", "apply", file(TEXT.replace("grants@practice.example", "awards@office.example")))
    assert desk.mail_from == "awards@office.example"


def test_a_command_has_one_policy_from_its_beginning_to_its_end(run: Run, file: Callable[..., str], desk: Any) -> None:
    run("policy", "apply", file(HIGHER))
    chosen = opening.open_desk(choose(read(), production=False), migrate=False)
    try:
        assert chosen.office.policy == policy_from_text(TEXT)  # the process's own is its file's
        under_it = chosen.office.in_force()
        assert under_it.policy == policy_from_text(HIGHER)
        assert replace(under_it).in_force() == under_it
        with chosen.office.reading() as session:
            assert policies.standing(session, office=chosen.office, day=chosen.office.today()).policy == under_it.policy
    finally:
        chosen.stop()
