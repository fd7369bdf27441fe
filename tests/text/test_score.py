"""Numbers in cells, and the range that they lie in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.score import LARGEST, USUAL, at, number, plain, range_of, share, written

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
    ],
)
def test_numbers_as_people_write_them(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["", "good", "nan", "inf", "-Infinity", "3,5", "4/5", "1_000", "80%", "2e9", "1e999"])
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
