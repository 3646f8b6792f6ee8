"""Opportunities, as staff see them (T4): drafts, what is advertised, and what is done about one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import date_lines, opportunities
from core.opportunities import IN_WORDS, Advert, OpportunityKind
from core.owning import may_own
from core.records import Opportunity, Person
from core.rules.lifecycle import OpportunityState
from core.rules.money import pounds
from core.rules.questions import AnswerKind, Choice
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Answers, Form, Sent, question

blueprint = Blueprint("staff_opportunities", __name__)

DRAFT: Final = "draft"
CHANGE: Final = "change"
EXTEND: Final = "extend"
COLOURS: Final = {
    OpportunityState.DRAFT: "grey",
    OpportunityState.OPEN: "green",
    OpportunityState.CLOSED: "blue",
    OpportunityState.CANCELLED: "grey",
}
_EXAMPLE: Final = "For example, 27 3 2027."


@blueprint.get("/desk/opportunities")
def listing() -> ResponseReturnValue:
    """What is drafted, advertised and closed, and the form for a new draft."""
    return _list(Sent())


@blueprint.post("/desk/opportunities")
def draft() -> ResponseReturnValue:
    """Begin a draft."""
    office, now = pages.office(), pages.office().clock()
    with office.reading() as session:
        form = _form(session, DRAFT)

    def put(session: Session, person: Person, said: Answers) -> str:
        made = opportunities.draft(session, _advert(said), person, now=now)
        return url_for(".page", number=made.id)

    return forms.fill(form, put, _list)


@blueprint.get("/desk/opportunities/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """One opportunity."""
    return _show(number, Sent())


@blueprint.post("/desk/opportunities/<int:number>/<action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Change the draft, advertise it, set a later closing day, close it or cancel it."""
    office, now = pages.office(), pages.office().clock()
    back = url_for(".page", number=number)
    words = forms.typed().get(WORDS, "")

    def show(sent: Sent) -> Response:
        return _show(number, sent)

    def change(session: Session, person: Person, said: Answers) -> str:
        opportunities.change(session, number, _advert(said), person, seen=pages.seen(), now=now)
        return back

    def extend(session: Session, person: Person, said: Answers) -> str:
        until, reason = cast("date", said["until"]), str(said["reason"])
        opportunities.extend(session, number, person, until=until, reason=reason, now=now)
        return back

    if action in (CHANGE, EXTEND):
        with office.reading() as session:
            form = _form(session, CHANGE) if action == CHANGE else _EXTEND_FORM
        return forms.fill(form, change if action == CHANGE else extend, show)
    if action == "advertise":
        return forms.do(action, lambda session, person: _advertise(session, number, person), show, back)
    if action == "close":
        return forms.do(action, lambda session, who: opportunities.close(session, number, who, now=now), show, back)
    if action == "cancel":
        return forms.do(
            action,
            lambda session, who: opportunities.cancel(session, number, who, reason=words, now=now),
            show,
            back,
        )
    return abort(404)


def _advertise(session: Session, number: int, person: Person) -> None:
    office = pages.office()
    opportunities.advertise(session, number, person, seen=pages.seen(), office=office, now=office.clock())


def draft_again() -> Response:
    """The list with what was typed, for a form whose session was lost."""
    return _list(forms.again(DRAFT))


def again(number: int, action: str) -> Response:
    """The opportunity with what was typed, for a form whose session was lost."""
    return _show(number, forms.again(action))


def _advert(said: Answers) -> Advert:
    def shared(name: str) -> int | None:
        return cast("int | None", said[name])

    return Advert(
        kind=OpportunityKind(str(said["kind"])),
        title=str(said["title"]),
        summary=str(said["summary"]),
        envelope=cast("int", said["envelope"]),
        quality_share=shared("quality_share"),
        cost_share=shared("cost_share"),
        website=str(said["website"] or ""),
        portal=str(said["portal"] or ""),
        opens_on=cast("date", said["opens_on"]),
        closes_on=cast("date", said["closes_on"]),
        owner_id=int(str(said["owner"])),
    )


def _form(session: Session, key: str) -> Form:
    policy = pages.office().policy
    portal = policy.office.portal_name.value or "the procurement portal"
    kinds = [Choice(kind.value, text) for kind, text in IN_WORDS.items()]
    owners = [Choice(str(one.id), one.name) for one in may_own(session)]
    return Form(
        key,
        (
            question(key, "kind", AnswerKind.CHOICE, "What is it?", "Choose what it is", choices=kinds),
            question(key, "title", AnswerKind.SHORT, "Title", "Give it a title"),
            question(key, "summary", AnswerKind.LONG, "What is wanted?", "Say what is wanted",
                     hint="The public reads this: who it is for, what it should change, and how to answer."),
            question(key, "envelope", AnswerKind.MONEY, "The funding envelope", "Enter the funding envelope",
                     hint="The whole life, extensions and VAT included. It is shown to everybody."),
            question(key, "quality_share", AnswerKind.NUMBER, "How much quality counts, in per cent",
                     hint="A tender needs this and the next: together they make 100.", label="The share of quality"),
            question(key, "cost_share", AnswerKind.NUMBER, "How much cost counts, in per cent",
                     label="The share of cost"),
            question(key, "website", AnswerKind.SHORT, "Address of its documents on our website (optional)"),
            question(key, "portal", AnswerKind.SHORT, f"Its address on {portal} (optional)",
                     hint=f"A tender of more than £{policy.portal_over.value // 100:,} needs this."),
            question(key, "opens_on", AnswerKind.DATE, "When does it open?", "Enter the day on which it opens",
                     hint=_EXAMPLE, label="The day on which it opens"),
            question(key, "closes_on", AnswerKind.DATE, "When does it close?", "Enter the day on which it closes",
                     hint="That whole day still counts.", label="The closing day"),
            question(key, "owner", AnswerKind.CHOICE, "Who looks after it?", "Choose who looks after it",
                     choices=owners),
        ),
    )  # fmt: skip


_EXTEND_FORM: Final = Form(
    EXTEND,
    (
        question(EXTEND, "until", AnswerKind.DATE, "The new closing day", "Enter the new closing day", hint=_EXAMPLE),
        question(EXTEND, "reason", AnswerKind.LONG, "Why?", "Say why it stays open longer"),
    ),
)


def _list(sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        running, ended = opportunities.listed(session)
        return forms.page(
            "opportunities.html",
            sent,
            {DRAFT} if staff.acts else set(),
            title="Opportunities",
            back=url_for("staff_office_dates.page"),
            running=[_row(one, today) for one in running],
            ended=[_row(one, today) for one in ended],
            components=_form(session, DRAFT).components(sent, {"owner": str(staff.id)}),
        )


def _row(one: Opportunity, today: date) -> dict[str, Any]:
    state = OpportunityState(one.status)
    past = state is OpportunityState.OPEN and one.closes_on < today
    shown = OpportunityState.CLOSED if past else state
    return {
        "one": one,
        "what": IN_WORDS[OpportunityKind(one.kind)],
        "state": shown.value.capitalize(),
        "colour": COLOURS.get(shown, "blue"),
        "past": past,
    }


def _filled(one: Opportunity) -> dict[str, str]:
    """A draft as its form shows it."""
    said: Mapping[str, object] = {
        "kind": one.kind,
        "title": one.title,
        "summary": one.summary,
        "envelope": pounds(one.envelope),
        "quality_share": one.quality_share,
        "cost_share": one.cost_share,
        "website": one.website,
        "portal": one.portal,
        "opens_on": one.opens_on.isoformat(),
        "closes_on": one.closes_on.isoformat(),
        "owner": one.owner_id,
    }
    return {name: "" if value is None else str(value) for name, value in said.items()}


def _show(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        one = opportunities.by_id(session, number)
        row = _row(one, today)
        may: set[str] = set()
        if staff.acts and one.status == OpportunityState.DRAFT:
            may = {CHANGE, "advertise", "cancel"}
        elif staff.acts and one.status == OpportunityState.OPEN:
            may = {"close", "cancel"} if row["past"] else {EXTEND, "cancel"}
        elif staff.acts and one.status == OpportunityState.CLOSED:
            may = {"cancel"}
        change = _form(session, CHANGE).components(sent, _filled(one)) if CHANGE in may else []
        return forms.page(
            "opportunity.html",
            sent,
            may & {CHANGE, EXTEND, "cancel"},
            title=one.title,
            back=url_for(".listing"),
            may=may,
            change=change,
            extend=_EXTEND_FORM.components(sent),
            finding=opportunities.finding(one, office.policy),
            seen=opportunities.mark_of(one),
            story=date_lines.entries(session, one.reference),
            **row,
        )
