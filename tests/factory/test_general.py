"""The general model as a voice: its scores, and where it has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.factory.asking import Asking
from danlu.factory.general import general_of, names_in_tokens, question_row, standing_out
from danlu.models.base import open_base
from danlu.text.pair import join
from danlu.text.question import ask


@pytest.fixture(scope="module")
def base():
    return open_base()


def test_it_scores_texts_by_what_labels_say(base):
    general = general_of(base, Asking(("体育", "财经", "科技")))
    scores = general.scores(["主队补时绝杀，晋级决赛", "央行下调存款利率"])
    assert scores.shape == (2, 3)
    assert scores.argmax(1).tolist() == [0, 1]
    assert general.scores([]).shape == (0, 3)


def test_only_the_embedded_base_with_labels_that_say_something_can_be_asked(base, tiny_base):
    asking = Asking(("sports", "money"))
    alone = names_in_tokens(base, asking)
    assert alone >= 4
    assert names_in_tokens(base, Asking(asking.options, "Which subject?")) > alone
    assert names_in_tokens(base, None) == 0
    assert names_in_tokens(tiny_base, asking) == 0


def test_pairs_are_read_with_their_question_and_both_ways_round_where_order_does_not_matter(base):
    asking = Asking(("不是", "是"), "两句话意思相同吗？")
    texts = [join("怎么退款", "如何把钱退回来", "ordered"), join("如何把钱退回来", "怎么退款", "ordered")]
    one_way = general_of(base, asking).scores(texts)
    both = general_of(base, replace(asking, both=True)).scores(texts)
    assert np.abs(one_way[0] - one_way[1]).max() > 1e-3
    np.testing.assert_allclose(both, np.stack([one_way.mean(0)] * 2), atol=0.05)


def test_options_of_a_question_are_read_with_all_of_it(base):
    general = general_of(base, Asking(()))
    questions = [
        ask("他做事一向#idiom#，从不拖泥带水。", ["干脆利落", "五颜六色", "春暖花开"]),
        ask("明天下雨吗？", ["会下", "我姓王"]),
    ]
    scores = general.answers(questions)
    assert scores.shape == (5, 1)
    assert np.ptp(scores[:3]) > 0.1
    turned = general.answers([ask("他做事一向#idiom#，从不拖泥带水。", ["春暖花开", "五颜六色", "干脆利落"])])
    np.testing.assert_allclose(turned[::-1], scores[:3], atol=0.05)  # an option's score is its own
    row = question_row(base.tokenizer, questions[0])
    assert (len(row.options), bool(row.question)) == (3, True)
    assert not question_row(base.tokenizer, questions[1]).question
    assert general.answers([]).shape == (0, 1)


@given(st.integers(2, 20), st.integers(1, 5), st.floats(-5, 5))
def test_a_constant_added_to_a_label_changes_nothing(texts, labels, constant):
    scores = np.random.default_rng(texts).normal(size=(texts, labels)).astype(np.float32)
    moved = scores + np.linspace(0, constant, labels, dtype=np.float32)
    found = standing_out(scores, scores)
    assert np.abs(found.mean(0)).max() < 1e-4
    assert (standing_out(moved, moved).argmax(1) == found.argmax(1)).mean() > 0.99 or labels == 1
