"""A rule that looks at several things has one finding: the worst part decides it, and says why."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from core.rules.facts import Finding, Stage, Verdict, advice, met, not_met

__all__ = ["Part", "worst_of"]


class Part(NamedTuple):
    """One part of a rule, with the step that waits for its remedy. One without words says nothing where all is met."""

    verdict: Verdict
    because: str
    remedy: str = ""
    needed_by: Stage | None = None


_WORST_FIRST: Final = (Verdict.NOT_MET, Verdict.ADVICE, Verdict.MET)
_STAGES: Final = tuple(Stage)


def worst_of(rule: str, parts: Iterable[Part]) -> Finding:
    """The one finding of a rule with these parts, of which at least one has words.

    Where a part is not met the finding is, and approval waits for it. Of several steps that wait the first is named.
    """
    said = [part for part in parts if part.because]
    worst = min((part.verdict for part in said), key=_WORST_FIRST.index)
    # A reader who is told no wants every reason; one who is told yes wants to know why.
    telling = [part for part in said if part.verdict is not Verdict.MET] if worst is not Verdict.MET else said
    telling.sort(key=lambda part: _WORST_FIRST.index(part.verdict))
    because = " ".join(part.because for part in telling)
    if worst is Verdict.MET:
        return met(rule, because)
    remedy = " ".join(dict.fromkeys(part.remedy for part in telling if part.remedy))
    waiting = [stage for stage in map(_waits, telling) if stage]
    needed_by = min(waiting, key=_STAGES.index, default=None)
    if worst is Verdict.NOT_MET:
        return not_met(rule, because, remedy, needed_by)
    return advice(rule, because, remedy, needed_by)


def _waits(part: Part) -> Stage | None:
    return part.needed_by or (Stage.APPROVAL if part.verdict is Verdict.NOT_MET else None)
