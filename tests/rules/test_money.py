import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.money import LARGEST_PENCE, MoneyError, display, pence_from_api, pence_from_typed, pounds


@pytest.mark.parametrize(
    ("typed", "pence"),
    [
        ("£4,999.99", 499999),
        ("5000", 500000),
        (" 5 000.00 ", 500000),
        ("5\u00a0000", 500000),
        ("£ 20", 2000),
        ("12.5", 1250),
        ("12.", 1200),
        ("0", 0),
        ("007", 700),
        ("1,000,000", 100000000),
        ("714.84", 71484),
        ("999999999999.99", LARGEST_PENCE),
    ],
)
def test_what_people_type_is_read(typed: str, pence: int) -> None:
    assert pence_from_typed(typed) == pence


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "£", "££5", "-5", "+5", "1e3", "12.345", "5.000,00", "1,00", "12,34", ",500", "1,0000",
        "5 0", ".5", "five", "NaN", "٥٠٠", "1_000", "$5", "1000000000000", "9" * 5000, "5\n5",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(MoneyError):
        pence_from_typed(typed)


@pytest.mark.parametrize(("sent", "pence"), [("5000", 500000), ("5000.00", 500000), ("0.01", 1), ("0", 0), ("05", 500)])
def test_what_programs_send_is_read(sent: str, pence: int) -> None:
    assert pence_from_api(sent) == pence


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "5,000",
        "£5",
        " 5",
        "5 ",
        "5.0",
        "5.000",
        "5.",
        ".50",
        "-5",
        "+5",
        "5e3",
        "٥",
        "1000000000000",
        "9" * 5000,
        "5\n",
    ],
)
def test_programs_are_held_to_the_form(sent: str) -> None:
    with pytest.raises(MoneyError):
        pence_from_api(sent)


@pytest.mark.parametrize("wrong", [5.0, 5, True, None, b"5"])
def test_only_text_is_read(wrong: object) -> None:
    for read in (pence_from_typed, pence_from_api):
        with pytest.raises(TypeError):
            read(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pence", "plain", "shown"),
    [
        (200000, "2000.00", "£2,000"),
        (200050, "2000.50", "£2,000.50"),
        (1, "0.01", "£0.01"),
        (0, "0.00", "£0"),
        (-150, "-1.50", "-£1.50"),
        (100000001, "1000000.01", "£1,000,000.01"),
    ],
)
def test_money_is_written(pence: int, plain: str, shown: str) -> None:
    assert pounds(pence) == plain
    assert display(pence) == shown


@pytest.mark.parametrize("wrong", [1.0, True, "1", None])
def test_only_whole_pence_is_written(wrong: object) -> None:
    for write in (pounds, display):
        with pytest.raises(TypeError):
            write(wrong)  # type: ignore[arg-type]


@given(st.integers(0, LARGEST_PENCE))
def test_money_comes_back_as_it_went(pence: int) -> None:
    assert pence_from_api(pounds(pence)) == pence
    assert pence_from_typed(display(pence)) == pence
