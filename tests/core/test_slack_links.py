"""Linking one's own Slack account by a mailed code: single use, one account, a while, a few tries, kept nowhere."""

from __future__ import annotations

import re
from functools import partial

import pytest
from sqlalchemy import inspect, select

from core import absences, outbox, people, slack_links
from core.errors import Conflict, NotFound, Refused
from core.leaving import leave
from core.links import CODE_DIGITS
from core.office import Office
from core.records import OutboxMessage, Person, Record, SlackCode
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import at_once, messages, person, someone, trail

TEAM, ADA, BO = "T1", "U0ADA", "U0BO"


def address(office: Office, who: int) -> str:
    with office.reading() as session:
        return someone(session, who).email


def ask(office: Office, to: str, user: str = ADA) -> int:
    with office.sessions.begin() as session:
        return slack_links.ask(session, team=TEAM, user=user, address=to, policy=office.policy, now=office.clock()).id


def give(office: Office, code: str, user: str = ADA) -> Person | Refused:
    with office.sessions.begin() as session:
        return slack_links.give(session, team=TEAM, user=user, code=code, office=office, now=office.clock())


def mailed(office: Office, number: int) -> str:
    with office.reading() as session:
        asked, _ = slack_links.to_mail(session, number, policy=office.policy, now=office.clock())
        return slack_links.code_of(asked, office.signer)


def refused(office: Office, code: str, user: str = ADA) -> str:
    answer = give(office, code, user)
    assert isinstance(answer, Refused)
    return answer.reason


def account(office: Office, who: int) -> str | None:
    with office.reading() as session:
        return someone(session, who).slack_user


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def test_the_right_code_links_the_account_to_whose_address_it_is(office: Office) -> None:
    ada, officer = person(office, Role.COMMISSIONER), person(office)
    code = mailed(office, ask(office, f" {address(office, ada).upper()} "))
    assert re.fullmatch(r"[0-9]{8}", code)
    linked = give(office, f" {code[:4]} {code[4:]} ")
    assert isinstance(linked, Person)
    assert linked.id == ada
    with office.reading() as session:
        found = people.by_slack(session, TEAM, ADA)
        assert found is not None
        assert found.id == ada
    [line] = trail(office, "slack_linked")
    assert line.data == {"person": ada, "name": linked.name, "account": f"{TEAM}/{ADA}", "replaced": False}
    assert {one.payload["to_id"] for one in messages(office, "slack_linked")} == {ada, officer}
    assert "no code that waits" in refused(office, code), "it is good once"


def test_no_part_of_the_record_holds_the_code(office: Office) -> None:
    ada = person(office)
    code = mailed(office, ask(office, address(office, ada)))
    with office.reading() as session:
        for table in Record.metadata.sorted_tables:
            for row in session.execute(select(table)):
                assert code not in str(row), table.name
    assert "code" not in {one.key for one in inspect(SlackCode).columns}
    give(office, code)
    assert all(code not in str(line.data) for line in trail(office))


def test_an_address_that_nobody_has_is_answered_the_same_and_mailed_nothing(office: Office) -> None:
    ada = person(office)
    known, unknown = ask(office, address(office, ada), ADA), ask(office, "nobody@elsewhere.example", BO)
    assert [one.payload["slack_code_id"] for one in messages(office, "slack_code")] == [known, unknown]
    with pytest.raises(NotFound, match="Nobody on the staff list"):
        mailed(office, unknown)
    code = mailed(office, known)
    told = [refused(office, wrong(code), user) for user in (ADA, BO) for _try in range(6)]
    assert told[:6] == told[6:]


def test_only_the_account_that_asked_may_give_it(office: Office) -> None:
    ada, other = person(office), person(office)
    code = mailed(office, ask(office, address(office, ada)))
    assert "no code that waits" in refused(office, code, BO)
    ask(office, address(office, other), BO)
    assert "not the code" in refused(office, code, BO)
    assert account(office, ada) is None
    give(office, code)
    assert account(office, ada) == ADA


def test_wrong_codes_are_counted_and_end_it(office: Office) -> None:
    ada = person(office)
    code = mailed(office, ask(office, address(office, ada)))
    tries = office.policy.slack_code_tries.value
    told = [refused(office, wrong(code)) for _ in range(tries)]
    assert "you can try 4 more times" in told[0]
    assert "you can try once more" in told[-2]
    assert "can be tried no more" in told[-1]
    assert "Too many wrong codes" in refused(office, code)
    assert account(office, ada) is None
    give(office, mailed(office, ask(office, address(office, ada))))
    assert account(office, ada) == ADA


def test_tries_at_once_are_all_counted(office: Office) -> None:
    ada = person(office)
    code = mailed(office, ask(office, address(office, ada)))
    at_once([partial(give, office, wrong(code)) for _ in range(office.policy.slack_code_tries.value)])
    assert "Too many wrong codes" in refused(office, code)


def test_two_at_once_link_once(office: Office) -> None:
    ada = person(office)
    code = mailed(office, ask(office, address(office, ada)))
    at_once([partial(give, office, code) for _ in range(2)])
    assert len(trail(office, "slack_linked")) == 1


def test_it_runs_out(office: Office, clock: Clock) -> None:
    ada = person(office)
    number = ask(office, address(office, ada))
    code = mailed(office, number)
    clock.forward(minutes=office.policy.slack_code_minutes.value)
    assert "good for 15 minutes" in refused(office, code)
    with pytest.raises(NotFound, match="good no more"):
        mailed(office, number)


def test_the_latest_code_is_the_only_one(office: Office) -> None:
    ada = person(office)
    first, second = ask(office, address(office, ada)), ask(office, address(office, ada))
    with pytest.raises(NotFound, match="good no more"):
        mailed(office, first)
    give(office, mailed(office, second))
    assert account(office, ada) == ADA


@pytest.mark.parametrize("by", ["account", "address"])
def test_how_often_is_limited_by_account_and_by_address(office: Office, clock: Clock, by: str) -> None:
    most = office.policy.slack_codes_an_hour.value
    for number in range(most):
        user, to = (ADA, f"a{number}@office.example") if by == "account" else (f"U{number}", "a@office.example")
        ask(office, to, user)
    with pytest.raises(Refused, match="too often: 3 codes an hour"):
        ask(office, "a@office.example", ADA)
    ask(office, "b@office.example", BO)
    clock.forward(minutes=61)
    ask(office, "a@office.example", ADA)


def test_at_once_no_more_are_asked_for_than_the_limit(office: Office) -> None:
    came = at_once([partial(ask, office, "a@office.example", f"U{number}") for number in range(6)])
    assert len(came.done) == office.policy.slack_codes_an_hour.value


def test_old_requests_go(office: Office, clock: Clock) -> None:
    ask(office, "a@office.example")
    clock.forward(hours=25)
    ask(office, "b@office.example", BO)
    with office.reading() as session:
        assert [one.address for one in session.scalars(select(SlackCode))] == ["b@office.example"]


@pytest.mark.one_database
@pytest.mark.parametrize("to", ["", "ada", "ada@", "@office.example", "ada@office", "a da@office.example", "a" * 260])
def test_what_is_no_address(office: Office, to: str) -> None:
    with pytest.raises(Refused, match="Enter your office e-mail address"):
        ask(office, to)


def test_an_account_that_is_somebodys_already_is_not_linked_again(office: Office) -> None:
    ada, other = person(office, name="Ada"), person(office)
    code = mailed(office, ask(office, address(office, other)))
    with office.sessions.begin() as session:
        found = someone(session, ada)
        people.add(
            session, name=found.name, email=found.email, role=Role.OFFICER, slack=(TEAM, ADA), actor="t",
            now=office.clock(),
        )  # fmt: skip
    assert "linked to Ada already" in refused(office, code)
    assert account(office, other) is None
    with pytest.raises(Conflict, match="linked to Ada already"):
        ask(office, address(office, other))


def test_another_account_takes_the_place_of_the_one_before(office: Office) -> None:
    ada = person(office)
    give(office, mailed(office, ask(office, address(office, ada))))
    give(office, mailed(office, ask(office, address(office, ada), BO)), BO)
    assert account(office, ada) == BO
    with office.reading() as session:
        assert people.by_slack(session, TEAM, ADA) is None
    assert [one.payload["replaced"] for one in messages(office, "slack_linked")] == [False, True]


def test_a_leaver_has_no_code_any_more(office: Office) -> None:
    ada = person(office)
    number = ask(office, address(office, ada))
    code = mailed(office, number)
    with office.sessions.begin() as session:
        leave(session, email=someone(session, ada).email, actor="test", now=office.clock())
    assert "no code that waits" in refused(office, code)
    assert account(office, ada) is None


def test_a_code_does_not_bring_back_somebody_who_was_taken_off_the_list(office: Office) -> None:
    ada = person(office)
    code = mailed(office, ask(office, address(office, ada)))
    with office.sessions.begin() as session:
        people.remove(session, email=someone(session, ada).email, actor="test", now=office.clock())
    assert "not the code" in refused(office, code)


def test_an_officer_who_is_away_is_told_through_their_deputy(office: Office) -> None:
    ada, officer, deputy = person(office, Role.COMMISSIONER), person(office), person(office, Role.DIRECTOR)
    today = office.today()
    with office.sessions.begin() as session:
        absences.away(
            session, someone(session, officer), from_day=today, until_day=today, deputy=someone(session, deputy),
            actor="test", today=today, now=office.clock(),
        )  # fmt: skip
    give(office, mailed(office, ask(office, address(office, ada))))
    assert {one.payload["to_id"] for one in messages(office, "slack_linked")} == {ada, deputy}


@pytest.mark.parametrize("role", [Role.PANEL, Role.AUDITOR, Role.OFFICER])
def test_everybody_on_the_list_may_link_and_gets_no_other_power_by_it(office: Office, role: Role) -> None:
    body = Body.CONSTABULARY if role is Role.OFFICER else Body.OFFICE
    who = person(office, role, body)
    linked = give(office, mailed(office, ask(office, address(office, who))))
    assert isinstance(linked, Person)
    assert (linked.role, linked.body) == (role.value, body.value)


def test_its_mails_are_of_the_outbox(office: Office) -> None:
    assert {outbox.MESSAGES[kind] for kind in ("slack_code", "slack_linked")} == {"mail"}
    ask(office, "nobody@office.example")
    with office.reading() as session:
        [message] = session.scalars(select(OutboxMessage))
        assert list(message.payload) == ["slack_code_id"]
