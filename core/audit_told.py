"""What a line of the trail is told with, and the entry of the story that it becomes (A4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.contacts import Contacts
from core.records import Application, Award
from core.rules.policy import Policy
from core.rules.words import capital

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Detail:
    """One thing that an entry says beside its headline. `private` is a personal detail beyond a contact's name (W4)."""

    label: str
    text: str
    private: bool = False

    def as_data(self) -> dict[str, str]:
        """JSON-ready."""
        return {"label": self.label, "text": self.text}


@dataclass(frozen=True)
class Entry:
    """One thing that happened, or that is due: when, what, by whom, and by which line of the trail.

    `findings` are what the rules said then, as the record keeps them.
    """

    at: datetime
    what: str
    by: str = ""
    line: int | None = None
    details: tuple[Detail, ...] = ()
    findings: tuple[Data, ...] = ()


@dataclass(frozen=True)
class Told:
    """A line that is to be told, with what is needed to tell it.

    `policy` is that of the fingerprint which the line names, where it does and can be read; `deciders` is who could
    have decided then, where it is a decision; `version` is how that policy came into force; `contacts` is whom the
    office wrote to when the line was added.
    """

    line: Data
    application: Application
    contacts: Contacts
    award: Award | None
    policy: Policy
    version: str = ""
    deciders: str = ""
    asked: int = 0
    days_late: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Data:
        """What the line says; nothing where somebody has put something else there."""
        found = self.line["data"]
        return found if isinstance(found, Mapping) else {}


Words = Callable[[Told], tuple[str, list[Detail]]]


def text(told: Told, name: str, label: str = "") -> Detail:
    """One thing that the line says, by its name there; an empty detail where it says nothing of it."""
    return Detail(label or capital(name.replace("_", " ")), str(told.data.get(name) or ""))
