"""Labels for texts without a single example."""

from __future__ import annotations

import pytest

from danlu.errors import OptionError
from danlu.factory.ask import ask
from danlu.models.choice import ChoiceModel
from danlu.text.pair import join


@pytest.fixture(scope="module")
def opened(tiny_base):
    return tiny_base, ChoiceModel(tiny_base.model, (10, 11)).eval()


def test_every_label_gets_a_probability_and_the_likeliest_comes_first(opened):
    told: list[int] = []
    found = ask(["the box is late", "good"], ["parcel", "refund", "praise"], opened=opened, progress=told.append)
    assert [answer.text for answer in found] == ["the box is late", "good"]
    for answer in found:
        values = list(answer.probabilities.values())
        assert sum(values) == pytest.approx(1, abs=1e-5)
        assert values == sorted(values, reverse=True)
        assert set(answer.probabilities) == {"parcel", "refund", "praise"}
        assert answer.label == next(iter(answer.probabilities))
    assert sum(told) == 2


def test_pairs(opened):
    (answer,) = ask([join("my card", "the card", "ordered")], ["yes", "no"], "is this", opened=opened)
    assert set(answer.probabilities) == {"yes", "no"}


def test_no_text_no_answer(opened):
    assert ask([], ["a", "b"], opened=opened) == []


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["x"], [], "no label"),
        (["x"], ["a"], "1 label"),
        (["x"], ["a", "b", "a"], "given twice"),
        (["x"], ["a", "ａ"], "given twice"),
        (["x"], ["a", " "], "empty"),
        (["x", " "], ["a", "b"], "Text 2 is empty"),
        ([join("x", "", "ordered")], ["a", "b"], "Text 1 is empty"),
    ],
)
def test_mistakes(opened, texts, labels, message):
    with pytest.raises(OptionError, match=f"{message}.*Fix"):
        ask(texts, labels, opened=opened)
