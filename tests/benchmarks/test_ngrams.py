"""The n-gram model that the decoder is compared with: its probabilities are some, and text like its own needs less."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.base.ngrams import CHARACTERS, bits, code_points

TRAIN = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog", "小猫坐在垫子上", "小狗坐在木头上"] * 3


def opened(text):
    """A document that goes on: without the mark after it."""
    return code_points([text])[:-1]


@pytest.mark.parametrize("before", ["the ", "cat sat on th", "小猫", "zzzz"])
def test_what_may_come_next_has_a_probability_of_one_in_all(before):
    known = sorted(set("".join(TRAIN)))
    train = code_points(TRAIN)
    texts = [opened(before), *(opened(before + c) for c in [*known, "\u9f98"]), code_points([before])]
    first, *rest = (bits(train, [text])[0] for text in texts)
    share = 2.0 ** (first - np.array(rest))
    unknown = CHARACTERS - len(known) - 1  # the end is one as well
    assert share[: len(known)].sum() + unknown * share[-2] + share[-1] == pytest.approx(1, abs=1e-3)


def test_texts_are_counted_one_by_one_whatever_stands_beside_them():
    train = code_points(TRAIN)
    texts = [code_points(["the cat"]), code_points(["小狗", "a dog"]), code_points(["qqqq"])]
    together = bits(train, texts)
    assert together == pytest.approx([bits(train, [text])[0] for text in texts])
    assert together[2] / 5 > together[0] / 8


def test_a_text_of_the_training_set_needs_less_than_the_same_characters_in_disorder():
    train = code_points(TRAIN)
    text = TRAIN[0]
    mixed = "".join(np.random.default_rng(0).permutation(list(text)))
    seen, other = bits(train, [code_points([text]), code_points([mixed])])
    assert seen < other / 2
