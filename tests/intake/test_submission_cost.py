"""What a submission by API, and the start page, cost the record: so many statements, and no more the more it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from core.office import Office
from tests.crashes.wire import api_headers, application_body

MOST: Final = 26
"""Statements of a submission. What each is for, so that whoever needs another one weighs it:

- 1 for the policy in force;
- 3 for the key: was it used, it is now, and its answer;
- 2 for the draft and its link, and 1 to find that link again;
- 1 to see that the reference is free;
- 3 to move the state: the row held as it is (the trail seals it), the guarded update, the row as it came out;
- 5 for what the rules ask of the record: awards, overdue returns and earlier bids of the organisation, the fund's
  money, documents;
- 2 for what was sent: the row and its outcomes;
- 1 to see whether a return of the organisation is overdue;
- 1 for the day by which it is to be decided;
- 1 for the policy's version;
- 2 for the card and the receipt (on PostgreSQL one, and one to wake who sends them);
- 1 to see whose Home in Slack shows what waits;
- 3 for the line of the trail: its end is held, the line, the new end.
"""


@contextmanager
def counted(engine: Engine) -> Iterator[tuple[list[str], list[str]]]:
    """The statements and the commits while this lasts."""
    statements: list[str] = []
    commits: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # which PostgreSQL's driver sends by itself
            statements.append(statement)

    def committed(_connection: Any) -> None:
        commits.append("commit")

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        yield statements, commits
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "commit", committed)


@pytest.mark.parametrize("before", [1, 12], ids=["few before it", "many like it before it"])
def test_a_submission_is_one_commit_of_so_many_statements(
    app: Flask, office: Office, engine: Engine, before: int
) -> None:
    api = app.test_client()

    def submit(number: int) -> Any:
        title = f"Friday night gym {number}"
        return api.post(
            "/api/v1/applications",
            json=application_body(title=title),
            headers=api_headers("key-of-a-portal", f"cost {number}"),
        )

    for number in range(before):  # the first also stores the policy and begins the trail
        assert submit(number).status_code == 201
    with counted(engine) as (statements, commits):
        answer = submit(before)
    assert answer.status_code == 201, answer.text
    assert len(statements) <= MOST, "\n".join(statements)
    assert commits == ["commit"]
    with counted(engine) as (statements, commits):
        again = submit(before)
    assert again.json == answer.json
    assert len(statements) == 2, "the policy in force, and the key: the same answer costs next to nothing"


def test_the_start_page_asks_for_the_money_of_all_funds_at_once(app: Flask, office: Office, engine: Engine) -> None:
    api = app.test_client()
    with counted(engine) as (statements, _):
        assert api.get("/").status_code == 200
    asked = [statement for statement in statements if "FROM fund_year" in statement]
    assert len(asked) == 1, "\n".join(asked)
    assert len(statements) == 3, "the policy in force, the money, and what each gave lately\n" + "\n".join(statements)
