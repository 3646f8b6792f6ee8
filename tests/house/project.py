"""The files of the project: what is in the repository, and nothing that a tool or a test has left beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "core", "desk", "intake", "scheduler")
LEFT_BY_TOOLS = frozenset({"__pycache__", "var", "dist", "htmlcov", "govuk", "pictures"})
"""Folders that are ignored, besides those whose name begins with a dot; `.ci` alone is ours."""


def files() -> Iterator[Path]:
    """Every file of the project that is text."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(
            name
            for name in inner
            if name == ".ci" or not (name.startswith(".") or name in LEFT_BY_TOOLS or name.endswith(".egg-info"))
        )
        for name in sorted(names):
            if name in ("uv.lock", ".env", ".git") or name.startswith(".coverage") or name.endswith((".png", ".pyc")):
                continue
            yield Path(folder) / name


def modules() -> list[Path]:
    """Every module, those of the tests among them."""
    return [path for path in files() if path.suffix == ".py"]


def told(path: Path) -> str:
    """A file's name as messages show it."""
    return str(path.relative_to(ROOT))


def section(heading: str) -> str:
    """A section of README, up to the next heading of its size."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"README has no section '{heading}'"
    return rest.split("\n## ", 1)[0]
