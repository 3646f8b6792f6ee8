"""Every case of the tables in `cases/`, and that the tables can be trusted: none is skipped, double or misread."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from core.rules.policy import Kind, Policy, Purpose
from tests.rules.tables import Award, MalformedError, Row, differences, read_all, read_table_file

ROWS = read_all()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_case_comes_out_as_written(row: Row, policy: Policy) -> None:
    wrong = differences(row, policy)
    assert not wrong, "\n".join([str(row), *wrong])


# --------------------------------------------------------------------------------------- that the tables are whole


def test_there_are_three_hundred_cases_and_none_twice() -> None:
    assert len(ROWS) >= 300
    assert len({row.id for row in ROWS}) == len(ROWS)
    asked = Counter(row.asks for row in ROWS)
    assert [str(row) for row in ROWS if asked[row.asks] > 1] == []


def awards() -> list[Award]:
    return [row.asks for row in ROWS if isinstance(row.asks, Award)]


def test_every_fund_meets_every_purpose(policy: Policy) -> None:
    met = {(award.facts.fund, award.facts.purpose) for award in awards()}
    assert set(product((fund.id for fund in policy.funds), Purpose)) - met == set()


def test_every_fund_and_area_of_the_tables_is_the_policys(policy: Policy) -> None:
    facts = [award.facts for award in awards()]
    assert {told.fund for told in facts} - {None} == {fund.id for fund in policy.funds}
    assert {told.csp_area for told in facts} - {None} == set(policy.csp_areas)
    assert {told.plan_objective for told in facts} - {None} == {objective.id for objective in policy.plan_objectives}


@pytest.mark.parametrize("kind", [Kind.CONTRACT, Kind.CO_COMMISSIONED, Kind.INVOICE])
@pytest.mark.parametrize("edge", [5_000_00, 10_000_00, 50_000_00])
def test_every_kind_stands_at_every_edge(kind: Kind, edge: int) -> None:
    amounts = {award.facts.amount for award in awards() if award.facts.kind is kind}
    assert {edge, edge + 1} <= amounts
    if edge != 10_000_00:
        assert edge - 1 in amounts


def test_a_grant_stands_at_every_edge_of_amount_and_purchase() -> None:
    grants = [award.facts for award in awards() if award.facts.kind is Kind.GRANT]
    edges = {edge + penny for edge in (5_000_00, 50_000_00) for penny in (-1, 0, 1)}
    assert edges | {9_999_99, 10_000_00, 10_000_01} <= {facts.amount for facts in grants}
    assert edges <= {facts.purchases for facts in grants}


# --------------------------------------------------------------------------------------- what reads as no table

GOOD = """# Tiers

## A grant

What it shows.

All rows: kind = grant.

| id | case | amount | tier |
|---|---|---|---|
| P0-01 | A small one | £1.00 | light |
"""


def test_a_table_reads() -> None:
    (row,) = read_table_file("tiers.md", GOOD)
    assert str(row) == "P0-01: A small one (tiers.md, line 11)"
    assert isinstance(row.asks, Award)
    assert (row.asks.facts.kind, row.asks.facts.amount, row.asks.money) == (Kind.GRANT, 1_00, None)
    assert row.expected == {"tier": "light"}


def test_two_rows_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "two.md").write_text(GOOD, encoding="utf-8")
    with pytest.raises(MalformedError, match=r"^two\.md, line 11: P0-01 is the id of another row, .*one\.md, line 11"):
        read_all(tmp_path)


@pytest.mark.parametrize(
    ("written", "instead", "line", "because"),
    [
        ("| amount |", "| sum |", 9, "unknown: sum"),
        ("| tier |", "| teir |", 9, "unknown: teir"),
        ("| tier |", "| purpose |", 9, "no column says what is expected"),
        ("| tier |", "| amount |", 9, "named twice"),
        ("| amount |", "| kind |", 9, "named twice"),
        ("| id | case |", "| case | id |", 9, "begins with id and case"),
        ("kind = grant.", "kind = grant; tier = light.", 9, "named twice"),
        ("kind = grant.", "kind = grant; route = none.", 9, "what is expected stands in the row itself"),
        ("| light |", "| |", 11, "a cell is empty"),
        ("| light |", "| - |", 11, "tier: '-' is none of light, standard, full"),
        ("| light |", "| ligth |", 11, "tier: 'ligth' is none of"),
        ("| A small one |", "|  |", 11, "a cell is empty"),
        ("| P0-01 |", "| one |", 11, "'one' is no id"),
        ("| £1.00 |", "| £1 |", 11, "'£1' is no amount"),
        ("| £1.00 |", "| 1.00 |", 11, "'1.00' is no amount"),
        ("| £1.00 |", "| £1000.00 |", 11, "'£1000.00' is no amount"),
        ("| £1.00 |", "| - |", 11, "a kind and an amount"),
        ("| £1.00 | light |", "| £1.00 |", 11, "3 cells under 4 columns"),
        ("| light |", "| light", 11, "ends with a bar"),
        ("kind = grant", "kind = gift", 11, "'gift' is not a valid Kind"),
        ("kind = grant", "kind", 7, "is not one column = one value"),
        ("kind = grant", "kind = grant; kind = invoice", 7, "is not one column = one value"),
        ("What it shows.\n", "\n", 9, "a heading, and a sentence"),
        ("|---|---|---|---|\n", "", 10, "a line of ---"),
        ("| tier |\n|---|---|---|---|", "| verdicts |\n|---|---|---|---|", 11, "'light' is no rule"),
    ],
)
def test_what_reads_as_no_table_is_refused(written: str, instead: str, line: int, because: str) -> None:
    assert written in GOOD
    with pytest.raises(MalformedError) as refused:
        read_table_file("tiers.md", GOOD.replace(written, instead))
    assert str(refused.value).startswith(f"tiers.md, line {line}: ")
    assert because in str(refused.value)


@pytest.mark.parametrize(
    ("column", "cell", "because"),
    [
        ("verdicts", "F5", "'' is none of met, not_met, advice, silent, quiet"),
        ("verdicts", "F5 failed", "'failed' is none of"),
        ("verdicts", "Z9 met", "'Z9' is no rule"),
        ("verdicts", "F5 met, F5 not_met", "named twice"),
        ("return days", "2026-10-01", "is no day: write 1 Apr 2027"),
        ("return days", "31 Sep 2026", "day is out of range"),
        ("return days", "1 Oct 2026; 1 Apr 2027", "is no day"),
        ("return days", "01 Oct 2026", "is no day"),
        ("meetings every", "12 months", "is none of none, 3 months, 6 months"),
        ("portal", "yes", "is none of required, advised, no"),
        ("quotes", "2", "is none of 0, 1, 3"),
        ("panel member", "true", "is none of yes, no"),
        ("says", "up to 6 months", "is no rule and its words"),
        ("says", "Z9: words", "is no rule and its words"),
    ],
)
def test_what_cannot_be_expected_is_refused(column: str, cell: str, because: str) -> None:
    text = GOOD.replace("| tier |", f"| {column} |").replace("| light |", f"| {cell} |")
    with pytest.raises(MalformedError, match=r"^tiers\.md, line 11: ") as refused:
        read_table_file("tiers.md", text)
    assert because in str(refused.value)


@pytest.mark.parametrize(
    ("column", "cell", "because"),
    [
        ("start", "1 April 2027", "is no day"),
        ("start", "29 Feb 2027", "day is out of range"),
        ("SEND", "true", "is neither yes nor no"),
        ("from age", "five", "is no whole number"),
        ("from age", "-1", "is no whole number"),
        ("purpose", "roads", "is not a valid Purpose"),
        ("grounds", "plan and demand", "is not a valid CrimeGround"),
        ("single tender reason", "hurry", "is not a valid SingleTenderReason"),
        ("applicant", "person", "is not a valid OrganisationType"),
        ("panel", "independent, friend", "'friend' is no member of a panel"),
    ],
)
def test_what_describes_nothing_is_refused(column: str, cell: str, because: str) -> None:
    with pytest.raises(MalformedError, match=r"^tiers\.md, line 11: ") as refused:
        read_table_file("tiers.md", GOOD.replace("kind = grant", f"kind = grant; {column} = {cell}"))
    assert because in str(refused.value)


def test_a_row_that_is_wrong_says_what_was_written_and_what_was_answered(policy: Policy) -> None:
    text = GOOD.replace("| tier |", "| tier | return days | verdicts |").replace("|---|\n", "|---|---|---|\n")
    text = text.replace("| light |", "| full | 1 Oct 2026 | T1 advice, F5 met |")
    (row,) = read_table_file("tiers.md", text)
    assert differences(row, policy) == [
        "tier: written full; answered light",
        "return days: written 1 Oct 2026; answered none",
        "T1: written advice; answered met",
        "F5: written met; answered silent",
    ]


@pytest.mark.parametrize(
    ("bought_before", "said", "wrong"),
    [
        ("£1,000.00", "T2 quiet", []),
        ("£4,999.99", "T2 quiet", ["T2: written quiet; answered advice"]),
        ("-", "T2 quiet, T1 silent", ["T1: written silent; answered advice"]),
    ],
)
def test_quiet_is_met_or_silent(policy: Policy, bought_before: str, said: str, wrong: list[str]) -> None:
    text = GOOD.replace("| tier |", "| same supplier | verdicts |").replace("|---|\n", "|---|---|\n")
    text = text.replace("kind = grant", "kind = contract").replace("| light |", f"| {bought_before} | {said} |")
    (row,) = read_table_file("tiers.md", text)
    assert differences(row, policy) == wrong
