"""The frozen encoder reads a side that stands in many ordered pairs once, and says the same of it."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.adapt.linear import encode
from danlu.text.pair import join
from danlu.text.question import ask, pairs

OPTIONS = ["parcel", "refund", "很好", "love"]


@pytest.mark.parametrize("pairing", ["ordered", "unordered"])
def test_a_side_that_repeats_is_the_same_vector(tiny_base, pairing):
    texts = [join(first, option, pairing) for first in ("my box is late", "退款 了") for option in OPTIONS]
    read = []
    found = encode(tiny_base.model, tiny_base.tokenizer, texts, 32, read.append)
    alone = [encode(tiny_base.model, tiny_base.tokenizer, [text], 32)[0] for text in texts]
    np.testing.assert_allclose(found, alone, atol=1e-5)
    assert sum(read) == len(texts)


def test_all_options_of_a_question_are_told_of(tiny_base):
    read = []
    texts = [pair for question in ("box", "card", "late") for pair in pairs(ask(question, OPTIONS))]
    encode(tiny_base.model, tiny_base.tokenizer, texts, 32, read.append)
    assert sum(read) == 12
