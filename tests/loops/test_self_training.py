"""Self-training: what is admitted, how heads and forms are weighed, and that a round which does harm is undone."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from danlu.evals.metrics import brier
from danlu.loops import self_training
from danlu.loops.admission import admit
from danlu.loops.opinion_pool import Prior, pooled
from danlu.loops.self_training import Context, from_arrays, run, to_arrays

LABELS = 3
SEEDS = st.integers(0, 2**32 - 1)


def votes_of(count, seed, strength=1.0, truth=None):
    """(count, labels) log-probabilities; the better, the stronger."""
    logits = np.random.default_rng(seed).normal(size=(count, LABELS))
    if truth is not None:
        logits = logits + strength * np.eye(LABELS)[truth]
    return log_softmax(logits, axis=1).astype(np.float32)


def task(labelled=24, pool=60, noise=0.8, drift=0.0, seed=0):
    """(folds, full, truth): two views of clusters, three folds; the pool drifts towards other labels' places."""
    draw = np.random.default_rng(seed)
    places = draw.normal(size=(LABELS, 6)) * 1.5
    label = np.concatenate([np.arange(labelled), np.arange(pool)]) % LABELS
    moved = np.where(np.arange(labelled + pool)[:, None] < labelled, 0, drift * (np.roll(places, 1, 0) - places)[label])
    views = {
        form: (places[label] + moved + noise * draw.normal(size=(labelled + pool, 6))).astype(np.float32)
        for form in ("ngram", "linear")
    }
    fixed = {"names": votes_of(labelled + pool, seed, 0.5, label)}
    everything = np.arange(labelled)
    fold = everything // LABELS % 3
    folds = [Context(everything[fold != k], everything[fold == k], views, fixed) for k in range(3)]
    return folds, Context(everything, everything[:0], views, fixed), label[:labelled]


@settings(max_examples=8)
@given(SEEDS, st.floats(0.3, 2.5), st.floats(0, 2), st.floats(0.1, 20))
def test_a_round_is_kept_only_if_the_held_out_score_does_not_fall(seed, noise, drift, weight):
    history, first, last = run(*task(noise=noise, drift=drift, seed=seed), LABELS, pseudo_weight=weight)
    kept = [r for r in history if r.kept]
    assert [r.round for r in history] == list(range(len(history)))
    assert all(after.brier <= before.brier for before, after in pairwise(kept))
    undone = [r for r in history if not r.kept]
    assert undone in ([], [history[-1]])  # the loop stops at the first
    assert all(r.brier > kept[-1].brier for r in undone)
    truth = task(seed=seed)[2]
    for taught, said in ((first, history[0]), (last, kept[-1])):
        assert (taught.held_out.argmax(1) == truth).mean() == pytest.approx(said.accuracy)
        assert brier(truth, np.exp(taught.held_out)) == pytest.approx(said.brier)


def test_harm_is_undone_and_good_is_kept():
    harmed = [run(*task(noise=1.5, drift=1.0, seed=seed), LABELS, pseudo_weight=20.0) for seed in range(6)]
    assert any(len(history) == 2 and last is first for history, first, last in harmed)
    helped = [run(*task(labelled=9, pool=150, seed=seed), LABELS) for seed in range(6)]
    assert all(len(history) == 4 and last is not first for history, first, last in helped if history[-1].kept)
    assert sum(history[-1].kept for history, _, _ in helped) >= 3


def worded(contexts, rows):
    return [replace(context, wording={"ngram": rows.astype(np.float32)}) for context in contexts]


def test_the_wording_of_labels_is_learned_from_where_it_does_no_harm():
    folds, full, truth = task(labelled=9, pool=0, noise=1.5)
    plain = run(folds, full, truth, LABELS)[1]
    places = np.stack([task(labelled=600, pool=0, seed=0)[1].views["ngram"][k::LABELS].mean(0) for k in range(LABELS)])
    told = worded([*folds, full], places)
    history, first, _ = run(told[:-1], told[-1], truth, LABELS)
    assert first.worded
    assert np.array_equal(first.heads["linear"].weight, plain.heads["linear"].weight)
    assert not np.allclose(first.heads["ngram"].weight, plain.heads["ngram"].weight)
    assert history[0].brier <= brier(truth, np.exp(plain.held_out))

    misled = worded([*folds, full], np.roll(places, 1, axis=0) * 3)
    history, first, last = run(misled[:-1], misled[-1], truth, LABELS)
    assert not first.worded
    assert not last.worded
    assert np.array_equal(first.held_out, plain.held_out)
    assert history[0].brier == pytest.approx(brier(truth, np.exp(plain.held_out)))


def test_rounds_admit_more_and_more():
    history, _, _ = run(*task(), LABELS, rounds=(0.3, 0.6, 0.9))
    admitted = [r.admitted for r in history]
    assert admitted[0] == 0
    assert admitted == sorted(admitted)
    assert all(0 < count <= 60 for count in admitted[1:])


@pytest.mark.parametrize("options", [{"pool": 0}, {}])
def test_without_a_pool_or_a_round_there_is_no_loop(options):
    history, first, last = run(*task(**options), LABELS, rounds=(0.5,) if options else ())
    assert len(history) == 1
    assert last is first


def test_held_out_rows_are_judged_by_heads_that_never_saw_their_labels():
    folds, full, truth = task()
    lied = truth.copy()
    lied[folds[0].held] = (lied[folds[0].held] + 1) % LABELS
    (_, honest, _), (_, other, _) = (run(folds, full, labels, LABELS, rounds=()) for labels in (truth, lied))
    for form in ("ngram", "linear"):
        for fold, alike in ((0, True), (1, False)):
            first, second = (taught.votes[form][folds[fold].held].astype(np.float64) for taught in (honest, other))
            apart = (first - second) - (first - second)[:, :1]  # the same in all rows: an intercept, of other folds
            assert np.allclose(apart, apart[:1], atol=1e-3) == alike


def test_the_intercept_of_a_fold_is_fitted_on_what_the_others_held_out(monkeypatch):
    folds, full, truth = task(labelled=12)
    seen = []

    def counted(votes, labels):
        seen.append(labels.tolist())
        return np.zeros(votes.shape[1], np.float32)

    monkeypatch.setattr(self_training, "intercept", counted)
    run(folds, full, truth, LABELS, rounds=())
    others = [truth[np.setdiff1d(np.arange(12), context.held)].tolist() for context in (*folds, full)]
    assert seen == others * 2  # of each of two heads


def test_heads_of_uneven_rows_take_the_labels_to_be_nearly_even():
    draw = np.random.default_rng(0)
    truth = np.repeat([0, 1], [22, 10])
    view = draw.normal(size=(232, 300)).astype(np.float32) + 2  # many features that tell nothing
    everything = np.arange(32)
    folds = [
        Context(everything[everything % 4 != k], everything[everything % 4 == k], {"linear": view}, {})
        for k in range(4)
    ]
    taught = run(folds, Context(everything, everything[:0], {"linear": view}, {}), truth, 2, rounds=())[1]
    told = log_softmax(taught.heads["linear"].logits(view[32:]), axis=1)
    assert np.exp(told).mean(0) == pytest.approx([30 / 48, 18 / 48], abs=0.1)
    np.testing.assert_allclose(np.exp(taught.by_context[-1][32:]).mean(0), [30 / 48, 18 / 48], atol=0.1)


def test_what_comes_out_is_stored_and_read_back_without_pickles():
    folds, full, truth = task()
    seen: list[int] = []
    made = run(folds, full, truth, LABELS, progress=seen.append)
    assert len(seen) == 4 * len(made[0])
    buffer = io.BytesIO()
    np.savez(buffer, **to_arrays(*made))
    with np.load(io.BytesIO(buffer.getvalue()), allow_pickle=False) as stored:
        history, *read = from_arrays(dict(stored))
    assert history == made[0]
    for taught, back in zip(made[1:], read, strict=True):
        assert back.forms == taught.forms == ("ngram", "linear", "names")
        assert taught.heads.keys() == back.heads.keys() == {"ngram", "linear"}
        np.testing.assert_array_equal(back.weights, taught.weights)
        np.testing.assert_array_equal(back.held_out, taught.held_out)
        np.testing.assert_allclose(np.stack(back.by_context), np.stack(taught.by_context), atol=1e-5)
        for form in taught.heads:
            np.testing.assert_array_equal(back.heads[form].weight, taught.heads[form].weight)
            np.testing.assert_array_equal(back.heads[form].bias, taught.heads[form].bias)
        for form in taught.forms:
            np.testing.assert_array_equal(back.votes[form], taught.votes[form])


@given(SEEDS, st.integers(1, 4), st.integers(0, 40), st.floats(0.05, 1))
def test_what_is_admitted(seed, forms, count, share):
    votes = [votes_of(count, seed + number) for number in range(forms)]
    together = pooled(votes, np.full(forms, 1 / forms))
    np.testing.assert_allclose(np.exp(together).sum(1), np.ones(count), atol=1e-6)
    index = admit(together, votes, share)
    assert index.tolist() == sorted(set(index.tolist()))
    label, confidence = together.argmax(1), together.max(1)
    agreeing = sum((vote.argmax(1) == label).astype(int) for vote in votes) * 2 >= forms
    assert agreeing[index].all()
    for k in range(LABELS):
        mine = np.flatnonzero((label == k) & agreeing)
        taken = np.intersect1d(mine, index)
        assert len(taken) == (max(1, round(share * len(mine))) if len(mine) else 0)
        left = np.setdiff1d(mine, taken)
        assert not len(left) or not len(taken) or confidence[taken].min() >= confidence[left].max()


# --- several labels


def several_contexts(seed=0):
    """Three labels that hold independently; two of the five features tell nothing."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((60, 3)) < 0.4).astype(np.int64)
    rows = np.concatenate([truth, (rng.random((90, 3)) < 0.4).astype(np.int64)])
    view = np.concatenate([rows + 0.4 * rng.normal(size=rows.shape), rng.normal(size=(150, 2))], 1).astype(np.float32)
    everything = np.arange(60)
    parts = np.array_split(everything, 3)
    folds = [Context(np.setdiff1d(everything, part), part, {"linear": view}, {}) for part in parts]
    return folds, Context(everything, everything[:0], {"linear": view}, {}), truth, rows


def test_several_labels_are_learned_each_by_itself():
    folds, full, truth, rows = several_contexts()
    rounds, _, last = run(folds, full, truth, 3)
    assert rounds[0].accuracy > 0.8
    assert rounds[-1].brier <= rounds[0].brier or not rounds[-1].kept
    shares = np.exp(last.by_context[-1])
    assert shares.shape == rows.shape
    assert ((shares > 0.5) == rows)[60:].mean() > 0.85
    assert np.exp(last.held_out).max() <= 1


def test_several_labels_survive_being_stored():
    folds, full, truth, _ = several_contexts()
    found = run(folds, full, truth, 3, rounds=(0.5,))
    again = from_arrays(to_arrays(*found))
    assert again[0] == found[0]
    assert np.allclose(again[2].held_out, found[2].held_out)


def test_a_head_start_and_a_total_are_thought_of_the_forms_before_any_row():
    folds, full, truth = task(labelled=9)
    plain = run(folds, full, truth, LABELS, rounds=())[1]
    trusting = run(folds, full, truth, LABELS, rounds=(), prior=Prior(1.0, {"names": 3.0}))[1]
    assert plain.weights.sum() == pytest.approx(2, abs=0.3)
    assert trusting.weights.sum() == pytest.approx(1, abs=0.3)
    share = [taught.weights[taught.forms.index("names")] / taught.weights.sum() for taught in (plain, trusting)]
    assert share[1] > 1.5 * share[0]


# --- scores


def scored_contexts(seed=0):
    """Scores that one feature tells, more or less, and another one hardly."""
    rng = np.random.default_rng(seed)
    scores = rng.random((150, 1))
    views = {
        "linear": np.concatenate([scores * 3 + 0.3 * rng.normal(size=(150, 1)), rng.normal(size=(150, 2))], 1),
        "ngram": scores + rng.normal(size=(150, 1)),
    }
    views = {form: view.astype(np.float32) for form, view in views.items()}
    everything = np.arange(60)
    folds = [Context(np.setdiff1d(everything, part), part, views, {}) for part in np.array_split(everything, 3)]
    return folds, Context(everything, everything[:0], views, {}), scores[:60], scores


def test_scores_are_learned_and_a_round_that_errs_more_is_undone():
    folds, full, truth, scores = scored_contexts()
    rounds, first, last = run(folds, full, truth, 1)
    assert rounds[0].accuracy > 0.8
    assert rounds[0].brier == pytest.approx(np.mean((np.exp(first.held_out) - truth) ** 2))
    assert all(b.brier <= a.brier for a, b in pairwise([r for r in rounds if r.kept]))
    assert np.corrcoef(np.exp(last.by_context[-1])[60:, 0], scores[60:, 0])[0, 1] > 0.8
    assert first.weights[first.forms.index("linear")] > first.weights[first.forms.index("ngram")]
    again = from_arrays(to_arrays(rounds, first, last))
    assert again[0] == rounds
