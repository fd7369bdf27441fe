"""Which student ships, and what is said if none can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from danlu.errors import OptionError
from danlu.factory import choose as choosing
from danlu.factory.choose import Measured, Timed, choose, compared, pace
from danlu.factory.draft import Draft
from danlu.factory.exam import Exam


def pair(kind, accuracy, *, size=1_000_000, ms=1.0, small_is_right=True):
    """A candidate in float32 and in int8, the second twice as fast and half as large."""
    drafts = [Draft(kind, kind, precision, b"", None, 0, 0, 0, None) for precision in ("float32", "int8")]
    labels = np.zeros(10, int)
    full = Measured(drafts[0], accuracy, size, ms, 1.0, labels, np.zeros((10, 2), np.float32))
    small = replace(full, draft=drafts[1], bytes=size // 2, p95_ms=ms / 2, pace=0.5)
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
    assert shipped([(full, replace(small, pace=share))]) == ("static", precision)


class Clock:
    """A graph whose runs take seconds of its own, as a model counts them; who runs is noted."""

    def __init__(self, order, *seconds):
        self.seconds, self.left, self.asked, self.order = 0.0, list(seconds), [], order

    def predict(self, texts):
        self.asked.append(texts)
        self.order.append(self)
        self.seconds += self.left.pop(0) if len(self.left) > 1 else self.left[0]


def test_the_pace_is_that_of_the_fastest_runs_on_the_longest_texts():
    order = []
    small, full = Clock(order, 90.0, 70.0, 0.5, 0.9), Clock(order, 0.1, 3.0, 1.0, 2.0)  # the first is to warm up
    units = [["x" * length] for length in (3, 1, 9, 4, 7, 2, 8, 6, 5, 10)]
    assert pace(Timed(small.predict, small), Timed(full.predict, full), units) == pytest.approx(0.5)
    assert set(map(len, small.asked[0])) == {3, 4, 5, 6, 7, 8, 9, 10}
    assert all(texts == small.asked[0] for texts in small.asked + full.asked)
    assert order == [small, full] * (len(order) // 2)


@pytest.mark.parametrize(
    ("plain", "fine", "taken"),
    [
        ({}, {}, "plain"),
        ({"accuracy": 0.1}, {}, "fine"),  # the plain one loses too much
        ({"accuracy": 0.1}, {"accuracy": 0.1}, "plain"),  # neither may ship
        ({"accuracy": 0.1}, {"pace": 0.95}, "plain"),
        ({"pace": 1.2}, {"pace": 1.0}, "plain"),
    ],
)
def test_the_finer_int8_is_measured_where_the_plain_one_may_not_ship(plain, fine, taken):
    full, small = pair("static", 0.8)
    wrong = {
        name: replace(small, labels=small.labels + 1, **given) if given else small
        for name, given in (("plain", plain), ("fine", fine))
    }
    beside = []
    drafts = {name: replace(full.draft, name=name, graph=name.encode()) for name in ("full", "plain", "fine")}

    def measure(draft, other):
        beside.append(other and other.name)
        return full if draft.name == "full" else wrong[draft.name]

    assert compared(drafts["full"], drafts["plain"], lambda: drafts["fine"], measure) == (full, wrong[taken])
    assert beside == [None, "full", "full"][: 3 if plain else 2]


def test_a_finer_int8_that_is_the_plain_one_is_not_measured_again():
    full, small = pair("static", 0.8, small_is_right=False)
    counted = []

    def measure(draft, other):
        counted.append(draft)
        return full if other is None else small

    assert compared(full.draft, small.draft, lambda: small.draft, measure) == (full, small)
    assert len(counted) == 2


def test_int8_is_timed_beside_float32_and_not_the_other_way_round(monkeypatch):
    class Opened:
        def __init__(self, name, entries, threads):
            self.graph = (entries["model.onnx"], threads)
            self.logits = self.predict = lambda texts: np.zeros((len(texts), 2), np.float32)

    monkeypatch.setattr(choosing, "Model", Opened)
    monkeypatch.setattr(choosing, "pace", lambda one, other, units: (one.graph, other.graph, units))
    exam = Exam(["one", "two"], np.full((2, 2), 0.5, np.float32))
    full, small = (
        Draft("static", "static", precision, precision.encode(), "", 0, 0, 0, None) for precision in ("float32", "int8")
    )
    assert choosing.measure(full, ("a", "b"), exam).pace == 1.0
    assert choosing.measure(small, ("a", "b"), exam, full).pace == ((b"int8", 1), (b"float32", 1), [["one"], ["two"]])


def test_a_candidate_that_int8_is_no_use_for_is_measured_once():
    full, _ = pair("ngram", 0.8)
    assert compared("full", "full", pytest.fail, lambda draft, beside: full) == (full, full)


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
