"""What the core refuses, and why.

Each edge translates these once: into a page, a problem document, a private message in Slack, or a line in a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The office may not, or does not, do this.

    `reason` is plain English for the person who asked: what is refused and what to do next. `rule` is the id of the
    rule that refuses, where one does.
    """

    def __init__(self, reason: str, rule: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule


class NotFound(Refused):
    """Nothing of that name is in the record, or not for this reader."""


class Gone(Refused):
    """It was there, and its time has passed: a link that has expired, an offer that was not accepted in time."""


class Conflict(Refused):
    """Somebody else was first, or what was seen is not how things stand now (A3)."""


class ChangedMeanwhile(Conflict):
    """Something else was saved after what somebody acts on was shown. `saved` is what stands now, by field."""

    def __init__(self, reason: str, saved: Mapping[str, str], rule: str = "") -> None:
        super().__init__(reason, rule)
        self.saved = saved
