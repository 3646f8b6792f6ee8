"""The forms of a staff page: one action each, done in one transaction, or the page again with what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.deciding import WrongInput
from core.errors import Conflict, Gone, NotFound, Refused
from core.records import Award, Person
from core.rules.answers import Choice, Limits, Value, read_answer
from core.rules.money import LARGEST_PENCE
from core.rules.questions import AnswerKind, Fault, Faults, Question
from core.written import LONGEST_WORDS
from intake import pages
from intake.staff import session as staff_session

WORDS: Final = "words"
"""The field for a question, a reason or a note: every form has at most one."""

_LIMITS = Limits(long=LONGEST_WORDS, short=500, outcomes=1, largest=LARGEST_PENCE, lines=1)


@dataclass(frozen=True)
class Sent:
    """A form that came back: its key, what was typed, what is wrong in which field, or what came between (`notice`).

    `faults` are those of a form of several questions.
    """

    key: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    at: str = WORDS
    notice: str = ""
    status: int = 200
    faults: tuple[Fault, ...] = ()

    @property
    def errors(self) -> list[dict[str, str]]:
        """For the error summary."""
        if self.faults:
            return pages.error_list(self.faults)
        return [{"text": self.fault, "href": f"#{self.key}-{self.at}"}] if self.fault else []

    def unsent(self, keys: Set[str]) -> str:
        """What was written into a form that the page does not have any more: it must not be lost."""
        if not self.key or self.key in keys:
            return ""
        mine = (text for name, text in self.typed.items() if name == WORDS or name.startswith(f"{self.key}-"))
        return "\n".join(text.strip() for text in mine if text.strip())

    @property
    def said(self) -> str:
        """What is wrong, for a page that has the form no more."""
        return self.fault or (self.faults[0].message if self.faults else "")


class WrongField(Refused):
    """One field of a form is wrong; `at` names it."""

    def __init__(self, at: str, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class WrongAnswers(Refused):
    """Some fields of a form of several questions are wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].message)
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Form:
    """A form of several questions. Its fields are named by its key, so that a page may have many forms."""

    key: str
    questions: tuple[Question, ...]

    def answers(self) -> dict[str, Value]:
        """What was typed into it, by question without the key. Raises WrongAnswers with everything that is wrong."""
        raw = typed()
        read = {one.id.removeprefix(f"{self.key}-"): read_answer(one, raw, _LIMITS) for one in self.questions}
        faults = [fault for value in read.values() if isinstance(value, Faults) for fault in value]
        if faults:
            raise WrongAnswers(faults)
        return {name: value for name, value in read.items() if not isinstance(value, Faults)}

    def components(self, sent: Sent, filled: Mapping[str, str] | None = None) -> list[pages.Component]:
        """Its questions as they are drawn: with what was typed where it came back, else filled in."""
        mine = sent.key == self.key
        raw = sent.typed if mine else {f"{self.key}-{name}": text for name, text in (filled or {}).items()}
        return [pages.component(question, raw, sent.faults if mine else ()) for question in self.questions]

    def fault(self, wrong: WrongInput) -> Fault:
        """What the record says is wrong with one of its answers."""
        name = f"{self.key}-{wrong.field}"
        dated = any(one.id == name and one.kind is AnswerKind.DATE for one in self.questions)
        return Fault(f"{name}-day" if dated else name, name, wrong.reason, f"/{wrong.field}")


def question(
    key: str,
    name: str,
    kind: AnswerKind,
    title: str,
    missing: str = "",
    *,
    hint: str = "",
    label: str = "",
    choices: Sequence[Choice] = (),
) -> Question:
    """A question of a staff form; one without words for its being `missing` may be left empty."""
    return Question(
        f"{key}-{name}", kind, title, label or title.rstrip("?"), "", "", f"/{name}", missing,
        hint=hint, required=bool(missing), choices=tuple(choices),
    )  # fmt: skip


def typed() -> dict[str, str]:
    """What was sent, without the form token."""
    return {name: text for name, text in request.form.items() if name != "csrf_token"}


def number(name: str = "id") -> int:
    """The row that a form is about. Raises NotFound for one that no page of ours has."""
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise NotFound("There is no such thing here. Go back and load the page again.")
    return int(text)


def day(name: str, missing: str) -> date:
    """A day that was typed in three fields. Raises WrongField."""
    question = Question(name, AnswerKind.DATE, missing, missing, "", "", f"/{name}", missing)
    read = read_answer(question, typed(), _LIMITS)
    if isinstance(read, Faults):
        raise WrongField(f"{name}-day", next(iter(read)).message)
    if not isinstance(read, date):
        raise WrongField(f"{name}-day", missing)
    return read


def again(key: str) -> Sent:
    """A form whose session was lost, as it was typed."""
    return Sent(key, typed(), notice=pages.LOST_SESSION)


def page(template: str, sent: Sent, boxes: Set[str], **values: Any) -> Response:
    """A staff page with its forms; `boxes` are the keys of those that it has now and that somebody writes into.

    What is wrong in one of these is said at its box; of any other form it is said above the page.
    """
    at_its_box = sent.key in boxes
    return pages.page(
        f"staff/{template}",
        sent.status,
        staff=staff_session.staff(),
        sent=sent,
        unsent=sent.unsent(boxes),
        errors=sent.errors if at_its_box else [],
        notice=sent.notice or ("" if at_its_box else sent.said),
        **{"back": url_for("staff_front.page"), **values},
    )


def about(award: Award) -> dict[str, Any]:
    """What every page about an award shows of it."""
    fund_name = pages.office().policy.fund_name(award.fund)
    return {"award": award, "application": award.application, "fund_name": fund_name}


Answers = dict[str, Value]


def fill(
    form: Form, action: Callable[[Session, Person, Answers], str], show: Callable[[Sent], Response]
) -> ResponseReturnValue:
    """Do what a form of several questions is for, as `do` does; `action` answers with where to go on."""
    back = ""

    def run(session: Session, person: Person) -> None:
        nonlocal back
        try:
            back = action(session, person, form.answers())
        except WrongInput as wrong:
            raise WrongAnswers([form.fault(wrong)]) from wrong

    answer = do(form.key, run, show, "")
    return redirect(back, code=303) if back else answer


def do(
    key: str, action: Callable[[Session, Person], object], show: Callable[[Sent], Response], back: str
) -> ResponseReturnValue:
    """Do what a form is for as whoever is signed in, in one transaction; on a refusal, the page with what was typed.

    Who comes second is told what came between. Raises NotFound.
    """
    try:
        with pages.office().sessions.begin() as session:
            action(session, staff_session.acting(session))
    except NotFound:
        raise
    except (Conflict, Gone) as conflict:
        return show(Sent(key, typed(), notice=conflict.reason, status=409))
    except WrongAnswers as wrong:
        return show(Sent(key, typed(), status=422, faults=wrong.faults))
    except Refused as refusal:
        at = refusal.at if isinstance(refusal, WrongField) else WORDS
        return show(Sent(key, typed(), fault=refusal.reason, at=at, status=422))
    return redirect(back, code=303)
