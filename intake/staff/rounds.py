"""The ranking of a sitting as CSV, for the office's papers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from defusedcsv import csv
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from core import rounds
from core.cells import inert
from core.office import Office
from core.ranking import Group, Line, may_see, ranking
from core.rules.calendar import year_label
from core.rules.money import pounds
from core.rules.scoring import hundredths
from intake import pages
from intake.staff import session as staff_session

blueprint = Blueprint("staff_rounds", __name__)

COLUMNS = (
    "fund", "year", "place", "equal", "reference", "organisation", "project", "status", "recommended", "asked_for",
    "amount", "together", "available", "reached", "score", "score_exact", "scored_by", "still_to_score", "submitted_at",
)  # fmt: skip


@blueprint.get("/desk/rounds/<int:number>.csv")
def as_csv(number: int) -> ResponseReturnValue:
    """The ranking as it stands; not for whoever still has to score. No cell is a formula."""
    office = pages.office()
    with office.reading() as session:
        sitting = rounds.by_id(session, number)
        refusal = may_see(session, sitting, staff_session.acting(session), office)
        if refusal is not None:
            raise refusal
        text = ranking_csv(ranking(session, sitting, office=office, now=office.clock()), office)
    name = f'attachment; filename="ranking-{number}.csv"'
    return Response(text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


def ranking_csv(groups: Sequence[Group], office: Office) -> str:
    """A ranking as CSV, a line an application; money in pounds, the score of a hundred and as an exact fraction."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for group in groups:
        for line in group.lines:
            writer.writerow([inert(cell) for cell in _cells(group, line, office)])
    return out.getvalue()


def _cells(group: Group, line: Line, office: Office) -> Iterator[str]:
    application, placed = line.application, line.placed
    said = application.recommendation
    yield from (office.policy.fund_name(group.fund), year_label(group.year))
    yield from (str(placed.place or ""), "yes" if placed.tied else "")
    yield from (application.reference or "", application.organisation_name or "", application.title or "")
    yield from (application.status, said.outcome if said is not None else "", pounds(application.amount or 0))
    yield from (pounds(line.amount), pounds(placed.taken) if placed.place is not None else "")
    yield pounds(group.available) if group.available is not None else ""
    yield {True: "yes", False: "no", None: ""}[placed.fits]
    yield from (hundredths(line.score), str(line.score)) if line.score is not None else ("", "")
    yield from (str(line.counted), "; ".join(line.lacking))
    yield application.submitted_at.isoformat() if application.submitted_at is not None else ""
