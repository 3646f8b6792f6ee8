"""What a wrong policy file is told: each fault once, in plain words, with its line and remedy."""

import json
import re
from pathlib import Path

import pytest

from core import policy_words
from core.policy_file import SHIPPED, PolicyError, policy_from_text
from core.policy_shape import File

TEXT = SHIPPED.read_text(encoding="utf-8")
FORMAT_1 = Path(__file__).parent / "formats" / "policy_format_1.toml"
SLUG = 'it must be small letters and digits, with hyphens between words, such as "youth-fund": correct it'


def refused(text: str) -> tuple[str, ...]:
    """Every fault of a file."""
    with pytest.raises(PolicyError) as error:
        policy_from_text(text, "office.toml")
    return error.value.faults


def changed(old: str, new: str) -> str:
    """The shipped file with the first of these changed."""
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


DAY = "it must be a day: write it without quotation marks, such as 2027-04-01"
WHOLE = "it must be a whole number: write it without quotation marks, such as 6"
FORMATS = "this desk reads the formats 1 to 5: correct it"


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("format = 5", "format = true", [f"format: {FORMATS}"]),
        ("format = 5", "format = 0", [f"format: {FORMATS}"]),
        ("format = 5", "format = 6", [f"format: {FORMATS}"]),
        ("format = 5", "format = 1.0", [f"format: {FORMATS}"]),
        ("format = 5", "format = [5]", [f"format: {FORMATS}"]),
        ("since = 2026-11-01", 'since = "soon"', [f"office.name.since: {DAY}"]),
        ("since = 2026-11-01", "since = 0", [f"office.name.since: {DAY}"]),
        ("since = 2026-11-01", "since = 2026-11-01T09:00:00", [f"office.name.since: {DAY}"]),
        (
            "open_to_applications = true",
            'open_to_applications = "yes"',
            ["funds.1.open_to_applications: it must be true or false: write it without quotation marks"],
        ),
        (
            'purposes = ["young_people"]',
            'purposes = "young_people"',
            ['funds.1.purposes: it must be a list: write it in square brackets, such as ["one", "two"]'],
        ),
        (
            'purposes = ["young_people"]',
            "purposes = []",
            ["funds.1.purposes: the list is empty: put something in it"],
        ),
        (
            'id = "youth-fund"',
            'id = "Youth Fund"',
            [f"funds.1.id: {SLUG}"],
        ),
        (
            'letters = "YF"',
            "letters = 7",
            ["funds.1.letters: it must be text: write it in quotation marks"],
        ),
        (
            "cap = {",
            'cap = "3500.00" #',
            ["funds.1.cap: it must be a table: give it the keys that belong to it"],
        ),
        (
            "[nudges.meeting]",
            "[nudges.Meeting]",
            [f"nudges.Meeting: {SLUG}"],
        ),
        (
            '[\n    { days = -28, to = ["officer"] },\n    { days = -7, to',
            '[\n    { days = "x", to = ["offiser"] },\n    { days = -7, to',
            [
                f"nudges.meeting.steps.1.days: {WHOLE}",
                "nudges.meeting.steps.1.to.1: it must be one of these: recipient, second_contact, officer, director",
            ],
        ),
        (
            "reference_length = { value = 6",
            "reference_length = { value = 60",
            ["figures.reference_length.value: it is too large: make it 12 or less"],
        ),
        (
            'below = "5000.00"',
            "below = 5000",
            ['tiers.1.below: money is pounds in quotes, such as "5000.00"'],
        ),
        (
            "months = 84",
            "months = 0",
            ["retention.3.months: it is too small: make it 1 or more"],
        ),
    ],
)
def test_a_fault_is_said_once_in_plain_words_with_its_line(old: str, new: str, faults: list[str]) -> None:
    found = refused(changed(old, new))
    assert [fault.partition(": ")[2] for fault in found] == faults
    assert all(fault.startswith("office.toml line ") for fault in found)


def test_every_shape_of_a_text_has_its_words() -> None:
    patterns = set(re.findall(r'"pattern":\s*"((?:[^"\\]|\\.)*)"', json.dumps(File.model_json_schema())))
    assert {json.loads(f'"{pattern}"') for pattern in patterns} <= policy_words.PATTERNS.keys()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'source = "office"',
            'source = "off\\u0007ice"',
            "it has a character that cannot be seen (U+0007)",
        ),
        (
            'source = "office"',
            'source = "off\\u202eice"',
            "it has a character that cannot be seen (U+202E)",
        ),
        ('source = "office"', 'source = "off\\nice"', "source: it has a line break or a tab: write it in one line"),
        ('source = "office"', 'source = "off\\tice"', "source: it has a line break or a tab: write it in one line"),
        (
            'value = ["Cambridge City"',
            'value = ["Ely\\u0000"',
            "csp_areas.value.1: it has a character",
        ),
        (
            'declaration = { value = "I',
            'declaration = { value = "\\u007fI',
            "value: it has a character that cannot",
        ),
    ],
)
def test_characters_that_nobody_sees_are_refused(old: str, new: str, said: str) -> None:
    (fault,) = refused(changed(old, new))
    assert said in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Word " * 61 + "end.", "characters, and 300 is the most: say it in a sentence or two"),
        ("Your return is due on {{ due }}.", 'nothing is filled in or set off here, so "{" would be read as it is'),
        ("Your <b>return</b> is due.", 'so "<" would be read as it is: take it out'),
        ("Your **return** is due.", 'so "**" would be read as it is'),
        ("See [our page](there).", 'so "](" would be read as it is'),
        ("Tea &amp; cake.", 'so "&amp;" would be read as it is'),
        ("See https://office.example/x today.", "the letter has its own link"),
        ("See www.office.example today.", "the letter has its own link"),
        ("Due\\u202e soon.", "it has a character that cannot be seen (U+202E)"),
        ("Due\\nsoon.", "it has a line break or a tab"),
    ],
)
@pytest.mark.parametrize("name", ["says", "otherwise"])
def test_what_a_step_says_is_short_and_has_no_markup(name: str, text: str, said: str) -> None:
    old = f'{name} = "We have not had' if name == "says" else f'{name} = "An offer that'
    (fault,) = refused(changed(old, f'{name} = "{text} {old.partition(chr(34))[2]}'))
    assert said in fault
    assert f"nudges.acceptance.steps.1.{name}" in fault


def test_what_a_step_says_may_be_plain_words() -> None:
    plain = "Tea & cake (50% off!) at Ely's [hall]: £5; write to us@office.example."
    policy_from_text(changed('says = "We have not had', f'says = "{plain} We have not had'))


@pytest.mark.parametrize("old", ['declaration = { value = "I', 'description = "', 'terms]\nvalue = [\n    "'])
def test_texts_of_several_lines_may_have_them(old: str) -> None:
    policy_from_text(changed(old, f"{old}One.\\n\\nTwo. "))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'multi_year_months = { value = 24, unit = "months"',
            'multi_year_months = { value = 2, unit = "years"',
            "months",
        ),
        ('unit = "name"', 'unit = "text"', "name"),
        ('unit = "years"', 'unit = "months"', "years"),
        ('unit = "share of the allocation"', 'unit = "per cent"', "share of the allocation"),
    ],
)
def test_a_figure_has_the_unit_in_which_the_desk_reads_it(old: str, new: str, said: str) -> None:
    text = changed(old, new)
    (fault,) = refused(text)
    assert fault.endswith(f'.unit: the desk reads this in {said}: make it "{said}"')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("meeting_invitation_days = { value = 28", "meeting_invitation_days = { value = 27"),
        ("meeting_invitation_days = { value = 28", "meeting_invitation_days = { value = 29"),
        (
            '[\n    { days = -28, to = ["officer"] },\n    { days = -7, to',
            '[\n    { days = -29, to = ["officer"] },\n    { days = -7, to',
        ),
    ],
)
def test_the_two_figures_for_invitations_name_one_day(old: str, new: str) -> None:
    text = changed(old, new)
    (fault,) = refused(text)
    assert fault.startswith(f"office.toml line {line_of(text, '[nudges.meeting]')}: nudges.meeting: no step is ")
    both = text.replace("meeting_invitation_days = { value = 28", "meeting_invitation_days = { value = 29")
    if "-29" in new:
        assert policy_from_text(both).meeting_invitation_days.value == 29


def test_a_file_of_the_first_format_invites_on_its_first_step() -> None:
    text = FORMAT_1.read_text(encoding="utf-8")
    head, place, steps = text.partition("[nudges.meeting]")
    assert policy_from_text(text).meeting_invitation_days.value == 28
    assert policy_from_text(head + place + steps.replace("-28", "-21", 1)).meeting_invitation_days.value == 21
