"""Figures of entities are those of seqeval."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.tags import spans_of
from danlu.evals.entities import counts, interval, summary

TYPES = ("LOC", "PER")
TAGS = ["O", *(f"{part}-{kind}" for part in "BI" for kind in TYPES)]
ROWS = st.lists(
    st.integers(1, 8).flatmap(lambda n: st.tuples(*[st.lists(st.sampled_from(TAGS), min_size=n, max_size=n)] * 2)),
    min_size=1,
    max_size=6,
)


def entities(tags):
    places = [(i, i + 1) for i in range(len(tags))]
    return [(s.start, s.end, s.type) for s in spans_of(tags, places, file="f", row=1, field="tags")]


@given(ROWS)
def test_the_figures_are_those_of_seqeval(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from seqeval.metrics import classification_report, f1_score, precision_score, recall_score

        truth, found = [list(row[0]) for row in rows], [list(row[1]) for row in rows]
        ours = summary([entities(tags) for tags in truth], [entities(tags) for tags in found], TYPES)
        for name, score in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
            assert ours[name] == pytest.approx(float(score(truth, found)), abs=1e-6)
        theirs = classification_report(truth, found, output_dict=True, zero_division=0)
    for row in ours["per_type"]:
        if row["n"] and row["type"] in theirs:
            assert row["f1"] == pytest.approx(theirs[row["type"]]["f1-score"], abs=1e-6)
            assert row["n"] == theirs[row["type"]]["support"]


def test_an_entity_counts_once_and_only_exactly():
    table = counts([[(0, 2, "PER"), (0, 2, "PER"), (3, 5, "LOC")]], [[(0, 2, "PER"), (3, 4, "LOC")]], TYPES)
    assert table.tolist() == [[[0, 1, 1], [1, 1, 1]]]


def test_an_interval_holds_the_figure_and_never_has_no_width():
    mixed = np.zeros((40, 2, 3), np.int64)
    mixed[:, 0] = [1, 1, 1]
    mixed[:20, 1] = [0, 1, 1]
    low, high = interval(mixed)
    assert low < 2 * 40 / 120 < high
    assert interval(mixed) == (low, high)
    low, high = interval(mixed[:, :1])
    assert 0.9 < low < high == 1.0


def test_nothing_cannot_be_measured():
    with pytest.raises(ValueError, match="no rows"):
        summary([], [], TYPES)
    assert summary([[]], [[]], TYPES)["f1"] == 0.0
