"""What no single value of a policy file shows: gaps, overlaps, contradictions, names that lead nowhere."""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from core.policy_shape import BandRow, DelegationRow, File, FundRow, NudgesRow
from core.rules import policy as rules
from core.rules.answers import BudgetLine, clean_long
from core.rules.falling_due import KINDS
from core.rules.money import pounds
from core.rules.questions import (
    Agreed,
    application_questions,
    fields,
    questions_asked,
    return_questions,
    return_questions_asked,
)

Where = tuple[str | int, ...]
"""A place in the file: table, row and key."""


def contradictions(file: File, units: Mapping[Where, str]) -> Iterable[tuple[Where, str]]:
    """What no single value shows: gaps, contradictions, names that lead nowhere. Each with its place and remedy.

    `units` has the unit of each figure, by its place; those of funds without the number of the fund.
    """
    yield from _unit_faults(file, units)
    yield from _text_faults(file.model_dump(mode="json"))
    yield from _band_faults("tiers", file.tiers, [tier.value for tier in rules.Tier])
    yield from _band_faults("buying", file.buying, ["one_quote", "three_quotes", "tender"])
    yield from _figure_faults(file)
    yield from _form_length_faults(file)
    yield from _plan_faults(file)
    yield from _nudge_faults(file.nudges)
    yield from _invitation_faults(file)
    yield from _fund_faults(file.funds)
    yield from _delegation_faults(file)
    yield from _pause_faults(file)
    yield from _act_faults(file)
    yield from _question_faults(file)
    yield from _criterion_faults(file)
    yield from _repeated(("plan", "objectives"), "id", [row.id for row in file.plan.objectives])
    yield from _repeated(
        ("figures", "closing_days"), "day", [day.isoformat() for day in file.figures.closing_days.value]
    )
    yield from _repeated(("figures", "csp_areas"), "area", list(file.figures.csp_areas.value))


def _unit_faults(file: File, units: Mapping[Where, str]) -> Iterable[tuple[Where, str]]:
    """Units that are not those in which the desk reads the figures: nothing is worked out again for another one."""
    for part in ("office", "figures"):
        rows = getattr(file, part)
        for name in type(rows).model_fields:
            yield from _unit_fault((part, name), getattr(rows, name), units[part, name])
    for index, fund in enumerate(file.funds):
        for name in ("cap", "ages", "held_share"):
            row = getattr(fund, name)
            if row is not None:
                yield from _unit_fault(("funds", index, name), row, units["funds", name])


def _unit_fault(place: Where, row: Any, unit: str) -> Iterable[tuple[Where, str]]:
    if row.unit != unit:
        yield (*place, "unit"), f'the desk reads this in {unit}: make it "{unit}"'


_SEVERAL_LINES: Final = frozenset({"description", "hint", "declaration", "terms"})
"""Texts that may have line breaks; all others stand in a line of a page, a message or a header."""


def _text_faults(value: Any, place: Where = ()) -> Iterable[tuple[Where, str]]:
    """Texts with characters that nobody sees, which could not be typed into a form either, and with line breaks."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _text_faults(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _text_faults(inner, (*place, index))
    elif isinstance(value, str):
        seen = clean_long(value)
        hidden = sorted(set(unicodedata.normalize("NFC", value)) - set(seen) - set(_BLANK))
        if hidden:
            named = ", ".join(f"U+{ord(char):04X}" for char in hidden)
            yield place, f"it has a character that cannot be seen ({named}): take it out"
        elif any(char in value for char in "\n\t") and not _SEVERAL_LINES & set(place):
            yield place, "it has a line break or a tab: write it in one line"


_BLANK: Final = " \n\t"


def _band_faults(key: str, bands: Sequence[BandRow[Any]], names: list[str]) -> Iterable[tuple[Where, str]]:
    found = [str(getattr(band.name, "value", band.name)) for band in bands]
    if found != names:
        yield (key,), f"the bands must be these, in this order: {', '.join(names)}"
        return
    if bands[0].lowest != 0:
        yield (key, 0, "from"), f'there is a gap below {pounds(bands[0].lowest)}: start the first band from "0.00"'
    for index, (band, following) in enumerate(itertools.pairwise(bands)):
        if band.below is None or band.below < following.lowest:
            yield (
                (key, index, "below"),
                f'there is a gap between two bands: end this one below "{pounds(following.lowest)}"',
            )
        elif band.below > following.lowest:
            yield (
                (key, index, "below"),
                f'two bands overlap: end this one below "{pounds(following.lowest)}"',
            )
    yield from (
        ((key, index, "below"), "the band holds nothing: its end must be above its start")
        for index, band in enumerate(bands)
        if band.below is not None and band.below <= band.lowest
    )
    if bands[-1].below is not None:
        yield (key, len(bands) - 1, "below"), "no band holds larger amounts: take this line out of the last band"


def _figure_faults(file: File) -> Iterable[tuple[Where, str]]:
    figures = file.figures
    tender = file.buying[-1].lowest if file.buying else 0
    if figures.portal_over.value < tender:
        yield (
            ("figures", "portal_over"),
            f'the portal would be required below a tender (T4): make it "{pounds(tender)}" or more',
        )
    if figures.return_months.value > 6:
        yield (
            ("figures", "return_months"),
            "every recipient sends a return at least every six months (R1): make it 6 or less",
        )
    if figures.return_without_term_months.value > 6:
        yield ("figures", "return_without_term_months"), "a return is due within six months (R1): make it 6 or less"
    for name in ("meeting_months", "meeting_months_victims"):
        most = 6 if name == "meeting_months" else 3
        if getattr(figures, name).value > most:
            yield ("figures", name), f"meetings are at least every {most} months (R2): make it {most} or less"
    if figures.review_months.value > 12:
        yield ("figures", "review_months"), "every award is looked at each year (R6): make it 12 or less"
    if len(set(figures.reference_alphabet.value)) != len(figures.reference_alphabet.value):
        yield ("figures", "reference_alphabet"), "a character is there twice: take one out"
    unfit = {rules.Role.COMMISSIONER, rules.Role.AUDITOR} & set(figures.recommenders.value)
    if unfit:
        yield ("figures", "recommenders"), f"{', '.join(sorted(unfit))} cannot recommend (A2): take it out"


def _form_length_faults(file: File) -> Iterable[tuple[Where, str]]:
    figures = file.figures
    for name, most in (("light_application_questions", 20), ("light_return_questions", 8)):
        if getattr(figures, name).value > most:
            yield ("figures", name), f"a light form asks {most} questions at most (P0): make it {most} or less"
    for name in ("outcomes", "budget_lines"):
        if getattr(figures, f"{name}_in_form").value > getattr(figures, f"{name}_at_most").value:
            yield ("figures", f"{name}_in_form"), f"it cannot be more than {name}_at_most: lower it"


def _plan_faults(file: File) -> Iterable[tuple[Where, str]]:
    place: Where = ("figures", "full_plan_months")
    months = file.figures.full_plan_months.value
    if months > 6:
        yield place, "a dated plan is up to six months (P0): make it 6 or less"
    if file.figures.full_plan_months_plan.value + file.figures.full_plan_months_do.value >= months:
        yield place, "it leaves no month for Understand (P0): lower full_plan_months_plan or full_plan_months_do"


def _nudge_faults(nudges: Mapping[str, NudgesRow]) -> Iterable[tuple[Where, str]]:
    for kind in KINDS:
        if kind not in nudges:
            yield ("nudges",), f"the steps for {kind} are missing: add [nudges.{kind}]"
    for kind, row in nudges.items():
        if "return" in kind and kind != "return":
            yield ("nudges", kind), 'only the kind "return" may have that word in its name: rename it'
        yield from _repeated(("nudges", kind), "step", [(step.days, to) for step in row.steps for to in step.to])
        for index, step in enumerate(row.steps):
            for name in ("says", "otherwise"):
                yield from _sentence_faults(("nudges", kind, "steps", index, name), getattr(step, name))


_LONGEST_SENTENCES: Final = 300
"""Characters of what a step says: a sentence or two, which somebody reads on a phone."""

_MARKUP: Final = re.compile(r"[<>{}]|\]\(|&\w+;|&#|\*\*|__")
_ADDRESS: Final = re.compile(r"://|\bwww\.", re.IGNORECASE)


def _sentence_faults(place: Where, text: str) -> Iterable[tuple[Where, str]]:
    """What a step says stands in a letter and in Slack as it is: short, and without any sign that either may read."""
    if len(text) > _LONGEST_SENTENCES:
        yield place, f"it has {len(text)} characters, and {_LONGEST_SENTENCES} is the most: say it in a sentence or two"
    if found := _MARKUP.search(text):
        yield place, f'nothing is filled in or set off here, so "{found.group()}" would be read as it is: take it out'
    if _ADDRESS.search(text):
        yield place, "the letter has its own link, to the page of what falls due: take this address out"


def _invitation_faults(file: File) -> Iterable[tuple[Where, str]]:
    """The figure says when invitations to meetings go out, and the steps send them: both must name one day (R2)."""
    days, meeting = file.figures.meeting_invitation_days.value, file.nudges.get("meeting")
    if meeting is not None and all(step.days != -days for step in meeting.steps):
        said = f"no step is {days} days before a meeting, when its invitation goes out (R2)"
        yield ("nudges", "meeting"), f"{said}: add that step, or change figures.meeting_invitation_days"


def _fund_faults(funds: Sequence[FundRow]) -> Iterable[tuple[Where, str]]:
    yield from _repeated(("funds",), "id", [fund.id for fund in funds])
    yield from _repeated(("funds",), "letters", [fund.letters for fund in funds])
    for index, fund in enumerate(funds):
        place: Where = ("funds", index)
        for name in ("purposes", "kinds", "organisation_types"):
            yield from _repeated((*place, name), "value", list(getattr(fund, name)))
        if fund.cap and fund.cap.value == 0:
            yield (*place, "cap"), "a cap of nothing closes the fund: raise it, or set open_to_applications = false"
        if fund.ages and not fund.ages.value.lowest <= fund.ages.value.highest <= fund.ages.value.highest_with_send:
            yield (*place, "ages"), "the ages are out of order: lowest, then highest, then highest_with_send"
        community = rules.OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP
        if fund.csp_route is rules.CspRoute.APPLICANT and community not in fund.organisation_types:
            yield (*place, "organisation_types"), f"its applicants are partnerships: add {community.value}"
        if fund.government_grant and fund.after_year_end is rules.YearEnd.RETURNED:
            yield (
                (*place, "after_year_end"),
                "a government grant is repayable, or carried_forward by its agreement",
            )
        if fund.rule == "F3" and fund.held_share is None:
            yield place, "the share held for the Constabulary is missing (F3): add held_share"
        windows = sorted(fund.windows, key=lambda window: window.opens)
        if any(window.closes < window.opens for window in windows):
            yield (*place, "windows"), "a window closes before it opens: correct its days"
        elif any(later.opens <= earlier.closes for earlier, later in itertools.pairwise(windows)):
            yield (*place, "windows"), "two windows overlap: make them one"


def _delegation_faults(file: File) -> Iterable[tuple[Where, str]]:
    known = {fund.id for fund in file.funds}
    for index, row in enumerate(file.delegations):
        place: Where = ("delegations", index)
        if row.of is rules.Body.CONSTABULARY:
            yield (*place, "of"), "constabulary staff neither recommend nor decide (A2): take this delegation out"
        if row.role in (rules.Role.COMMISSIONER, rules.Role.AUDITOR):
            yield (*place, "role"), f"{row.role.value} takes no delegation (A1): name another role"
        if row.upper_limit == 0:
            yield (*place, "upper_limit"), "a limit of nothing delegates nothing: raise it, or take the row out"
        for fund_id in row.funds or ():
            if fund_id not in known:
                yield (*place, "funds"), f"{fund_id} is no fund of this file: use one of {', '.join(sorted(known))}"
        for number, earlier in enumerate(file.delegations[:index], 1):
            if _same_case(earlier, row):
                yield place, f"it overlaps delegation {number}, with two limits for one case (A1): keep one of them"


def _same_case(one: DelegationRow, other: DelegationRow) -> bool:
    """Whether two delegations say from the same day who may approve one and the same case."""
    shared_fund = one.funds is None or other.funds is None or set(one.funds) & set(other.funds)
    return (
        one.role is other.role
        and one.since == other.since
        and bool(set(one.kinds) & set(other.kinds))
        and bool(shared_fund)
    )


def _pause_faults(file: File) -> Iterable[tuple[Where, str]]:
    for index, row in enumerate(file.pauses):
        place: Where = ("pauses", index)
        if row.until is not None and row.until < row.first:
            yield (*place, "until"), "the pause ends before it begins: correct its days"
        for kind in row.holds:
            if kind not in file.nudges:
                yield (*place, "holds"), f"{kind} is no kind of deadline: use any of {', '.join(KINDS)}"


def _act_faults(file: File) -> Iterable[tuple[Where, str]]:
    yield from _repeated(("thresholds",), "threshold", [(row.id, row.since.isoformat()) for row in file.thresholds])
    yield from _repeated(("notices",), "notice", [(row.id, row.since.isoformat()) for row in file.notices])
    yield from _repeated(("retention",), "id", [row.id for row in file.retention])
    for name in ("goods_and_services", "light_touch", "notifiable"):
        if all(row.id != name for row in file.thresholds):
            yield ("thresholds",), f"the threshold {name} is missing (T8): add it"
    for name in ("draft", "declined", "award", "bank_details", "documents"):
        if all(row.id != name for row in file.retention):
            yield ("retention",), f"how long to keep {name} is missing (W4): add it"


def _question_faults(file: File) -> Iterable[tuple[Where, str]]:
    known = {fund.id for fund in file.funds}
    yield from _repeated(("questions",), "id", [row.id for row in file.questions])
    for index, row in enumerate(file.questions):
        place: Where = ("questions", index)
        if (row.kind == "choice") != bool(row.choices):
            yield (*place, "choices"), 'a question of the kind "choice", and no other, has choices: correct its kind'
        if len(row.choices) == 1:
            yield (*place, "choices"), "one answer is no choice: add another"
        yield from _repeated((*place, "choices"), "choice", list(row.choices))
        if row.word_limit is not None and row.kind != "long":
            yield (*place, "word_limit"), 'only a question of the kind "long" has a word limit: take it out'
        for fund_id in row.funds or ():
            if fund_id not in known:
                yield (*place, "funds"), f"{fund_id} is no fund of this file: use one of {', '.join(sorted(known))}"


MOST_CRITERIA: Final = 10
"""Criteria of one fund: more than anybody weighs, and few enough for one form in Slack."""


def _criterion_faults(file: File) -> Iterable[tuple[Where, str]]:
    known = [fund.id for fund in file.funds]
    for index, row in enumerate(file.criteria):
        for fund_id in row.funds or ():
            if fund_id not in known:
                said = f"{fund_id} is no fund of this file: use one of {', '.join(sorted(known))}"
                yield ("criteria", index, "funds"), said
    for fund_id in known:
        ids = [row.id for row in file.criteria if row.funds is None or fund_id in row.funds]
        yield from _repeated(("criteria",), f"criterion of {fund_id}", ids)
        if not ids:
            yield ("criteria",), f"a panel has nothing to score applications to {fund_id} by: add a criterion"
        if len(ids) > MOST_CRITERIA:
            said = f"applications to {fund_id} would be scored by {len(ids)} criteria, and {MOST_CRITERIA} is the most"
            yield ("criteria",), f"{said}: take one out"


def form_faults(policy: rules.Policy) -> Iterable[tuple[Where, str]]:
    """What is wrong with the questions that the office adds, beside those that the forms have already (P0)."""
    taken = {name for fund in policy.funds for name in _names(fund, policy)}
    for index, row in enumerate(policy.questions):
        if row.id in taken:
            yield ("questions", index, "id"), "the forms have a question or a field of this name: choose another"
    limits = (policy.light_application_questions.value, policy.light_return_questions.value)
    for fund in policy.funds:
        asked = (
            max(questions_asked(fund, policy, organisation) for organisation in fund.organisation_types),
            return_questions_asked(policy, fund),
        )
        for form, count, most in zip(("application to", "return of"), asked, limits, strict=True):
            if count > most:
                said = f"a light {form} {fund.id} would be asked {count} questions, and {most} is the most (P0)"
                yield ("questions",), f"{said}: take one out, or ask it from a larger tier on"


def _names(fund: rules.Fund, policy: rules.Policy) -> Iterable[str]:
    """The ids and fields of what the forms ask without the office's own questions, and what requests use themselves."""
    yield from ("return", "csrf_token", "fund", "measures", "seen", "save")
    shipped = replace(policy, questions=())
    every = Agreed(amount=1, lines=(BudgetLine("Any", 1),), final=True)
    for question in (
        *application_questions(fund, shipped),
        *return_questions(rules.Tier.FULL, ("Any",), shipped, fund.id, every),
    ):
        yield question.id
        yield from fields(question)


def _repeated(place: Where, what: str, values: Sequence[Hashable]) -> Iterable[tuple[Where, str]]:
    for value, times in Counter(values).items():
        if times > 1:
            shown = " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
            yield place, f"the {what} {shown} is there {times} times: keep one"
