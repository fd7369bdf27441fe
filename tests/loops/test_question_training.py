"""Self-training on questions: votes, admissions and scores are those of whole questions."""

from __future__ import annotations

import numpy as np

from danlu.evals.questions import Questions
from danlu.loops import self_training
from danlu.loops.self_training import Context


def task(count, seed):
    """Questions of 2 to 4 options whose right option has the larger first feature; (features, truth, sizes)."""
    rng = np.random.default_rng(seed)
    sizes = 2 + np.arange(count) % 3
    questions = Questions.of(sizes)
    features = rng.normal(0, 1, (len(questions.owner), 3)).astype(np.float32)
    right = rng.integers(0, sizes)
    truth = (questions.place != right[questions.owner]).astype(np.int64)
    features[truth == 0, 0] += 2.5
    features[:, 0] += rng.normal(0, 3, count)[questions.owner]  # what all options of a question share tells nothing
    return features, truth, questions


def test_rounds_are_scored_by_questions_and_pools_admitted_whole():
    features, truth, questions = task(90, 0)
    labelled = questions.rows(np.arange(30))
    held = [questions.rows(np.arange(start, 30, 3)) for start in range(3)]
    contexts = [Context(np.setdiff1d(labelled, part), part, {"linear": features}, {}) for part in (*held, labelled[:0])]
    seen = []
    history, first, best = self_training.run(
        contexts[:-1],
        contexts[-1],
        truth[: len(labelled)],
        2,
        rounds=(0.3, 0.9),
        progress=seen.append,
        questions=questions,
    )
    own = questions.some(np.arange(30))
    answered = own.shares(first.held_out, settled=True).argmax(1) == own.truth(truth[: len(labelled)])
    assert history[0].accuracy == answered.mean()
    assert history[0].accuracy > 1.3 * own.chance
    assert all(0 < entry.admitted <= 60 for entry in history[1:])
    assert len(seen) == len(contexts) * len(history)
    for table in (best.held_out, *best.by_context):
        settled = np.exp(table)
        np.testing.assert_allclose(settled.sum(1), 1)
        some = questions.some(np.arange(30)) if len(table) == len(labelled) else questions
        np.testing.assert_allclose(np.bincount(some.owner, settled[:, 0]), 1, atol=1e-6)


def test_only_rows_of_whole_questions_are_admitted():
    features, truth, questions = task(40, 1)
    vote = np.log(np.stack([np.where(truth == 0, 0.9, 0.1), np.where(truth == 0, 0.1, 0.9)], 1)).astype(np.float32)
    index, wanted = self_training._admit_questions([vote], np.ones(1), 0.5, questions)
    assert len(questions.rows(questions.asked(index))) == len(index)
    np.testing.assert_allclose(wanted.sum(1), 1)
    assert (wanted.argmax(1) == truth[index]).all()
    assert features.shape[0] == len(truth)
