"""Two people, two windows or one Back button with the same draft: neither loses what was typed."""

from __future__ import annotations

import threading
from html import unescape
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.office import Office
from core.records import Application
from core.rules.forms import application_book
from core.rules.questions import AnswerKind, Question, fields
from tests.conftest import shipped_policy
from tests.intake.conftest import ANSWERS, hidden


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def stored(office: Office) -> dict[str, str]:
    with office.reading() as session:
        return session.scalars(select(Application)).one().answers


@pytest.fixture
def other(app: Flask, browser: Any) -> Any:
    """Another person's browser, with the same link."""
    return type(browser)(app.test_client())


def opened(person: Any, path: str) -> dict[str, str]:
    """Open a page; the hidden fields that its form will send."""
    return hidden(text_of(person.get(path)))


def sent(person: Any, path: str, shown: dict[str, str], fields: dict[str, str]) -> Any:
    """Send the form of a page that was opened before, as it was."""
    return person.client.post(path.partition("?")[0], data={**shown, **fields})


def test_the_later_save_is_shown_both_and_loses_neither(browser: Any, other: Any, office: Office, started: str) -> None:
    path = f"{started}/need"
    mine, theirs = opened(browser, path), opened(other, path)
    assert sent(other, path, theirs, {"need": "Theirs: a survey in the spring."}).status_code == 303
    answer = sent(browser, path, mine, {"need": "Mine: nowhere\r\nto go."})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Other answers were saved on this page after you opened it" in page
    assert "Mine: nowhere\r\nto go.</textarea>" in page
    assert "Theirs: a survey in the spring." in page.split("Saved now")[1]
    assert stored(office)["need"] == "Theirs: a survey in the spring."
    # to save again what is in the boxes, mine or both put together, is now to have seen theirs
    assert sent(browser, path, hidden(page), {"need": "Mine and theirs"}).status_code == 303
    assert stored(office)["need"] == "Mine and theirs"


def test_what_is_saved_can_be_kept(browser: Any, other: Any, started: str) -> None:
    path = f"{started}/title"
    mine = opened(browser, f"{path}?return=check")
    other.send(path, {"title": "Theirs"})
    page = text_of(sent(browser, path, mine, {"title": "Mine"}))
    assert f'href="{path}?return=check"' in page.split("Save what is in the boxes")[1]
    assert 'value="Theirs"' in text_of(browser.get(f"{path}?return=check"))


def test_a_third_save_in_between_is_seen_too(browser: Any, other: Any, office: Office, started: str) -> None:
    path = f"{started}/title"
    mine = opened(browser, path)
    other.send(path, {"title": "Theirs"})
    again = hidden(text_of(sent(browser, path, mine, {"title": "Mine"})))
    other.send(path, {"title": "Theirs, later"})
    answer = sent(browser, path, again, {"title": "Mine"})
    assert answer.status_code == 409
    assert "Theirs, later" in text_of(answer)
    assert stored(office)["title"] == "Theirs, later"


def test_only_what_differs_is_shown_twice(browser: Any, other: Any, started: str) -> None:
    path = f"{started}/contact"
    mine = opened(browser, path)
    other.send(path, {"contact_name": "Kim Archer", "contact_email": "kim@boxing.example"})
    page = text_of(sent(browser, path, mine, {"contact_name": "Kim Archer", "contact_email": "k@boxing.example"}))
    assert page.count("Saved now") == 1
    assert "Saved now: Contact's e-mail address" in page


def test_the_same_text_twice_is_no_conflict(browser: Any, other: Any, started: str) -> None:
    """A double press, or two people who agree."""
    path = f"{started}/need"
    mine, theirs = opened(browser, path), opened(other, path)
    assert sent(other, path, theirs, {"need": "One\r\ntwo"}).status_code == 303
    assert sent(browser, path, mine, {"need": "One\ntwo "}).status_code == 303


def test_different_pages_never_conflict(browser: Any, other: Any, office: Office, started: str) -> None:
    mine, theirs = opened(browser, f"{started}/title"), opened(other, f"{started}/need")
    assert sent(other, f"{started}/need", theirs, {"need": "Theirs"}).status_code == 303
    assert sent(browser, f"{started}/title", mine, {"title": "Mine"}).status_code == 303
    assert (stored(office)["need"], stored(office)["title"]) == ("Theirs", "Mine")


def test_the_back_button_shows_both(browser: Any, office: Office, started: str) -> None:
    path = f"{started}/title"
    first = opened(browser, path)
    assert sent(browser, path, first, {"title": "First"}).status_code == 303
    answer = sent(browser, path, first, {"title": "Second"})
    assert answer.status_code == 409
    assert 'value="Second"' in text_of(answer)
    assert stored(office)["title"] == "First"


def test_what_was_emptied_meanwhile_is_said(browser: Any, other: Any, started: str) -> None:
    path = f"{started}/title"
    browser.send(path, {"title": "Gym"})
    mine = opened(browser, path)
    other.send(path, {"title": ""})
    assert "Nothing: it is blank now" in text_of(sent(browser, path, mine, {"title": "Gym on Fridays"}))


def test_another_line_does_not_overwrite_either(browser: Any, other: Any, office: Office, started: str) -> None:
    path = f"{started}/amount"
    mine = opened(browser, path)
    other.send(path, {"amount": "30", "budget-item-1": "Nets", "budget-amount-1": "30"})
    answer = sent(browser, path, mine, {"budget-item-1": "Balls", "budget-item-4": "Bibs", "add": "line"})
    page = text_of(answer)
    assert answer.status_code == 409
    for mine_or_theirs in ('value="Balls"', 'value="Bibs"', "Nets: £30"):
        assert mine_or_theirs in page
    assert "budget-item-4" not in stored(office)


def test_a_lost_session_still_tells_of_the_other(browser: Any, other: Any, office: Office, started: str) -> None:
    path = f"{started}/title"
    mine = opened(browser, path)
    other.send(path, {"title": "Theirs"})
    answer = sent(browser, path, {**mine, "csrf_token": "old"}, {"title": "Mine"})
    assert answer.status_code == 400
    assert 'value="Mine"' in text_of(answer)
    answer = sent(browser, path, hidden(text_of(answer)), {"title": "Mine"})
    assert answer.status_code == 409
    assert stored(office)["title"] == "Theirs"


@pytest.mark.parametrize("session_lost", [False, True])
def test_what_is_typed_when_it_was_sent_meanwhile_is_shown(
    browser: Any, other: Any, office: Office, filled: str, session_lost: bool
) -> None:
    path = f"{filled}/need"
    mine = opened(browser, path)
    assert other.send(f"{filled}/check-answers").status_code == 303
    answer = sent(
        browser, path, mine | ({"csrf_token": "old"} if session_lost else {}), {"need": "An hour's\r\nwork <b>"}
    )
    page = text_of(answer)
    assert answer.status_code == 409
    assert "This application has been sent" in page
    assert "An hour's</p>" in page
    assert "work &lt;b&gt;</p>" in answer.get_data(as_text=True)
    assert f'href="{filled}"' in page
    assert stored(office)["need"] == ANSWERS["need"]["need"].replace("\r\n", "\n")


def test_nothing_new_typed_leads_to_where_it_stands(browser: Any, other: Any, filled: str) -> None:
    mine = opened(browser, f"{filled}/title")
    other.send(f"{filled}/check-answers")
    answer = sent(browser, f"{filled}/title", mine, dict(ANSWERS["title"]))
    assert (answer.status_code, answer.headers["Location"]) == (303, filled)


def test_a_page_that_was_taken_away_keeps_what_was_typed(browser: Any, other: Any, office: Office, filled: str) -> None:
    path = f"{filled}/purchases"
    mine = opened(browser, path)
    other.send(f"{filled}/buys", {"buys": "no"})
    answer = sent(browser, path, mine, {"purchases_what": "A boxing ring", "purchases": "900"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "This page is not asked any more" in page
    assert "A boxing ring" in page
    assert stored(office)["purchases_what"] == "A boxing ring"


def test_a_page_that_there_never_was_is_not_found(browser: Any, started: str) -> None:
    token = opened(browser, f"{started}/title")
    assert sent(browser, f"{started}/no-such-page", token, {"title": "x"}).status_code == 404


def test_what_is_sent_is_what_was_checked(browser: Any, other: Any, office: Office, filled: str) -> None:
    path = f"{filled}/check-answers"
    mine = opened(browser, path)
    other.send(f"{filled}/title", {"title": "Saturday gym"})
    answer = sent(browser, path, mine, {})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "An answer has changed since you opened this page" in page
    assert "Saturday gym" in page
    assert sent(browser, path, hidden(page), {}).status_code == 303


def test_many_at_once_and_one_is_first(app: Flask, browser: Any, office: Office, started: str) -> None:
    path, count = f"{started}/title", 6
    people = [type(browser)(app.test_client()) for _ in range(count)]
    shown = [opened(person, path) for person in people]
    answers: dict[int, Any] = {}
    together = threading.Barrier(count)

    def save(number: int) -> None:
        together.wait()
        answers[number] = sent(people[number], path, shown[number], {"title": f"Person {number}"})

    threads = [threading.Thread(target=save, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = stored(office)["title"]
    for number, answer in answers.items():
        if first == f"Person {number}":
            assert answer.status_code == 303
        else:
            assert answer.status_code == 409
            assert f'value="Person {number}"' in text_of(answer)
            assert first in text_of(answer).split("Saved now")[1]


# ------------------------------------------------------------------------------------------------ whatever is typed

_BOOK = application_book(shipped_policy().funds[0], shipped_policy())
_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n") | st.sampled_from("£0123456789.,-/ <&'\""),
    max_size=40,
)


def _typed(question: Question) -> dict[str, st.SearchStrategy[str]]:
    """What a browser may send for a question: any text, or one of its choices."""
    if question.kind in (AnswerKind.CHOICE, AnswerKind.YES_NO):
        return {question.id: st.sampled_from([choice.value for choice in question.choices])}
    if question.kind is AnswerKind.DECLARATION:
        return {question.id: st.just("yes")}
    return dict.fromkeys(fields(question)[:8], _TEXT)


_PAGE = st.sampled_from(_BOOK).flatmap(
    lambda form: st.tuples(
        st.just(form.slug),
        st.fixed_dictionaries(
            {}, optional={name: text for question in form.questions for name, text in _typed(question).items()}
        ),
        st.sampled_from(["fresh", "stale", "none", "lost"]),
        st.sampled_from([{}, {"add": "line"}, {"return": "check"}]),
    )
)


_CHOSEN = {choice.value for form in _BOOK for question in form.questions for choice in question.choices}
"""What nobody types: it is shown by its words."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posts=st.lists(_PAGE, min_size=1, max_size=4))
def test_whatever_is_typed_is_kept_or_shown_again(
    browser: Any, office: Office, started: str, posts: list[tuple[str, dict[str, str], str, dict[str, str]]]
) -> None:
    for slug, typed, how, more in posts:
        shown = opened(browser, f"{started}/title")
        page = browser.get(f"{started}/{slug}")
        if page.status_code == 200:
            shown = hidden(text_of(page))
        if how == "stale":
            shown["seen"] = "0" * 64
        elif how == "none":
            shown.pop("seen")
        elif how == "lost":
            shown["csrf_token"] = "old"
        answer = sent(browser, f"{started}/{slug}", shown, {**typed, **more})
        assert answer.status_code in (303, 400, 409, 422)
        answers, page = stored(office), text_of(answer)
        for name, text in typed.items():
            assert _somewhere(text, answers.get(name, ""), page), (slug, name, text, answer.status_code)


def _somewhere(text: str, kept: str, page: str) -> bool:
    """Whether every line of what was typed is stored or on the page that answers; a choice that is none is neither."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return kept == text or text in _CHOSEN or all(line in page for line in lines)
