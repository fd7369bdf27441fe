"""Which labels say nothing; what the others say is tested where texts are matched to names."""

from __future__ import annotations

import pytest

from danlu.text.wording import meaningless, same_words, wording


@pytest.mark.parametrize(
    ("labels", "silent"),
    [
        (["0", "1"], ["0", "1"]),
        (["A", "B", "refund"], ["A", "B"]),
        (["体育", "2"], ["2"]),
        (["type 1", "type 2"], ["type 1", "type 2"]),
        (["news_story", "news_car"], []),
    ],
)
def test_labels_that_say_nothing_are_named(labels, silent):
    assert meaningless(labels, {}) == silent
    assert (wording(labels, {}) is None) == bool(silent)


def test_a_description_says_what_a_number_does_not():
    assert meaningless(["0", "1", "2"], {"0": "bad", "1": "good"}) == ["2"]


@pytest.mark.parametrize(
    ("descriptions", "same"),
    [
        ({"refund": "same thing", "delivery": "Same  thing", "praise": ""}, [["refund", "delivery"]]),
        ({"my_refund": "", "my-refund": "", "MyRefund": "", "card": ""}, [["my_refund", "my-refund", "MyRefund"]]),
        ({"ＶＩＰ": "", "vip": "", "a": "b", "b": ""}, [["ＶＩＰ", "vip"], ["a", "b"]]),
        ({"C": "", "C++": "", "C#": ""}, []),
        ({"news_car": "", "news_story": ""}, []),
    ],
)
def test_labels_that_say_the_same_are_named_together(descriptions, same):
    assert same_words(list(descriptions), descriptions) == same
