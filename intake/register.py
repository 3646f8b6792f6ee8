"""The public register: every award of every fund and size, from its acceptance on, to read and to load (W1, W3)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from defusedcsv import csv
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from core import publication
from core.cells import inert
from core.publication import COLUMNS, PublicAward
from core.rules.calendar import parse_year, year_label
from intake import pages

blueprint = Blueprint("register", __name__)

CELL = 32_000
"""Characters that a spreadsheet's cell takes."""

OPEN_LICENCE = "Open Government Licence v3.0"


@blueprint.get("/awards")
def listing() -> ResponseReturnValue:
    """The register, by fund, financial year and words, with its totals."""
    office = pages.office()
    fund = request.args.get("fund", "")
    year_text = request.args.get("year", "")
    words = request.args.get("q", "")[:200]
    try:
        year = parse_year(year_text) if year_text else None
    except ValueError:
        year, year_text = None, ""
    if office.policy.fund(fund) is None:
        fund = ""
    with office.reading() as session:
        everything = publication.register(session, office=office)
        found = publication.register(session, office=office, fund=fund or None, year=year, words=words)
    return pages.page(
        "register.html",
        title="Awards we have made",
        awards=found,
        total=sum(award.amount for award in found),
        by_fund=_by_fund(found),
        years=sorted({award.year for award in everything}, reverse=True),
        year_label=year_label,
        funds=office.policy.funds,
        chosen={"fund": fund, "year": year_text, "q": words},
        filtered=bool(fund or year_text or words),
        licence=OPEN_LICENCE,
        licence_address=publication.LICENCE,
    )


def _by_fund(found: Sequence[PublicAward]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for award in found:
        row = sums.setdefault(award.fund_name, {"name": award.fund_name, "count": 0, "total": 0})
        row["count"] += 1
        row["total"] += award.amount
    return sorted(sums.values(), key=lambda row: str(row["name"]))


@blueprint.get("/awards/<reference>")
def award(reference: str) -> ResponseReturnValue:
    """One award: to whom, for what, on which conditions and why."""
    office = pages.office()
    with office.reading() as session:
        found = publication.one(session, reference, office=office)
    return pages.page("award.html", title=found.title, award=found, year=year_label(found.year))


@blueprint.get("/awards.json")
def as_json() -> ResponseReturnValue:
    """The grants as a 360Giving 1.4 package."""
    office = pages.office()
    with office.reading() as session:
        text = publication.package_360(session, office=office, now=office.clock())
    return Response(text, mimetype="application/json", headers={"Access-Control-Allow-Origin": "*"})


@blueprint.get("/awards.csv")
def as_csv() -> ResponseReturnValue:
    """The register as CSV; no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows():
        writer.writerow([inert(str(row[column])) for column in COLUMNS])
    # No byte order mark: programs would read it as part of the first column's name. Spreadsheets have the workbook.
    return _file(out.getvalue(), "text/csv; charset=utf-8", "awards.csv")


@blueprint.get("/awards.xlsx")
def as_xlsx() -> ResponseReturnValue:
    """The register as a workbook; text is text, whatever it begins with."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Awards")
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, bold)
        for line, row in enumerate(_rows(), start=1):
            for column, name in enumerate(COLUMNS):
                if name == "amount_awarded":
                    sheet.write_number(line, column, Decimal(row[name]), money)
                else:
                    sheet.write_string(line, column, inert(str(row[name]))[:CELL])
        sheet.freeze_panes(1, 0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(out.getvalue(), kind, "awards.xlsx")


def _rows() -> list[dict[str, Any]]:
    office = pages.office()
    with office.reading() as session:
        return [found.as_data() for found in publication.register(session, office=office)]


def _file(content: str | bytes, kind: str, name: str) -> Response:
    return Response(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
