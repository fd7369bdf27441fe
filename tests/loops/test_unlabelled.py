"""Learning from beliefs alone: a noisy voice is corrected, no form is asked about what it learned, rounds repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from danlu.loops.self_training import Context, from_arrays, to_arrays
from danlu.loops.unlabelled import PRIOR, balanced, run

FORMS = ("linear", "static")


def noisy(count=240, labels=3, seed=0):
    """Features that tell labels well, and a voice that is right of two texts in three, at random."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(labels, size=count)
    centres = draw.normal(size=(labels, 12))
    said = np.where(draw.random(count) < 0.66, truth, draw.integers(labels, size=count))
    prior = log_softmax(2.0 * np.eye(labels)[said] + 0.5 * draw.normal(size=(count, labels)), axis=1)
    views = {form: (centres[truth] + 0.6 * draw.normal(size=(count, 12))).astype(np.float32) for form in FORMS}
    return truth, views, prior.astype(np.float32)


def contexts(views, prior, folds=3):
    everything = np.arange(len(prior))
    parts = [everything[number::folds] for number in range(folds)]
    fixed = {"choice": prior}
    return (
        [Context(np.setdiff1d(everything, part), part, views, fixed) for part in parts],
        Context(everything, everything[:0], views, fixed),
    )


def test_forms_correct_the_voice_that_taught_them():
    truth, views, prior = noisy()
    history, first, last = run(*contexts(views, prior), "choice", rounds=(0.3, 0.6, 0.9))
    right = (prior.argmax(1) == truth).mean()
    assert (last.held_out.argmax(1) == truth).mean() > right + 0.1
    assert (first.held_out.argmax(1) == truth).mean() > right
    assert last.forms == (*FORMS, "choice")
    assert last.weights[-1] == PRIOR
    assert [entry.round for entry in history] == [1, 2, 3]
    assert all(entry.kept and 0 < entry.accuracy < 1 for entry in history)
    assert [entry.admitted for entry in history] == sorted(entry.admitted for entry in history)
    assert set(last.heads) == set(FORMS)
    assert len(last.by_context) == 4


def test_no_form_is_asked_about_a_text_that_it_learned():
    """Where features tell nothing, a form knows by heart what it learned; held out, it knows nothing."""
    _, views, prior = noisy()
    draw = np.random.default_rng(1)
    views = {form: draw.normal(size=(len(prior), 200)).astype(np.float32) for form in views}
    history, _, last = run(*contexts(views, prior), "choice", rounds=(0.9,))
    by_heart = (last.by_context[-1].argmax(1) == prior.argmax(1)).mean()
    assert history[0].accuracy < 0.5 < by_heart


def test_the_same_again_and_through_a_file():
    _, views, prior = noisy()
    rounds, first, last = run(*contexts(views, prior), "choice", rounds=(0.3, 0.6))
    again = to_arrays(*run(*contexts(views, prior), "choice", rounds=(0.3, 0.6)))
    stored = to_arrays(rounds, first, last)
    assert stored.keys() == again.keys()
    assert all(np.array_equal(stored[name], again[name]) for name in stored)
    assert from_arrays(stored)[0] == rounds


def test_progress_counts_contexts():
    _, views, prior = noisy(60)
    counted = []
    run(*contexts(views, prior), "choice", rounds=(0.5, 0.9), progress=counted.append)
    assert counted == [1] * 8


@given(st.integers(2, 60), st.integers(2, 5), st.floats(0.05, 1), st.integers(0, 99))
def test_no_label_has_more_than_its_part(texts, labels, share, seed):
    belief = log_softmax(3 * np.random.default_rng(seed).normal(size=(texts, labels)), axis=1)
    chosen = balanced(belief, share)
    often = np.bincount(belief.argmax(1)[chosen], minlength=labels)
    assert often.max() <= max(1, share * texts / labels)
    assert np.array_equal(chosen, np.unique(chosen))
    assert ((often > 0) == (np.bincount(belief.argmax(1), minlength=labels) > 0)).all()


def test_the_surest_texts_are_taken():
    belief = np.log(np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.45, 0.55]]))
    assert balanced(belief, 0.5).tolist() == [1, 2]
    assert balanced(belief, 1.0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("label", [0, 1])
def test_a_favoured_label_does_not_drown_the_other(label):
    table = np.full((100, 2), 0.1)
    table[:, label] = 0.9
    table[:4] = 1 - table[:4]
    often = np.bincount(np.log(table).argmax(1)[balanced(np.log(table), 0.5)], minlength=2)
    assert often.tolist() == ([25, 4] if label == 0 else [4, 25])
