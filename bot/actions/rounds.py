"""What can be done to a sitting: open, begin, score, rank, close it, and decide what it recommends as a set.

A set is one form and many decisions: each is asked of the core as its own button would ask it, in a transaction of its
own. So each stands or falls by itself, commits its own money (F6), and keeps its own line of the trail (A4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from bot import sitting_forms
from bot.action import Action, Ask, Carried, Entered, Step, Steps, Subject, View
from bot.sitting_forms import LEAVE, Proposal, Sheet
from bot.sitting_message import A_SET, amount_to_give, of_set, set_number, to_decide, version_of
from core import deciding, panel_list, people, rounds, scores
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import london_day
from core.ranking import Group, Line, may_see, ranking
from core.records import Application, PanelListing, ScoreSheet, Sitting
from core.rules.lifecycle import SITTING, SittingState
from core.rules.money import display
from core.rules.scoring import hundredths

AHEAD: Final = timedelta(days=14)
"""When a sitting is proposed to be: the panel has a fortnight to read."""


@dataclass(frozen=True)
class SetPage:
    """One form of what a sitting has to decide: the first, second, … twenty of it, counted from 0."""

    sitting: Sitting
    page: int


def _find_sitting(session: Session, number: int, lock: bool) -> Sitting | None:
    found = session.get(Sitting, number)
    return rounds.held(session, number) if found is not None and lock else found


def _find_listing(session: Session, number: int, _lock: bool) -> PanelListing | None:
    """Not held: `core.scores` holds the sitting, which is what scores and its closing queue at."""
    found = session.get(PanelListing, number)
    return found if found is not None and found.sitting_id is not None else None


def _find_set(session: Session, number: int, _lock: bool) -> SetPage | None:
    sitting_id, page = of_set(number)
    found = session.get(Sitting, sitting_id) if number >= 0 else None
    return SetPage(found, page) if found is not None else None


NEW: Final = Subject[int]("new", lambda _session, number, _lock: number if number == 0 else None, lambda _number: 0)
"""A sitting that there is not yet."""

SITTING_OF: Final = Subject[Sitting]("sitting", _find_sitting, version_of)
LISTING: Final = Subject[PanelListing]("listing", _find_listing, lambda _listing: 0)
SET: Final = Subject[SetPage]("set", _find_set, lambda _page: 0)


# ------------------------------------------------------------------------------------------------------------ who may


def _may_open(ask: Ask[int]) -> Refused | None:
    return rounds.may_run(ask.person, ask.office)


def _may_run(action: Literal["begin", "close"]) -> Callable[[Ask[Sitting]], Refused | None]:
    def may(ask: Ask[Sitting]) -> Refused | None:
        state = SittingState(ask.subject.status)
        refusal = rounds.may_run(ask.person, ask.office)
        if refusal is not None:
            return refusal
        if action not in SITTING.actions(state):
            return Conflict(f"That cannot be done to this sitting any more: {SITTING.stands[state].how}.", "A3")
        return None

    return may


def _may_score_some(ask: Ask[Sitting]) -> Refused | None:
    refusal = scores.may_score_in(ask.session, ask.subject, ask.person)
    if refusal is None and not scores.to_score(ask.session, ask.subject, ask.person):
        return Refused("Nothing here is for you to score: it is decided, or you are out of it.", "A2")
    return refusal


def _may_score(ask: Ask[PanelListing]) -> Refused | None:
    return scores.may_score(ask.session, ask.subject, ask.person)


def _may_see_ranking(ask: Ask[Sitting]) -> Refused | None:
    return may_see(ask.session, ask.subject, ask.person, ask.office)


def _may_decide_some(ask: Ask[SetPage]) -> Refused | None:
    """Whoever may decide one of them at least (A1, A2); each is asked about again when it is decided."""
    refusal = rounds.may_see(ask.person)
    if refusal is not None:
        return refusal
    lines = _page(ask)
    if not lines:
        return Conflict("Nothing that is recommended waits for a decision here any more.", "A3")
    refusals = [_why_not(ask, line.application) for line in lines]
    return None if None in refusals else refusals[0]


def _why_not(ask: Ask[Any], application: Application) -> Refused | None:
    return deciding.may(ask.session, application, ask.person, "approve", office=ask.office, now=ask.now)


def _groups(ask: Ask[Any], sitting: Sitting) -> tuple[Group, ...]:
    return ranking(ask.session, sitting, office=ask.office, now=ask.now)


def _page(ask: Ask[SetPage]) -> list[Line]:
    lines = to_decide([line for group in _groups(ask, ask.subject.sitting) for line in group.lines])
    return lines[ask.subject.page * A_SET : (ask.subject.page + 1) * A_SET]


# ----------------------------------------------------------------------------------------------------- opening, closing


def _open_form(ask: Ask[int]) -> View:
    waiting: dict[str, int] = {}
    for one in panel_list.listed(ask.session):
        waiting[one.application.fund] = waiting.get(one.application.fund, 0) + 1
    able = rounds.may_be_named(ask.session)
    on = london_day(ask.now) + AHEAD
    return sitting_forms.open_form(ask.office.policy.funds, able, on, waiting, ask.channel)


def _open(ask: Ask[int], given: Entered) -> None:
    try:
        on = date.fromisoformat(given.text("day"))
    except ValueError:
        raise WrongInput("day", "Choose the day of the sitting.") from None
    rounds.open_sitting(
        ask.session,
        name=given.text("name"),
        day=on,
        funds=given.several("funds"),
        named=[int(one) for one in given.several("named") if one.isdecimal()],
        actor=people.actor_of(ask.person),
        office=ask.office,
        now=ask.now,
    )


def _begin(ask: Ask[Sitting]) -> str:
    actor = people.actor_of(ask.person)
    rounds.begin(ask.session, ask.subject.id, actor=actor, office=ask.office, now=ask.now)
    return ""


def _close_form(ask: Ask[Sitting]) -> View:
    return sitting_forms.close_form(ask.subject, _groups(ask, ask.subject), ask.channel)


def _close(ask: Ask[Sitting], given: Entered) -> None:
    actor = people.actor_of(ask.person)
    rounds.close(ask.session, ask.subject.id, note=given.text("reasons"), actor=actor, now=ask.now)


# ------------------------------------------------------------------------------------------------------------ scoring


def _sheet(ask: Ask[Any], listing: PanelListing, sitting: Sitting, before: str = "") -> View:
    given = next(iter(scores.sheets(ask.session, [listing], ask.person)), None)
    sheet = Sheet(
        listing,
        rounds.criteria_of(sitting, listing.application, ask.office),
        given,
        len(scores.left_to_score(ask.session, sitting, ask.person, ask.office)),
        f"{ask.office.public_url.rstrip('/')}/desk/applications/{listing.application.reference}",
        before,
    )
    return sitting_forms.sheet_form(sheet, ask.office, ask.channel)


def _first_sheet(ask: Ask[Sitting]) -> View:
    """What is left to score first; all that can be changed, where nothing is left."""
    left = scores.left_to_score(ask.session, ask.subject, ask.person, ask.office)
    return _sheet(ask, left[0], ask.subject) if left else _pick(ask, "You have scored all of them. You can change one.")


def _open_sheet(ask: Ask[PanelListing]) -> View:
    return _sheet(ask, ask.subject, rounds.by_id(ask.session, ask.subject.sitting_id or 0))


def _pick_form(ask: Ask[Sitting]) -> View:
    return _pick(ask)


def _pick(ask: Ask[Sitting], said: str = "") -> View:
    mine = scores.to_score(ask.session, ask.subject, ask.person)
    given: dict[int, ScoreSheet] = {one.listing_id: one for one in scores.sheets(ask.session, mine, ask.person)}
    rows = [(one, given.get(one.id), rounds.criteria_of(ask.subject, one.application, ask.office)) for one in mine]
    return sitting_forms.pick_form(ask.subject, rows, ask.channel, said)


def _picked(ask: Ask[Sitting], given: Entered) -> View:
    number = given.text("listing")
    mine = {str(one.id): one for one in scores.to_score(ask.session, ask.subject, ask.person)}
    if number not in mine:
        raise WrongInput("listing", "Choose one of these. If it is gone, it has been decided.")
    return _sheet(ask, mine[number], ask.subject)


def _score(ask: Ask[PanelListing], given: Entered) -> View:
    """Keep what was given, or the interest that was declared; then the next one. Nothing given: it is left for now."""
    listing = ask.subject
    sitting = rounds.by_id(ask.session, listing.sitting_id or 0)
    reference = listing.application.reference
    points = _points(ask, listing, sitting, given)
    comment = given.text(sitting_forms.comment_of(listing.id))
    try:
        if given.several(sitting_forms.conflict_of(listing.id)):
            deciding.declare_interest(ask.session, listing.application_id, ask.person, reason=comment, now=ask.now)
            said = f"{reference}: your interest is on the record, and you are out of it."
        elif points:
            given_now: dict[str, Any] = {"points": points, "comment": comment, "office": ask.office, "now": ask.now}
            scores.score(ask.session, listing.id, ask.person, **given_now)
            left = len(rounds.criteria_of(sitting, listing.application, ask.office)) - len(points)
            said = f"{reference}: saved{', and counted once every criterion has points' if left else ''}."
        elif comment:
            raise WrongInput("comment", "Choose points too: a comment alone scores nothing.")
        else:
            said = f"{reference}: left for now."
    except WrongInput as wrong:
        said_of_comment = wrong.field in ("reasons", "comment")
        where = sitting_forms.comment_of if said_of_comment else partial(sitting_forms.field_of, wrong.field)
        raise WrongInput(where(listing.id), wrong.reason, wrong.rule) from wrong
    return _next_sheet(ask, sitting, listing, said)


def _points(ask: Ask[PanelListing], listing: PanelListing, sitting: Sitting, given: Entered) -> dict[str, int]:
    criteria = rounds.criteria_of(sitting, listing.application, ask.office)
    chosen = {one.id: given.text(sitting_forms.field_of(one.id, listing.id)) for one in criteria}
    return {name: int(text) for name, text in chosen.items() if text.isdecimal()}


def _next_sheet(ask: Ask[PanelListing], sitting: Sitting, after: PanelListing, said: str) -> View:
    """The next that is left after this one, going round; this one again only where nothing else is."""
    left = scores.left_to_score(ask.session, sitting, ask.person, ask.office)
    mine = [one.id for one in rounds.listings(ask.session, sitting)]
    place = mine.index(after.id) if after.id in mine else -1
    later = [one for one in left if mine.index(one.id) > place] + [one for one in left if mine.index(one.id) < place]
    if later:
        return _sheet(ask, later[0], sitting, said)
    if left:
        return sitting_forms.scored_all(f"{said} It is the only one that is left for you.")
    return sitting_forms.scored_all(f"{said} You have scored everything that is for you. Thank you.")


def _ranking(ask: Ask[Sitting]) -> View:
    url = f"{ask.office.public_url.rstrip('/')}/desk/rounds/{ask.subject.id}.csv"
    return sitting_forms.ranking_view(ask.subject, _groups(ask, ask.subject), ask.office, url)


# --------------------------------------------------------------------------------------------------- deciding as a set


def _set_form(ask: Ask[SetPage]) -> View:
    terms = ask.office.policy.terms.value
    proposals, left_out = [], []
    for line in _page(ask):
        why = _why_not(ask, line.application)
        if why is not None:
            left_out.append((line.application, why.reason))
            continue
        proposals.append(Proposal(line, _conditions(line.application, terms), _reasons(line)))
    sitting = ask.subject.sitting
    number = set_number(sitting.id, ask.subject.page)
    return sitting_forms.set_form(proposals, left_out, number, ask.channel)


def _conditions(application: Application, terms: tuple[str, ...]) -> str:
    said = application.recommendation
    given = said.conditions if said is not None and said.outcome != "decline" else ""
    return given or (terms[0] if terms else "")


def _reasons(line: Line) -> str:
    """What is filled in: the recommendation's reasons, and for an approval what the panel scored it.

    What is declined is read by the applicant, who is told reasons and not points.
    """
    said = line.application.recommendation
    if said is None:
        return ""
    if said.outcome == "decline" or line.score is None:
        return said.reasons
    by = f"{line.counted} member{'' if line.counted == 1 else 's'} of the panel"
    return f"{said.reasons}\n\nScored {hundredths(line.score)} of 100 by {by}."


_CHOICE: Final = re.compile(r"choice-([0-9]{1,18})-([0-9]{1,9})", re.ASCII)


def _decide(ask: Ask[SetPage], given: Entered) -> Steps:
    """A step for each that is approved or declined, in the order of the ranking: the money goes to the first of it."""
    terms = ask.office.policy.terms.value
    filled_in = {line.application.id: line for line in _page(ask)}
    steps, names = [], []
    for block_id in given.block_ids():
        found = _CHOICE.fullmatch(block_id)
        outcome = given.text(block_id)
        if found is None or outcome in ("", LEAVE):
            continue
        number, version = int(found[1]), int(found[2])
        application = ask.session.get(Application, number)
        if application is None or outcome not in ("approved", "declined"):
            raise WrongInput(block_id, "Choose one of these.")
        reasons, field = given.text(f"reasons-{number}-{version}"), f"reasons-{number}-{version}"
        if not reasons:
            raise WrongInput(field, "Give your reasons: they go on the record.", "A4")
        if outcome == "declined" and _are_for_approving(reasons, application, filled_in.get(number)):
            raise WrongInput(field, "These are reasons for approving it. Say to the applicant why it is declined.")
        steps.append(_step(application, version, outcome == "approved", reasons, _conditions(application, terms)))
        amount = f" {display(amount_to_give(application))}" if outcome == "approved" else ""
        names.append((f"{application.reference} {application.organisation_name}", f"{outcome}{amount}"))
    return Steps(tuple(steps), lambda came: _came_of(names, came))


def _are_for_approving(reasons: str, application: Application, line: Line | None) -> bool:
    """Whether these are still the reasons that were filled in for approving what was to be approved."""
    said = application.recommendation
    if line is None or said is None or said.outcome == "decline":
        return False
    return reasons.split() == _reasons(line).split()


def _step(application: Application, version: int, approve: bool, reasons: str, conditions: str) -> Step:
    amount = amount_to_give(application)

    def decide(ask: Ask[Application]) -> None:
        deciding.decide(
            ask.session,
            ask.subject.id,
            ask.person,
            outcome="approved" if approve else "declined",
            amount=amount if approve else None,
            reasons=reasons,
            conditions=conditions if approve else "",
            office=ask.office,
            now=ask.now,
        )

    return Step("approve" if approve else "decline", Carried("application", application.id, version).packed(), decide)


def _came_of(names: list[tuple[str, str]], came: Any) -> View:
    done = [f"{name}: {outcome}" for (name, outcome), why in zip(names, came, strict=True) if not why]
    return sitting_forms.came_of(done, [(name, why) for (name, _), why in zip(names, came, strict=True) if why])


ACTIONS: Final = (
    Action("round_open", NEW, _may_open, opens=_open_form, submits=_open),
    Action("round_begin", SITTING_OF, _may_run("begin"), does=_begin),
    Action("round_close", SITTING_OF, _may_run("close"), opens=_close_form, submits=_close),
    Action("round_score", SITTING_OF, _may_score_some, opens=_first_sheet),
    Action("round_scores", SITTING_OF, _may_score_some, opens=_pick_form, submits=_picked, stale=True),
    Action("round_sheet", LISTING, _may_score, opens=_open_sheet, submits=_score, stale=True),
    Action("round_ranking", SITTING_OF, _may_see_ranking, opens=_ranking),
    Action("round_decide", SET, _may_decide_some, opens=_set_form, each=_decide),
)
"""Who may is asked of the core, which asks it again when something changes."""
