"""Bank details as people type them, and until when they are needed."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.banking import FIELDS, MASK, Account, last_needed, masked, read_account

TYPED = {
    "account_name": "Riverside Boxing Club",
    "sort_code": "30-94-30",
    "account_number": "00733445",
    "roll_number": "",
    "own_name": "yes",
}
SEPARATORS = ["", " ", "-", "–", " - ", ".", "/", "\u00a0", "\t"]
SIX = "Enter a sort code of 6 digits, like 30-94-30"
EIGHT = "Enter an account number of 6, 7 or 8 digits, like 00733445"
ROLL = "A roll number has only letters, numbers, hyphens, spaces, strokes and full stops"


def read(**changes: str) -> Account | dict[str, str]:
    account, faults = read_account({**TYPED, **changes})
    return account if account is not None else {fault.field: fault.message for fault in faults}


def parts(digits: str, cuts: list[str]) -> str:
    return "".join(f"{digit}{cut}" for digit, cut in zip(digits, [*cuts, *[""] * len(digits)], strict=False))


@given(
    code=st.from_regex(r"[0-9]{6}", fullmatch=True).filter(lambda one: one != "000000"),
    number=st.from_regex(r"[0-9]{6,8}", fullmatch=True).filter(lambda one: int(one) > 0),
    cuts=st.lists(st.sampled_from(SEPARATORS), max_size=8),
    wide=st.booleans(),
)
def test_digits_are_read_however_they_are_set_apart(code: str, number: str, cuts: list[str], wide: bool) -> None:
    written, counted = parts(code, cuts), parts(number, cuts[::-1])
    if wide:  # as a Japanese keyboard writes them
        written, counted = (text.translate({48 + n: 0xFF10 + n for n in range(10)}) for text in (written, counted))
    account = read(sort_code=f" {written} ", account_number=counted)
    assert isinstance(account, Account)
    assert (account.sort_code, account.number) == (code, number.zfill(8))


@given(st.fixed_dictionaries({name: st.text(max_size=40) for name in FIELDS}))
def test_anything_is_read_or_refused_and_what_is_read_has_its_form(raw: dict[str, str]) -> None:
    account, faults = read_account(raw)
    assert (account is None) == bool(faults)
    if account is not None:
        assert re.fullmatch(r"[0-9]{6}", account.sort_code)
        assert re.fullmatch(r"[0-9]{8}", account.number)
    assert all(fault.field in FIELDS and fault.message for fault in faults)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"account_name": " \t"}, {"account_name": "Enter the name on the account"}),
        ({"account_name": "x" * 101}, {"account_name": "The name on the account must be 100 characters or fewer"}),
        ({"sort_code": ""}, {"sort_code": "Enter a sort code, like 30-94-30"}),
        ({"sort_code": "30-94-3"}, {"sort_code": SIX}),
        ({"sort_code": "3094305"}, {"sort_code": SIX}),
        ({"sort_code": "30-94-3O"}, {"sort_code": SIX}),
        ({"sort_code": "00-00-00"}, {"sort_code": SIX}),
        ({"sort_code": "٣٠٩٤٣٠"}, {"sort_code": SIX}),
        ({"account_number": ""}, {"account_number": "Enter an account number"}),
        ({"account_number": "12345"}, {"account_number": EIGHT}),
        ({"account_number": "123456789"}, {"account_number": EIGHT}),
        ({"account_number": "00000000"}, {"account_number": EIGHT}),
        ({"account_number": "GB33BUKB20201555555555"}, {"account_number": EIGHT}),
        ({"roll_number": "A" * 19}, {"roll_number": "The roll number must be 18 characters or fewer"}),
        ({"roll_number": "A_1"}, {"roll_number": ROLL}),
        ({"own_name": ""}, {"own_name": "Select whether the account is in the organisation’s name"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(changes: dict[str, str], faults: dict[str, str]) -> None:
    assert read(**changes) == faults


def test_what_is_typed_is_tidied_and_shows_nothing_by_itself() -> None:
    account = read(
        account_name=" Riverside \0 BC ", account_number="733 445", roll_number="D/12345-6.7 A", own_name="no"
    )
    assert account == Account("Riverside BC", "309430", "00733445", "D/12345-6.7 A", own_name=False)
    assert repr(account) == str(account) == f"{account}" == "Account(…)"
    assert masked(account) == MASK * 6 + "45"


PAID = [date(2027, 3, 1), date(2027, 5, 31)]
END = date(2027, 10, 31)


@pytest.mark.parametrize(
    ("over", "full", "to_come", "paid_on", "expected"),
    [
        (False, False, True, [], None),
        (False, False, True, PAID, None),
        (False, True, True, PAID, None),
        (False, False, False, PAID, END),
        (False, False, False, [], END),
        (False, False, False, [date(2027, 11, 5)], date(2027, 11, 5)),
        (False, True, False, PAID, date(2027, 5, 31)),
        (True, False, False, PAID, date(2027, 5, 31)),
        (True, True, False, PAID[::-1], date(2027, 5, 31)),
        (True, False, False, [], None),
    ],
)
def test_until_when_they_are_needed(
    over: bool, full: bool, to_come: bool, paid_on: list[date], expected: date | None
) -> None:
    assert last_needed(over=over, paid_in_full=full, to_come=to_come, paid_on=paid_on, end_on=END) == expected
