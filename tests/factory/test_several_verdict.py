"""Thresholds of several labels are chosen on other rows than those that they are measured on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.evals.several import thresholds
from danlu.factory.judge import Ruler
from danlu.factory.several_verdict import decide, nested
from danlu.factory.texts import Texts
from danlu.factory.verdict import Verdict, calibrated

LABELS = ("a", "b", "c")
WHO = ("student", "teacher", "no_loop")
COUNT, FOLDS = 60, 3


def drawn(seed, count=COUNT):
    """(truth, probabilities) that know something of it; the best threshold differs from label to label."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((count, len(LABELS))) < 0.4).astype(np.int64)
    table = 0.25 * truth + np.array([0.5, 0.7, 0.9]) * rng.random(truth.shape) * 0.8
    return truth, table.clip(0.01, 0.99)


def folded(seed, count=COUNT):
    """(trained on, held out) rows of each fold; the last two rows are held out by none."""
    order = np.random.default_rng(seed).permutation(count - 2)
    everything = np.arange(count)
    return [(np.setdiff1d(everything, held), np.sort(held)) for held in np.array_split(order, FOLDS)]


def turned(truth, rows):
    """The truth with the opposite said of some rows."""
    other = truth.copy()
    other[rows] = 1 - other[rows]
    return other


@given(st.integers(0, 2**31), st.integers(0, FOLDS - 1))
def test_the_truth_of_a_row_has_no_say_in_what_is_said_of_it(seed, fold):
    (truth, table), folds = drawn(seed), folded(seed)
    rows = np.sort(np.concatenate([held for _, held in folds]))
    mine = np.isin(rows, folds[fold][1])
    said = nested(truth[rows], table[rows], rows, folds)
    other = nested(turned(truth[rows], mine), table[rows], rows, folds)
    assert (said[mine] == other[mine]).all()
    assert (said[mine] == (table[rows][mine] >= thresholds(truth[rows][~mine], table[rows][~mine]))).all()


def test_thresholds_that_had_seen_the_measured_rows_would_be_found_out():
    truth, table = drawn(1)
    for _, held in folded(1):
        leaking, other = (table >= thresholds(each, table) for each in (truth, turned(truth, held)))
        assert (leaking[held] != other[held]).any()


@pytest.fixture
def measured():
    """What `decide` and `calibrated` take where labelled rows are measured by folds."""
    tables = [drawn(seed)[1] for seed in (1, 2, 3)]
    truth, folds = drawn(1)[0], folded(1)
    rows = np.sort(np.concatenate([held for _, held in folds]))
    texts = Texts([f"text {number}" for number in range(COUNT)], truth, [], LABELS, None)
    ruler = Ruler([texts.labelled[row] for row in rows], truth[rows], "cross-validation", rows)
    before, after = (SimpleNamespace(judged=rows, held_out=np.log(table)) for table in (tables[2], tables[1]))
    return ruler, tuple(table[rows] for table in tables), texts, (before, after), folds


def test_by_folds_nobody_is_measured_by_thresholds_of_the_same_rows(measured):
    ruler, tables, texts, taught, folds = measured
    said = decide(ruler, (*tables, None), texts, taught, folds, None)
    assert said.gold_only is None
    for _, held in folds:
        mine = np.isin(ruler.rows, held)
        turned_ruler = replace(ruler, truth=turned(ruler.truth, mine))
        turned_texts = replace(texts, truth=turned(texts.truth, held))
        other = decide(turned_ruler, (*tables, None), turned_texts, taught, folds, None)
        for who, table in zip(WHO, tables, strict=True):
            assert (getattr(said, who)[mine] == getattr(other, who)[mine]).all()
            leaking = table >= thresholds(ruler.truth, table)
            assert (getattr(said, who) != leaking).any()


def test_the_verdict_by_folds_is_that_of_decide(measured):
    ruler, tables, texts, taught, folds = measured
    verdict = Verdict(*tables, None)
    found, calibration = calibrated(
        verdict, 1.0, (ruler.truth, tables[0]), ruler, texts, taught, folds, (tables[0], tables[0]), own=False
    )
    wanted = decide(ruler, (*tables, None), texts, taught, folds, None)
    assert all((getattr(found.said, who) == getattr(wanted, who)).all() for who in WHO)
    assert calibration.thresholds == tuple(thresholds(ruler.truth, tables[0]))  # of the file: all rows choose it


@pytest.mark.parametrize("own", [True, False])
def test_the_truth_of_a_test_file_has_no_say_in_anything(measured, own):
    _, _, texts, taught, folds = measured
    tables = tuple(drawn(seed, 40)[1] for seed in (4, 5, 6, 7))
    held_out = (drawn(8)[0], drawn(8)[1])  # dev rows, or what the teacher says of held-out ones
    exam = (drawn(9)[1].astype(np.float32), drawn(10)[1])
    found = []
    for truth in (drawn(4, 40)[0], 1 - drawn(4, 40)[0]):
        ruler = Ruler([f"test {number}" for number in range(40)], truth, "test", np.arange(40))
        found.append(calibrated(Verdict(*tables), 1.0, held_out, ruler, texts, taught, folds, exam, own=own))
    (one, first), (other, second) = found
    assert first == second
    assert all((getattr(one.said, who) == getattr(other.said, who)).all() for who in (*WHO, "gold_only"))
    limits = np.array(first.thresholds)
    assert (one.said.student == (tables[0] >= limits)).all()
    assert (one.said.gold_only == (tables[3] >= limits)).all()
    after = thresholds(texts.truth[taught[1].judged], np.exp(taught[1].held_out[taught[1].judged]))
    assert (one.said.teacher == (tables[1] >= after)).all()
