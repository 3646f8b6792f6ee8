"""Every kind of letter as its texts alone make it, with made-up facts: for what must hold of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import ChainableUndefined

from core import outbox
from scheduler.wording import texts

SAMPLES = {
    "reference": "YF-2026-7K4MPX",
    "name": "Ada Applicant",
    "office.name": "Office of the Police and Crime Commissioner",
    "office.contact": "write to grants@practice.example or call 01632 960000",
    "officer": "Olive Officer",
    "title": "Gloves on, knives down",
    "organisation": "Riverside Boxing Club",
    "fund": "Youth Fund",
    "link": "https://desk.example.org/x/MQ.aAbBcCdDeEfFgGhHiIjJkKlLmMnNoO-pP_q",
}
"""How some facts look; any other is shown by its name in «marks»."""

PERSONAL = ("name", "title", "organisation", "office.contact", "officer")
"""Facts that nobody should read in the list of somebody's mails."""


class Fact(ChainableUndefined):
    """A fact that nobody gave: it is there, true, one of a kind, and shows its own name."""

    @property
    def _path(self) -> str:
        return str(self._undefined_name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Fact(name=f"{self._path}.{name}")

    __getitem__ = __getattr__

    def __str__(self) -> str:
        if self._path.endswith(".link"):
            return SAMPLES["link"]
        return SAMPLES.get(self._path, f"«{self._path}»")

    def __html__(self) -> str:
        return str(self)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Fact]:
        last = self._path.rpartition(".")[2]
        yield Fact(name=last.removesuffix("s") if last in ("groups", "items", "payments") else f"{self._path}.one")


@dataclass(frozen=True)
class LetterText:
    """The three texts of a kind."""

    kind: str
    subject: str
    text: str
    html: str


def mails() -> list[str]:
    """Every kind of mail."""
    return sorted(kind for kind, channel in outbox.MESSAGES.items() if channel == "mail")


@cache
def letter_text(kind: str) -> LetterText:
    """A kind of letter, with made-up facts."""
    environment = texts().overlay(undefined=Fact)
    environment.filters.update(day=lambda fact: f"3 December 2026{fact}", money=lambda fact: f"£2,000{fact}")
    environment.filters["listed"] = environment.filters["wrapped"] = str
    environment.filters["moment"] = lambda fact: f"3 December 2026 at 10am{fact}"

    def part(name: str) -> str:
        return environment.get_template(f"{kind}/{name}").render()

    return LetterText(kind, " ".join(part("subject.txt").split()), part("body.txt"), part("body.html"))
