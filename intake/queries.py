"""Query parameters of the API, read strictly: each once, none unknown, none empty, and every fault named at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from werkzeug.datastructures import MultiDict

from core.rules.calendar import parse_year
from core.rules.money import MoneyError, pence_from_api
from intake.problems import PointedError, unprocessable

E = TypeVar("E", bound=StrEnum)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def iso_day(text: str) -> date | None:
    """A day written as YYYY-MM-DD; None for anything else, also for a day that does not exist."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Query:
    """The parameters of one request. Faults gather while it is read; `done` raises them together."""

    def __init__(self, sent: MultiDict[str, str], known: Collection[str]) -> None:
        self._sent = sent
        self._faults: list[PointedError] = []
        for name in sent:
            if name not in known:
                self.fault(name[:80], f"There is no such parameter. The parameters are: {', '.join(known)}.")
            elif len(sent.getlist(name)) > 1:
                self.fault(name, "Send this once.")

    def fault(self, name: str, detail: str) -> None:
        """Note what is wrong with a parameter, once for each."""
        if all(fault.pointer != name for fault in self._faults):
            self._faults.append(PointedError(name, detail))

    def done(self) -> None:
        """Raise every fault found, as 422."""
        if self._faults:
            raise unprocessable(self._faults)

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A parameter that is there and not empty."""
        found = self._sent.get(name)
        if found is None:
            if required:
                self.fault(name, "This is required.")
            return None
        if not found:
            self.fault(name, "This is empty. Leave it out, or give it a value.")
            return None
        return found

    def choice(self, name: str, kind: type[E], *, required: bool = False) -> E | None:
        """One of the values of `kind`."""
        text = self.text(name, required=required)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError:
            self.fault(name, f"This must be one of: {', '.join(kind)}.")
            return None

    def money(self, name: str, *, required: bool = False) -> int | None:
        """Pence."""
        text = self.text(name, required=required)
        if text is None:
            return None
        try:
            return pence_from_api(text)
        except MoneyError as error:
            self.fault(name, f"{error}.")
            return None

    def truth(self, name: str) -> bool | None:
        """True or false."""
        text = self.text(name)
        if text not in (None, "true", "false"):
            self.fault(name, "This must be true or false.")
        return None if text is None else text == "true"

    def day(self, name: str) -> date | None:
        """A real day, as YYYY-MM-DD."""
        text = self.text(name)
        day = iso_day(text) if text is not None else None
        if text is not None and day is None:
            self.fault(name, "This must be a real day, written as YYYY-MM-DD.")
        return day

    def year(self, name: str) -> int | None:
        """A financial year such as 2026-27, as its first calendar year."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_year(text)
        except ValueError:
            self.fault(name, "This must be a financial year, such as 2026-27.")
            return None
