"""Every value of the rules is frozen: nobody changes a figure, a fact or a finding that somebody else holds too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import core.rules

MODULES = sorted(path.stem for path in Path(core.rules.__path__[0]).glob("[a-z]*.py"))


def values() -> Iterator[type]:
    """Every dataclass of the rules, where it is defined."""
    for name in MODULES:
        module = import_module(f"core.rules.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                yield value


VALUES = {value.__name__: value for value in values()}


def test_every_value_is_looked_at() -> None:
    assert {"Policy", "Fund", "Facts", "Finding", "Assessment", "Lifecycle", "Schedule"} <= VALUES.keys()


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_value_cannot_be_changed(name: str) -> None:
    value: Any = object.__new__(VALUES[name])
    for field in fields(VALUES[name]):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, None)
