"""Which student ships, and what is said if none can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from danlu.errors import OptionError
from danlu.factory.choose import Measured, choose
from danlu.factory.draft import Draft


def pair(kind, accuracy, *, size=1_000_000, ms=1.0, small_is_right=True):
    """A candidate in float32 and in int8, the second twice as fast and half as large."""
    drafts = [Draft(kind, kind, precision, b"", None, 0, 0, 0, None) for precision in ("float32", "int8")]
    labels = np.zeros(10, int)
    full = Measured(drafts[0], accuracy, size, ms, ms, labels, np.zeros((10, 2), np.float32))
    small = replace(full, draft=drafts[1], bytes=size // 2, p95_ms=ms / 2, graph_ms=ms / 2)
    return full, small if small_is_right else replace(small, accuracy=accuracy - 0.1, labels=labels + 1)


def shipped(pairs, **options):
    front = choose(pairs, 25, 10, **options)
    chosen = front.eligible[front.shipped]
    return chosen.draft.name, chosen.draft.precision


def test_the_most_accurate_inside_the_limits_ships():
    assert shipped([pair("ngram", 0.7), pair("static", 0.8), pair("narrow", 0.75)]) == ("static", "int8")
    assert shipped([pair("ngram", 0.7), pair("transformer", 0.9, ms=30.0)]) == ("ngram", "int8")
    assert shipped([pair("ngram", 0.7), pair("transformer", 0.9, size=60_000_000)]) == ("ngram", "int8")


def test_of_equals_the_smaller_ships():
    assert shipped([pair("narrow", 0.8001), pair("static", 0.8, size=900_000)])[0] == "static"


@pytest.mark.parametrize(("share", "precision"), [(0.5, "int8"), (0.85, "int8"), (0.95, "float32"), (1.2, "float32")])
def test_int8_that_is_hardly_faster_stays_behind(share, precision):
    full, small = pair("static", 0.8)
    assert shipped([(full, replace(small, graph_ms=share * full.graph_ms))]) == ("static", precision)


def test_int8_that_answers_otherwise_stays_behind():
    assert shipped([pair("static", 0.8, small_is_right=False)]) == ("static", "float32")


@pytest.mark.parametrize(
    ("accuracy", "ms", "doubt", "ships"),
    [
        (0.75, 1.0, 0.1, "cross"),
        (0.75, 1.0, 0.0, "static"),
        (0.65, 1.0, 0.1, "static"),
        (0.75, 30.0, 0.1, "static"),  # too slow
        (0.85, 1.0, 0.0, "cross"),
        (0.8003, 1.0, 0.0, "static"),  # equal to three digits, and the smaller
    ],
)
def test_where_few_texts_judge_the_general_models_student_ships_unless_it_is_clearly_worse(accuracy, ms, doubt, ships):
    pairs = [pair("static", 0.8, size=900_000), pair("cross", accuracy, ms=ms), pair("narrow", 0.78)]
    assert shipped(pairs, doubt=doubt)[0] == ships


def test_if_none_fits_the_message_says_what_to_relax():
    with pytest.raises(OptionError, match=r"nearest is narrow.*--max-ms 12"):
        choose([pair("transformer", 0.9, ms=100.0), pair("narrow", 0.8, ms=20.0)], 25, 5)
