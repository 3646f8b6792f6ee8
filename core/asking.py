"""The office asks, the applicant or recipient answers: about an application (A5), or about a return (R1).

One question at a time is open. Its answer, or its taking back, brings the application or the return to where somebody
of the office looks at it again. A question about an application that was recommended sets the recommendation aside:
what was recommended on is about to change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import applications, deadlines, decide_by, outbox, people, returns, taking, written
from core.assessing import assessment_of, known_facts
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day, london_moment
from core.records import Application, Asked, MonitoringReturn, Person
from core.rules.calendar import LAST_DAY, date_text
from core.rules.facts import Finding
from core.rules.lifecycle import APPLICATION, RETURN, ApplicationAction, ApplicationState, ReturnAction, ReturnState
from core.rules.states import NotAllowed

About = Application | MonitoringReturn
Step = Literal["query", "answer", "take_back"]

ANSWER: Final = "answer"
"""The kind of the deadline by which a question is to be answered."""

_LINES: Final[Mapping[type[About], Mapping[Step, str]]] = {
    Application: {"query": "queried", "answer": "answered", "take_back": "question_taken_back"},
    MonitoringReturn: {
        "query": "return_queried",
        "answer": "return_answered",
        "take_back": "return_question_taken_back",
    },
}
"""What the trail calls each step."""


def by_id(session: Session, asked_id: int) -> Asked:
    """The question of this row number. Raises NotFound."""
    asked = session.get(Asked, asked_id)
    if asked is None:
        raise NotFound("There is no such question.")
    return asked


def questions(session: Session, about: About) -> tuple[Asked, ...]:
    """What the office asked about an application or a return, the earliest question first."""
    if isinstance(about, MonitoringReturn):
        mine = Asked.return_id == about.id
    else:
        mine = (Asked.application_id == about.id) & Asked.return_id.is_(None)
    return tuple(session.scalars(select(Asked).where(mine).order_by(Asked.id)))


def open_question(session: Session, about: About) -> Asked | None:
    """The question that waits for an answer, if one does."""
    return next((asked for asked in questions(session, about) if asked.ended_at is None), None)


def may(session: Session, about: About, person: Person, action: Literal["query", "take_back"]) -> Refused | None:
    """Why this person may not ask about this now, or not take the question back; None if they may.

    Anybody of the office may, except where they have declared an interest in the application (A2).
    """
    rule = _rule(about)
    try:
        _actor(session, about, person)
    except Refused as refusal:
        return refusal
    try:
        if isinstance(about, Application):
            APPLICATION.next(ApplicationState(about.status), ApplicationAction(action))
        else:
            RETURN.next(ReturnState(about.status), ReturnAction(action))
    except NotAllowed as error:
        stands = applications.how_it_stands(about) if isinstance(about, Application) else ""
        return Conflict(stands or error.reason, rule)
    return None


class NoDay(Refused):
    """An answer is wanted by a day on which nobody can have written it, or that nobody lives to see."""


def usual_answer_day(office: Office, now: datetime) -> date:
    """By when an answer is wanted of whoever is asked now, unless somebody chooses another day."""
    return london_day(now) + timedelta(days=office.policy.answer_days.value)


def ask(
    session: Session,
    about: About,
    person: Person,
    question: str,
    *,
    office: Office,
    now: datetime,
    may_correct: bool = False,
    rules: Sequence[str] = (),
    answer_by: date | None = None,
) -> Asked:
    """Put a question to the applicant, or about a return to its recipient, by mail. It waits for the answer.

    An application that nobody looked after is from now on looked after by the officer who asks.

    `may_correct` lets an applicant answer by correcting what they sent (A5); a return's figures can be anyway. `rules`
    are those for which an application is sent back, for the trail. `answer_by` is the day by which an answer is wanted,
    the policy's unless one is given.
    Raises Refused for whoever may not ask, or asks nothing, or wants it on a day that has begun; Conflict when it
    stands otherwise.
    """
    about = _held(session, about)
    actor = _gate(session, about, person, "query")
    question = written.words(question, "Write your question: it goes out by e-mail.", _rule(about))
    if answer_by is None:
        answer_by = usual_answer_day(office, now)
    elif answer_by <= london_day(now):
        raise NoDay("Choose a day after today: they have to read it and write back.", _rule(about))
    elif answer_by > LAST_DAY:
        raise NoDay(f"Choose a day up to {date_text(LAST_DAY)}.", _rule(about))
    _move(session, about, "query")
    told: dict[str, Any] = {"question": question, "person": person.id}
    if isinstance(about, Application) and about.recommendation is not None:
        about.recommendation.set_aside_at = now
        told["set_aside"] = True
        session.flush()
        session.refresh(about, ["recommendation"])
    asked = Asked(
        application_id=about.id if isinstance(about, Application) else about.award.application_id,
        return_id=about.id if isinstance(about, MonitoringReturn) else None,
        person_id=person.id,
        question=question,
        asked_at=now,
        answer_by=answer_by,
        may_correct=True if may_correct and isinstance(about, Application) else None,
    )
    session.add(asked)
    session.flush()
    _set_deadline(session, about, asked, answer_by, now=now)
    told["answer_by"] = answer_by.isoformat()
    if asked.may_correct:
        told["may_correct"] = True
    if rules:
        told["rules"] = list(rules)
    _tell(session, about, "query", actor, told, now)
    if isinstance(about, Application):
        taking.take_by(session, about, person, "asking", office=office, now=now)
    kind, subject = (
        ("question", f"application-mail:{about.id}")
        if isinstance(about, Application)
        else ("return_queried", f"award:{about.award_id}")
    )
    outbox.put(session, kind, subject=subject, key=f"{kind}:{asked.id}", payload={"asked_id": asked.id}, now=now)
    return asked


def send_back(
    session: Session,
    application: Application,
    person: Person,
    *,
    words: str = "",
    letter: str | None = None,
    answer_by: date | None = None,
    office: Office,
    now: datetime,
) -> Asked:
    """Send an application back to be put right (A5): a question that names each rule which it fails.

    It may be answered by correcting the application. `words` are what else the office says; `letter` is the whole
    question, where somebody has been over what `letter_back` suggests. A recommendation that there was no longer
    stands. Raises Refused for whoever may not, or where it fails no rule and no words say what is to be put right;
    Conflict when it is neither submitted nor recommended.
    """
    application = applications.held(session, application.id)
    refusal = may(session, application, person, "query")
    if refusal is not None:
        raise refusal
    failing = _to_tell(session, application, office=office, now=now)
    own = written.note(words, "A5")
    if not (failing or own or letter):
        raise Refused("It fails no rule, so write what is to be put right: it goes out by e-mail.", "A5")
    text = letter if letter is not None else _letter_back(own, failing)
    rules = [one.rule for one in failing]
    return ask(
        session, application, person, text,
        office=office, now=now, may_correct=True, rules=rules, answer_by=answer_by,
    )  # fmt: skip


def letter_back(session: Session, application: Application, *, office: Office, now: datetime) -> str:
    """What `send_back` would write by itself: each rule that an application fails as things stand; "" for none."""
    return _letter_back("", _to_tell(session, application, office=office, now=now))


def _to_tell(session: Session, application: Application, *, office: Office, now: datetime) -> tuple[Finding, ...]:
    """The rules that an application fails, as its contact may be told of them: of overdue returns only their own."""
    today = london_day(now)
    contact = application.contact_key or ""
    facts = known_facts(session, application, office=office, today=today, told_to=contact)
    return assessment_of(session, application, office=office, today=today, facts=facts).blocking


def _letter_back(own: str, failing: Sequence[Finding]) -> str:
    lines = [f"{one.because} {one.remedy} ({one.rule})" for one in failing]
    text = _to_put_right(own, lines)
    while lines and len(text) > written.LONGEST_WORDS:  # the page of the application names every rule all the same
        lines = lines[:-1]
        text = _to_put_right(own, lines)
    return text


def _to_put_right(own: str, lines: Sequence[str]) -> str:
    over = ["Please put this right, so that we can go on with your application:"] if lines else []
    return "\n\n".join(part for part in (own, *over, *lines) if part)


def answer(session: Session, asked_id: int, text: str, *, source: str, now: datetime) -> Asked:
    """Keep the answer to a question. `source` is who answered, or who wrote down what they said.

    Raises NotFound, Refused for an empty answer, Conflict when the question has been answered or taken back.
    """
    asked, about = still_open(session, asked_id)
    text = written.words(text, "Write your answer to the question.", _rule(about))
    _move(session, about, "answer")
    asked.answer, asked.ended_by, asked.ended_at = text, source, now
    dates_follow(session, asked, now=now)
    _tell(session, about, "answer", source, {"answer": text}, now)
    return asked


def take_back(session: Session, asked_id: int, person: Person, *, now: datetime) -> Asked:
    """Take a question back: nobody answers it, or it has been settled.

    Raises NotFound, Refused for whoever may not, Conflict when it has been answered or taken back.
    """
    asked, about = still_open(session, asked_id)
    actor = _gate(session, about, person, "take_back")
    _move(session, about, "take_back")
    asked.ended_by, asked.ended_at = actor, now
    dates_follow(session, asked, now=now)
    _tell(session, about, "take_back", actor, {"person": person.id}, now)
    return asked


def subject(asked: Asked) -> str:
    """What the deadline of its answer is about."""
    return f"asked:{asked.id}"


def catch_up(session: Session, asked: Asked, *, silent_before: date, now: datetime) -> bool:
    """Set the day of a question that waits from before there were any; answers whether it had none."""
    if asked.answer_by is None or deadlines.find(session, subject=subject(asked), kind=ANSWER) is not None:
        return False
    about = asked.monitoring_return or asked.application
    _set_deadline(session, about, asked, asked.answer_by, now=now, silent_before=silent_before)
    return True


def _set_deadline(
    session: Session,
    about: About,
    asked: Asked,
    answer_by: date,
    *,
    now: datetime,
    silent_before: date | None = None,
) -> None:
    """Wait for the answer. The mail with the question says today what a step would say; then the office waits."""
    tomorrow = london_day(now) + timedelta(days=1)
    award = about.award if isinstance(about, MonitoringReturn) else None
    application = about if isinstance(about, Application) else about.award.application
    deadlines.set_deadline(
        session,
        subject=subject(asked),
        reference=application.reference or "",
        kind=ANSWER,
        due=answer_by,
        now=now,
        award_id=award.id if award is not None else None,
        application_id=application.id,
        silent_before=silent_before or tomorrow,
    )
    if award is None:
        decide_by.follow(session, application, now=now)


def dates_follow(session: Session, asked: Asked, *, now: datetime) -> None:
    """A question has ended: its deadline is met, or closed where it was taken back; the office decides again."""
    session.flush()
    found = deadlines.open_one(session, subject=subject(asked), kind=ANSWER)
    if found is not None and asked.answer is not None:
        deadlines.meet(session, found, now=now)
    elif found is not None:
        deadlines.close(session, subject=found.subject, now=now)
    if asked.return_id is None:
        decide_by.follow(session, asked.application, now=now)


def wait_until(session: Session, about: str, until: date) -> None:
    """The office waits longer for an answer: the question and its page say the new day too. `about` is its subject."""
    asked = by_id(session, int(about.removeprefix("asked:")))
    asked.answer_by = until
    session.flush()


def how_it_ended(asked: Asked) -> str:
    """What somebody is told who answers a question, or takes it back, after it has ended; "" while it is open."""
    if asked.ended_at is None:
        return ""
    when = london_moment(asked.ended_at)
    if asked.answer is None:
        return f"This question was closed on {when} without an answer: none is needed any more. Nothing was changed."
    return f"This question was answered on {when}. That answer stands; nothing was changed."


def _rule(about: About) -> str:
    return "A5" if isinstance(about, Application) else "R1"


def _held(session: Session, about: About) -> About:
    """The same as it stands now, held until this transaction ends: questions and answers queue here."""
    if isinstance(about, Application):
        return applications.held(session, about.id)
    return returns.held(session, about.id)


def still_open(session: Session, asked_id: int) -> tuple[Asked, About]:
    """A question that waits, with what it is about, held. Raises NotFound, Conflict once it has ended."""
    asked = by_id(session, asked_id)
    about = _held(session, asked.monitoring_return or asked.application)
    session.refresh(asked)
    if asked.ended_at is not None:
        raise Conflict(how_it_ended(asked), _rule(about))
    return asked, about


def _gate(session: Session, about: About, person: Person, action: Literal["query", "take_back"]) -> str:
    """Who acts, as the trail names them. Raises what `may` answers."""
    refusal = may(session, about, person, action)
    if refusal is not None:
        raise refusal
    return _actor(session, about, person)


def _actor(session: Session, about: About, person: Person) -> str:
    application_id = about.id if isinstance(about, Application) else about.award.application_id
    return people.judging_for_office(session, person, application_id, "put questions here", _rule(about))


def _move(session: Session, about: About, step: Step) -> None:
    if isinstance(about, Application):
        applications.move(session, about, ApplicationAction(step))
    else:
        returns.move(session, about, ReturnAction(step))


def _tell(session: Session, about: About, step: Step, actor: str, told: dict[str, Any], now: datetime) -> None:
    """A line of the trail and, for an application, its card as it stands now."""
    kind = _LINES[type(about)][step]
    if isinstance(about, Application):
        applications.tell(session, about, kind, actor, told, now=now)
        applications.put_card(session, about, now)
    else:
        returns.tell(session, about, kind, actor, told, now=now)
