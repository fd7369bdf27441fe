"""Folds: what repeats or shares a side is never on both sides of one, and every label is measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.dedup import families, near_matches
from danlu.factory.folds import doubts, folds_of, levels_of
from danlu.text.pair import join, sides

MOST = 3
WORDS = [
    "where is my parcel now",
    "how do I get an invoice",
    "the app crashes when I pay",
    "please cancel the order",
    "谢谢您的帮助和耐心，快递昨天到了",
]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["", "!", "!!", " 2", " 37"]), st.integers(0, 2)), max_size=40
    )
)
def test_texts_that_repeat_one_another_are_on_one_side_of_every_fold(rows):
    rows += [(0, " a", 0), (1, " b", 0), (2, " c", 1), (3, " d", 1), (4, " e", 2)]
    labelled = [f"{WORDS[word]}{end}" for word, end, _ in rows]
    truth = np.array([label for *_, label in rows])
    folds = folds_of(labelled, truth, MOST, 0)
    group = families([[text] for text in labelled])
    apart = np.isin(truth, [k for k in range(3) if len(set(group[truth == k])) > 1])  # others are parted
    assert folds
    judged = np.concatenate([held for _, held in folds])
    assert len(judged) == len(set(judged))
    for train, held in folds:
        assert sorted([*train, *held]) == list(range(len(rows)))
        assert set(truth[train]) == {0, 1, 2}
        assert not near_matches(*([labelled[i] for i in side if apart[i]] for side in (held, train)))


def test_a_label_whose_rows_all_repeat_one_another_is_held_out_as_well():
    labelled = [f"Your code is {number}, valid for 5 minutes" for number in range(10, 20)] + WORDS * 2
    held = np.concatenate([held for _, held in folds_of(labelled, np.array([0] * 10 + [1] * 10), MOST, 0)])
    assert sorted(held) == list(range(20))


def written(number):
    """A side that is like no other."""
    return " ".join(f"{letter}{number}" * 3 for letter in "pqr")


def check_pairs(rows, truth):
    """No side is in a held-out pair and in one that is learned from, and every label is learned and measured."""
    folds = folds_of(rows, truth, MOST, 0)
    for train, held in folds:
        learned, measured = ({side for i in part for side in sides(rows[i])} for part in (train, held))
        assert not learned & measured
        assert set(truth[train]) == set(truth)
    judged = np.concatenate([held for _, held in folds])
    assert len(judged) == len(set(judged))
    assert set(truth[judged]) == set(truth)
    return judged


def test_pairs_that_share_a_side_are_on_one_side_of_every_fold():
    rows = [join(written(n), written(100 + 2 * n + turn), "ordered") for n in range(18) for turn in (0, 1)]
    assert len(check_pairs(rows, np.array([0, 1] * 18))) == 36


@given(st.integers(0, 2**30))
def test_pairs_between_two_towns_are_held_out_nowhere(seed):
    draw = np.random.default_rng(seed)
    inner = [(10 * town + a, 10 * town + b) for town in range(9) for a in range(4) for b in range(a)]
    across = [(10 * int(a), 10 * int(b)) for a, b in (draw.choice(9, 2, replace=False) for _ in range(8))]
    rows = [join(written(a), written(b), "unordered") for a, b in inner + across]
    truth = np.array([n % 2 for n in range(len(inner))] + [0] * len(across))
    judged = check_pairs(rows, truth)
    assert len(judged) >= len(inner) / 2


def test_a_side_that_all_pairs_share_parts_nothing():
    rows = [join("one question for all", f"{word} {n}", "ordered") for n in range(4) for word in WORDS]
    held = np.concatenate([held for _, held in folds_of(rows, np.array([0, 1] * 10), MOST, 0)])
    assert sorted(held) == list(range(20))


def test_a_label_with_one_row_does_not_let_sides_leak():
    rows = [join(written(n), written(100 + 2 * n + turn), "ordered") for n in range(18) for turn in (0, 1)]
    rows.append(join(written(900), written(901), "ordered"))
    folds = folds_of(rows, np.array([0, 1] * 18 + [2]), MOST, 0)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(36))
    assert doubts(rows, folds) == []


def test_a_town_that_cannot_be_divided_is_held_out_nowhere():
    whole = [(a, b) for a in range(6) for b in range(a)]  # 15 pairs, all against all
    small = [(10 * n + 100, 10 * n + 101 + turn) for n in range(8) for turn in (0, 1)]
    rows = [join(written(a), written(b), "unordered") for a, b in whole + small]
    truth = np.array([n % 2 for n in range(len(rows))])
    folds = folds_of(rows, truth, MOST, 0)
    assert doubts(rows, folds) == []
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(15, 31))
    assert all(len(train) >= len(rows) / 3 for train, _ in folds)


def test_where_all_pairs_hang_together_a_warning_says_so():
    rows = [join("one question for all", f"{word} {n}", "ordered") for n in range(4) for word in WORDS]
    folds = folds_of(rows, np.array([0, 1] * 10), MOST, 0)
    assert [found.code for found in doubts(rows, folds)] == ["pairs-share-texts"]
    assert doubts(WORDS, [(np.array([0]), np.array([1]))]) == []


def test_a_ring_of_pairs_is_divided_and_both_labels_are_measured():
    same = [join(written(3 * n), written(3 * n + 1), "unordered") for n in range(12)]
    other = [join(written(3 * n), written(3 * ((n + 5) % 12) + 1), "unordered") for n in range(12)]
    folds = folds_of(same + other, np.array([1] * 12 + [0] * 12), MOST, 0)
    assert {int(i >= 12) for _, held in folds for i in held} == {0, 1}


@given(st.lists(st.floats(0, 1), min_size=4, max_size=60), st.integers(2, 5))
def test_scores_lie_on_levels_of_about_as_many_rows(scores, folds):
    levels = levels_of(np.array(scores), folds)
    assert len(levels) == len(scores)
    assert levels.min() >= 0
    assert levels.max() < max(1, min(5, len(scores) // (2 * folds)))
    order = np.argsort(scores, kind="stable")
    assert (np.diff(levels[order]) >= 0).all()
    if len(set(scores)) == len(scores) >= 10 * folds:
        assert np.bincount(levels).min() >= len(scores) // 5 - 1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_where_most_scores_are_the_least_one_the_others_are_apart(kind):
    scores = np.array([0.0] * 85 + [0.2, 0.4, 1.0] * 5, kind)
    assert np.bincount(levels_of(scores, 5)).tolist() == [85, 15]
    assert np.bincount(levels_of(np.array([0.0] * 98 + [1.0, 2.0], kind), 5), minlength=2).max() == 100
