"""Bids to new funding streams, as staff see them (N4): the register, and what is recorded of one bid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import bids, date_lines
from core.bids import BidState, Part
from core.owning import may_own
from core.records import Bid, Person
from core.rules.questions import AnswerKind, Choice, Question
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Answers, Form, Sent, question

blueprint = Blueprint("staff_bids", __name__)

ADD: Final = "add"
STATES: Final = {
    BidState.OPEN: ("blue", "Open"),
    BidState.SUBMITTED: ("yellow", "Handed in"),
    BidState.WON: ("green", "Won"),
    BidState.LOST: ("grey", "Lost"),
    BidState.NOT_PURSUED: ("grey", "Not pursued"),
}
_PARTS: Final = (Choice("led", "We lead it"), Choice("supported", "We support somebody else’s"))


@blueprint.get("/desk/bids")
def listing() -> ResponseReturnValue:
    """The register, and the form for a new bid."""
    return _list(Sent())


@blueprint.post("/desk/bids")
def add() -> ResponseReturnValue:
    """Put a bid on the register."""
    office, now = pages.office(), pages.office().clock()
    with office.reading() as session:
        form = _add_form(session)

    def put(session: Session, person: Person, said: Answers) -> str:
        bid = bids.add(
            session,
            title=str(said["title"]),
            funder=str(said["funder"]),
            part=Part(str(said["part"])),
            amount=cast("int | None", said["amount"]),
            closes_on=cast("date", said["closes"]),
            owner_id=int(str(said["owner"])),
            person=person,
            now=now,
        )
        return url_for(".page", number=bid.id)

    return forms.fill(form, put, _list)


@blueprint.get("/desk/bids/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """One bid."""
    return _show(number, Sent())


@blueprint.post("/desk/bids/<int:number>/<action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Record one thing about a bid."""
    office, now = pages.office(), pages.office().clock()
    back = url_for(".page", number=number)

    def submit(session: Session, person: Person, said: Answers) -> str:
        note = str(said["note"] or "")
        bids.submit(session, number, person, on=cast("date", said["on"]), note=note, now=now)
        return back

    def move(session: Session, person: Person, said: Answers) -> str:
        closes, reason = cast("date", said["closes"]), str(said["reason"])
        bids.move(session, number, person, closes_on=closes, reason=reason, now=now)
        return back

    def settle(session: Session, person: Person, said: Answers) -> str:
        bids.settle(session, number, person, won=said["came"] == "won", note=str(said["note"] or ""), now=now)
        return back

    def hand_over(session: Session, person: Person, said: Answers) -> str:
        bids.hand_over(session, number, person, owner_id=int(str(said["owner"])), office=office, now=now)
        return back

    if action == "drop":
        words = forms.typed().get(WORDS, "")
        return forms.do(
            action,
            lambda session, person: bids.drop(session, number, person, reason=words, now=now),
            lambda sent: _show(number, sent),
            back,
        )
    done = {"submit": submit, "move": move, "settle": settle, "hand-over": hand_over}
    if action not in done:
        abort(404)
    with office.reading() as session:
        form = _forms(session)[action]
    return forms.fill(form, done[action], lambda sent: _show(number, sent))


def add_again() -> Response:
    """The register with what was typed, for a form whose session was lost."""
    return _list(forms.again(ADD))


def again(number: int, action: str) -> Response:
    """The bid with what was typed, for a form whose session was lost."""
    return _show(number, forms.again(action))


def _add_form(session: Session) -> Form:
    return Form(
        ADD,
        (
            question(ADD, "title", AnswerKind.SHORT, "What is the bid for?", "Say what the bid is for"),
            question(
                ADD, "funder", AnswerKind.SHORT, "Whose money is it?", "Say whose money is bid for",
                hint="Such as the Home Office, Safer Streets.",
            ),
            question(ADD, "part", AnswerKind.CHOICE, "What do we do?", "Choose what we do", choices=_PARTS),
            question(
                ADD, "amount", AnswerKind.MONEY, "How much is bid for? (optional)", label="How much is bid for",
                hint="Leave it empty while it is not known.",
            ),
            question(
                ADD, "closes", AnswerKind.DATE, "When does it close?", "Enter the day on which it closes",
                hint="For example, 27 3 2027.", label="The closing day",
            ),
            _owner(session, ADD),
        ),
    )  # fmt: skip


def _owner(session: Session, key: str) -> Question:
    choices = [Choice(str(one.id), one.name) for one in may_own(session)]
    return question(
        key, "owner", AnswerKind.CHOICE, "Who looks after it?", "Choose who looks after it", choices=choices
    )


def _forms(session: Session) -> Mapping[str, Form]:
    """Every form of a bid's page by its action; which of them the page has depends on how the bid stands."""
    note = "Anything worth knowing (optional)"
    handed_in = "When was it handed in?"
    came = (Choice("won", "It was won"), Choice("lost", "It was lost"))
    made = (
        Form(
            "submit",
            (
                question(
                    "submit", "on", AnswerKind.DATE, handed_in, "Enter the day on which it was handed in",
                    hint="For example, 27 3 2027.", label="The day on which it was handed in",
                ),
                question("submit", "note", AnswerKind.LONG, note),
            ),
        ),
        Form(
            "move",
            (
                question(
                    "move", "closes", AnswerKind.DATE, "The new closing day", "Enter the new closing day",
                    hint="For example, 27 3 2027.",
                ),
                question("move", "reason", AnswerKind.LONG, "Who set it, and where does it say so?", "Say who set it"),
            ),
        ),
        Form(
            "settle",
            (
                question("settle", "came", AnswerKind.CHOICE, "What came of it?", "Choose one", choices=came),
                question("settle", "note", AnswerKind.LONG, note),
            ),
        ),
        Form("hand-over", (_owner(session, "hand-over"),)),
    )  # fmt: skip
    return {one.key: one for one in made}


_OPEN_TO: Final = {
    BidState.OPEN: ("submit", "move", "drop", "hand-over"),
    BidState.SUBMITTED: ("settle", "hand-over"),
}


def _list(sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        live, ended = bids.listed(session)
        form = _add_form(session)
        return forms.page(
            "bids.html",
            sent,
            {ADD} if staff.acts else set(),
            title="Bids to new funding streams",
            back=url_for("staff_office_dates.page"),
            live=[_row(one, today) for one in live],
            ended=[_row(one, today) for one in ended],
            components=form.components(sent, {"owner": str(staff.id)}),
        )


def _row(bid: Bid, today: date) -> dict[str, Any]:
    colour, state = STATES[BidState(bid.status)]
    return {
        "bid": bid,
        "reference": bids.reference_of(bid),
        "colour": "red" if bid.status == BidState.OPEN and bid.closes_on < today else colour,
        "state": state,
        "stands": bids.how_it_stands(bid, today),
    }


def _show(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        bid = bids.by_id(session, number)
        may = _OPEN_TO.get(BidState(bid.status), ()) if staff.acts else ()
        made = _forms(session)
        filled = {"hand-over": {"owner": str(bid.owner_id)}}
        return forms.page(
            "bid.html",
            sent,
            set(may),
            title=bid.title,
            back=url_for(".listing"),
            may=may,
            components={key: made[key].components(sent, filled.get(key)) for key in may if key in made},
            story=date_lines.entries(session, bids.reference_of(bid)),
            **_row(bid, office.today()),
        )
