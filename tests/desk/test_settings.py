"""A wrong or missing setting stops the start with one line that names it and says how to put it right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.field_cipher import new_key
from desk.settings import SettingsError, choose, read

NOTIFY_KEY = "desk-11111111-2222-3333-4444-555555555555-66666666-7777-8888-9999-000000000000"
HOOK = "https://hooks.example.org whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcywgb2g="
TEMPLATE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("AWARD_DESK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://somewhere/record"),
        ("DATABASE_URL", "postgresql://old-driver/record"),
        ("DATABASE_URL", "nonsense"),
        ("PUBLIC_URL", "grants.example.org"),
        ("PUBLIC_URL", "ftp://grants.example.org"),
        ("SECRET_KEY", "short"),
        ("POLICY", "no-such-file.toml"),
        ("PRACTICE", "perhaps"),
        ("SLACK_API_URL", "https://slack.com"),
        ("SMTP_URL", "mail.example.org:25"),
        ("SMTP_URL", "smtp://mail.example.org:notaport"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "Grants Desk grants@example.org"),
        ("NOTIFY_API_KEY", "desk-11111111-2222-3333-4444-555555555555"),
        ("NOTIFY_URL", "http://notify.example.org"),
        ("NOTIFY_URL", "notify"),
        ("NOTIFY_TEMPLATE_ID", "offer"),
        ("NOTIFY_CALLBACK_TOKEN", "short"),
        ("WEBHOOKS", "https://hooks.example.org"),
        ("WEBHOOKS", "https://hooks.example.org whsec_short"),
        ("WEBHOOKS", f"{HOOK},{HOOK}"),
        ("WEBHOOKS", HOOK.replace("hooks", "hööks")),
        ("WEBHOOKS", HOOK.replace(".org", ".org/é")),
        ("WEBHOOKS", HOOK.replace("hooks", "hooks.")),
        ("FIELD_KEYS", "justakey"),
        ("FIELD_KEYS", "k:c2hvcnQ="),
        ("API_KEYS", "justaname"),
        ("API_KEYS", "a:key:boss"),
        ("API_KEYS", "a:same,b:same"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AWARD_DESK_{name}", value)
    with pytest.raises(SettingsError) as raised:
        read()
    said = str(raised.value)
    assert said.startswith(f"AWARD_DESK_{name} is wrong: ")
    assert "\n" not in said
    assert "give " in said, said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("AWARD_DESK_SMPT_URL", "AWARD_DESK_SMPT_URL is no setting: is it AWARD_DESK_SMTP_URL?"),
        ("award_desk_colour", "AWARD_DESK_COLOUR is no setting: README lists them all."),
    ],
)
def test_a_name_that_is_no_setting_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, said: str
) -> None:
    """What is mistyped would do nothing, and nobody would know why."""
    with monkeypatch.context() as given:
        given.setenv(name, "x")
        with pytest.raises(SettingsError, match=f"^{re.escape(said)}$"):
            read()
    (tmp_path / ".env").write_text(f"{name}=x\nOTHERS=of another program\n")
    with pytest.raises(SettingsError, match=f"^{re.escape(said)}$"):
        read()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APPROVALS_CHANNEL"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APPROVALS_CHANNEL": "C1"}, "SLACK_DEADLINES_CHANNEL"),
        (
            {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APPROVALS_CHANNEL": "C1", "SLACK_DEADLINES_CHANNEL": "C2"},
            "SLACK_SIGNING_SECRET",
        ),
        ({"NOTIFY_API_KEY": NOTIFY_KEY}, "NOTIFY_TEMPLATE_ID"),
        ({"NOTIFY_TEMPLATE_ID": TEMPLATE}, "NOTIFY_API_KEY"),
        ({}, "SECRET_KEY"),
        ({"SECRET_KEY": "a secret that is long enough"}, "FIELD_KEYS"),
    ],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"AWARD_DESK_{name}", value)
    with pytest.raises(SettingsError, match=f"^AWARD_DESK_{missing} is missing: "):
        choose(read(), production=True)


def test_signing_in_with_slack_needs_both_or_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        other = {"SLACK_CLIENT_ID": "SLACK_CLIENT_SECRET", "SLACK_CLIENT_SECRET": "SLACK_CLIENT_ID"}[name]
        with monkeypatch.context() as given:
            given.setenv(f"AWARD_DESK_{name}", "100.200")
            with pytest.raises(SettingsError, match=f"AWARD_DESK_{other} is missing"):
                choose(read(), production=False)
            given.setenv(f"AWARD_DESK_{other}", "100.200")
            choose(read(), production=False)


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = choose(read(), production=False).secret_key
    assert choose(read(), production=False).secret_key == first
    assert len(first) >= 40
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o077 == 0


def test_the_keys_of_fields_are_made_once_kept_private_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = choose(read(), production=False)
    assert choose(read(), production=False).field_keys == first.field_keys
    kept = tmp_path / "var" / "field-keys"
    assert kept.stat().st_mode & 0o077 == 0
    written = kept.read_text().partition(":")[2]
    assert written not in repr(first)
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"k:{written}")
    assert written not in repr(read()) + repr(choose(read(), production=False))
    kept.write_text("first:lost")
    monkeypatch.delenv("AWARD_DESK_FIELD_KEYS")
    with pytest.raises(SettingsError, match="field-keys is wrong: the key 'first' is not 32 bytes"):
        choose(read(), production=False)


def test_practice_is_on_for_up_and_off_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_SECRET_KEY", "a secret that is long enough")
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"k:{new_key()}")
    assert choose(read(), production=False, host="127.0.0.1").practice is True
    assert choose(read(), production=True, host="127.0.0.1").practice is False
    monkeypatch.setenv("AWARD_DESK_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("AWARD_DESK_SLACK_SIGNING_SECRET", "s")
    monkeypatch.setenv("AWARD_DESK_SLACK_APPROVALS_CHANNEL", "C1")
    monkeypatch.setenv("AWARD_DESK_SLACK_DEADLINES_CHANNEL", "C2")
    chosen = choose(read(), production=False, host="127.0.0.1")
    assert (chosen.practice, chosen.practice_slack, chosen.practice_mail) == (True, False, True)
    monkeypatch.setenv("AWARD_DESK_SMTP_URL", "smtp://127.0.0.1:2525")
    assert choose(read(), production=False, host="127.0.0.1").practice_mail is False


def test_mail_goes_one_way_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_NOTIFY_API_KEY", NOTIFY_KEY)
    monkeypatch.setenv("AWARD_DESK_NOTIFY_TEMPLATE_ID", TEMPLATE)
    chosen = choose(read(), production=False, host="127.0.0.1")
    assert (chosen.practice, chosen.practice_mail) == (True, False)
    assert chosen.raw.notify_url == "https://api.notifications.service.gov.uk"
    monkeypatch.setenv("AWARD_DESK_SMTP_URL", "smtp://127.0.0.1:2525")
    with pytest.raises(SettingsError, match="both set") as raised:
        choose(read(), production=False, host="127.0.0.1")
    assert "\n" not in str(raised.value)


def test_webhooks_go_by_https_outside_practice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_SECRET_KEY", "a secret that is long enough")
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"k:{new_key()}")
    for address, fine in (("https://a.example", True), ("http://127.0.0.1:9", True), ("http://a.example", False)):
        monkeypatch.setenv("AWARD_DESK_WEBHOOKS", HOOK.replace("https://hooks.example.org", address))
        assert choose(read(), production=False, host="127.0.0.1").raw.endpoints()[0].url == address
        if fine:
            choose(read(), production=True)
        else:
            with pytest.raises(SettingsError, match=r"^AWARD_DESK_WEBHOOKS is wrong: "):
                choose(read(), production=True)


def test_a_command_is_in_practice_only_where_up_practised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On an office's own record a command must never take it for practice: it would send what is not due."""
    assert choose(read(), production=False).practice is False
    (tmp_path / "var" / "practice-office").touch()
    assert choose(read(), production=False).practice is True
    monkeypatch.setenv("AWARD_DESK_PRACTICE", "0")
    assert choose(read(), production=False).practice is False


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("0.0.0.0", 8000, "http://127.0.0.1:8000"),
        ("::1", 80, "http://[::1]:80"),
        ("desk.lan", 81, "http://desk.lan:81"),
    ],
)
def test_links_lead_to_where_the_desk_listens(host: str, port: int, expected: str) -> None:
    assert choose(read(), production=False, host=host, port=port).public_url == expected


def test_a_dot_env_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AWARD_DESK_PUBLIC_URL=https://grants.example.org/\n")
    assert choose(read(), production=False).public_url == "https://grants.example.org"


def run(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"AWARD_DESK_{name}": value for name, value in settings.items()}}
    return subprocess.run(
        [sys.executable, "-m", "desk", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "settings", "named"),
    [
        (["up"], {"DATABASE_URL": "nonsense"}, "AWARD_DESK_DATABASE_URL"),
        (["up"], {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}, "AWARD_DESK_DATABASE_URL"),
        (["up"], {"DATA_DIR": "/proc/nowhere"}, "AWARD_DESK_DATA_DIR"),
        (["web"], {}, "AWARD_DESK_SECRET_KEY"),
        (["scheduler"], {"SECRET_KEY": "short"}, "AWARD_DESK_SECRET_KEY"),
    ],
)
def test_the_start_stops_with_one_line(
    tmp_path: Path, command: list[str], settings: dict[str, str], named: str
) -> None:
    done = run(*command, folder=tmp_path, **settings)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("award-desk: ")
    assert named in lines[0]
    assert "Traceback" not in done.stderr + done.stdout


def test_a_wrong_policy_stops_the_start(tmp_path: Path) -> None:
    shipped = (ROOT / "core" / "policy.toml").read_text()
    (tmp_path / "mine.toml").write_text(shipped.replace("return_months = { value = 6,", "return_months = { value = 7,"))
    done = run("up", folder=tmp_path, POLICY="mine.toml")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "AWARD_DESK_POLICY is wrong" in done.stderr
    assert "return_months" in done.stderr
