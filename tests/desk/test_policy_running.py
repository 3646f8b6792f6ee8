"""A policy that another process applies beside a running desk: the next request goes by it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.core.applying import HIGHER, WRONG
from tests.running import RunningDesk


def page(desk: RunningDesk, path: str) -> str:
    with urllib.request.urlopen(f"{desk.url}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def version(desk: RunningDesk) -> Any:
    return json.loads(page(desk, "/policy.json"))["version"]


def test_a_policy_is_applied_beside_a_running_desk(tmp_path: Path) -> None:
    file, wrong = tmp_path / "office.toml", tmp_path / "wrong.toml"
    file.write_text(HIGHER, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    desk = RunningDesk(tmp_path, practice="0", host="127.0.0.1")
    with desk:
        assert version(desk)["how"] == "file"
        assert "up to £3,500" in page(desk, "/apply/youth-fund")

        refused = desk.run("policy", "apply", str(wrong), check=False)
        assert refused.returncode == 1
        assert refused.stderr.startswith("wrong.toml line ")
        assert version(desk)["how"] == "file"

        desk.run("policy", "apply", str(file))
        assert "up to £4,000" in page(desk, "/apply/youth-fund")
        assert version(desk)["how"] == "applied"
        assert desk.stop() == 0

    desk.environment["AWARD_DESK_POLICY"] = str(wrong)
    refused = desk.run("up", "--port", str(desk.port), check=False)
    assert refused.returncode == 1
    assert "AWARD_DESK_POLICY is wrong: wrong.toml line " in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1

    desk.environment["AWARD_DESK_POLICY"] = str(file)
    with desk:
        assert version(desk)["how"] == "applied"
        assert "up to £4,000" in page(desk, "/apply/youth-fund")
        assert desk.stop() == 0
    assert "Traceback" not in desk.said()
