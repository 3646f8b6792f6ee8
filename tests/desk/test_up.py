"""The first command, in a process of its own: what it prints, what it serves, and that it carries on."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.running import RunningDesk, wait_for


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def api(desk: RunningDesk, path: str, key: str = "") -> Any:
    status, _, body = get(f"{desk.url}/api/v1{path}", **({"Authorization": f"Bearer {key}"} if key else {}))
    assert status == 200, body
    return json.loads(body)


def test_the_first_start_and_the_next(tmp_path: Path) -> None:
    desk = RunningDesk(tmp_path, api_keys="office:a-key-for-staff:staff")
    with desk:
        said = desk.said()
        for link in ("/apply/youth-fund", "/practice/slack", "/practice/mail", "/awards"):
            assert f"{desk.url}{link}" in said
            status, headers, _ = get(f"{desk.url}{link}")
            assert status == 200, link
            assert "unsafe-inline" not in headers["Content-Security-Policy"]
            assert headers["Server"] == "award-desk"
        assert "What to try first" in said
        assert get(f"{desk.url}/health/live")[0] == 200
        assert "award_desk" in get(f"{desk.url}/metrics")[2]
        awards = api(desk, "/awards")["awards"]
        assert len(awards) >= 20
        assert {award["status"] for award in awards} <= {"active", "completed"}
        grants = json.loads(get(f"{desk.url}/awards.json")[2])["grants"]
        assert len(grants) >= 20
        # The practice office's past is silent: nothing was mailed or posted of it.
        assert not list((tmp_path / "var" / "practice-mail").glob("*.eml"))
        assert "No messages yet" in get(f"{desk.url}/practice/slack/U0OFFICER/C0DEADLINES")[2]
        # What waits for the office is there to be tried: one new, one recommended, one that fails a rule.
        approvals = f"{desk.url}/practice/slack/U0OFFICER/C0APPROVALS"
        wait_for(lambda: "Ouse Paddlers" in get(approvals)[2], 60, "the cards of what waits are not there")
        cards = get(approvals)[2]
        for words in (
            "Whittlesey Wheelers",
            "South Fens Community Safety Partnership",
            "not met: it cannot be approved",
        ):
            assert words in cards
        before = [deadline["due"] for deadline in api(desk, "/deadlines", "a-key-for-staff")["deadlines"]]

        second = RunningDesk(tmp_path / "elsewhere")
        second.folder.mkdir()
        second.port = desk.port
        done = second.run("up", "--port", str(desk.port), check=False)
        assert done.returncode == 1
        assert f":{desk.port}" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

        assert desk.stop() == 0
        desk.start()
        assert [award["reference"] for award in api(desk, "/awards")["awards"]] == [one["reference"] for one in awards]
        after = [deadline["due"] for deadline in api(desk, "/deadlines", "a-key-for-staff")["deadlines"]]
        assert after == before
        assert desk.said().count("The practice office is set up") == 1
        assert desk.stop() == 0
    assert "Traceback" not in desk.said()


def test_without_practice_the_record_is_empty_and_there_is_nothing_to_practise_on(tmp_path: Path) -> None:
    with RunningDesk(tmp_path, practice="0", public_url="https://grants.example.org") as desk:
        assert api(desk, "/awards") == {"awards": []}
        assert get(f"{desk.url}/practice/slack")[0] == 404
        assert get(f"{desk.url}/practice/mail")[0] == 404
        assert json.loads(desk.run("people", "list", "--json").stdout) == []
        page = get(f"{desk.url}/apply/youth-fund")
        assert page[0] == 200
        assert "Secure" in page[1]["Set-Cookie"]
        assert "https://grants.example.org/awards" in desk.said()
        assert desk.stop() == 0


def test_localhost_is_two_addresses_and_both_answer(tmp_path: Path) -> None:
    """`localhost` may be 127.0.0.1 and ::1; the practice Slack must reach the bot whichever it is."""
    desk = RunningDesk(tmp_path, practice="0", host="localhost")
    desk.url = f"http://localhost:{desk.port}"
    with desk:
        assert f"http://localhost:{desk.port}/awards" in desk.said()
        assert get(f"{desk.url}/awards")[0] == 200
        assert desk.stop() == 0


def test_cookies_are_not_secure_without_https(tmp_path: Path) -> None:
    with RunningDesk(tmp_path, practice="0") as desk:
        cookie = get(f"{desk.url}/apply/youth-fund")[1]["Set-Cookie"]
        assert "Secure" not in cookie
        assert "HttpOnly" in cookie
