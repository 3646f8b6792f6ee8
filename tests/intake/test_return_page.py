"""The return's page: saved as one goes, what was agreed and said before beside it, by two people at once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, deadlines, return_drafts, returns
from core.errors import Conflict
from core.office import Office
from core.records import Award, Deadline, MonitoringReturn, ReturnDraft
from core.rules.return_forms import ReturnFacts
from core.shown import mark
from tests.core.casework import returned

RETURN = {
    "narrative": "Calls fell.\r\nThe warden counts them.",
    "achieved-1": "A tenth fewer",
    "people": "23",
    "spent": "£950",
    "views": "",
}


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def fields_of(page: str) -> dict[str, str]:
    """Every field of a page's form with what is in it, as a browser would send it."""
    found = {
        unescape(tag["name"]): unescape(tag["value"])
        for tag in re.finditer(r'<input[^>]*\bname="(?P<name>[^"]+)"[^>]*?\bvalue="(?P<value>[^"]*)"', page)
    }
    for one in re.finditer(r'<input(?![^>]*\bvalue=)[^>]*\bname="([^"]+)"', page):
        found.setdefault(one[1], "")
    for one in re.finditer(r'<textarea[^>]*\bname="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        found[one[1]] = unescape(one[2])
    return found


def came_in(office: Office) -> list[MonitoringReturn]:
    with office.reading() as session:
        return list(session.scalars(select(MonitoringReturn)))


def drafts(office: Office) -> list[dict[str, str]]:
    with office.reading() as session:
        return [dict(one.answers) for one in session.scalars(select(ReturnDraft))]


class Person:
    """Somebody with a browser of their own and the link."""

    def __init__(self, app: Any, path: str) -> None:
        self.client, self.path = app.test_client(), path
        self.fields: dict[str, str] = {}
        self.open()

    def open(self) -> str:
        page = self.client.get(self.path).get_data(as_text=True)
        self.fields = fields_of(page)
        return unescape(page)

    def type(self, **fields: str) -> Person:
        self.fields.update({name.replace("_", "-"): text for name, text in fields.items()})
        return self

    def post(self, **more: str) -> Any:
        answer = self.client.post(self.path, data={**self.fields, **more})
        if answer.status_code != 303:
            self.fields = fields_of(answer.get_data(as_text=True))
        return answer

    def save(self) -> Any:
        return self.post(save="yes")


def test_what_is_saved_is_there_again_on_another_device(app: Any, office: Office, return_paths: list[str]) -> None:
    first = Person(app, return_paths[0])
    answer = first.type(narrative="Half a <sentence", people="about 20").save()
    assert (answer.status_code, answer.headers["Location"]) == (303, return_paths[0])
    assert came_in(office) == []
    page = Person(app, return_paths[0]).open()
    assert "Half a <sentence" in page
    assert 'value="about 20"' in page
    assert "Saved on 23 November 2026 at midday." in page
    assert "It has not been sent yet" in page


def test_a_return_with_something_wrong_in_it_is_saved_all_the_same(
    app: Any, office: Office, return_paths: list[str]
) -> None:
    one = Person(app, return_paths[0])
    assert one.type(narrative="Calls fell.", people="some").post().status_code == 422
    page = Person(app, return_paths[0]).open()
    assert "Calls fell." in page
    assert 'value="some"' in page


def test_what_is_typed_is_saved_on_the_way_to_receipts_and_pictures(
    app: Any, office: Office, return_paths: list[str]
) -> None:
    one = Person(app, return_paths[0])
    answer = one.type(narrative="Half a <sentence").post(save="documents")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{return_paths[0]}/documents")
    assert drafts(office)[0]["narrative"] == "Half a <sentence"


def test_sending_it_takes_the_draft_away(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    one.type(narrative="Half").save()
    one.open()
    one.fields.update(RETURN)
    assert one.post().status_code == 303
    assert [found.narrative for found in came_in(office)] == ["Calls fell.\nThe warden counts them."]
    assert drafts(office) == []


def test_the_bare_form_is_enough(browser: Any, office: Office, return_paths: list[str]) -> None:
    page = browser.get(return_paths[0]).get_data(as_text=True)
    token = fields_of(page)["csrf_token"]
    assert browser.client.post(return_paths[0], data={**RETURN, "csrf_token": token}).status_code == 303
    assert len(came_in(office)) == 1


def test_of_two_at_once_both_keep_what_they_wrote_and_the_later_one_is_told(
    app: Any, office: Office, return_paths: list[str]
) -> None:
    one, other = Person(app, return_paths[0]), Person(app, return_paths[0])
    assert one.type(narrative="From one.", people="10").save().status_code == 303
    answer = other.type(narrative="From the other.", spent="5").save()
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody else has changed this return since you opened it." in page
    assert re.search(r"<li>What changed</li>\s*<li>People reached</li>", page)
    assert "From the other." in fields_of(page)["narrative"]
    assert "This is what the other one had written:" in page
    assert "From one." in page
    assert (fields_of(page)["people"], fields_of(page)["spent"]) == ("10", "5")
    assert other.type(narrative="From both.").save().status_code == 303
    page = Person(app, return_paths[0]).open()
    assert "From both." in page
    assert "From one." not in page


def test_sending_what_somebody_else_has_changed_meanwhile_asks_to_look_first(
    app: Any, office: Office, return_paths: list[str]
) -> None:
    one, other = Person(app, return_paths[0]), Person(app, return_paths[0])
    one.type(people="61").save()
    other.fields.update({**RETURN, "people": ""})
    answer = other.post()
    assert answer.status_code == 409
    assert came_in(office) == []
    assert 'value="61"' in text_of(answer)
    assert other.post().status_code == 303
    [found] = came_in(office)
    assert (found.people, found.spent) == (61, 950_00)


def test_the_same_words_twice_are_no_change(app: Any, office: Office, return_paths: list[str]) -> None:
    one, other = Person(app, return_paths[0]), Person(app, return_paths[0])
    for person in (one, other):
        assert person.type(narrative="Same.\r\nWords.").save().status_code == 303
    assert drafts(office)[0]["narrative"] == "Same.\nWords."


def test_a_lost_session_shows_what_was_typed_and_still_knows_what_it_had_shown(
    app: Any, office: Office, return_paths: list[str]
) -> None:
    one, other = Person(app, return_paths[0]), Person(app, return_paths[0])
    one.type(narrative="From one.").save()
    other.type(narrative="From the other.")
    other.client = app.test_client()
    answer = other.post()
    assert answer.status_code == 400
    assert "Nothing that you typed is lost" in text_of(answer)
    assert "From the other." in other.fields["narrative"]
    assert drafts(office)[0]["narrative"] == "From one."
    answer = other.save()
    assert answer.status_code == 409
    assert "From one." in text_of(answer)


@pytest.mark.parametrize("shown", ["", "narrative", "narrative:", ":::", "narrative:x y:z", "\0", "x" * 10_000])
def test_what_a_page_says_it_showed_may_be_anything(
    browser: Any, office: Office, return_paths: list[str], shown: str
) -> None:
    answer = browser.send(return_paths[0], {"narrative": "A\0b", "seen": shown, "save": "yes"})
    assert answer.status_code in (303, 409)
    assert drafts(office)[0].get("narrative", "").startswith("A")


# ------------------------------------------------------------------------------------------- somebody sends it first

LATER = {
    **RETURN,
    "narrative": "Mine: <fewer> calls.\r\nWe count them.",
    "spent": "950.00",
    "views": "Nobody asked.",
    "spending-2": "500",
}


def sends(office: Office) -> None:
    """Somebody else sends what `RETURN` says."""
    with office.sessions.begin() as session:
        receives(session, office)


def receives(session: Any, office: Office) -> None:
    award = session.scalars(select(Award)).one()
    due = min(one.due for one in award.deadlines if one.kind == "return")
    facts = ReturnFacts("Calls fell.\nThe warden counts them.", 23, 950_00, ("A tenth fewer",), "", {})
    returns.receive(session, award, due, facts, source="recipient", now=office.clock())


def left_over(answer: Any, title: str = "What you typed was not sent") -> str:
    """What a page shows of what was typed and not taken."""
    assert answer.status_code == 409
    return text_of(answer).split(title)[1].split("copy it and write to us")[0]


@pytest.mark.parametrize("pressed", [{}, {"save": "yes"}])
def test_what_was_typed_into_a_return_that_somebody_else_sent_is_shown_again(
    app: Any, office: Office, return_paths: list[str], pressed: dict[str, str]
) -> None:
    one = Person(app, return_paths[0])
    one.fields.update(LATER)
    sends(office)
    answer = one.post(**pressed)
    left = left_over(answer)
    for mine in ("Mine: <fewer> calls.<br>We count them.", "Nobody asked.", "500"):
        assert mine in left
    for the_same in ("People reached", "A tenth fewer", "950.00"):
        assert the_same not in left, "the return says it as it came in"
    assert "This return was sent while you had it open" in text_of(answer)
    assert [found.narrative for found in came_in(office)] == ["Calls fell.\nThe warden counts them."]
    assert drafts(office) == []


def test_whoever_typed_the_same_is_led_to_how_it_stands(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    one.fields.update({**RETURN, "spent": "950.00 ", "narrative": "Calls fell.\nThe warden counts them.  "})
    sends(office)
    assert one.save().status_code == 303


def test_a_lost_session_too_shows_what_came_too_late(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    one.fields.update(LATER)
    sends(office)
    one.client = app.test_client()
    assert "Nobody asked." in left_over(one.save())


@pytest.mark.parametrize("pressed", [{}, {"save": "yes"}])
def test_what_is_saved_at_the_moment_in_which_it_comes_in_is_shown_again(
    app: Any, office: Office, return_paths: list[str], pressed: dict[str, str]
) -> None:
    """The second one has found no return yet when the first one's comes in: it waits for it, and is told."""
    one = Person(app, return_paths[0])
    one.fields.update(LATER)
    with ThreadPoolExecutor(1) as threads:
        with office.sessions.begin() as session:
            receives(session, office)
            late = threads.submit(one.post, **pressed)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.5)
        assert "Nobody asked." in left_over(late.result())
    assert drafts(office) == []
    assert len(came_in(office)) == 1


@pytest.mark.parametrize("session_lost", [False, True])
def test_what_was_typed_when_the_award_ended_is_shown_again(
    app: Any, office: Office, return_paths: list[str], session_lost: bool
) -> None:
    one = Person(app, return_paths[0])
    one.fields.update(LATER)
    with office.sessions.begin() as session:
        award = session.scalars(select(Award)).one()
        deadlines.close(session, subject=awards.subject(award), now=office.clock())
    if session_lost:
        one.client = app.test_client()
    answer = one.save()
    left = left_over(answer, "What you typed was not saved")
    assert "Nobody asked." in left
    assert "950.00" in left
    assert "This award has ended" in text_of(answer)
    assert drafts(office) == []


def test_a_draft_of_a_return_that_is_in_is_not_kept(office: Office, return_paths: list[str]) -> None:
    sends(office)

    def late() -> None:
        with office.sessions.begin() as session:
            mine = (Deadline.kind == "return") & Deadline.met_at.is_not(None)
            deadline = session.scalars(select(Deadline).where(mine)).one()
            return_drafts.save(session, deadline, {"views": "Late"}, "", now=office.clock())

    with pytest.raises(Conflict, match="nothing was saved") as refused:
        late()
    assert refused.value.rule == "R1"
    assert drafts(office) == []


# -------------------------------------------------------------------------------------------- what stands beside it


def test_the_last_figures_stand_beside_the_new_ones(app: Any, office: Office, return_paths: list[str]) -> None:
    first = Person(app, return_paths[0])
    first.fields.update({**RETURN, "spending-1": "450", "spending-2": "500"})
    assert first.post().status_code == 303
    page = Person(app, return_paths[1]).open()
    assert "Target: A fifth fewer. Last time: A tenth fewer." in page
    assert "each person once. Last time: 23." in page
    assert "The award is £2,000. Last time: £950." in page
    assert "Agreed: £1,500. Last time: £450." in page or "Last time: £450." in page
    assert "If any of the award is left, how much, and why?" in page


def test_lines_that_do_not_add_up_are_said_by_how_much(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    one.fields.update({**RETURN, "spending-1": "450", "spending-2": "499.99"})
    answer = one.post()
    assert answer.status_code == 422
    assert "The lines come to £949.99, £0.01 less than the £950 that has been spent in all" in text_of(answer)
    one.fields["spending-2"] = "500"
    assert one.post().status_code == 303
    [found] = came_in(office)
    assert found.budget is not None
    assert [line["spent"] for line in found.budget] == [450_00, 500_00]
    assert "£450, of" in one.open()


def test_more_than_the_award_needs_a_reason(app: Any, office: Office, return_paths: list[str]) -> None:
    one = Person(app, return_paths[0])
    assert "over" not in one.fields
    one.fields.update({**RETURN, "spent": "2000.01"})
    answer = one.post()
    assert answer.status_code == 422
    assert "Why is more spent than the £2,000 that was awarded?" in text_of(answer)
    assert one.type(over="The hall went up; we paid the penny.").post().status_code == 303
    assert "we paid the penny" in one.open()


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2027, 7, 10), ""),
        (date(2027, 7, 11), ""),
        (date(2027, 7, 12), "it is <strong>1 day overdue"),
        (date(2027, 8, 1), "it is <strong>21 days overdue"),
    ],
)
def test_the_page_says_when_it_is_overdue(
    app: Any, clock: Any, return_paths: list[str], today: date, said: str
) -> None:
    clock.set_day(today)
    page = Person(app, return_paths[0]).open()
    assert (said in page) if said else ("overdue" not in page)


def test_a_return_that_is_not_expected_any_more_is_not_asked_for(
    app: Any, office: Office, return_paths: list[str], accepted: str
) -> None:
    with office.sessions.begin() as session:
        award = awards.by_reference(session, accepted)
        award.status = "decommissioned"
        deadlines.close(session, subject=awards.subject(award), now=office.clock())
    one = Person(app, return_paths[0])
    assert "This award has ended, so this return is not needed any more." in one.open()
    assert one.fields == {}


def test_how_it_stands_is_said_once_it_is_in(app: Any, office: Office, return_paths: list[str], accepted: str) -> None:
    with office.sessions.begin() as session:
        award = awards.by_reference(session, accepted)
        due = min(one.due for one in award.deadlines if one.kind == "return")
        facts = returned(achieved=("Two fewer",))
        found = returns.receive(session, award, due, facts, source="recipient", now=office.clock())
    assert "An officer reads it" in Person(app, return_paths[0]).open()
    with office.sessions.begin() as session:
        session.get_one(MonitoringReturn, found.id).status = "accepted"
    page = Person(app, return_paths[0]).open()
    assert "Return accepted" in page
    assert "have nothing more to ask" in page


# ------------------------------------------------------------------------------------------------- the draft itself


def test_what_both_had_written_is_kept_until_somebody_who_saw_it_writes(
    office: Office, return_paths: list[str]
) -> None:
    def save(text: str, shown: str) -> return_drafts.Saved:
        with office.sessions.begin() as session:
            deadline = next(one for one in session.scalars(select(Deadline)) if one.kind == "return")
            return return_drafts.save(session, deadline, {"views": text}, shown, now=office.clock())

    empty = mark({}, ("views",))
    save("First.", empty)
    assert save("Second.", empty).theirs == {"views": "First."}
    assert drafts(office) == [{"views": "Second.", "replaced:views": "First."}]
    save("Both.", mark({"views": "Second."}, ("views",)))
    assert drafts(office) == [{"views": "Both."}]
