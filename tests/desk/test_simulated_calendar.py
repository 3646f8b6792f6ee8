"""The calendar of a simulation: well-formed, readable, with its numbers, and nothing told by colour alone."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from desk.simulated import Sums
from desk.simulated_calendar import CELL, LEFT, SHADES, WEEKS, bounds_for, drawn, shade_of

SVG = "{http://www.w3.org/2000/svg}"
CLOSED = frozenset({date(2027, 3, 26), date(2027, 3, 29)})


def sums(first: date, numbers: list[int]) -> Sums:
    made = Sums()
    made.days = {first + timedelta(days=place): number for place, number in enumerate(numbers)}
    made.kinds["return", "recipient"] = sum(numbers)
    return made


def parsed(of: Sums, said: str = "As if no return came in.") -> ET.Element:
    return ET.fromstring(drawn(of, closed=CLOSED, said=[said]))


def words(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def squares(root: ET.Element) -> dict[str, ET.Element]:
    """Each day's group, by the day that its title says."""
    return {
        (group.findtext(f"{SVG}title") or "").split(":")[0]: group
        for group in root.iter(f"{SVG}g")
        if group.find(f"{SVG}title") is not None
    }


def placed(root: ET.Element) -> list[tuple[int, int]]:
    """Where each day's square stands."""
    boxes = (box for group in squares(root).values() for box in group.iter(f"{SVG}rect"))
    return [(int(box.get("x", "")), int(box.get("y", ""))) for box in boxes]


def test_every_day_is_a_square_with_its_number_in_its_week() -> None:
    root = parsed(sums(date(2027, 3, 22), [0, 3, 12, 0, 1234, 0, 0, 7]))
    found = squares(root)
    assert list(found) == [
        "Monday 22 March 2027", "Tuesday 23 March 2027", "Wednesday 24 March 2027", "Thursday 25 March 2027",
        "Friday 26 March 2027", "Saturday 27 March 2027", "Sunday 28 March 2027", "Monday 29 March 2027",
    ]  # fmt: skip
    assert [group.findtext(f"{SVG}text") for group in found.values()] == [
        None, "3", "12", None, "1234", None, None, "7",
    ]  # fmt: skip
    places = [
        (int(box.get("x", "")), int(box.get("y", ""))) for group in found.values() for box in group.iter(f"{SVG}rect")
    ]
    assert len({x for x, _ in places[:7]}) == 1, "one week is one column"
    assert places[7] == (places[0][0] + CELL[0], places[0][1]), "the next Monday is beside it"
    assert [y for _, y in places[:7]] == [places[0][1] + CELL[1] * row for row in range(7)]
    assert [word for word in words(root) if word == "1249"], "the week's sum"
    assert [day for day, group in found.items() if group.find(f"{SVG}path") is not None] == [
        "Friday 26 March 2027",
        "Monday 29 March 2027",
    ]


def test_it_says_what_it_is_to_whoever_cannot_see_it() -> None:
    root = parsed(sums(date(2027, 3, 22), [0, 3]))
    assert root.get("role") == "img"
    assert root.get("lang") == "en-GB"
    ids = {one.get("id"): one.text or "" for one in root if one.get("id")}
    assert (root.get("aria-labelledby") or "").split() == list(ids) == ["title", "summary"]
    assert "3 reminders from Monday 22 March 2027 to Tuesday 23 March 2027" in ids["summary"]
    assert "Most on Tuesday 23 March 2027: 3." in ids["summary"]
    assert "CSV" in ids["summary"]


def test_there_is_no_script_and_nothing_from_elsewhere() -> None:
    svg = drawn(sums(date(2027, 3, 22), [1]), closed=CLOSED, said=['under <script>alert(1)</script> & "x".toml'])
    root = ET.fromstring(svg)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {"svg", "title", "desc", "rect", "text", "g", "path"}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or "href" in name]
    assert 'under <script>alert(1)</script> & "x".toml' in words(root)


@pytest.mark.parametrize("shade", SHADES, ids=[fill for fill, _ in SHADES])
def test_each_number_can_be_read_on_its_shade(shade: tuple[str, str]) -> None:
    assert contrast(*shade) >= 4.5


def test_shades_grow_darker() -> None:
    lightness = [luminance(fill) for fill, _ in SHADES]
    assert lightness == sorted(lightness, reverse=True)


def luminance(colour: str) -> float:
    """Relative luminance, by WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 10, 99, 1234, 100_000])
def test_each_number_has_one_shade_and_the_heaviest_the_darkest(most: int) -> None:
    bounds = bounds_for(most)
    assert bounds[-1] == most
    assert list(bounds) == sorted(set(bounds))
    assert len(bounds) <= len(SHADES) - 1
    order = [SHADES.index(shade_of(number, bounds)) for number in range(most + 1)]
    assert order == sorted(order)
    assert (order[0], order[-1]) == (0, len(SHADES) - 1)


def test_a_simulation_that_sends_nothing_is_drawn_too() -> None:
    root = parsed(sums(date(2027, 1, 1), [0] * 31))
    assert "0 reminders from Friday 1 January 2027 to Sunday 31 January 2027." in words(root)
    assert len(squares(root)) == 31


@pytest.mark.parametrize("year", range(2026, 2034))
def test_every_day_of_every_year_stands_inside_the_picture_on_a_place_of_its_own(year: int) -> None:
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    root = parsed(sums(date(year, 1, 1), [1] * days))
    width, height = (int(part) for part in (root.get("viewBox") or "").split()[2:])
    places = [
        (int(box.get("x", "")), int(box.get("y", "")))
        for group in squares(root).values()
        for box in group.iter(f"{SVG}rect")
    ]
    assert len(set(places)) == days
    assert max(x for x, _ in places) + CELL[0] <= LEFT + WEEKS * CELL[0] < width
    assert max(y for _, y in places) + CELL[1] < height
    assert [word for word in words(root) if word.startswith(("January to", "July to"))] == [
        f"January to June {year}",
        f"July to December {year}",
    ]


def test_months_names_do_not_run_into_each_other() -> None:
    assert "November" not in words(parsed(sums(date(2026, 11, 26), [1] * 40)))
    assert {"Nov", "December"} <= set(words(parsed(sums(date(2026, 11, 26), [1] * 40))))
    assert "December" in words(parsed(sums(date(2026, 11, 26), [1] * 40)))
    assert "November" in words(parsed(sums(date(2026, 11, 26), [1] * 3)))
    assert {"November", "December"} <= set(words(parsed(sums(date(2026, 11, 2), [1] * 60))))
