"""The ranking of a sitting as CSV: who gets it, what is in it, and that no cell is a formula."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from core import panel_list, people, rounds, scores
from core.office import Office
from core.records import Application
from core.rules.policy import Body, Role

FORMULA = '=HYPERLINK("http://evil.example","Click")'
WHOLE = {"need": 5, "outcomes": 5, "plan": 5, "value": 4}


@pytest.fixture
def sitting(office: Office, submitted: str) -> int:
    """A sitting about one application, which one member has scored."""
    now = office.clock()
    with office.sessions.begin() as session:
        told: dict[str, Any] = {"office": office, "now": now}
        officer = people.add(session, name="Olive", email="o@x.example", role=Role.OFFICER, actor="t", now=now)
        panel = people.add(session, name="Ana", email="a@x.example", role=Role.PANEL, actor="t", now=now)
        found = session.query(Application).one()
        panel_list.put_on_list(session, found.id, officer, **told)
        day = office.today() + timedelta(days=7)
        made = rounds.open_sitting(session, name="S", day=day, funds=[found.fund], actor="t", **told)
        rounds.begin(session, made.id, actor="t", **told)
        scores.score(session, rounds.listings(session, made)[0].id, panel, points=WHOLE, **told)
        found.organisation_name = found.title = FORMULA
        return made.id


def rows(browser: Any, sitting: int) -> list[dict[str, str]]:
    answer = browser.get(f"/desk/rounds/{sitting}.csv")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))


def test_an_officer_gets_it_and_nothing_in_it_is_live(signed_in: Any, office: Office, sitting: int) -> None:
    [row] = rows(signed_in(), sitting)
    with office.reading() as session:
        reference = session.query(Application.reference).filter(Application.title == FORMULA).scalar()
    assert (row["reference"], row["place"], row["score"], row["score_exact"]) == (reference, "1", "96.0", "24/25")
    assert (row["scored_by"], row["still_to_score"], row["equal"]) == ("1", "", "")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        (Role.COMMISSIONER, Body.OFFICE, 200),
        (Role.AUDITOR, Body.OFFICE, 200),
        (Role.PANEL, Body.OFFICE, 422),
        (Role.OFFICER, Body.CONSTABULARY, 403),
    ],
)
def test_who_gets_it(signed_in: Any, sitting: int, role: Role, body: Body, status: int) -> None:
    """A member of the panel only once they have scored; constabulary staff never."""
    answer = signed_in(role, body=body).get(f"/desk/rounds/{sitting}.csv")
    assert answer.status_code == status, answer.get_data(as_text=True)[:2_000]


def test_a_sitting_that_is_not_there(signed_in: Any) -> None:
    assert signed_in().get("/desk/rounds/99.csv").status_code == 404
