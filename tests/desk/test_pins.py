"""The pins that `uv run` resolves to and those of the image are the same, and name no host and no path."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def pins(text: str) -> dict[str, set[str]]:
    """Each package and its versions: one may have several, for several versions of Python."""
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall(text):
        found.setdefault(name.lower().replace("_", "-"), set()).add(version)
    return found


def constraints() -> dict[str, set[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return pins("\n".join(project["tool"]["uv"]["constraint-dependencies"]))


def test_the_image_and_uv_run_install_the_same() -> None:
    image = pins((ROOT / "docker" / "requirements.txt").read_text())
    assert len(image) > 40
    assert {name: constraints().get(name) for name in image} == image


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    missing = {re.split(r"[\[=<>~; ]", one)[0].lower() for one in named} - set(constraints())
    assert missing == set()


def test_every_line_of_the_image_has_a_hash_and_none_names_a_host_or_path() -> None:
    text = (ROOT / "docker" / "requirements.txt").read_text()
    entries = text.replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip())
    for told in (text, (ROOT / "pyproject.toml").read_text()):
        assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|/opt/|/home/", told)
