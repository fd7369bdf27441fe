"""Numbers in cells, and the range that they lie in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.score import (
    LARGEST,
    USUAL,
    at,
    error_written,
    is_number,
    is_range,
    margin_written,
    number,
    plain,
    range_of,
    share,
    significant,
    written,
)

SCORES = st.floats(-LARGEST, LARGEST)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", 3.0),
        (" 3.50 ", 3.5),
        ("-.5", -0.5),
        ("+4.", 4.0),
        ("1e2", 100.0),
        ("３．５", 3.5),
        ("−2", -2.0),
        ("0", 0.0),
        ("5.", 5.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("－３", -3.0),
    ],
)
def test_numbers_as_people_write_them(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize(
    "cell", ["", "good", "nan", "inf", "-Infinity", "3,5", "4/5", "1_000", "80%", "2e9", "1e999", "5²", "①", "½", "٣"]
)
def test_what_is_no_number(cell):
    assert number(cell) is None


@given(SCORES)
def test_a_score_written_plainly_is_read_back(score):
    assert number(plain(score)) == pytest.approx(score, rel=1e-9, abs=1e-12)
    assert plain(-0.0) == "0"


@given(st.lists(SCORES, min_size=2, max_size=50))
def test_every_score_lies_in_the_range(scores):
    low, high = range_of(scores)
    assert low <= min(scores) <= max(scores) <= high
    if (low, high) not in USUAL:
        assert (low, high) == (min(scores), max(scores))


@given(st.sampled_from(USUAL), st.lists(st.floats(0, 1), max_size=20), st.floats(0, 0.1), st.floats(0.9, 1))
def test_usual_ranges_are_recognised(bounds, places, first, last):
    found = range_of([at(place, bounds) for place in (first, *places, last)])
    assert found in USUAL
    assert bounds[1] - bounds[0] >= found[1] - found[0]


@pytest.mark.parametrize(
    ("scores", "bounds"),
    [
        ([0.2, 4.9], (0, 5)),
        ([1, 5], (1, 5)),
        ([1, 10], (1, 10)),
        ([0, 9.5], (0, 10)),
        ([2, 4], (2, 4)),
        ([-3, 3], (-3, 3)),
    ],
)
def test_ranges(scores, bounds):
    assert range_of(scores) == bounds


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(0, 1))
def test_a_place_in_the_range_and_back(low, width, place):
    bounds = (low, low + width)
    assert share(at(place, bounds), bounds) == pytest.approx(place, abs=1e-6 + 1e-9 * abs(low) / width)


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [((0, 1), "0.34"), ((0, 5), "0.3"), ((1, 10), "0.3"), ((0, 100), "0"), ((0, 1e6), "0"), ((0, 0.01), "0.3412")],
)
def test_as_many_digits_as_the_range_deserves(bounds, shown):
    assert written(0.3412, bounds) == shown
    assert written(-1e-9, bounds) == f"{0:.{len(shown.partition('.')[2])}f}"
    assert math.isfinite(float(shown))


@given(st.text(alphabet="0123456789.,eE+-−５％ "))
def test_a_number_of_any_size_is_one_grammar(cell):
    assert (number(cell) is None) or is_number(cell)
    assert is_number(cell) or number(cell) is None
    assert is_number("12345678901")


@pytest.mark.parametrize(
    ("margin", "bounds", "shown"),
    [
        (0.4, (0, 12), "0.4"),
        (0.54, (0, 12), "0.6"),
        (0.75, (0, 5), "0.8"),
        (0.8, (0, 5), "0.8"),
        (0.03, (0, 5), "0.03"),
        (0.0, (0, 12), "0"),
        (1234.2, (0, 1e6), "1235"),
    ],
)
def test_a_margin_is_rounded_up_and_never_away(margin, bounds, shown):
    assert margin_written(margin, bounds) == shown


@given(st.floats(1e-9, 1e9), st.floats(1e-6, 1e9))
def test_a_written_margin_holds_the_margin(margin, width):
    assert float(margin_written(margin, (0.0, width))) >= margin * (1 - 1e-6)


def test_errors_of_any_unit_are_written_out():
    assert error_written(12345.678, (0, 50_000)) == "12346"
    assert error_written(0.8234, (0, 5)) == "0.82"
    assert error_written(0.8234, (0, 5), "+") == "+0.82"
    assert error_written(1.2e-7, (0, 1e-6)) == "0.00000012"


def test_digits_that_matter_are_kept_and_ranges_have_a_width():
    assert significant(1.23456789e-9) == pytest.approx(1.23457e-9)
    assert not is_range((0, 5e-324))
    assert not is_range((1e9, 1e9 + 1e-6))
    assert is_range((0, 1e-9))
