"""Who hears of a deadline, when, and by what (D0), in words and as findings; the days themselves are `calendar`'s."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.calendar import date_text, latest_due, nudge_dates
from core.rules.facts import Finding, advice, met, not_met
from core.rules.policy import NudgeStep, Policy
from core.rules.words import counted, listed

__all__ = ["SentNudge", "nudge_finding", "sent_finding", "steps_text"]

_WHO: Final = {
    "recipient": "the recipient by e-mail",
    "second_contact": "their second contact by e-mail",
    "officer": "the officer in Slack",
    "director": "the Director in Slack",
}


@dataclass(frozen=True, slots=True)
class SentNudge:
    """One nudge that went out: which step, to whom, and on which day."""

    days: int
    to: str
    on: date


def steps_text(days: Iterable[int]) -> str:
    """Steps as people say them: "28, 7 and 1 days before, on the day and 7 days after"; "never" where there is none."""
    found = sorted(set(days))
    parts = [
        _days([-day for day in found if day < 0], "before"),
        "on the day" if 0 in found else "",
        _days([day for day in found if day > 0], "after"),
    ]
    return listed(part for part in parts if part) or "never"


def _days(days: list[int], side: str) -> str:
    if not days:
        return ""
    return f"{listed(str(day) for day in days)} {'day' if days == [1] else 'days'} {side}"


def nudge_finding(kind: str, due: date | None, policy: Policy, holidays: frozenset[date]) -> Finding:
    """D0: who hears when of a deadline of this kind; with its day, on which days, where nobody works on one."""
    steps = policy.nudge_steps.get(kind, ())
    if not steps:
        return advice(
            "D0", f"Nobody is reminded of this: the policy has no steps for “{kind}”.", f"Add [nudges.{kind}] to it."
        )
    told = "; ".join(f"{name}: {steps_text(step.days for step in steps if step.to == to)}" for to, name in _to(steps))
    because = f"Reminded are {told}."
    if due is None:
        return met("D0", f"{because} Staff hear on the next working day where nobody works on one of these.")
    moved = _moved(due, steps, holidays)
    return met("D0", f"{because} It is due on {date_text(due)}.{moved}")


def _to(steps: Sequence[NudgeStep]) -> list[tuple[str, str]]:
    return [(to, name) for to, name in _WHO.items() if any(step.to == to for step in steps)]


def _moved(due: date, steps: tuple[NudgeStep, ...], holidays: frozenset[date]) -> str:
    days = dict.fromkeys(
        (due.toordinal() + step.days, on)
        for step, on in nudge_dates(due, steps, holidays)
        if due.toordinal() + step.days != on.toordinal()
    )
    if not days:
        return ""
    parts = [f"{date_text(date.fromordinal(planned))} on {date_text(on)}" for planned, on in days]
    return f" Nobody works on some of these days, so staff hear of {listed(parts)}."


def sent_finding(
    due: date, sent: Sequence[SentNudge], steps: tuple[NudgeStep, ...], holidays: frozenset[date], today: date
) -> Finding:
    """D0: did each nudge of a deadline that is still open go out once, not before its day, and the latest at all?

    One that was missed is not made up once a later one has come.
    """
    on_day = {(step.days, step.to): day for step, day in nudge_dates(due, steps, holidays)}
    keys = [(nudge.days, nudge.to) for nudge in sent]
    twice = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if twice:
        return not_met("D0", f"Sent more than once: {_named(twice)}.", "Find out which process sent it again.", None)
    early = [(nudge.days, nudge.to) for nudge in sent if nudge.on < on_day.get((nudge.days, nudge.to), date.min)]
    if early:
        return not_met("D0", f"Sent before its day: {_named(early)}.", "Find out which day the sweep was told.", None)
    waiting = [
        (step.days, step.to) for step, _ in latest_due(due, steps, holidays, today) if (step.days, step.to) not in keys
    ]
    if waiting:
        return advice("D0", f"Not sent yet: {_named(waiting)}.", "The next sweep sends it.")
    if not sent:
        return met("D0", "No nudge of it has come yet.")
    return met("D0", f"{counted(len(sent), 'nudge')} sent, each once and on its day or after it.")


def _named(keys: Iterable[tuple[int, str]]) -> str:
    return listed(f"{_WHO.get(to, to)}, {steps_text([days])}" for days, to in keys)
